package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"
)

// The log of a busy server has a line for each request, and writing each by itself is a good part of what a small download
// costs. So lines wait for others: for at most so long, and at most so many bytes of them.
const (
	holdTime = 100 * time.Millisecond
	maxHeld  = 64 << 10
)

// heldLog writes many lines at once.
type heldLog struct {
	to io.Writer

	mu   sync.Mutex
	held []byte
	// failed is why lines could not be written, which the next who writes is told.
	failed error
}

// Write takes a line.
func (l *heldLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.held)+len(line) > maxHeld {
		l.flush()
	}
	if len(l.held) == 0 {
		time.AfterFunc(holdTime, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.flush()
		})
	}
	l.held = append(l.held, line...)
	failed := l.failed
	l.failed = nil
	return len(line), failed
}

// Flush writes what is held.
func (l *heldLog) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	failed := l.failed
	l.failed = nil
	return failed
}

// flush is Flush for who has the lock.
func (l *heldLog) flush() {
	if len(l.held) == 0 {
		return
	}
	_, err := l.to.Write(l.held)
	l.failed = errors.Join(l.failed, err)
	l.held = l.held[:0]
}

// logHandler holds back what is only for information, such as requests. All else, and what came before it, is written at once.
type logHandler struct {
	slog.Handler
	log *heldLog
}

// Handle writes a record.
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level == slog.LevelInfo {
		return err
	}
	return errors.Join(err, h.log.Flush())
}

// WithAttrs implements slog.Handler.
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs), h.log}
}

// WithGroup implements slog.Handler.
func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name), h.log}
}
