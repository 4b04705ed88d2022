// Package fsblob keeps blobs in a directory of the local file system.
//
// The layout is sha256/ab/<62 hex digits> for blobs and staging/<random> for
// bytes without a name. Staged bytes are synced before they are renamed into
// place and the directory is synced after, so a crash at any moment leaves a
// blob either absent or whole, and one whose Commit has returned survives.
// Everything goes through an os.Root: no symbolic link leads out of the
// directory.
//
// Out of scope: sharing the directory over a network file system, whose sync
// and rename promise less, and detecting that a disk has changed stored bytes.
package fsblob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"kingsnake/internal/blob"
)

const (
	blobDir  = "sha256"
	stageDir = "staging"

	// The group may read, so that a backup need not run as root.
	fileMode = 0o640
	dirMode  = 0o750
)

// Options adjust a store.
type Options struct {
	// NoSync leaves out every sync to disk. It makes tests faster and a
	// store that may lose acknowledged blobs when the machine stops.
	NoSync bool
}

// Store is a blob.Store in a directory.
type Store struct {
	root *os.Root
	opts Options

	// moving is indexed by the first byte of a hash and held while a blob
	// appears or disappears, so that two commits of one hash cannot both
	// find it absent and replace each other's file.
	moving [256]sync.Mutex

	idle idle
}

var _ blob.Store = (*Store)(nil)

// Open returns a store in dir, which is created if need be. All directories
// that a commit can need exist, durably, when it returns.
func Open(dir string, opts Options) (*Store, error) {
	if err := makeRoot(dir, opts); err != nil {
		return nil, translate("create blob directory", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, translate("open blob directory", err)
	}
	s := &Store{root: root, opts: opts}
	if err := s.makeLayout(); err != nil {
		return nil, errors.Join(translate("lay out blob directory", err), root.Close())
	}
	return s, nil
}

// Close releases the directory. Readers and staged bytes that are open stay
// readable; everything else fails from now on.
func (s *Store) Close() error {
	s.idle.close()
	return s.root.Close()
}

// Open implements blob.Store.
func (s *Store) Open(ctx context.Context, h blob.Hash) (blob.Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f, size := s.idle.take(h); f != nil {
		return &reader{file: f, store: s, hash: h, size: size}, nil
	}
	f, err := s.root.Open(blobPath(h))
	if err != nil {
		return nil, translateBlob("open", h, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(translateBlob("open", h, err), f.Close())
	}
	return &reader{file: f, store: s, hash: h, size: info.Size()}, nil
}

// Stat implements blob.Store.
func (s *Store) Stat(ctx context.Context, h blob.Hash) (blob.Info, error) {
	if err := ctx.Err(); err != nil {
		return blob.Info{}, err
	}
	info, err := s.root.Lstat(blobPath(h))
	if err != nil {
		return blob.Info{}, translateBlob("stat", h, err)
	}
	return blob.Info{Hash: h, Size: info.Size(), ModTime: info.ModTime()}, nil
}

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, h blob.Hash) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.moving[h[0]].Lock()
	defer s.moving[h[0]].Unlock()
	defer s.idle.drop(h)
	if err := s.root.Remove(blobPath(h)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return translateBlob("delete", h, err)
	}
	return nil
}

// Sweep implements blob.Store.
func (s *Store) Sweep(ctx context.Context, olderThan time.Time) (int, error) {
	removed := 0
	for info, err := range s.walk(ctx, stageDir) {
		if err != nil {
			return removed, translate("sweep staged blobs", err)
		}
		if !info.Mode().IsRegular() || !info.ModTime().Before(olderThan) {
			continue
		}
		err := s.root.Remove(path.Join(stageDir, info.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return removed, translate("sweep staged blobs", err)
		}
		removed++
	}
	return removed, nil
}

// Check implements blob.Store.
func (s *Store) Check(ctx context.Context) error {
	staged, err := s.Stage(ctx)
	if err != nil {
		return err
	}
	_, err = staged.Write([]byte("ready?"))
	return errors.Join(err, staged.Discard())
}

// shardDir is the directory that holds the blobs whose hash begins like h.
func shardDir(h blob.Hash) string { return path.Join(blobDir, fmt.Sprintf("%02x", h[0])) }

func blobPath(h blob.Hash) string { return path.Join(shardDir(h), h.String()[2:]) }
