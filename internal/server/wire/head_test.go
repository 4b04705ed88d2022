package wire_test

import (
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

	"github.com/google/go-cmp/cmp"

	"kingsnake/internal/server/wire"
)

// heads are handlers that answer in all ways in which headers come to be sent.
func heads(t *testing.T) map[string]func(w *wire.Writer, r *http.Request) {
	t.Helper()
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, []byte(strings.Repeat("x", 200_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := func(w *wire.Writer, r *http.Request, size int) {
		w.Set("Content-Length", strconv.Itoa(size))
		w.Set("Content-Type", "text/plain")
		wire.Whole(w, r, int64(size))
	}
	handlers := map[string]func(w *wire.Writer, r *http.Request){
		"nothing":       func(*wire.Writer, *http.Request) {},
		"only a status": func(w *wire.Writer, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"not modified":  func(w *wire.Writer, _ *http.Request) { w.WriteHeader(http.StatusNotModified) },
		"no content":    func(w *wire.Writer, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"two statuses": func(w *wire.Writer, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			w.WriteHeader(http.StatusOK)
		},
		"a body of its own": func(w *wire.Writer, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"a long body":       func(w *wire.Writer, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 100_000)) },
		"flushed": func(w *wire.Writer, _ *http.Request) {
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, "text")
		},
		"set and deleted": func(w *wire.Writer, _ *http.Request) {
			w.Set("Etag", `"x"`)
			w.Header().Del("Etag")
			w.Header().Add("X-More", "1")
			w.Set("X-More", "2")
			_, _ = io.WriteString(w, "text")
		},
		"set twice": func(w *wire.Writer, _ *http.Request) {
			w.Set("Etag", `"x"`)
			w.Set("Etag", `"y"`)
			w.Set("X-Request-Id", "another")
			_, _ = io.WriteString(w, "text")
		},
		"many": func(w *wire.Writer, _ *http.Request) {
			for i := range 30 {
				w.Set("X-Number-"+strconv.Itoa(i), strconv.Itoa(i))
			}
			_, _ = io.WriteString(w, "text")
		},
		"long ones": func(w *wire.Writer, r *http.Request) {
			w.Set("X-Long", strings.Repeat("y", 20_000))
			whole(w, r, 4)
			_, _ = io.WriteString(w, "text")
		},
		"unclean": func(w *wire.Writer, _ *http.Request) { w.Set("X-Unclean", "a\r\nSet-Cookie: b") },
		"closing": func(w *wire.Writer, _ *http.Request) { w.Set("Connection", "close"); _, _ = io.WriteString(w, "text") },
		"encoded": func(w *wire.Writer, _ *http.Request) {
			w.Set("Content-Encoding", "br")
			_, _ = io.WriteString(w, "text")
		},
		"an error":         func(w *wire.Writer, _ *http.Request) { http.Error(w, "gone", http.StatusGone) },
		"the library's":    func(w *wire.Writer, r *http.Request) { w.Set("Etag", `"x"`); http.ServeFile(w, r, large) },
		"less than it was": func(w *wire.Writer, r *http.Request) { whole(w, r, 100); w.WriteHeader(http.StatusNotModified) },
		"a file": func(w *wire.Writer, r *http.Request) {
			f, err := os.Open(large)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			whole(w, r, 200_000)
			if r.Method != http.MethodHead {
				_, _ = io.CopyN(w, f, 200_000)
			}
		},
	}
	for _, size := range []int{0, 1, 2000, 3800, 3900, 4000, 4096, 5000, 6000, 6100, 6200, 7000, 100_000} {
		handlers[fmt.Sprintf("%d bytes", size)] = func(w *wire.Writer, r *http.Request) {
			whole(w, r, size)
			w.WriteHeader(http.StatusOK)
			if r.Method != http.MethodHead {
				_, _ = io.WriteString(w, strings.Repeat("x", size))
			}
		}
	}
	return handlers
}

// seen is an answer as its client sees it.
type seen struct {
	Status int
	Header http.Header
	Body   string
}

// ask asks for an answer.
func ask(t *testing.T, srv *httptest.Server, method, name string, r func(*http.Request)) seen {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+"/?name="+strings.ReplaceAll(name, " ", "+"), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r(req)
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, name, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%s %s: %v", method, name, err)
	}
	resp.Header.Del("Date")
	resp.Header.Del("Last-Modified")
	return seen{resp.StatusCode, resp.Header, string(body)}
}

// TestHeadersAreTheSame asks for answers of all sorts, one after the other on one connection, where their headers go by
// net/http alone and where they do not. No client can tell the difference.
func TestHeadersAreTheSame(t *testing.T) {
	handlers := heads(t)
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := wire.NewWriter(w, r, time.Minute)
		defer out.End()
		out.Set("X-Request-Id", "an-id")
		out.Set("Referrer-Policy", "no-referrer")
		handlers[r.URL.Query().Get("name")](out, r)
	})
	theirs := httptest.NewServer(serve)
	defer theirs.Close()
	ours := whole(t, serve)
	for range 2 {
		for name := range handlers {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				for kind, change := range map[string]func(*http.Request){
					"": func(*http.Request) {}, "a range": func(r *http.Request) { r.Header.Set("Range", "bytes=5-20") },
				} {
					got, want := ask(t, ours, method, name, change), ask(t, theirs, method, name, change)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s %s %s (-net/http +ours):\n%s", method, name, kind, diff)
					}
					if got.Header.Get("X-Request-Id") == "" {
						t.Errorf("%s %s %s: a header is lost", method, name, kind)
					}
				}
			}
		}
	}
}

// TestOldProtocol asks as HTTP/1.0 does, without and with a connection that stays.
func TestOldProtocol(t *testing.T) {
	srv := whole(t, func(w http.ResponseWriter, r *http.Request) {
		out := wire.NewWriter(w, r, time.Minute)
		out.Set("X-Request-Id", "an-id")
		out.Set("Content-Length", "4")
		out.Set("Content-Type", "text/plain")
		wire.Whole(out, r, 4)
		_, _ = io.WriteString(out, "text")
	})
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(conn)
	if got := strings.Count(string(all), "HTTP/1.0 200 OK\r\nX-Request-Id: an-id\r\n"); err != nil || got != 2 {
		t.Errorf("%d answers of 2, %v:\n%s", got, err, all)
	}
}
