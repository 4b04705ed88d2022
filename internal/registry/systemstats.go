package registry

import (
	"context"
	"maps"
	"sync"
	"time"

	"kingsnake/internal/access"
)

const (
	// longCount is what counting the bytes of all packages takes on a very large site: from then on the answer is kept for
	// countAgain times as long.
	longCount  = 2 * time.Second
	countAgain = 100
	// countTime bounds a count.
	countTime = 10 * time.Minute
)

// tallies are the counts of the bytes of all packages: the one that goes on, and the last that came to an end.
type tallies struct {
	mu   sync.Mutex
	now  *tally
	last *tally
	// until is how long the last is good enough.
	until time.Time
}

// tally is one of them. Who asks while it goes on shares it.
type tally struct {
	done  chan struct{}
	bytes map[string]int64
	err   error
}

// Stats gives the bytes of package files by family, each blob counted once. Where counting takes seconds, the answer may be
// some minutes old.
func (s *System) Stats(ctx context.Context, caller *access.Caller) (map[string]int64, error) {
	if err := s.allow(ctx, caller, access.SystemSettingsView, access.OnSystem()); err != nil {
		return nil, err
	}
	c := s.count(ctx)
	select {
	case <-c.done:
		return maps.Clone(c.bytes), c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// StatsSoon is Stats for who waits no longer than that: then it gives what was counted before, or nothing where nothing was.
// The count goes on, for who asks again.
func (s *System) StatsSoon(ctx context.Context, caller *access.Caller, patience time.Duration) (map[string]int64, error) {
	if err := s.allow(ctx, caller, access.SystemSettingsView, access.OnSystem()); err != nil {
		return nil, err
	}
	c := s.count(ctx)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.done:
		return maps.Clone(c.bytes), c.err
	case <-timer.C:
		return s.tallies.known(), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// known is what was counted last, nil for nothing.
func (c *tallies) known() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		return nil
	}
	return maps.Clone(c.last.bytes)
}

// count gives the last count while it is good enough, else the one that goes on, which it may begin.
func (s *System) count(ctx context.Context) *tally {
	s.tallies.mu.Lock()
	defer s.tallies.mu.Unlock()
	switch begun := s.now(); {
	case begun.Before(s.tallies.until):
		return s.tallies.last
	case s.tallies.now == nil:
		c := &tally{done: make(chan struct{})}
		s.tallies.now = c
		go s.finish(context.WithoutCancel(ctx), c, begun)
		return c
	}
	return s.tallies.now
}

// finish counts, which goes on when who asked first has left.
func (s *System) finish(ctx context.Context, c *tally, begun time.Time) {
	ctx, cancel := context.WithTimeout(ctx, countTime)
	defer cancel()
	c.bytes, c.err = s.system.BlobBytes(ctx)
	s.tallies.mu.Lock()
	defer s.tallies.mu.Unlock()
	s.tallies.now = nil
	if c.err == nil {
		s.tallies.last = c
		if took := s.now().Sub(begun); took > longCount {
			s.tallies.until = begun.Add(countAgain * took)
		}
	}
	close(c.done)
}
