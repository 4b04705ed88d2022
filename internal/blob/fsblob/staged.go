package fsblob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"kingsnake/internal/blob"
)

// Staged is a blob in the making: a file below stageDir.
type Staged struct {
	store *Store
	name  string
	file  *os.File
	size  int64
	// wrote is when the last bytes came, and so the time that the file bears.
	wrote time.Time

	// failed is the first error of a write or a commit. It sticks: what the
	// kernel could not write once it may have dropped, so that syncing a
	// second time would report a success that is none.
	failed error
	done   bool
}

// Stage implements blob.Store.
func (s *Store) Stage(ctx context.Context) (blob.Staged, error) {
	g, err := s.StageFile(ctx)
	if err != nil {
		return nil, err // A nil *Staged in the interface would not be nil.
	}
	return g, nil
}

// StageFile is Stage for who lets others read while it writes.
func (s *Store) StageFile(ctx context.Context) (*Staged, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name := path.Join(stageDir, rand.Text())
	f, err := s.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, translate("stage blob", err)
	}
	return &Staged{store: s, name: name, file: f}, nil
}

// Reopen opens the file once more, for somebody who reads it while it grows. It may be called at any time, by anybody; after
// Commit or Discard the file is not there under its name any more. Whoever has it open keeps it.
func (g *Staged) Reopen() (*os.File, error) {
	f, err := g.store.root.Open(g.name)
	return f, translate("open staged blob", err)
}

// Size implements blob.Staged.
func (g *Staged) Size() int64 { return g.size }

// Write implements blob.Staged.
func (g *Staged) Write(p []byte) (int, error) {
	if err := g.usable(); err != nil {
		return 0, err
	}
	n, err := g.file.Write(p)
	g.size += int64(n)
	g.wrote = time.Now()
	g.failed = translate("write staged blob", err)
	return n, g.failed
}

// ReadAt implements blob.Staged.
func (g *Staged) ReadAt(p []byte, off int64) (int, error) {
	if g.done {
		return 0, blob.ErrFinished
	}
	return g.file.ReadAt(p, off)
}

func (g *Staged) usable() error {
	if g.done {
		return blob.ErrFinished
	}
	return g.failed
}

// Commit implements blob.Staged.
func (g *Staged) Commit(ctx context.Context, h blob.Hash) error {
	if err := g.usable(); err != nil {
		return err
	}
	// From here on the context is not asked again: to stop half way would
	// save little and leave the caller guessing what has happened.
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := g.commit(h); err != nil {
		g.failed = translate("commit blob "+h.String(), err)
		return g.failed
	}
	g.done = true
	return nil
}

func (g *Staged) commit(h blob.Hash) error {
	if err := g.seal(); err != nil {
		return err
	}
	exists, err := g.publish(h)
	if err != nil {
		return err
	}
	if exists {
		if err := g.store.syncFile(blobPath(h)); err != nil {
			return err
		}
	}
	// Even a blob that was there already may have been renamed only just
	// now, by a commit that has not come to this line yet.
	if err := g.store.syncDir(shardDir(h)); err != nil || !exists {
		return err
	}
	return g.remove()
}

// seal makes the staged bytes durable under their staging name.
func (g *Staged) seal() error {
	// A file that was written just now need not be told the time.
	if now := time.Now(); now.Sub(g.wrote) > time.Second {
		if err := g.store.root.Chtimes(g.name, now, now); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if !g.store.opts.NoSync {
		if err := g.file.Sync(); err != nil {
			return err
		}
	}
	return g.file.Close()
}

// publish gives the staged file its final name, unless the blob exists.
func (g *Staged) publish(h blob.Hash) (exists bool, err error) {
	root, name := g.store.root, blobPath(h)
	g.store.moving[h[0]].Lock()
	defer g.store.moving[h[0]].Unlock()

	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, root.Rename(g.name, name)
	}
	if err != nil {
		return false, err
	}
	if info.Size() != g.size {
		return false, fmt.Errorf("%w: %d bytes are stored, %d were staged", blob.ErrConflict, info.Size(), g.size)
	}
	now := time.Now()
	return true, root.Chtimes(name, now, now)
}

// Discard implements blob.Staged.
func (g *Staged) Discard() error {
	if g.done {
		return nil
	}
	g.done = true
	err := g.file.Close()
	// A commit that failed late has closed the file already.
	if errors.Is(err, fs.ErrClosed) {
		err = nil
	}
	return translate("discard staged blob", errors.Join(err, g.remove()))
}

// remove deletes the staged file, which a sweep may have done before.
func (g *Staged) remove() error {
	if err := g.store.root.Remove(g.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
