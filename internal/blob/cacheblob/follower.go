package cacheblob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"kingsnake/internal/blob"
)

const (
	// lead is how far behind a reader a copy may be for the reader to wait for it.
	lead = 8 << 20
	// patience is how long a reader waits for a copy that does not grow, where nobody says otherwise.
	patience = 5 * time.Second
)

// follower reads along while a copy is being made. It is for one goroutine, but for ReadAt.
type follower struct {
	store *Store
	// ctx covers the reading, for all of which Open was given it.
	ctx  context.Context
	fill *fill
	pos  int64
	// until is where who reads will stop.
	until int64
	// strayed says that Read goes on afar, where it is at; -1 is not known.
	strayed bool
	at      int64

	// mu guards the copy's file and the reader from afar, which are opened when they are needed.
	mu    sync.Mutex
	file  io.ReaderAt
	far   blob.Reader
	close []io.Closer
}

// follow reads along with a copy.
func (s *Store) follow(ctx context.Context, f *fill) *follower {
	return &follower{store: s, ctx: ctx, fill: f, until: f.size, at: -1}
}

// Size implements blob.Reader.
func (r *follower) Size() int64 { return r.fill.size }

// File says that there is none yet.
func (r *follower) File() (*os.File, bool) { return nil, false }

// Close implements io.Closer. The copy goes on.
func (r *follower) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, c := range r.close {
		errs = append(errs, c.Close())
	}
	r.close = nil
	return errors.Join(errs...)
}

// Seek implements io.Seeker.
func (r *follower) Seek(offset int64, whence int) (int64, error) {
	pos, err := blob.Seek(r.pos, r.fill.size, offset, whence)
	if err != nil {
		return 0, err
	}
	r.pos = pos
	return pos, nil
}

// Read implements io.Reader.
func (r *follower) Read(p []byte) (n int, err error) {
	switch {
	case len(p) == 0:
		return 0, nil
	case r.pos >= r.fill.size:
		return 0, io.EOF
	case !r.strayed:
		ready, err := r.await(r.pos)
		if err != nil {
			return 0, err
		}
		if ready > 0 {
			n, err := r.readCopy(p[:min(int64(len(p)), ready)], r.pos)
			r.pos += int64(n)
			if n > 0 || err == nil {
				return n, nil
			}
		}
	}
	r.strayed = true
	n, err = r.readFar(p)
	r.pos += int64(n)
	return n, err
}

// await waits until the copy has bytes at an offset and tells how many; 0 says that they should be got from afar.
func (r *follower) await(off int64) (ready int64, err error) {
	var timer *time.Timer
	defer func() {
		if timer != nil {
			timer.Stop()
		}
	}()
	for {
		written, grown, over, err := r.fill.progress()
		switch {
		case written > off:
			return written - off, nil
		case errors.Is(err, blob.ErrDamaged):
			return 0, err
		case over || off > written+lead:
			return 0, nil
		}
		if timer == nil {
			timer = time.NewTimer(r.store.opts.Patience)
		}
		select {
		case <-grown:
		case <-timer.C:
			return 0, nil
		case <-r.ctx.Done():
			return 0, r.ctx.Err()
		}
	}
}

// readCopy reads of the copy what it has.
func (r *follower) readCopy(p []byte, off int64) (int, error) {
	file, err := r.open()
	if err != nil {
		return 0, err
	}
	n, err := file.ReadAt(p, off)
	if n == len(p) {
		err = nil
	}
	return n, err
}

// open gives the copy, which may have got its name meanwhile.
func (r *follower) open() (io.ReaderAt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file != nil {
		return r.file, nil
	}
	file, err := r.fill.open()
	if err == nil {
		r.file, r.close = file, append(r.close, file)
		return file, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	whole, err := r.store.near.Open(r.ctx, r.fill.hash)
	if err != nil {
		return nil, err
	}
	r.file, r.close = whole, append(r.close, whole)
	return whole, nil
}

// afar gives the blob from afar, of which at first so many bytes from an offset on are wanted.
func (r *follower) afar(off, n int64) (blob.Reader, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.far != nil {
		return r.far, nil
	}
	far, err := blob.OpenPart(r.ctx, r.store.Store, r.fill.hash, r.fill.size, off, n)
	if err != nil {
		return nil, err
	}
	r.far, r.close = far, append(r.close, far)
	return far, nil
}

// readFar reads from afar, once what is wanted cannot be had of the copy. What was read of the copy before is not hashed
// with it: clients do that themselves.
func (r *follower) readFar(p []byte) (int, error) {
	end := r.fill.size
	if r.pos < r.until {
		end = r.until
	}
	far, err := r.afar(r.pos, end-r.pos)
	if err != nil {
		return 0, err
	}
	if r.at != r.pos {
		if _, err := far.Seek(r.pos, io.SeekStart); err != nil {
			return 0, err
		}
	}
	n, err := far.Read(p)
	r.at = r.pos + int64(n)
	return n, err
}

// ReadAt implements io.ReaderAt.
func (r *follower) ReadAt(p []byte, off int64) (int, error) {
	if written, _, _, _ := r.fill.progress(); off >= 0 && off+int64(len(p)) <= written {
		if n, err := r.readCopy(p, off); err == nil {
			return n, nil
		}
	}
	far, err := r.afar(0, 0)
	if err != nil {
		return 0, err
	}
	return far.ReadAt(p, off)
}
