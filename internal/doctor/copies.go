package doctor

import (
	"kingsnake/internal/blob/cacheblob"
	"kingsnake/internal/config"
	"kingsnake/internal/diskroom"
)

// copies judges the cache in front of S3.
func (e *examination) copies(room diskroom.Room, roomErr error) {
	const check = "cache"
	c := e.Config
	if c.Blobs == "" {
		return
	}
	bound := uint64(max(0, c.BlobCache)) //nolint:gosec // Not negative.
	var held uint64
	if e.Site != nil {
		if cache, ok := e.Site.Blobs.(*cacheblob.Store); ok {
			held = uint64(max(0, cache.Stats().Held)) //nolint:gosec // Not negative.
		}
	}
	switch {
	case bound == 0 && c.BlobDownloads == config.BlobProxy:
		e.add(check, Warning, "set blob_cache, or blob_downloads to redirect if clients reach the service", "every download is read from S3 and hashed, since blob_cache is 0")
	case bound == 0:
		e.ok(check, "it is switched off, and clients are sent to S3 for packages")
	case roomErr == nil && room.Free+held < room.Least()+bound:
		has := uint64(0)
		if room.Free+held > room.Least() {
			has = room.Free + held - room.Least()
		}
		e.add(check, Warning, "use a larger disk, or lower blob_cache", "blob_cache is %s, and the disk has %s for it", size(bound), size(has))
	default:
		e.ok(check, "%s of %s are in use", size(held), size(bound))
	}
}
