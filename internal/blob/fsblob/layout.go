package fsblob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// makeRoot creates dir and the parents it lacks, and syncs every directory
// that got a new entry.
func makeRoot(dir string, opts Options) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	var missing []string
	for d := dir; ; d = filepath.Dir(d) {
		_, err := os.Stat(d)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		missing = append(missing, d)
	}
	if err := os.MkdirAll(dir, dirMode); err != nil || opts.NoSync {
		return err
	}
	for _, d := range missing {
		if err := syncDir(os.Open(filepath.Dir(d))); err != nil {
			return err
		}
	}
	return nil
}

// makeLayout creates what is missing inside the root. The two upper
// directories are synced even when nothing is new, because a former run may
// have been stopped between creating their entries and syncing them.
func (s *Store) makeLayout() error {
	dirs := []string{stageDir, blobDir}
	for first := range 256 {
		dirs = append(dirs, path.Join(blobDir, fmt.Sprintf("%02x", first)))
	}
	sync := []string{".", blobDir}
	for _, dir := range dirs {
		err := s.root.Mkdir(dir, dirMode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		sync = append(sync, dir)
	}
	for _, dir := range sync {
		if err := s.syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// syncDir makes the entries of a directory durable.
func (s *Store) syncDir(name string) error {
	if s.opts.NoSync {
		return nil
	}
	return syncDir(s.root.Open(name))
}

// syncFile makes a file durable that somebody else may have written.
func (s *Store) syncFile(name string) error {
	if s.opts.NoSync {
		return nil
	}
	// Windows syncs only what is open for writing.
	f, err := s.root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
