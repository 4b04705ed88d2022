package cacheblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/fsblob"
)

const (
	// fillTime and fillRate, in bytes a second, bound how long the making of a copy may take.
	fillTime = 5 * time.Minute
	fillRate = 1 << 20
	// fillBlock is how much is read at once.
	fillBlock = 256 << 10
	// fillPause is how long what has come may wait for more, to be written together.
	fillPause = 500 * time.Millisecond
)

// localError is one of the disk of the copies.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

// fill is a copy that is being made.
type fill struct {
	hash blob.Hash
	size int64
	life lifetime
	// old are files to remove first.
	old []blob.Hash

	mu     sync.Mutex
	staged *fsblob.Staged
	// written is how many bytes others may read.
	written int64
	// over says that no more come, and err why, nil when all have come.
	over bool
	err  error
	// grown is closed when any of these changes.
	grown chan struct{}
}

// filling gives the copy of a blob that is being made, nil for none.
func (s *Store) filling(h blob.Hash) *fill {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fills[h]
}

// begin makes a copy of what r reads, if it is worth one, and then has r. Where somebody else makes one already it gives
// that.
func (s *Store) begin(h blob.Hash, r blob.Reader, life lifetime) (f *fill, began bool) {
	size := r.Size()
	if size < s.opts.MinFile {
		return nil, false
	}
	spare := int64(math.MaxInt64)
	if s.opts.Spare != nil {
		spare = s.opts.Spare()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.fills[h]; f != nil {
		return f, false
	}
	if s.copies[h] != nil || !s.worth(h, size) || !s.able(size) {
		return nil, false
	}
	old, ok := s.room(size, spare)
	if !ok {
		return nil, false
	}
	f = &fill{hash: h, size: size, life: life, old: old, grown: make(chan struct{})}
	s.fills[h] = f
	s.count(f, 1)
	life.detach()
	s.running.Go(func() { s.run(f, r) })
	return f, true
}

// count counts a fill, or with -1 takes it off; the caller holds the lock.
func (s *Store) count(f *fill, n int) {
	s.growing += int64(n) * f.size
	if f.size > eager {
		s.large += n
	}
}

// run makes a copy, for as long as that may take.
func (s *Store) run(f *fill, r blob.Reader) {
	limit := time.AfterFunc(fillTime+time.Duration(f.size/fillRate)*time.Second, f.life.end)
	defer limit.Stop()
	defer f.life.end()
	ctx := f.life.ctx
	s.sweep(ctx)
	s.remove(context.WithoutCancel(ctx), f.old)
	err := s.copy(ctx, f, r)
	if cerr := r.Close(); cerr != nil {
		s.opts.Log.Warn("closing a blob failed", "blob", f.hash, "error", cerr)
	}
	s.finish(f, err)
}

// copy copies what r reads to a file, and names the file when it is whole.
func (s *Store) copy(ctx context.Context, f *fill, r blob.Reader) (rerr error) {
	staged, err := s.near.StageFile(ctx)
	if err != nil {
		return localError{err}
	}
	defer func() { rerr = errors.Join(rerr, staged.Discard()) }()
	f.mu.Lock()
	f.staged = staged
	f.mu.Unlock()
	if err := f.fetch(staged, r); err != nil {
		return err
	}
	if staged.Size() != f.size {
		return fmt.Errorf("blob %s ended after %d of %d bytes: %w", f.hash, staged.Size(), f.size, blob.ErrDamaged)
	}
	if err := staged.Commit(ctx, f.hash); err != nil {
		return localError{err}
	}
	return nil
}

// fetch writes what r reads to a file, in pieces that are large if it comes quickly: see blob.Gatherer.
func (f *fill) fetch(staged *fsblob.Staged, r io.Reader) error {
	pieces := blob.NewGatherer(staged)
	block := make([]byte, min(fillBlock, f.size))
	flushed := time.Now()
	for left := f.size; left > 0; {
		n, err := r.Read(block[:min(left, int64(len(block)))])
		left -= int64(n)
		_, failed := pieces.Write(block[:n])
		if failed == nil && (left == 0 || err != nil || time.Since(flushed) > fillPause) {
			failed = pieces.Flush()
		}
		if failed != nil {
			return localError{failed}
		}
		if f.grow(staged.Size()) {
			flushed = time.Now()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// grow tells those who read along if there is more.
func (f *fill) grow(written int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if written == f.written {
		return false
	}
	f.written = written
	close(f.grown)
	f.grown = make(chan struct{})
	return true
}

// finish takes a copy among the others, if it was made and is still wanted.
func (s *Store) finish(f *fill, err error) {
	s.mu.Lock()
	wanted := s.fills[f.hash] == f
	if wanted {
		delete(s.fills, f.hash)
	}
	s.count(f, -1)
	_, local := errors.AsType[localError](err)
	local = local && f.life.ctx.Err() == nil
	switch {
	case err == nil && wanted:
		s.hold(f.hash, f.size)
	case local:
		s.rest = s.opts.Now().Add(restTime)
	}
	s.mu.Unlock()
	if err == nil && !wanted {
		s.remove(context.WithoutCancel(f.life.ctx), []blob.Hash{f.hash})
	}
	if local || errors.Is(err, blob.ErrDamaged) {
		s.opts.Log.Warn("a blob could not be copied to the cache", "error", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over, f.err = true, err
	close(f.grown)
}

// progress tells how far a copy is, and gives what is closed when it is further.
func (f *fill) progress() (written int64, grown <-chan struct{}, over bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.written, f.grown, f.over, f.err
}

// nears tells whether a copy has the byte at an offset, or will before long.
func (f *fill) nears(off int64) bool {
	written, _, over, _ := f.progress()
	return off < written || !over && off <= written+lead
}

// open opens the file of a copy that has grown.
func (f *fill) open() (*os.File, error) {
	f.mu.Lock()
	staged := f.staged
	f.mu.Unlock()
	return staged.Reopen()
}

// lifetime is a context that ends with another until it is detached from it, and by being told to.
type lifetime struct {
	ctx    context.Context
	end    context.CancelFunc
	detach func() bool
}

// outlive gives one.
func outlive(ctx context.Context) lifetime {
	own, end := context.WithCancel(context.WithoutCancel(ctx))
	return lifetime{own, end, context.AfterFunc(ctx, end)}
}
