package s3test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Door is a way to a bucket on which a test can make things go wrong.
type Door struct {
	// Location is the URL of the bucket, as the setting blobs takes it.
	Location string
	// Bucket is its name.
	Bucket string

	server *server
	web    *httptest.Server

	mu    sync.Mutex
	fault Fault
}

// Fault answers a request in place of the server, or passes it on. To cut the connection it panics with
// http.ErrAbortHandler.
type Fault func(w http.ResponseWriter, r *http.Request, pass http.Handler)

// NewDoor makes a door to a new bucket, on which nothing goes wrong yet.
func NewDoor(t testing.TB) *Door {
	t.Helper()
	s := need(t)
	bucket, err := s.bucket()
	if err != nil {
		t.Fatal(err)
	}
	d := &Door{Bucket: bucket, server: s}
	transport := &http.Transport{DialContext: s.dial, DisableCompression: true}
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "s3"})
			r.Out.Host = r.In.Host // It is a part of the signature.
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	d.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		fault := d.fault
		d.mu.Unlock()
		if fault != nil {
			fault(w, r, proxy)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	d.Location = at(bucket, d.web.Listener.Addr().String())
	t.Cleanup(func() {
		d.web.CloseClientConnections()
		d.web.Close()
		transport.CloseIdleConnections()
		if err := s.drop(bucket); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Set makes things go wrong from now on; nil makes them go well again.
func (d *Door) Set(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

// Down refuses all connections that are open, and what comes by new ones, as a server does that is not there.
func Down(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }

// File is where the server keeps an object, for a test to damage.
func (d *Door) File(key string) string {
	return filepath.Join(d.server.buckets(), d.Bucket, filepath.FromSlash(key))
}

// Damage changes the first byte of an object behind the server's back.
func (d *Door) Damage(t testing.TB, key string) {
	t.Helper()
	data, err := os.ReadFile(d.File(key))
	if err != nil {
		t.Fatal(err)
	}
	data[0] ^= 0xff
	if err := os.WriteFile(d.File(key), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// CutAfter passes the answer on, up to so many bytes of its body; -1 keeps all of the answer back.
func CutAfter(w http.ResponseWriter, r *http.Request, pass http.Handler, n int) {
	pass.ServeHTTP(&cut{ResponseWriter: w, left: n}, r)
}

// CutUpload takes so many bytes of the request's body and hangs up.
func CutUpload(r *http.Request, n int64) {
	_, _ = io.CopyN(io.Discard, r.Body, n) // The end is the same.
	panic(http.ErrAbortHandler)
}

// cut is an answer that breaks off.
type cut struct {
	http.ResponseWriter
	left int
}

// WriteHeader sends the status, if that may be.
func (w *cut) WriteHeader(status int) {
	if w.left < 0 {
		panic(http.ErrAbortHandler)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends what may be sent.
func (w *cut) Write(p []byte) (int, error) {
	if w.left < len(p) {
		_, _ = w.ResponseWriter.Write(p[:w.left])
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	w.left -= len(p)
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *cut) Unwrap() http.ResponseWriter { return w.ResponseWriter }
