// Package cacheblob keeps copies of the blobs that are read most on the local disk, in front of a store that is far away.
// A blob never changes, so a copy is never stale; the store behind is the only one that counts, and the folder of the
// copies may be deleted at any time.
//
// Nobody waits for a copy. Whoever asks for a blob that is being copied reads along as the copy grows, and goes on from
// afar where the copy fails, lags or is not as far as what is wanted. So a blob is fetched once however many ask for it at
// once, and a reader that is slow, or leaves, holds up nobody.
//
// The store behind must say whether what it gave is the blob: a copy is kept only of what it gave to the end. What a crash
// leaves of a copy that was not whole is never served, since it has no name yet.
package cacheblob

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/fsblob"
)

// Options are what a cache is made of.
type Options struct {
	// Far is the store whose blobs are copied.
	Far blob.Store
	// Dir is the folder of the copies.
	Dir string
	// Size bounds them all together, in bytes, those included that are being made.
	Size int64
	// MinFile is the least that is worth a file; smaller blobs are read from afar each time.
	MinFile int64
	// Spare tells how many bytes may be written before the disk has too few for others; it is negative when they are too few
	// already, and then copies give way. Nil is a disk without end.
	Spare func() int64
	// Patience is how long a reader waits for a copy that does not grow, 0 meaning five seconds.
	Patience time.Duration
	// NoSync is for tests: the copies may not survive a power cut.
	NoSync bool
	Log    *slog.Logger
	// Now is the time; nil is the clock's.
	Now func() time.Time
}

// Store is a blob.Store whose reads are served from copies. All else goes to the store behind.
type Store struct {
	blob.Store
	opts Options
	near *fsblob.Store

	hits, misses atomic.Uint64

	mu     sync.Mutex
	copies map[blob.Hash]*list.Element
	// used has the copies in the order of their use, the latest first, and held their bytes.
	used *list.List
	held int64
	// fills are the copies that are being made, growing the bytes that they will have, and large how many are of the large.
	fills   map[blob.Hash]*fill
	growing int64
	large   int
	asked   sightings
	// rest is until when no copy is made, after the disk has failed; swept is when leftovers were looked for.
	rest, swept time.Time
	closed      bool
	running     sync.WaitGroup
}

// Open makes a cache. It knows the copies that were made before.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Patience = cmp.Or(o.Patience, patience)
	near, err := fsblob.Open(o.Dir, fsblob.Options{NoSync: o.NoSync})
	if err != nil {
		return nil, err
	}
	s := &Store{Store: o.Far, opts: o, near: near, copies: map[blob.Hash]*list.Element{}, used: list.New(), fills: map[blob.Hash]*fill{}}
	var found []blob.Info
	for info, err := range near.List(ctx) {
		if err != nil {
			return nil, errors.Join(err, near.Close())
		}
		found = append(found, info)
	}
	slices.SortFunc(found, func(a, b blob.Info) int { return a.ModTime.Compare(b.ModTime) })
	for _, info := range found {
		s.hold(info.Hash, info.Size)
	}
	s.remove(ctx, s.shrink(0))
	s.sweep(ctx)
	return s, nil
}

// Close ends the copies that are being made, and gives the folder up. Readers go on from afar.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, f := range s.fills {
		f.life.end()
	}
	s.mu.Unlock()
	s.running.Wait()
	return s.near.Close()
}

// Open implements blob.Store.
func (s *Store) Open(ctx context.Context, h blob.Hash) (blob.Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r := s.copied(ctx, h); r != nil {
		return r, nil
	}
	if f := s.filling(h); f != nil {
		s.hits.Add(1)
		return s.follow(ctx, f), nil
	}
	s.misses.Add(1)
	life := outlive(ctx)
	r, err := s.Store.Open(life.ctx, h)
	if err != nil {
		life.end()
		return nil, err
	}
	switch f, began := s.begin(h, r, life); {
	case began:
		return s.follow(ctx, f), nil
	case f != nil:
		// Somebody else was quicker.
		err := r.Close()
		life.end()
		return s.follow(ctx, f), err
	}
	return &passing{Reader: r, life: life}, nil
}

// copied opens the copy of a blob, nil for none.
func (s *Store) copied(ctx context.Context, h blob.Hash) blob.Reader {
	if !s.touch(h) {
		return nil
	}
	r, err := s.near.Open(ctx, h)
	if err != nil {
		s.forget(ctx, h)
		return nil
	}
	s.hits.Add(1)
	return r
}

// OpenPart implements blob.PartOpener. Of what is not copied the store behind is asked for the part alone: who reads the
// directory at the end of a package, or goes on with a download, does not want all of it to be fetched, and is no sign that
// others will. A copy that is being made is read along with where it is near enough.
func (s *Store) OpenPart(ctx context.Context, h blob.Hash, size, off, n int64) (blob.Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r := s.copied(ctx, h); r != nil {
		return r, nil
	}
	if f := s.filling(h); f != nil && f.nears(off) {
		s.hits.Add(1)
		r := s.follow(ctx, f)
		r.until = off + n
		return r, nil
	}
	s.misses.Add(1)
	return blob.OpenPart(ctx, s.Store, h, size, off, n)
}

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, h blob.Hash) error {
	if err := s.Store.Delete(ctx, h); err != nil {
		return err
	}
	s.forget(ctx, h)
	return nil
}

// Sweep implements blob.Store. Copies that are being made are none of the caller's.
func (s *Store) Sweep(ctx context.Context, olderThan time.Time) (int, error) {
	dead := time.Now().Add(-abandoned)
	if olderThan.Before(dead) {
		dead = olderThan
	}
	near, err := s.near.Sweep(ctx, dead)
	far, ferr := s.Store.Sweep(ctx, olderThan)
	return near + far, errors.Join(err, ferr)
}

// Stats are what a cache has done, and what it has.
type Stats struct {
	// Hits counts the blobs that were opened in the cache, Misses those that were opened afar.
	Hits, Misses uint64
	// Held is how many bytes the copies have.
	Held int64
}

// Stats tells them.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Hits: s.hits.Load(), Misses: s.misses.Load(), Held: s.held}
}

// passing is a reader from afar, of a blob that is not copied.
type passing struct {
	blob.Reader
	life lifetime
}

// Close implements io.Closer.
func (p *passing) Close() error {
	defer p.life.end()
	return p.Reader.Close()
}
