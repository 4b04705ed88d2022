package main

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// taking makes senders whose answers take so long each.
func taking(n int, took time.Duration) []sender {
	all := make([]sender, n)
	for w := range all {
		all[w] = func() (int, error) {
			time.Sleep(took)
			return http.StatusOK, nil
		}
	}
	return all
}

// TestOpenLoop: the rate is kept whatever the answers take, and who waits for a slow answer is late by the wait too.
func TestOpenLoop(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		name    string
		senders []sender
		took    []time.Duration
		length  time.Duration
	}{
		{"quick", taking(1, 2*ms), []time.Duration{2 * ms, 2 * ms, 2 * ms, 2 * ms, 2 * ms}, 42 * ms},
		{"too slow for one", taking(1, 20*ms), []time.Duration{20 * ms, 30 * ms, 40 * ms, 50 * ms, 60 * ms}, 100 * ms},
		{"there are others", taking(5, 25*ms), []time.Duration{25 * ms, 25 * ms, 25 * ms, 25 * ms, 25 * ms}, 65 * ms},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := openLoop(100, 50*ms, tc.senders)
				if err != nil {
					t.Fatal(err)
				}
				if got.statuses[http.StatusOK] != 5 {
					t.Errorf("%d requests of 5 were answered", got.statuses[http.StatusOK])
				}
				if diff := cmp.Diff(tc.took, got.took); diff != "" {
					t.Errorf("times (-want +got):\n%s", diff)
				}
				if got.length != tc.length {
					t.Errorf("it took %v, want %v", got.length, tc.length)
				}
			})
		})
	}
}

// TestOpenLoopIsLate has one sender that is held up once: all that were due meanwhile are late, and catch up.
func TestOpenLoopIsLate(t *testing.T) {
	const ms = time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		first := true
		got, err := openLoop(100, 50*ms, []sender{func() (int, error) {
			if first {
				first = false
				time.Sleep(25 * ms)
			}
			return http.StatusOK, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		// Due at 0, 10, 20, 30 and 40 ms; answered at 25, 25, 25, 30 and 40.
		if diff := cmp.Diff([]time.Duration{0, 0, 5 * ms, 15 * ms, 25 * ms}, got.took); diff != "" {
			t.Errorf("times (-want +got):\n%s", diff)
		}
	})
}

func TestLoopsStopAtErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		senders := []sender{func() (int, error) { return 0, broken }}
		if got, err := openLoop(1000, time.Second, senders); !errors.Is(err, broken) || len(got.took) != 1 {
			t.Errorf("openLoop = %d requests, %v, want one and that it is broken", len(got.took), err)
		}
		refused := []sender{func() (int, error) { return http.StatusForbidden, nil }}
		if got, err := closedLoop(time.Second, refused); err == nil {
			t.Errorf("closedLoop = %v, want an error for good clients that are refused", got)
		}
	})
}

func TestClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := closedLoop(time.Second, taking(4, 10*time.Millisecond))
		if err != nil || got != 400 {
			t.Errorf("closedLoop = %v, %v, want 400 a second", got, err)
		}
	})
}

// TestConnection sends to a real server: several requests on one connection, a server that closes it, answers without a
// body, and a request with one.
func TestConnection(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /file", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Auth") != "good" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		_, _ = w.Write(make([]byte, 100_000))
	})
	mux.HandleFunc("GET /last", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = w.Write([]byte("bye"))
	})
	mux.HandleFunc("GET /same", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	mux.HandleFunc("POST /form", func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 5 {
			w.WriteHeader(http.StatusBadRequest)
		}
		w.Header().Set("Content-Length", "0")
	})
	var opened atomic.Int32
	srv := httptest.NewUnstartedServer(mux)
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	// The answers to /file are written with a length only if the handler says so.
	c := connect(t.Context(), srv.URL, "127.0.0.1")
	for _, tc := range []struct {
		request []byte
		want    int
	}{
		{written(http.MethodGet, srv.URL+"/file", nil), http.StatusUnauthorized},
		{written(http.MethodGet, srv.URL+"/same", nil), http.StatusNotModified},
		{written(http.MethodPost, srv.URL+"/form", []byte("hello")), http.StatusOK},
		{written(http.MethodGet, srv.URL+"/last", nil), http.StatusOK},
		{written(http.MethodGet, srv.URL+"/same", nil), http.StatusNotModified},
	} {
		if got, err := c.send(tc.request); err != nil || got != tc.want {
			t.Errorf("%.20q = %d, %v, want %d", tc.request, got, err, tc.want)
		}
	}
	if _, err := c.send(written(http.MethodGet, srv.URL+"/file", nil, "X-Auth: good")); err == nil {
		t.Error("an answer without a length was read")
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
	if n := opened.Load(); n != 2 {
		t.Errorf("%d connections were opened, want one and another after the server closed it", n)
	}
}
