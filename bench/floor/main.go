// Command floor is the least that a server written with net/http costs: it serves the files of a folder without asking
// anybody who they are. Held against nginx and Kingsnake it tells what part of a request is Kingsnake's own.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// inMemory is the size of the largest file that is kept in memory; larger ones are sent from where they are.
const inMemory = 64 << 10

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address")
	dir := flag.String("dir", ".", "folder to serve")
	logs := flag.String("log", "", "file that gets a line for each request, 64 kB at once; empty for none")
	flag.Parse()
	h, err := newHandler(*dir, *logs)
	if err != nil {
		log.Fatal(err)
	}
	srv := http.Server{Addr: *listen, Handler: h, ReadHeaderTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	log.Fatal(srv.ListenAndServe())
}

// handler serves files.
type handler struct {
	root  *os.Root
	log   *slog.Logger
	small sync.Map
}

func newHandler(dir, logs string) (*handler, error) {
	root, err := os.OpenRoot(dir)
	if err != nil || logs == "" {
		return &handler{root: root}, err
	}
	file, err := os.OpenFile(logs, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &handler{root: root, log: slog.New(slog.NewTextHandler(&lines{to: bufio.NewWriterSize(file, 64<<10)}, nil))}, nil
}

// lines is a log that several write to.
type lines struct {
	mu sync.Mutex
	to *bufio.Writer
}

// Write takes a line.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}

// ServeHTTP answers with a file.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := h.serve(w, r)
	if h.log != nil {
		h.log.Info("request", "method", r.Method, "path", r.URL.Path, "status", status, "address", r.RemoteAddr, "client", r.UserAgent())
	}
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) int {
	header := w.Header()
	header["Content-Type"] = []string{"application/octet-stream"}
	header["Etag"] = []string{`"` + strconv.Itoa(len(r.URL.Path)) + `"`}
	if r.Header["If-None-Match"] != nil {
		w.WriteHeader(http.StatusNotModified)
		return http.StatusNotModified
	}
	name := filepath.FromSlash(r.URL.Path[1:])
	if kept, ok := h.small.Load(name); ok {
		data, _ := kept.([]byte) // Nothing else is kept.
		header["Content-Length"] = []string{strconv.Itoa(len(data))}
		_, _ = w.Write(data) // A client that has gone away is no concern of ours.
		return http.StatusOK
	}
	if err := h.file(w, r, name); err != nil {
		http.Error(w, fmt.Sprint(err), http.StatusNotFound)
		return http.StatusNotFound
	}
	return http.StatusOK
}

// file sends a large file, and keeps a small one.
func (h *handler) file(w http.ResponseWriter, r *http.Request, name string) error {
	f, err := h.root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // It is only read.
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() <= inMemory {
		data, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		h.small.Store(name, data)
		_, err = w.Write(data)
		return err
	}
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}
