package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"kingsnake/internal/backup"
	"kingsnake/internal/config"
	"kingsnake/internal/store"
)

var (
	// ErrNotEmpty says that a folder holds something, which a restore would mix with the site.
	ErrNotEmpty = errors.New("it is not empty; restore into a new folder")
	// ErrUnfinished says that a folder holds half a site.
	ErrUnfinished = errors.New("a restore into it did not end; run kingsnake restore again, which begins anew")
)

// Restore makes a site of a backup, in a data folder that is empty and, where the settings name one, a database that is.
// The folder bears a mark until all is there, checked and durable; with it, no server and no command takes it for a site.
// What a failed restore has put into the folder is removed again.
func Restore(ctx context.Context, cfg config.Config, from *backup.Copy) (_ backup.Manifest, rerr error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return backup.Manifest{}, fmt.Errorf("data folder: %w", err)
	}
	lock, err := LockSite(cfg.DataDir)
	if err != nil {
		return backup.Manifest{}, err
	}
	defer func() { rerr = errors.Join(rerr, lock.Close()) }()
	if err := beginRestore(ctx, cfg); err != nil {
		return backup.Manifest{}, err
	}
	m, err := restore(ctx, cfg, from)
	if err != nil {
		return m, errors.Join(err, clearFolder(cfg.DataDir))
	}
	return m, nil
}

// beginRestore wants an empty folder, or what is left there of a restore, and marks it.
func beginRestore(ctx context.Context, cfg config.Config) error {
	err := hasFile(cfg.DataDir, restoreFile)
	if err == nil {
		err = clearFolder(cfg.DataDir)
	}
	if err := ignoreNoSite(err); err != nil {
		return err
	}
	entries, err := os.ReadDir(cfg.DataDir)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !foreign(e.Name()) }) {
		return fmt.Errorf("data folder %s: %w", cfg.DataDir, ErrNotEmpty)
	}
	if cfg.Database != "" {
		if err := store.EmptyPostgres(ctx, store.Postgres{URL: string(cfg.Database)}); err != nil {
			return err
		}
	}
	return writeDurably(filepath.Join(cfg.DataDir, restoreFile), nil)
}

// foreign tells what may be in an empty data folder: our own lock, and what file systems put at their top.
func foreign(name string) bool { return name == lockFile || name == "lost+found" }

// clearFolder removes all that a restore puts into a data folder, the mark at last.
func clearFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if !foreign(e.Name()) && e.Name() != restoreFile {
			errs = append(errs, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return errors.Join(os.Remove(filepath.Join(dir, restoreFile)), syncDir(dir))
}

// recordsFile holds the records until they are in the database.
const recordsFile = "restore.records"

func restore(ctx context.Context, cfg config.Config, from *backup.Copy) (m backup.Manifest, rerr error) {
	dir := cfg.DataDir
	blobs, err := openStored(ctx, cfg)
	if err != nil {
		return m, err
	}
	if folder, ok := blobs.(io.Closer); ok {
		defer func() { rerr = errors.Join(rerr, folder.Close()) }()
	}
	to := &backup.Restored{Blobs: blobs, Records: filepath.Join(dir, recordsFile)}
	if m, err = from.Unpack(ctx, to); err != nil {
		return m, err
	}
	if err := writeDurably(filepath.Join(dir, keyFile), to.Key); err != nil {
		return m, err
	}
	if err := importRecords(ctx, cfg, to.Records); err != nil {
		return m, fmt.Errorf("records: %w", err)
	}
	if err := noteBlobs(ctx, cfg); err != nil {
		return m, err
	}
	if err := errors.Join(os.Remove(to.Records), syncDir(dir)); err != nil {
		return m, err
	}
	return m, errors.Join(os.Remove(filepath.Join(dir, restoreFile)), syncDir(dir))
}

func importRecords(ctx context.Context, cfg config.Config, path string) (rerr error) {
	r, err := backup.OpenRecords(path)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, r.Close()) }()
	if cfg.Database != "" {
		return store.ImportPostgres(ctx, store.Postgres{URL: string(cfg.Database)}, r)
	}
	return store.ImportSQLite(ctx, filepath.Join(cfg.DataDir, databaseFile), r)
}

// writeDurably makes a file that only its owner may read.
func writeDurably(path string, data []byte) (rerr error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, f.Close()) }()
	if _, err := io.Copy(f, bytes.NewReader(data)); err != nil {
		return err
	}
	return errors.Join(f.Sync(), syncDir(filepath.Dir(path)))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
