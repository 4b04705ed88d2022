package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/fsblob"
	"kingsnake/internal/blob/s3blob"
	"kingsnake/internal/config"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/store"
)

// Move is how a site is moved from where one configuration keeps it to where another does.
type Move struct {
	From, To config.Config
	Now      func() time.Time
	// Progress is told what is being done, in numbers now and then.
	Progress func(what string, done int64)
}

// Moved is what a move did. Rows and blobs are those of the whole site; Copied are the blobs that were not there before.
type Moved struct {
	Tables, Rows  int64
	Blobs, Copied int64
	Bytes         int64
}

// moveFile stands in the data folder of a site that is moving in, and names the site by the fingerprint of its key. A move
// that was interrupted is known by it.
const moveFile = "migrate-store.site"

// refuseHalfMoved refuses a data folder into which a site is moving.
func refuseHalfMoved(dir string) error {
	switch err := hasFile(dir, moveFile); {
	case errors.Is(err, ErrNoSite):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("data folder %s: kingsnake migrate-store was moving a site into it and did not end: run it again, or delete %s to give the move up", dir, moveFile)
}

// end is one end of a move.
type end struct {
	db    *store.Store
	blobs blob.Store
	site  *Site
}

// MigrateStore moves a site. Where it is interrupted, however hard, doing it again goes on: blobs that are there already
// are left alone, and records are written in one transaction.
func MigrateStore(ctx context.Context, m Move) (out Moved, rerr error) {
	if err := FindSite(m.From); err != nil {
		return out, fmt.Errorf("from: %w", err)
	}
	if sameRecords(m.From, m.To) && sameBlobs(m.From, m.To) {
		return out, errors.New("both are the same site at the same place")
	}
	unlock, err := m.lock()
	if err != nil {
		return out, err
	}
	defer func() { rerr = errors.Join(rerr, unlock()) }()
	id, again, err := m.look(ctx)
	if err != nil {
		return out, err
	}
	from, err := openEnd(ctx, m.From)
	if err != nil {
		return out, fmt.Errorf("from: %w", err)
	}
	defer func() { rerr = errors.Join(rerr, from.db.Close()) }()
	to := from
	if !sameRecords(m.From, m.To) {
		if to, err = openEnd(ctx, m.To); err != nil {
			return out, fmt.Errorf("to: %w", err)
		}
		defer func() { rerr = errors.Join(rerr, to.db.Close()) }()
	} else if err := to.openBlobs(ctx, m.To); err != nil {
		return out, fmt.Errorf("to: %w", err)
	}
	done, err := m.admit(ctx, to, !again, id)
	if err != nil {
		return out, err
	}
	if err := m.enter(id); err != nil {
		return out, err
	}
	if err := m.move(ctx, from, to, id, done, &out); err != nil {
		return out, err
	}
	return out, os.Remove(filepath.Join(m.To.DataDir, moveFile))
}

// move carries everything over, but for records that were before, which done tells; those are compared.
func (m Move) move(ctx context.Context, from, to end, id string, done bool, out *Moved) error {
	source, err := openStored(ctx, m.From)
	if err != nil {
		return fmt.Errorf("from: %w", err)
	}
	if !sameBlobs(m.From, m.To) {
		// Most of the blobs go before the writers of the source are kept out.
		if err := m.copyBlobs(ctx, source, to.blobs, out, func() error { return nil }); err != nil {
			return err
		}
	}
	return from.db.Write(ctx, func(lock registry.Tx) error {
		if !sameBlobs(m.From, m.To) {
			copied := out.Copied
			*out = Moved{}
			last := m.Now()
			alive := func() error {
				if now := m.Now(); now.Sub(last) > keepAlive {
					last = now
					return from.db.Alive(ctx, lock)
				}
				return nil
			}
			if err := m.copyBlobs(ctx, source, to.blobs, out, alive); err != nil {
				return err
			}
			out.Copied += copied
		}
		place := to.site.place()
		if from.db == to.db {
			return to.db.SetSetting(ctx, lock, blobsSetting, place, m.Now())
		}
		return to.db.Write(ctx, func(tx registry.Tx) (err error) {
			if done {
				if out.Tables, out.Rows, err = to.db.CompareRecords(ctx, tx, from.db, lock); err != nil {
					err = fmt.Errorf("to: the database holds the site already, and one of the two was used since: %w", err)
				}
				return err
			}
			out.Tables, out.Rows, err = to.db.CopyRecords(ctx, tx, from.db, lock, func(n int64) { m.Progress("records", n) })
			if err != nil {
				return err
			}
			if m.To.Database != "" {
				if err := to.db.SetSetting(ctx, tx, siteKeySetting, id, m.Now()); err != nil {
					return err
				}
			}
			return to.db.SetSetting(ctx, tx, blobsSetting, place, m.Now())
		})
	})
}

// keepAlive is how long a transaction on the source may do nothing; PostgreSQL ends one after a minute.
const keepAlive = 10 * time.Second

// copyBlobs copies the blobs that are not there, each hashed as it is read.
func (m Move) copyBlobs(ctx context.Context, from, to blob.Store, out *Moved, alive func() error) error {
	for info, err := range from.List(ctx) {
		if err != nil {
			return err
		}
		if err := alive(); err != nil {
			return err
		}
		had, err := to.Stat(ctx, info.Hash)
		if err == nil && had.Size != info.Size {
			return fmt.Errorf("blob %s: %w: it has %d bytes at the source and %d at the target", info.Hash, blob.ErrConflict, info.Size, had.Size)
		}
		if errors.Is(err, blob.ErrNotExist) {
			if err = copyBlob(ctx, from, to, info.Hash); err == nil {
				out.Copied++
			}
		}
		if err != nil {
			return err
		}
		out.Blobs++
		out.Bytes += info.Size
		m.Progress("blobs", out.Blobs)
	}
	return nil
}

func copyBlob(ctx context.Context, from, to blob.Store, h blob.Hash) (rerr error) {
	r, err := from.Open(ctx, h)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, r.Close()) }()
	staged, err := to.Stage(ctx)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, staged.Discard()) }()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(staged, sum), r); err != nil {
		return err
	}
	if got := blob.Hash(sum.Sum(nil)); got != h {
		return fmt.Errorf("blob %s: %w: run kingsnake verify on the source first", h, blob.ErrDamaged)
	}
	return staged.Commit(ctx, h)
}

