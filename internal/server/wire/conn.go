package wire

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Listener gives connections on which an answer can leave in one piece. net/http writes what is larger than 4 kB in two, of
// which each costs a call of the kernel, a packet and a client that wakes up to find half an answer.
type Listener struct {
	net.Listener
	buffers *sync.Pool
}

// Listen makes one of connections that others accept.
func Listen(ln net.Listener) Listener {
	return Listener{ln, &sync.Pool{New: func() any { return new([maxHeld]byte) }}}
}

// Accept waits for the next connection.
func (l Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if t, ok := c.(*net.TCPConn); ok {
		return &conn{TCPConn: t, buffers: l.buffers}, err
	}
	return c, err
}

// connKey is where the context of a request has the connection: net/http gives it to nobody else.
type connKey struct{}

// WithConn is for http.Server.ConnContext.
func WithConn(ctx context.Context, c net.Conn) context.Context {
	if c, ok := c.(*conn); ok {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// connOf gives the connection of a request, nil where it is none of this package or has several requests at a time.
func connOf(r *http.Request) *conn {
	c, ok := r.Context().Value(connKey{}).(*conn)
	if !ok || r.ProtoMajor != 1 {
		return nil
	}
	return c
}

// Whole says that what follows is the whole answer: its head, with a length, and a body of so many bytes. Its first bytes
// wait for the rest, or for the end of the request.
func Whole(w http.ResponseWriter, r *http.Request, body int64) {
	c := connOf(r)
	if c == nil {
		return
	}
	c.missing, c.headless = body, true
	if out, ok := w.(*Writer); ok {
		out.whole = true
	}
}

// maxHeld bounds what waits for the rest of an answer: what net/http writes first, with the headers that it knows nothing of.
const maxHeld = 6 << 10

// conn is a connection. One goroutine writes to it.
type conn struct {
	*net.TCPConn
	buffers *sync.Pool
	// head has headers of the answer that is about to begin, nil for none.
	head *head
	// until is the deadline of writing that is set, and over says that the answer that it was set for has ended. It is left as
	// it is then, for the next answer, for which it is mostly good.
	until time.Time
	over  bool
	// missing is how much of the answer has not been written yet, its head not counted while headless; 0 holds nothing back.
	missing  int64
	headless bool
	// held are the first bytes of an answer, in a buffer that connections share.
	held   []byte
	buffer *[maxHeld]byte
	pieces [2][]byte
	all    net.Buffers
}

// Write sends a part of an answer, or keeps it until the rest comes.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.unbind(); err != nil {
		return 0, err
	}
	if c.missing == 0 && c.head == nil {
		return c.TCPConn.Write(p)
	}
	waits := c.waits(p)
	switch h := c.head; {
	case h != nil:
		c.head = nil
		c.hold(nil)
		var err error
		if c.held, err = h.appendTo(c.held, p); err != nil {
			return 0, err
		}
	case len(c.held)+len(p) > maxHeld:
		return c.writeBoth(p)
	default:
		c.hold(p)
	}
	if waits {
		return len(p), nil
	}
	_, err := c.TCPConn.Write(c.held)
	c.release()
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// waits counts a part of an answer, and tells whether the rest is to come.
func (c *conn) waits(p []byte) bool {
	if c.missing > 0 && c.headless {
		end := bytes.Index(p, []byte("\r\n\r\n"))
		if end < 0 {
			// This is no head, or a very long one.
			c.missing = 0
			return false
		}
		c.headless = false
		c.missing += int64(end) + 4
	}
	c.missing = max(0, c.missing-int64(len(p)))
	return c.missing > 0
}

// writeBoth sends what was kept, and p, which is too large to be.
func (c *conn) writeBoth(p []byte) (int, error) {
	c.missing = 0
	if len(c.held) == 0 {
		return c.TCPConn.Write(p)
	}
	defer c.release()
	c.pieces = [2][]byte{c.held, p}
	c.all = c.pieces[:]
	n, err := c.all.WriteTo(c.TCPConn)
	return max(0, int(n)-len(c.held)), err
}

func (c *conn) hold(p []byte) {
	if c.buffer == nil {
		b, ok := c.buffers.Get().(*[maxHeld]byte)
		if !ok {
			b = new([maxHeld]byte)
		}
		c.buffer, c.held = b, b[:0]
	}
	c.held = append(c.held, p...)
}

// release gives the buffer to other connections.
func (c *conn) release() {
	c.buffers.Put(c.buffer)
	c.buffer, c.held, c.pieces, c.all = nil, nil, [2][]byte{}, nil
}

// SetWriteDeadline sets a deadline. net/http takes it away when an answer has ended; one that had promised more leaves then.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() && len(c.held) > 0 {
		_, err := c.TCPConn.Write(c.held)
		c.missing = 0
		c.release()
		if err != nil {
			return err
		}
	}
	if c.over = t.IsZero(); c.over {
		return nil
	}
	c.until = t
	return c.TCPConn.SetWriteDeadline(t)
}

// inherit gives the deadline that an answer finds.
func (c *conn) inherit() time.Time {
	c.over = false
	return c.until
}

// unbind takes away the deadline of an answer that has ended, before something is written that has none.
func (c *conn) unbind() error {
	if !c.over || c.until.IsZero() {
		return nil
	}
	c.over, c.until = false, time.Time{}
	return c.TCPConn.SetWriteDeadline(time.Time{})
}

// ReadFrom sends a file, after what was kept: the kernel puts both together.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	if err := c.unbind(); err != nil {
		return 0, err
	}
	c.missing = 0
	if len(c.held) > 0 {
		err := sendMore(c.TCPConn, c.held)
		c.release()
		if err != nil {
			return 0, err
		}
	}
	return c.TCPConn.ReadFrom(r)
}
