package client

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// watch answers a context that ends when nothing moved for the client's stall timeout. Call moved with each piece.
func (c *Client) watch(ctx context.Context) (watched context.Context, moved, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(c.stallTimeout, func() {
		cancel(fmt.Errorf("nothing moved for %s", c.stallTimeout))
	})
	return ctx, func() { timer.Reset(c.stallTimeout) }, func() {
		timer.Stop()
		cancel(nil)
	}
}

// meter reads from r and reports how far it came. After release it reads and reports nothing more: the HTTP transport
// may still hold a request body when the answer is there already.
type meter struct {
	mu       sync.Mutex
	r        io.Reader
	done     int64
	released bool
	report   func(done int64)
}

// Read implements io.Reader.
func (m *meter) Read(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.released {
		return 0, io.ErrClosedPipe
	}
	n, err := m.r.Read(p)
	if n > 0 {
		m.done += int64(n)
		m.report(m.done)
	}
	return n, err
}

// Close implements io.Closer; what is read stays open, because its owner may try again.
func (m *meter) Close() error {
	m.release()
	return nil
}

func (m *meter) release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.released = true
}