// lock keeps servers and commands out of both data folders.
func (m Move) lock() (unlock func() error, err error) {
	if err := makeDataDir(m.To.DataDir); err != nil {
		return nil, err
	}
	var held []io.Closer
	unlock = func() error {
		var errs []error
		for _, l := range held {
			errs = append(errs, l.Close())
		}
		return errors.Join(errs...)
	}
	dirs := []string{m.From.DataDir}
	if !sameFile(m.From.DataDir, m.To.DataDir) {
		dirs = append(dirs, m.To.DataDir)
	}
	for _, dir := range dirs {
		l, err := LockSite(dir)
		if err != nil {
			return nil, errors.Join(err, unlock())
		}
		held = append(held, l)
	}
	return unlock, nil
}

// look gives the fingerprint of the site's key, and tells whether a move of it into the target's folder was begun before.
// It refuses a folder that is another's.
func (m Move) look(ctx context.Context) (id string, again bool, err error) {
	if err := ctx.Err(); err != nil {
		return "", false, err
	}
	source, target := filepath.Join(m.From.DataDir, keyFile), filepath.Join(m.To.DataDir, keyFile)
	key, err := os.ReadFile(source)
	if err != nil {
		return "", false, fmt.Errorf("from: site key: %w", err)
	}
	keys, err := identity.LoadKeys(source)
	if err != nil {
		return "", false, fmt.Errorf("from: %w", err)
	}
	id = registry.KeyFingerprint(keys.HeadKey())
	note := filepath.Join(m.To.DataDir, moveFile)
	noted, err := os.ReadFile(note)
	switch {
	case err == nil && string(noted) != id:
		return "", false, fmt.Errorf("to: the data folder %s is the target of a move of another site, which did not end", m.To.DataDir)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", false, err
	}
	if !sameFile(m.From.DataDir, m.To.DataDir) {
		had, err := os.ReadFile(target)
		if err == nil && string(had) != string(key) {
			return "", false, fmt.Errorf("to: the data folder %s has the key of another site", m.To.DataDir)
		}
		if err == nil && len(noted) == 0 {
			return "", false, fmt.Errorf("to: the data folder %s belongs to a server of the site already", m.To.DataDir)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", false, err
		}
	}
	return id, len(noted) > 0, nil
}

