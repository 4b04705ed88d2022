// Package cacheblob keeps copies of the blobs that are read most on the local disk, in front of a store that is far away.
// A blob never changes, so a copy is never stale; the store behind is the only one that counts, and the folder of the
// copies may be deleted at any time.
package cacheblob

import (
	"container/list"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/fsblob"
)

// Options are what a cache is made of.
type Options struct {
	// Far is the store whose blobs are copied.
	Far blob.Store
	// Dir is the folder of the copies.
	Dir string
	// Size bounds them all together, in bytes.
	Size int64
	// MinFile is the least that is worth a file; smaller blobs are read from afar each time.
	MinFile int64
	// NoSync is for tests: the copies may not survive a power cut.
	NoSync bool
	Log    *slog.Logger
}

const (
	// maxFile bounds one copy, since nobody gets a byte before the copy is whole.
	maxFile = 64 << 20
	// fillTime bounds the making of a copy, which goes on for others when the first who asked has gone.
	fillTime = 5 * time.Minute
)

// Store is a blob.Store whose reads are served from copies. All else goes to the store behind.
type Store struct {
	blob.Store
	opts    Options
	near    *fsblob.Store
	filling singleflight.Group

	mu     sync.Mutex
	copies map[blob.Hash]*list.Element
	// used has the copies in the order of their use, the latest first, and total their bytes.
	used  *list.List
	total int64
}

// held is one copy.
type held struct {
	hash blob.Hash
	size int64
}

// Open makes a cache. It knows the copies that were made before.
func Open(ctx context.Context, o Options) (*Store, error) {
	near, err := fsblob.Open(o.Dir, fsblob.Options{NoSync: o.NoSync})
	if err != nil {
		return nil, err
	}
	s := &Store{Store: o.Far, opts: o, near: near, copies: map[blob.Hash]*list.Element{}, used: list.New()}
	var found []blob.Info
	for info, err := range near.List(ctx) {
		if err != nil {
			return nil, errors.Join(err, near.Close())
		}
		found = append(found, info)
	}
	slices.SortFunc(found, func(a, b blob.Info) int { return a.ModTime.Compare(b.ModTime) })
	for _, info := range found {
		s.hold(ctx, info.Hash, info.Size)
	}
	return s, nil
}

// Close gives the folder up.
func (s *Store) Close() error { return s.near.Close() }

// Open implements blob.Store.
func (s *Store) Open(ctx context.Context, h blob.Hash) (blob.Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.touch(h) {
		if r, err := s.near.Open(ctx, h); err == nil {
			return r, nil
		}
		s.forget(ctx, h)
	}
	r, err := s.Store.Open(ctx, h)
	if err != nil || r.Size() < s.opts.MinFile || r.Size() > min(maxFile, s.opts.Size/8) {
		return r, err
	}
	// The first of those who ask for a blob brings it; the others wait for the copy.
	filled := s.filling.DoChan(h.String(), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fillTime)
		defer cancel()
		return nil, s.fill(ctx, h)
	})
	select {
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), r.Close())
	case result := <-filled:
		if result.Err == nil {
			if copied, err := s.near.Open(ctx, h); err == nil {
				return copied, r.Close()
			}
		}
		if err := result.Err; errors.Is(err, blob.ErrDamaged) || errors.Is(err, blob.ErrUnavailable) {
			return nil, errors.Join(err, r.Close())
		}
		// Whatever is wrong with the local disk, the blob itself is there.
		return r, nil
	}
}

// fill makes a copy. The store behind says whether what it gave is the blob.
func (s *Store) fill(ctx context.Context, h blob.Hash) (rerr error) {
	r, err := s.Store.Open(ctx, h)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, r.Close()) }()
	staged, err := s.near.Stage(ctx)
	if err != nil {
		return s.troubled(err)
	}
	defer func() { rerr = errors.Join(rerr, staged.Discard()) }()
	if _, err := io.Copy(staged, r); err != nil {
		return s.troubled(err)
	}
	if err := staged.Commit(ctx, h); err != nil {
		return s.troubled(err)
	}
	s.hold(ctx, h, r.Size())
	return nil
}

// troubled notes an error that clients do not see.
func (s *Store) troubled(err error) error {
	s.opts.Log.Warn("a blob could not be copied to the cache", "error", err)
	return err
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

// hold notes a copy, and drops those used longest ago while there are too many bytes.
func (s *Store) hold(ctx context.Context, h blob.Hash, size int64) {
	for _, old := range s.note(h, size) {
		if err := s.near.Delete(ctx, old); err != nil {
			s.opts.Log.Warn("a blob could not be removed from the cache", "error", err)
		}
	}
}

// note is hold without the files, and gives those to delete.
func (s *Store) note(h blob.Hash, size int64) (old []blob.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.copies[h]; ok {
		return nil
	}
	s.copies[h] = s.used.PushFront(held{h, size})
	s.total += size
	for s.total > s.opts.Size {
		old = append(old, s.drop(s.used.Back()))
	}
	return old
}

// drop forgets an entry; the caller holds the lock.
func (s *Store) drop(e *list.Element) blob.Hash {
	c, _ := s.used.Remove(e).(held)
	delete(s.copies, c.hash)
	s.total -= c.size
	return c.hash
}

// forget removes a copy that is of no use, or whose blob is gone.
func (s *Store) forget(ctx context.Context, h blob.Hash) {
	s.mu.Lock()
	if e, ok := s.copies[h]; ok {
		s.drop(e)
	}
	s.mu.Unlock()
	if err := s.near.Delete(ctx, h); err != nil {
		s.opts.Log.Warn("a blob could not be removed from the cache", "error", err)
	}
}

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, h blob.Hash) error {
	if err := s.Store.Delete(ctx, h); err != nil {
		return err
	}
	s.forget(ctx, h)
	return nil
}

// Sweep implements blob.Store.
func (s *Store) Sweep(ctx context.Context, olderThan time.Time) (int, error) {
	near, err := s.near.Sweep(ctx, olderThan)
	far, ferr := s.Store.Sweep(ctx, olderThan)
	return near + far, errors.Join(err, ferr)
}
