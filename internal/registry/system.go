package registry

import (
	"context"
	"sync"

	"kingsnake/internal/access"
	"kingsnake/internal/blob"
)

// SystemStore counts what the site holds.
type SystemStore interface {
	// BlobBytes gives the bytes of package files by family, each blob counted once.
	BlobBytes(ctx context.Context) (map[string]int64, error)
}

// Cleaner deletes blobs that nothing names.
type Cleaner interface {
	// Clean deletes the orphans among some blobs, or all orphans when some is nil, and tells how many and their bytes.
	Clean(ctx context.Context, some []blob.Hash) (n int, bytes int64, err error)
}

// System is the service for the site as a whole.
type System struct {
	*core
	system  SystemStore
	cleaner Cleaner

	// profiling is held while a profile that takes time is taken: the runtime takes one at a time.
	profiling sync.Mutex

	tallies tallies
}

// Cleaned is what a cleanup did.
type Cleaned struct {
	Blobs int
	Bytes int64
}

// maxCleaned bounds how many blobs one call can name.
const maxCleaned = 10_000

// CleanBlobs deletes blobs that no package and no index names: all of them, or, where hashes is not nil, those of these hashes.
func (s *System) CleanBlobs(ctx context.Context, caller *access.Caller, hashes []string) (Cleaned, error) {
	if err := s.allow(ctx, caller, access.SystemDeleteBlobs, access.OnSystem()); err != nil {
		return Cleaned{}, err
	}
	if len(hashes) > maxCleaned {
		return Cleaned{}, invalid("sha256", "name at most %d blobs at a time", maxCleaned)
	}
	var some []blob.Hash
	if hashes != nil {
		some = []blob.Hash{}
	}
	for _, text := range hashes {
		h, err := blob.ParseHash(text)
		if err != nil {
			return Cleaned{}, invalid("sha256", "%q is no SHA-256 of 64 hexadecimal digits", clip(text, 80))
		}
		some = append(some, h)
	}
	n, bytes, err := s.cleaner.Clean(ctx, some)
	if err != nil {
		return Cleaned{}, err
	}
	out := Cleaned{Blobs: n, Bytes: bytes}
	return out, s.write(ctx, caller, func(w *work) error {
		return w.record(ctx, EventBlobsCleaned, 0, "", map[string]any{"blobs": n, "bytes": bytes})
	})
}
