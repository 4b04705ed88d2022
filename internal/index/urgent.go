package index

import (
	"io"
	"sync"
	"time"
)

// urgent is what readers wait for however long it takes: shards. Long builds stand back for it, so that it has the
// processors for itself, and goes on after each wait for the disk.
type urgent struct {
	mu sync.Mutex
	n  int
	// idle is closed when n becomes 0 again, and nil while it is.
	idle chan struct{}
}

// begin notes that something urgent is built, until end is called.
func (u *urgent) begin() (end func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.n++; u.n == 1 {
		u.idle = make(chan struct{})
	}
	return u.end
}

func (u *urgent) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.n--; u.n == 0 {
		close(u.idle)
		u.idle = nil
	}
}

// busy gives what is closed when nothing urgent is built any more, nil when nothing is.
func (u *urgent) busy() <-chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.idle
}

// behind gives a writer to w which waits before each piece while something urgent is built.
func (u *urgent) behind(w io.Writer) io.Writer { return &standing{w, u, time.Now(), 0} }

// standing is a writer of a long build that stands back. It has half of the time at least, so that it comes to an end.
type standing struct {
	w      io.Writer
	urgent *urgent
	begun  time.Time
	stood  time.Duration
}

// Write waits and writes.
func (s *standing) Write(p []byte) (int, error) {
	s.standBack()
	return s.w.Write(p)
}

func (s *standing) standBack() {
	idle := s.urgent.busy()
	if idle == nil {
		return
	}
	at := time.Now()
	left := at.Sub(s.begun) - 2*s.stood
	if left <= 0 {
		return
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	}
	s.stood += time.Since(at)
}
