package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"kingsnake/internal/backup"
	"kingsnake/internal/config"
	"kingsnake/internal/version"
)

// BackupOptions say where a backup goes.
type BackupOptions struct {
	// Exactly one of these is set: a stream, a file to make, a folder to add to.
	Stream       io.Writer
	File, Folder string
	// Keep is how many copies stay in the folder, 0 meaning all.
	Keep int
	// Progress is told how many files of how many are done.
	Progress func(done, all int)
}

// backupLock keeps two backups out of one folder.
const backupLock = "backup.lock"

// Backup copies the site, whether a server runs on it or not.
func (s *Site) Backup(ctx context.Context, cfg config.Config, b BackupOptions) (_ backup.Report, rerr error) {
	key, err := os.ReadFile(filepath.Join(cfg.DataDir, keyFile))
	if err != nil {
		return backup.Report{}, fmt.Errorf("site key: %w", err)
	}
	from := backup.Source{
		Records: s.Store, Blobs: s.Upkeep.Blobs, Key: key, Version: version.Get().Version, Now: s.Upkeep.Now, Progress: b.Progress,
	}
	switch {
	case b.Stream != nil:
		return from.ToStream(ctx, b.Stream)
	case b.File != "":
		return from.ToFile(ctx, b.File)
	}
	if err := os.MkdirAll(b.Folder, 0o700); err != nil {
		return backup.Report{}, err
	}
	lock, err := Lock(filepath.Join(b.Folder, backupLock), false)
	if errors.Is(err, ErrLocked) {
		err = fmt.Errorf("another backup into %s is running", b.Folder)
	}
	if err != nil {
		return backup.Report{}, err
	}
	defer func() { rerr = errors.Join(rerr, lock.Close()) }()
	return from.ToFolder(ctx, b.Folder, b.Keep)
}
