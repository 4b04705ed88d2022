package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kingsnake/internal/config"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/store"
)

// openRecords opens the database of a site and loads the key that belongs to it. A new site gets a new key.
func openRecords(ctx context.Context, cfg config.Config, now func() time.Time) (*store.Store, *identity.Keys, error) {
	if cfg.Database != "" {
		return openShared(ctx, cfg, now)
	}
	if err := keepKey(cfg.DataDir); err != nil {
		return nil, nil, err
	}
	keys, err := identity.LoadKeys(filepath.Join(cfg.DataDir, keyFile))
	if err != nil {
		return nil, nil, err
	}
	db, err := store.OpenSQLite(ctx, filepath.Join(cfg.DataDir, databaseFile))
	return db, keys, err
}

// keepKey refuses a folder whose key is gone: a new one would silently end every token and session of the site.
func keepKey(dir string) error {
	if err := hasFile(dir, databaseFile); err != nil {
		return ignoreNoSite(err)
	}
	key := filepath.Join(dir, keyFile)
	if _, err := os.Stat(key); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("data folder %s has a database and no %s: restore that file from a backup, since no token or session works without it; "+
			"if it is lost, write 64 random hexadecimal digits into %s (openssl rand -hex 32), and make all tokens anew", dir, keyFile, key)
	} else if err != nil {
		return fmt.Errorf("site key: %w", err)
	}
	return nil
}

func ignoreNoSite(err error) error {
	if errors.Is(err, ErrNoSite) {
		return nil
	}
	return err
}

// openShared opens a database that servers share, and sees to it that all have the same key.
func openShared(ctx context.Context, cfg config.Config, now func() time.Time) (*store.Store, *identity.Keys, error) {
	db, err := store.OpenPostgres(ctx, store.Postgres{URL: string(cfg.Database), Connections: cfg.DatabaseConnections})
	if err != nil {
		return nil, nil, err
	}
	keys, err := sharedKeys(ctx, db, cfg.DataDir, now())
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, keys, nil
}

// siteKeySetting notes in the database which key a site has, by a fingerprint that tells nothing of it.
const siteKeySetting = "site_key"

// sharedKeys loads the key of a site, which the first of its servers makes and notes. One with another key would refuse
// every token, and make some that the others refuse.
func sharedKeys(ctx context.Context, db *store.Store, dir string, now time.Time) (*identity.Keys, error) {
	path := filepath.Join(dir, keyFile)
	noted, err := db.Setting(ctx, nil, siteKeySetting)
	if err != nil && !errors.Is(err, registry.ErrNoRecord) {
		return nil, fmt.Errorf("which key the site has: %w", err)
	}
	if missing := hasFile(dir, keyFile); noted != "" && missing != nil {
		return nil, fmt.Errorf("the database belongs to a site whose key is not in this data folder: copy %s from another server of the site to %s", keyFile, path)
	}
	keys, err := identity.LoadKeys(path)
	if err != nil {
		return nil, err
	}
	mine := registry.KeyFingerprint(keys.HeadKey())
	if noted == "" {
		err = db.Write(ctx, func(tx registry.Tx) error {
			var err error
			if noted, err = db.Setting(ctx, tx, siteKeySetting); !errors.Is(err, registry.ErrNoRecord) {
				return err
			}
			noted = mine
			return db.SetSetting(ctx, tx, siteKeySetting, mine, now)
		})
		if err != nil {
			return nil, fmt.Errorf("note which key the site has: %w", err)
		}
	}
	if noted != mine {
		return nil, fmt.Errorf("%s is the key of another site than the one in the database, whose key has the fingerprint %s: copy it from another server of the site", path, noted)
	}
	return keys, nil
}
