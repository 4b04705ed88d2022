package s3blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"kingsnake/internal/blob"
)

// spillAt is how many staged bytes are held in memory; more go to a file.
const spillAt = 1 << 20

// spillName begins the names of such files, where the system lets an open file have no other.
const spillName = "upload-"

// errSwept says that staged bytes were taken for abandoned.
var errSwept = errors.New("the staged bytes were swept away")

// staged is a blob in the making, on this machine.
type staged struct {
	store *Store

	// mu keeps a sweep out; ReadAt may be called concurrently.
	mu    sync.RWMutex
	data  []byte
	file  *os.File
	named bool
	size  int64
	last  time.Time

	failed error
	done   bool
}

// Stage implements blob.Store.
func (s *Store) Stage(ctx context.Context) (blob.Staged, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g := &staged{store: s, last: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[g] = struct{}{}
	return g, nil
}

func (g *staged) Size() int64 { return g.size }

func (g *staged) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.usable(); err != nil {
		return 0, err
	}
	g.last = time.Now()
	if g.file == nil && len(g.data)+len(p) <= spillAt {
		g.data = append(g.data, p...)
		g.size += int64(len(p))
		return len(p), nil
	}
	if g.failed = g.spill(); g.failed != nil {
		return 0, g.failed
	}
	n, err := g.file.Write(p)
	g.size += int64(n)
	g.failed = local("write staged blob", err)
	return n, g.failed
}

// spill moves what is in memory to a file.
func (g *staged) spill() error {
	if g.file != nil {
		return nil
	}
	f, err := g.store.spillFile()
	if err != nil {
		return local("stage blob", err)
	}
	// A file without a name is gone with the process, however that ends. Not every system has such files.
	g.file, g.named = f, os.Remove(f.Name()) != nil
	_, err = f.Write(g.data)
	g.data = nil
	return local("stage blob", err)
}

func (s *Store) spillFile() (*os.File, error) {
	if err := os.MkdirAll(s.opts.Dir, 0o700); err != nil {
		return nil, err
	}
	return os.CreateTemp(s.opts.Dir, spillName)
}

// checkStaging tells whether bytes can be staged.
func (s *Store) checkStaging() error {
	f, err := s.spillFile()
	if err != nil {
		return local("stage blob", err)
	}
	_, err = f.WriteString("ready?")
	return local("stage blob", errors.Join(err, f.Close(), os.Remove(f.Name())))
}

func (g *staged) ReadAt(p []byte, off int64) (int, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.done {
		return 0, blob.ErrFinished
	}
	return g.content().ReadAt(p, off)
}

// content is what was written so far.
func (g *staged) content() io.ReaderAt {
	if g.file != nil {
		return g.file
	}
	return bytes.NewReader(g.data)
}

func (g *staged) usable() error {
	if g.done {
		return blob.ErrFinished
	}
	return g.failed
}

// Commit implements blob.Staged.
func (g *staged) Commit(ctx context.Context, h blob.Hash) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.usable(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := g.store.commit(ctx, h, g.content(), g.size); err != nil {
		g.failed = err
		return err
	}
	g.done = true
	// The blob is stored, whatever becomes of the bytes that it was made from; where the file keeps its name, Sweep
	// removes it.
	_ = g.release()
	return nil
}

// Discard implements blob.Staged.
func (g *staged) Discard() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.done {
		return nil
	}
	g.done = true
	return local("discard staged blob", g.release())
}

// release gives the bytes up.
func (g *staged) release() error {
	g.store.mu.Lock()
	delete(g.store.live, g)
	g.store.mu.Unlock()
	g.data = nil
	if g.file == nil {
		return nil
	}
	err := g.file.Close()
	if g.named {
		err = errors.Join(err, blob.IgnoreMissing(os.Remove(g.file.Name())))
	}
	g.file = nil
	return err
}

// sweep drops the bytes if they were last written before a time, and tells whether it did. Those that are being
// committed are spared.
func (g *staged) sweep(olderThan time.Time) (bool, error) {
	if !g.mu.TryLock() {
		return false, nil
	}
	defer g.mu.Unlock()
	if g.done || !g.last.Before(olderThan) {
		return false, nil
	}
	g.failed, g.size = errSwept, 0
	return true, g.release()
}

// sweepStaging removes what is staged on this machine, by this process and by others before it.
func (s *Store) sweepStaging(olderThan time.Time) (removed int, err error) {
	s.mu.Lock()
	var live []*staged
	for g := range s.live {
		live = append(live, g)
	}
	s.mu.Unlock()
	for _, g := range live {
		swept, err := g.sweep(olderThan)
		if err != nil {
			return removed, local("sweep staged blobs", err)
		}
		if swept {
			removed++
		}
	}
	entries, err := os.ReadDir(s.opts.Dir)
	if err != nil {
		return removed, local("sweep staged blobs", blob.IgnoreMissing(err))
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !strings.HasPrefix(e.Name(), spillName) || !info.ModTime().Before(olderThan) {
			continue // Gone meanwhile, none of ours, or young.
		}
		if err := blob.IgnoreMissing(os.Remove(filepath.Join(s.opts.Dir, e.Name()))); err != nil {
			return removed, local("sweep staged blobs", err)
		}
		removed++
	}
	return removed, nil
}

// local words an error of this machine's own disk.
func local(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%s: %w: %w", doing, blob.ErrNoSpace, err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s: %w: %w", doing, blob.ErrReadOnly, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
