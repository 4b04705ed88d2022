package pgtest

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
)

// Door is a way to a database that can be shut, as a network can.
type Door struct {
	// URL leads to the database through the door.
	URL    string
	socket string

	mu    sync.Mutex
	shut  bool
	conns map[net.Conn]bool
	// lost is what the server never hears.
	lost []byte
}

// NewDoor makes a door to a database of this package, which is open.
func NewDoor(t testing.TB, database string) *Door {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	d := &Door{socket: filepath.Join(q.Get("host"), ".s.PGSQL.5432"), conns: map[net.Conn]bool{}}
	u.Host = l.Addr().String()
	q.Del("host")
	q.Del("port")
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	d.URL = u.String()
	var serving sync.WaitGroup
	serving.Go(func() { d.serve(context.WithoutCancel(t.Context()), l, &serving) })
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		d.Shut()
		serving.Wait()
	})
	return d
}

// Shut ends all connections and takes no more of them.
func (d *Door) Shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = true
	for c := range d.conns {
		_ = c.Close() // It is to end, one way or another.
	}
}

// Open takes connections again.
func (d *Door) Open() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = false
}

// Lose ends a connection on which this text is sent, which the server does not hear; an empty one ends none.
func (d *Door) Lose(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lost = []byte(text)
}

// heard is the way to the server.
type heard struct {
	net.Conn
	door *Door
}

// Write sends what is not to be lost.
func (h heard) Write(p []byte) (int, error) {
	h.door.mu.Lock()
	lose := len(h.door.lost) > 0 && bytes.Contains(p, h.door.lost)
	h.door.mu.Unlock()
	if lose {
		return 0, net.ErrClosed
	}
	return h.Conn.Write(p)
}

func (d *Door) serve(ctx context.Context, l net.Listener, serving *sync.WaitGroup) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // The test has ended.
		}
		serving.Go(func() { d.pass(ctx, c) })
	}
}

// pass carries what is said on a connection to the database and back.
func (d *Door) pass(ctx context.Context, c net.Conn) {
	server, err := (&net.Dialer{}).DialContext(ctx, "unix", d.socket)
	if err != nil || !d.enter(c, server) {
		_ = c.Close()
		if server != nil {
			_ = server.Close()
		}
		return
	}
	var both sync.WaitGroup
	for to, from := range map[net.Conn]net.Conn{c: server, heard{server, d}: c} {
		both.Go(func() {
			// However it ends, that is the end of both.
			_, _ = io.Copy(to, from)
			_, _ = to.Close(), from.Close()
		})
	}
	both.Wait()
	d.leave(c, server)
}

func (d *Door) enter(conns ...net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range conns {
		d.conns[c] = true
	}
	return !d.shut
}

func (d *Door) leave(conns ...net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range conns {
		delete(d.conns, c)
	}
}
