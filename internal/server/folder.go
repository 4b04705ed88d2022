package server

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNoSite says that a folder holds no site.
var ErrNoSite = errors.New("no site was ever started in it")

// FindSite tells whether a data folder holds a site, so that a command that works on one does not make an empty one
// where the folder's name was mistyped.
func FindSite(dir string) error {
	_, err := os.Stat(filepath.Join(dir, databaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNoSite
	}
	if err != nil {
		return fmt.Errorf("data folder %s: %w", dir, err)
	}
	return nil
}

// LockSite keeps servers out of a data folder until the result is closed; ErrLocked when one runs.
func LockSite(dir string) (io.Closer, error) {
	lock, err := Lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", dir, err)
	}
	return lock, nil
}
