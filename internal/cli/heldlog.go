package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"kingsnake/internal/config"
	"kingsnake/internal/requestlog"
)

// The log of a busy server has a line for each request, and writing each by itself is a good part of what a small download
// costs. So lines wait for others: for at most so long, and for at most so many bytes of them. Who adds to more than maxWaiting,
// because what they are written to is slow, waits for it.
const (
	holdTime   = 100 * time.Millisecond
	maxHeld    = 64 << 10
	maxWaiting = 4 * maxHeld
)

// heldLog writes many lines at once, while others are added.
type heldLog struct {
	to io.Writer

	// writing is held by who writes, so that lines stay in their order. spare is where the next lines will go.
	writing sync.Mutex
	spare   []byte

	mu   sync.Mutex
	held []byte
	// late writes what is held, after a while.
	late *time.Timer
	// failed is why lines could not be written, which the next who writes is told.
	failed error

	// scratch has buffers in which lines are made, each a *[]byte.
	scratch sync.Pool
}

// buffer gives one of scratch.
func (l *heldLog) buffer() *[]byte {
	if b, ok := l.scratch.Get().(*[]byte); ok {
		return b
	}
	return new(make([]byte, 0, 512))
}

// Write takes a line.
func (l *heldLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	before := len(l.held)
	l.held = append(l.held, line...)
	after := len(l.held)
	if before == 0 {
		l.wait()
	}
	failed := l.failed
	l.failed = nil
	l.mu.Unlock()
	switch {
	case after >= maxWaiting:
		l.flush()
	case after >= maxHeld && before < maxHeld:
		go l.flush()
	}
	return len(line), failed
}

// wait sees to it that what is held is written. The caller has the lock.
func (l *heldLog) wait() {
	if l.late == nil {
		l.late = time.AfterFunc(holdTime, l.flush)
		return
	}
	l.late.Reset(holdTime)
}

// Flush writes what is held.
func (l *heldLog) Flush() error {
	l.flush()
	l.mu.Lock()
	defer l.mu.Unlock()
	failed := l.failed
	l.failed = nil
	return failed
}

func (l *heldLog) flush() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	lines := l.held
	l.held = l.spare
	l.mu.Unlock()
	l.spare = nil
	if cap(lines) <= 2*maxWaiting {
		defer func() { l.spare = lines[:0] }()
	}
	if len(lines) == 0 {
		return
	}
	if _, err := l.to.Write(lines); err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failed = errors.Join(l.failed, err)
	}
}

// newLogHandler makes the handler of a server's log.
func newLogHandler(cfg config.Config, log *heldLog) logHandler {
	opts := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == config.LogJSON {
		return logHandler{slog.NewJSONHandler(log, opts), log, jsonLines}
	}
	return logHandler{slog.NewTextHandler(log, opts), log, textLines}
}

// lineForm is how a handler writes the lines of requests by itself.
type lineForm uint8

const (
	// slogLines are left to log/slog.
	slogLines lineForm = iota
	textLines
	jsonLines
)

// logHandler holds back what is only for information, such as requests. All else, and what came before it, is written at once.
type logHandler struct {
	slog.Handler
	log  *heldLog
	form lineForm
}

// Handle writes a record.
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level == slog.LevelInfo {
		return err
	}
	return errors.Join(err, h.log.Flush())
}

// HandleLine implements requestlog.Handler.
func (h logHandler) HandleLine(l requestlog.Line) error {
	scratch := h.log.buffer()
	defer h.log.scratch.Put(scratch)
	ok := false
	switch h.form {
	case textLines:
		*scratch, ok = l.AppendText((*scratch)[:0])
	case jsonLines:
		*scratch, ok = l.AppendJSON((*scratch)[:0])
	case slogLines:
	}
	if !ok {
		return h.Handle(context.Background(), l.Record())
	}
	_, err := h.log.Write(*scratch)
	return err
}

// WithAttrs implements slog.Handler.
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs), h.log, slogLines}
}

// WithGroup implements slog.Handler.
func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name), h.log, slogLines}
}
