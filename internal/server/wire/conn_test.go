package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kingsnake/internal/server/wire"
)

// whole starts a server on which answers may leave in one piece.
func whole(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Listener = wire.Listen(srv.Listener)
	srv.Config.ConnContext = wire.WithConn
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

// TestWholeAnswersArrive asks for bodies around all sizes at which an answer is written in another way, several on one
// connection, from memory and from files.
func TestWholeAnswersArrive(t *testing.T) {
	dir := t.TempDir()
	srv := whole(t, func(w http.ResponseWriter, r *http.Request) {
		size, err := strconv.Atoi(r.URL.Query().Get("size"))
		if err != nil {
			t.Error(err)
		}
		out := wire.NewWriter(w, r, time.Minute)
		out.Set("Content-Type", "text/plain")
		wire.Whole(out, r, int64(size))
		if r.URL.Path == "/file" {
			http.ServeFile(out, r, filepath.Join(dir, strconv.Itoa(size)))
			return
		}
		out.Set("Content-Length", strconv.Itoa(size))
		_, _ = out.Write(bytes.Repeat([]byte("x"), size))
	})
	for _, size := range []int{0, 1, 511, 512, 513, 2047, 2048, 2049, 3800, 3900, 3950, 4000, 4095, 4096, 4097, 9000, 70_000, 3 << 20} {
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(size)), bytes.Repeat([]byte("x"), size), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/memory", "/file", "/memory"} {
			if got := length(t, srv, path+"?size="+strconv.Itoa(size)); got != size {
				t.Errorf("%s: %d bytes of %d", path, got, size)
			}
		}
	}
}

// length asks for a body of which all bytes are x, and gives how many there are.
func length(t *testing.T, srv *httptest.Server, path string) int {
	t.Helper()
	resp, err := srv.Client().Get(srv.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || strings.Trim(string(body), "x") != "" {
		t.Errorf("%s: %d bytes, %v", path, len(body), err)
	}
	return len(body)
}

// TestBrokenPromiseIsSent says that more is to come than does: the client is not left waiting for what there is.
func TestBrokenPromiseIsSent(t *testing.T) {
	srv := whole(t, func(w http.ResponseWriter, r *http.Request) {
		wire.Whole(w, r, 1_000_000)
		w.Header().Set("Content-Length", "4")
		_, _ = io.WriteString(w, "xxxx")
	})
	for range 2 {
		if got := length(t, srv, "/"); got != 4 {
			t.Errorf("%d bytes, want 4", got)
		}
	}
}

// pipe is a connection whose other end is in this process.
func pipe(t *testing.T, ln net.Listener) (here, there net.Conn) {
	t.Helper()
	here, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = here.Close() })
	if there, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = there.Close() })
	return here, there
}

// TestAnswerLeavesInOnePiece writes an answer as net/http does. Nothing of it is on its way before all of it is.
func TestAnswerLeavesInOnePiece(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := wire.Listen(tcp)
	defer ln.Close()
	here, there := pipe(t, ln)
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	wire.Whole(nil, r.WithContext(wire.WithConn(context.Background(), there)), 5000)
	body := strings.Repeat("x", 5000)
	if n, err := io.WriteString(there, head+body[:4000]); n != len(head)+4000 || err != nil {
		t.Fatalf("the first bytes: %d, %v", n, err)
	}
	if err := here.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := here.Read(make([]byte, 1)); n != 0 || !os.IsTimeout(err) {
		t.Fatalf("a part of the answer left by itself: %d, %v", n, err)
	}
	if n, err := io.WriteString(there, body[4000:]); n != 1000 || err != nil {
		t.Fatalf("the rest: %d, %v", n, err)
	}
	if err := here.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(head)+len(body))
	if _, err := io.ReadFull(here, got); err != nil || string(got) != head+body {
		t.Errorf("got %.60q, %v", got, err)
	}
	if _, err := fmt.Fprint(there, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(here, got[:10]); err != nil || string(got[:10]) != "HTTP/1.1 2" {
		t.Errorf("the next answer: %q, %v", got[:10], err)
	}
}

// timed is a response whose deadlines are set on a connection, and counted.
type timed struct {
	http.ResponseWriter
	conn net.Conn
	set  int
}

// SetWriteDeadline is what http.ResponseController calls.
func (w *timed) SetWriteDeadline(t time.Time) error {
	w.set++
	return w.conn.SetWriteDeadline(t)
}

// TestDeadlineOutlivesItsAnswer answers on a connection whose deadline was set for the answer before. It is good enough as long as most of
// it is left, bounds nothing that has none, and is set anew otherwise.
func TestDeadlineOutlivesItsAnswer(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := wire.Listen(tcp)
	defer ln.Close()
	_, there := pipe(t, ln)
	write := func(when string, want error) {
		t.Helper()
		if _, err := io.WriteString(there, "x"); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", when, err, want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r = r.WithContext(wire.WithConn(context.Background(), there))
	begin := func(when string, progress time.Duration, want int) {
		t.Helper()
		w := &timed{ResponseWriter: httptest.NewRecorder(), conn: there}
		wire.NewWriter(w, r, progress)
		if w.set != want {
			t.Errorf("%s: the deadline was set %d times, want %d", when, w.set, want)
		}
	}
	deadline := func(at time.Time) {
		t.Helper()
		if err := there.SetWriteDeadline(at); err != nil {
			t.Fatal(err)
		}
	}
	const end = time.Hour
	begin("the first answer", end, 1)
	deadline(time.Time{})
	begin("the next", end, 0)
	write("within the deadline", nil)
	begin("one that has more time", 3*end, 1)

	deadline(time.Now().Add(-time.Minute))
	write("after the deadline", os.ErrDeadlineExceeded)
	deadline(time.Time{})
	write("without an answer", nil)
	deadline(time.Now().Add(-time.Minute))
	deadline(time.Time{})
	begin("an answer after a long rest", end, 1)
	write("of that", nil)
	deadline(time.Now().Add(-time.Minute))
	deadline(time.Time{})
	begin("one without a bound", 0, 0)
	write("of that", nil)
}
