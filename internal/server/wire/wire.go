// Package wire moves bytes between the server and its clients: it bounds how long a transfer may stand still instead of
// how long it may take, keeps the kernel's fast path for files, and lets a refused sender finish so that it reads why.
package wire

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// A file is handed to the kernel in chunks, and a client has the progress time for each: one that reads a megabyte in a
// minute is still served. For a client that is quick the chunks grow, since each costs a little.
const (
	minChunk = 1 << 20
	maxChunk = 16 << 20
	// copyBlock is how much is read at once of what is no file.
	copyBlock = 256 << 10
)

// Writer is a response on its way out. It knows its status and size, for logs and counters.
type Writer struct {
	http.ResponseWriter
	control  http.ResponseController
	progress time.Duration
	status   int
	written  int64
	deadline time.Time
	// whole says that the head of the answer waits for its body.
	whole bool
	head
}

// NewWriter wraps the response to a request. A transfer in which nothing moves for the progress time is ended; 0 sets no bound.
func NewWriter(w http.ResponseWriter, r *http.Request, progress time.Duration) *Writer {
	out := &Writer{ResponseWriter: w, control: *http.NewResponseController(w), progress: progress, head: head{conn: connOf(r)}}
	out.told = out.conn == nil
	if out.conn != nil && progress > 0 {
		out.deadline = out.conn.inherit()
	}
	// The connection may still have the deadline of the request before this one.
	out.extend()
	return out
}

// Unwrap is for http.ResponseController.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Status is the status that was sent, 200 if a body was sent without one, 0 if nothing was.
func (w *Writer) Status() int { return w.status }

// Written counts the bytes of the body.
func (w *Writer) Written() int64 { return w.written }

// WriteHeader sends the status.
func (w *Writer) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
		w.handOver()
	}
	w.ResponseWriter.WriteHeader(status)
}

// FlushError sends what was written so far; it is for http.ResponseController.
func (w *Writer) FlushError() error {
	w.begin()
	return w.control.Flush()
}

// begin sends the status 200 unless there is one.
func (w *Writer) begin() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
}

// Write sends a part of the body.
func (w *Writer) Write(p []byte) (int, error) {
	w.extend()
	w.begin()
	n, err := w.ResponseWriter.Write(p)
	w.written += int64(n)
	return n, err
}

// extend gives the transfer another stretch of time, when most of the last one is used up.
func (w *Writer) extend() {
	if now := time.Now(); w.progress > 0 && w.deadline.Sub(now) <= w.progress/2 {
		w.renew(now)
	}
}

func (w *Writer) renew(now time.Time) {
	w.deadline = now.Add(w.progress)
	// Where deadlines are not supported, as in some tests, there is none.
	_ = w.control.SetWriteDeadline(w.deadline)
}

// ReadFrom sends a reader. A file, or a part of one, goes from the kernel to the socket without passing through here.
func (w *Writer) ReadFrom(r io.Reader) (total int64, err error) {
	to, fast := w.ResponseWriter.(io.ReaderFrom)
	limited, ok := r.(*io.LimitedReader)
	if !fast || !ok {
		return io.Copy(onlyWriter{w}, r)
	}
	file, ok := limited.R.(*os.File)
	if !ok {
		// What comes from afar comes with a large buffer in as few calls as it may, each of which costs.
		return io.CopyBuffer(onlyWriter{w}, r, make([]byte, max(1, min(limited.N, copyBlock))))
	}
	w.begin()
	if w.whole {
		// Otherwise net/http would send the first bytes of the file with the head, and the kernel the rest from there on.
		if err := w.control.Flush(); err != nil {
			return 0, err
		}
	}
	chunk := int64(minChunk)
	for limited.N > 0 {
		start := time.Now()
		if w.progress > 0 {
			w.renew(start)
		}
		n, err := to.ReadFrom(&io.LimitedReader{R: file, N: min(limited.N, chunk)})
		if time.Since(start) < w.progress/128 {
			chunk = min(2*chunk, maxChunk)
		} else {
			chunk = minChunk
		}
		total += n
		limited.N -= n
		w.written += n
		if err != nil || n == 0 {
			return total, err
		}
	}
	return total, nil
}

// onlyWriter hides ReadFrom, so that io.Copy does not come back here.
type onlyWriter struct{ io.Writer }

// BoundBody bounds how long the server waits for the body of a request of which nobody reads any: net/http reads the rest
// before it answers, for as long as that takes. Half of the progress time is left for the answer. Whoever reads the body
// by a Body sets other bounds.
func BoundBody(w http.ResponseWriter, r *http.Request, progress time.Duration) {
	if progress <= 0 || r.Body == nil || r.Body == http.NoBody {
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(progress / 2)) // See extend.
}

// Body is a request's body that must keep moving.
type Body struct {
	io.ReadCloser
	control  *http.ResponseController
	progress time.Duration
	deadline time.Time
	// began tells that somebody has read from it, and so that the client was told to go on sending.
	began bool
}

// NewBody wraps the body of a request.
func NewBody(w http.ResponseWriter, r *http.Request, progress time.Duration) *Body {
	return &Body{ReadCloser: r.Body, control: http.NewResponseController(w), progress: progress}
}

// Read gives the next bytes.
func (b *Body) Read(p []byte) (int, error) {
	b.began = true
	if now := time.Now(); b.progress > 0 && b.deadline.Sub(now) < b.progress/2 {
		b.deadline = now.Add(b.progress)
		_ = b.control.SetReadDeadline(b.deadline) // See extend.
	}
	return b.ReadCloser.Read(p)
}

// The bounds of what is read of a body that nobody wants.
const (
	drainBytes = 64 << 20
	drainTime  = 5 * time.Second
)

// Refuse answers a request whose body is not wanted, and then lets the client finish sending for a while: many clients
// read an answer only after they have sent everything, and a connection that is closed under them looks like a fault of
// the network. A client that asked for permission to send, by Expect: 100-continue, is not given it.
func Refuse(w http.ResponseWriter, r *http.Request, answer func()) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		answer()
		return
	}
	control := http.NewResponseController(w)
	// Without full duplex the server itself would read the body before it sends the answer.
	duplex := control.EnableFullDuplex()
	w.Header().Set("Connection", "close")
	answer()
	body, began := r.Body, false
	if b, ok := body.(*Body); ok {
		// Reading through it would move the deadline.
		body, began = b.ReadCloser, b.began
	}
	if r.Header.Get("Expect") != "" && !began || r.ProtoMajor != 1 {
		return
	}
	if err := errors.Join(duplex, control.Flush(), control.SetReadDeadline(time.Now().Add(drainTime))); err != nil {
		return
	}
	// Whatever ends this, the answer is out and the connection is closed.
	_, _ = io.CopyN(io.Discard, body, drainBytes)
}
