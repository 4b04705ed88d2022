package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/cacheblob"
	"kingsnake/internal/blob/fsblob"
	"kingsnake/internal/blob/s3blob"
	"kingsnake/internal/config"
	"kingsnake/internal/diskroom"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
)

// The folders of a data folder for blobs that are in a bucket.
const (
	stagingFolder = "staging"
	cacheFolder   = "blob-cache"
	// cachedFile is the least that is worth a copy on disk; smaller files that are read often are kept in memory.
	cachedFile = 64 << 10
)

// openBlobs opens the storage of a site's blobs. What it returns reads them where they are, for who verifies them; Blobs
// may know copies.
func (s *Site) openBlobs(ctx context.Context, cfg config.Config, log *slog.Logger) (stored blob.Store, err error) {
	if cfg.Blobs == "" {
		s.Blobs, err = fsblob.Open(filepath.Join(cfg.DataDir, blobFolder), fsblob.Options{})
		return s.Blobs, err
	}
	if s.Bucket, err = openBucket(ctx, cfg); err != nil {
		return nil, err
	}
	s.Blobs = s.Bucket
	if cfg.BlobCache > 0 {
		s.Cache, err = cacheblob.Open(ctx, cacheblob.Options{
			Far: s.Bucket, Dir: filepath.Join(cfg.DataDir, cacheFolder), Size: int64(cfg.BlobCache), MinFile: cachedFile,
			Spare: spare(cfg.DataDir), Log: log,
		})
		if err != nil {
			return nil, err
		}
		s.Blobs = s.Cache
	}
	return s.Bucket, nil
}

// spare tells how many bytes on the disk of a folder are not needed: the uploads that are staged there come first, and the
// database where it is there too. Where the system does not tell, only the cache's own bound counts.
func spare(dir string) func() int64 {
	return func() int64 {
		room, err := diskroom.Of(dir)
		if err != nil {
			return math.MaxInt64
		}
		return int64(min(room.Free, math.MaxInt64)) - int64(min(room.Least(), math.MaxInt64)) //nolint:gosec // Bounded.
	}
}

// close ends the copies that are being made. The site's other parts need no end.
func (s *Site) close() error {
	if s.Cache == nil {
		return nil
	}
	return s.Cache.Close()
}

func openBucket(ctx context.Context, cfg config.Config) (*s3blob.Store, error) {
	location, err := s3blob.ParseLocation(cfg.Blobs)
	if err != nil {
		return nil, err
	}
	return s3blob.New(ctx, location, s3blob.Options{Dir: filepath.Join(cfg.DataDir, stagingFolder)})
}

// links says where clients get packages themselves, nil meaning nowhere.
func (s *Site) links(cfg config.Config) blob.Linker {
	if s.Bucket == nil || cfg.BlobDownloads != config.BlobRedirect {
		return nil
	}
	return s.Bucket
}

// blobsSetting notes in the database where the blobs of a site are.
const blobsSetting = "blobs"

// claimBlobs sees to it that all servers of a site keep its blobs at one place, and no other site does.
func (s *Site) claimBlobs(ctx context.Context, now time.Time) error {
	place := s.place()
	noted, err := s.Store.Setting(ctx, nil, blobsSetting)
	if errors.Is(err, registry.ErrNoRecord) {
		err = s.Store.Write(ctx, func(tx registry.Tx) error {
			if noted, err = s.Store.Setting(ctx, tx, blobsSetting); !errors.Is(err, registry.ErrNoRecord) {
				return err
			}
			noted = place
			return s.Store.SetSetting(ctx, tx, blobsSetting, place, now)
		})
	}
	if err != nil {
		return fmt.Errorf("where the site's blobs are: %w", err)
	}
	if noted != place {
		return fmt.Errorf("the site keeps its packages in %s, and this server is set to look in %s: mend the setting blobs; kingsnake migrate-store moves packages", describe(noted), describe(place))
	}
	if s.Bucket == nil {
		return nil
	}
	return s.Bucket.Claim(ctx, registry.KeyFingerprint(s.Keys.HeadKey()))
}

// noteBlobs notes where the blobs of a restored site are, which may be elsewhere than where they were.
func noteBlobs(ctx context.Context, cfg config.Config) (rerr error) {
	keys, err := identity.LoadKeys(filepath.Join(cfg.DataDir, keyFile))
	if err != nil {
		return err
	}
	e, err := openEnd(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, e.db.Close()) }()
	if e.site.Bucket != nil {
		if err := e.site.Bucket.Claim(ctx, registry.KeyFingerprint(keys.HeadKey())); err != nil {
			return err
		}
	}
	return e.db.Write(ctx, func(tx registry.Tx) error {
		noted, err := e.db.Setting(ctx, tx, blobsSetting)
		if err == nil && noted == e.site.place() {
			return nil
		}
		return e.db.SetSetting(ctx, tx, blobsSetting, e.site.place(), time.Now())
	})
}

// place is what is noted.
func (s *Site) place() string {
	if s.Bucket == nil {
		return inFolder
	}
	return s3blob.Scheme + s.Bucket.Bucket + "/" + s.Bucket.Prefix
}

// inFolder is noted where the blobs are in the data folder.
const inFolder = "files"

func describe(place string) string {
	if place == inFolder {
		return "the data folder"
	}
	return place
}