// enter brings the key into the target's folder, without which the records are worth little, and a note of what is going
// on. The note goes first: a folder with the key and no note looks like that of a running server.
func (m Move) enter(id string) error {
	key, err := os.ReadFile(filepath.Join(m.From.DataDir, keyFile))
	if err != nil {
		return fmt.Errorf("from: site key: %w", err)
	}
	return errors.Join(replaceDurably(filepath.Join(m.To.DataDir, moveFile), []byte(id)), replaceDurably(filepath.Join(m.To.DataDir, keyFile), key))
}

// admit refuses a target that has records, or blobs, that are not of this move. It tells whether the records were moved
// before.
func (m Move) admit(ctx context.Context, to end, first bool, id string) (done bool, err error) {
	if !sameRecords(m.From, m.To) {
		empty, err := to.db.Empty(ctx)
		if err != nil {
			return false, fmt.Errorf("to: %w", err)
		}
		if done = !empty; done && first {
			return false, errors.New("to: the database holds a site already, and nothing was changed in it: name an empty database")
		}
	}
	if to.site.Bucket != nil && !sameBlobs(m.From, m.To) {
		return done, to.site.Bucket.Claim(ctx, id)
	}
	return done, nil
}

// openEnd opens the records and the blobs of a configuration.
func openEnd(ctx context.Context, cfg config.Config) (e end, err error) {
	if cfg.Database != "" {
		e.db, err = store.OpenPostgres(ctx, store.Postgres{URL: string(cfg.Database), Connections: cfg.DatabaseConnections})
	} else {
		e.db, err = store.OpenSQLite(ctx, filepath.Join(cfg.DataDir, databaseFile))
	}
	if err != nil {
		return e, err
	}
	if err := e.openBlobs(ctx, cfg); err != nil {
		return e, errors.Join(err, e.db.Close())
	}
	return e, nil
}

// openBlobs opens where blobs are, without copies.
func (e *end) openBlobs(ctx context.Context, cfg config.Config) (err error) {
	e.site = &Site{}
	if cfg.Blobs != "" {
		e.site.Bucket, err = openBucket(ctx, cfg)
		e.blobs = e.site.Bucket
		return err
	}
	e.blobs, err = openStored(ctx, cfg)
	return err
}

// openStored opens the blobs of a configuration where they are.
func openStored(ctx context.Context, cfg config.Config) (blob.Store, error) {
	if cfg.Blobs != "" {
		return openBucket(ctx, cfg)
	}
	return fsblob.Open(filepath.Join(cfg.DataDir, blobFolder), fsblob.Options{})
}

func sameRecords(a, b config.Config) bool {
	if a.Database != "" || b.Database != "" {
		return a.Database == b.Database
	}
	return sameFile(a.DataDir, b.DataDir)
}

func sameBlobs(a, b config.Config) bool {
	if a.Blobs == "" && b.Blobs == "" {
		return sameFile(a.DataDir, b.DataDir)
	}
	one, err1 := s3blob.ParseLocation(a.Blobs)
	two, err2 := s3blob.ParseLocation(b.Blobs)
	return err1 == nil && err2 == nil && one.Bucket == two.Bucket && one.Prefix == two.Prefix && one.Endpoint == two.Endpoint
}

// sameFile tells whether two paths lead to one folder.
func sameFile(a, b string) bool {
	one, err1 := os.Stat(a)
	two, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(one, two)
}

// replaceDurably writes a small secret file, which is whole or not there.
func replaceDurably(path string, data []byte) error {
	next := path + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writeDurably(next, data); err != nil {
		return err
	}
	return errors.Join(os.Rename(next, path), syncDir(filepath.Dir(path)))
}
