package wire_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kingsnake/internal/server/wire"
)

// refuse answers 422 after reading some of the body.
func refuse(read int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := wire.NewWriter(w, r, time.Minute)
		r.Body = wire.NewBody(out, r, time.Minute)
		if _, err := io.CopyN(io.Discard, r.Body, read); err != nil {
			return
		}
		wire.Refuse(out, r, func() {
			out.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(out, "why it was refused")
		})
	})
}

// TestRefusedSenderReadsTheAnswer sends a whole large body before it reads, as many clients do. It must get the answer
// and not a broken connection, whether the handler had begun to read or not.
func TestRefusedSenderReadsTheAnswer(t *testing.T) {
	const size = 8 << 20
	for name, tc := range map[string]struct {
		read   int64
		header string
	}{
		"nothing read":                    {0, ""},
		"some read":                       {1 << 20, ""},
		"some read after 100-continue":    {1 << 20, "Expect: 100-continue\r\n"},
		"all read":                        {size, ""},
		"most read after it was expected": {size - 10, "Expect: 100-continue\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(refuse(tc.read))
			defer srv.Close()
			conn, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(conn, "PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n%s\r\n", size, tc.header)
			if _, err := conn.Write(bytes.Repeat([]byte("x"), size)); err != nil {
				t.Fatalf("the connection broke while the body was sent: %v", err)
			}
			in := bufio.NewReader(conn)
			resp, err := http.ReadResponse(in, nil)
			for err == nil && resp.StatusCode == http.StatusContinue {
				resp, err = http.ReadResponse(in, nil)
			}
			if err != nil {
				t.Fatalf("no answer: %v", err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != http.StatusUnprocessableEntity || string(body) != "why it was refused" {
				t.Errorf("answer = %d %q, %v", resp.StatusCode, body, err)
			}
		})
	}
}

// TestExpectedBodyIsNotAskedFor refuses before reading: the client is never told to send.
func TestExpectedBodyIsNotAskedFor(t *testing.T) {
	srv := httptest.NewServer(refuse(0))
	defer srv.Close()
	conn, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("first answer = %d, want the refusal itself", resp.StatusCode)
	}
}

// TestSlowWriterIsGivenTime writes for longer than the progress time: what moves is not ended.
func TestSlowWriterIsGivenTime(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := wire.NewWriter(w, r, 1500*time.Millisecond)
		for range 20 {
			_, _ = io.WriteString(out, "x")
			_ = http.NewResponseController(out).Flush()
			time.Sleep(100 * time.Millisecond)
		}
	}))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != strings.Repeat("x", 20) {
		t.Errorf("got %q, %v: a transfer that moves was ended", body, err)
	}
}

// TestBodyThatNeverComes announces a body with a request whose handler wants none, and does not send it. The answer comes
// all the same, and the connection is of no use after it.
func TestBodyThatNeverComes(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wire.BoundBody(w, r, time.Second)
		_, _ = io.WriteString(w, "an answer")
	}))
	defer srv.Close()
	for _, announced := range []string{"Content-Length: 10", "Transfer-Encoding: chunked"} {
		t.Run(announced, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: test\r\n%s\r\n\r\n", announced)
			got, err := io.ReadAll(conn)
			if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(string(got), "an answer") {
				t.Errorf("got %q, %v, want the answer and the end of the connection", got, err)
			}
		})
	}
}
