package server

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"kingsnake/internal/config"
)

// ErrNoSite says that a folder holds no site.
var ErrNoSite = errors.New("no site was ever started in it")

// FindSite tells whether a data folder holds a site, so that a command that works on one does not make an empty one
// where the folder's name was mistyped. Of a site whose database is elsewhere it holds the key.
func FindSite(cfg config.Config) error {
	file := databaseFile
	if cfg.Database != "" {
		file = keyFile
	}
	return hasFile(cfg.DataDir, file)
}

func hasFile(dir, name string) error {
	_, err := os.Stat(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNoSite
	}
	if err != nil {
		return fmt.Errorf("data folder %s: %w", dir, err)
	}
	return nil
}

// LockSite keeps servers out of a data folder until the result is closed; ErrLocked when one runs.
func LockSite(dir string) (io.Closer, error) { return lockFolder(dir, false) }

// lockFolder takes the lock of a data folder, which servers whose database is elsewhere share.
func lockFolder(dir string, shared bool) (io.Closer, error) {
	lock, err := Lock(filepath.Join(dir, lockFile), shared)
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", dir, err)
	}
	return lock, nil
}
