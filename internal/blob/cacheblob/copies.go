package cacheblob

import (
	"container/list"
	"context"
	"errors"
	"time"

	"kingsnake/internal/blob"
)

// held is one copy.
type held struct {
	hash blob.Hash
	size int64
}

// touch tells whether there is a copy, and counts its use.
func (s *Store) touch(h blob.Hash) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.copies[h]
	if ok {
		s.used.MoveToFront(e)
	}
	return ok
}

// hold notes a copy; the caller holds the lock.
func (s *Store) hold(h blob.Hash, size int64) {
	if _, ok := s.copies[h]; ok {
		return
	}
	s.copies[h] = s.used.PushFront(held{h, size})
	s.held += size
}

// shrink drops those copies that were used longest ago until there is room for so many more bytes, and gives the files to
// remove; the caller holds the lock.
func (s *Store) shrink(room int64) (old []blob.Hash) {
	for s.used.Len() > 0 && s.held+s.growing+room > s.opts.Size {
		old = append(old, s.drop(s.used.Back()))
	}
	return old
}

// yield is shrink for a disk that others need.
func (s *Store) yield(bytes int64) (old []blob.Hash) {
	for before := s.held; s.used.Len() > 0 && before-s.held < bytes; {
		old = append(old, s.drop(s.used.Back()))
	}
	return old
}

// drop forgets an entry; the caller holds the lock.
func (s *Store) drop(e *list.Element) blob.Hash {
	c, _ := s.used.Remove(e).(held)
	delete(s.copies, c.hash)
	s.held -= c.size
	return c.hash
}

// forget removes a copy that is of no use, or whose blob is gone. One that is being made will not be kept.
func (s *Store) forget(ctx context.Context, h blob.Hash) {
	s.mu.Lock()
	if e, ok := s.copies[h]; ok {
		s.drop(e)
	}
	delete(s.fills, h)
	s.mu.Unlock()
	s.remove(ctx, []blob.Hash{h})
}

// remove removes files.
func (s *Store) remove(ctx context.Context, old []blob.Hash) {
	for _, h := range old {
		if err := s.near.Delete(ctx, h); err != nil {
			s.opts.Log.Warn("a blob could not be removed from the cache", "error", err)
		}
	}
}

const (
	// abandoned is after how long a copy that did not grow is taken for one that a crash left. Nothing that still grows is as
	// slow: the store behind gives up before.
	abandoned = 10 * time.Minute
	// sweepEvery is how often such are looked for.
	sweepEvery = time.Hour
)

// sweep removes what crashes have left, now and then.
func (s *Store) sweep(ctx context.Context) {
	now := time.Now() // Files have the time of the system.
	s.mu.Lock()
	due := now.Sub(s.swept) >= sweepEvery
	if due {
		s.swept = now
	}
	s.mu.Unlock()
	if !due {
		return
	}
	if _, err := s.near.Sweep(ctx, now.Add(-abandoned)); err != nil && !errors.Is(err, ctx.Err()) {
		s.opts.Log.Warn("leftovers could not be removed from the cache", "error", err)
	}
}
