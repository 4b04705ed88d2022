package registry

import (
	"context"
	"errors"
	"time"

	"kingsnake/internal/blob"
)

// Doomed is a blob that the cleanup of some server is about to delete, or was.
type Doomed struct {
	Hash blob.Hash
	At   time.Time
	// Over says that it was deleted, or stays.
	Over bool
}

// doomLapses is how long after it was noted a doom may still be carried out. Whoever noted it gives it up long before.
const doomLapses = 10 * time.Minute

// Pending tells whether a blob may be deleted at any moment.
func (d Doomed) Pending(now time.Time) bool { return !d.Over && now.Sub(d.At) <= doomLapses }

// DoomedStore knows which blobs are doomed.
type DoomedStore interface {
	DoomedBlobs(ctx context.Context, tx Tx, hashes []blob.Hash) ([]Doomed, error)
}

// NotDoomed fails where a blob that was stored again may be gone: somebody found that nothing named it, and deletes it.
// It is asked by whoever has stored blobs, in the transaction that names them; after that nobody dooms them.
func NotDoomed(ctx context.Context, tx Tx, store DoomedStore, blobs blob.Store, now time.Time, hashes ...blob.Hash) error {
	list, err := store.DoomedBlobs(ctx, tx, hashes)
	if err != nil {
		return err
	}
	for _, d := range list {
		if !d.Pending(now) {
			_, err := blobs.Stat(ctx, d.Hash)
			if err == nil {
				continue // It was stored after that, or stayed.
			}
			if !errors.Is(err, blob.ErrNotExist) {
				return blobError(err)
			}
		}
		return &Error{
			Code: CodeUnavailable, RetryAfter: time.Second,
			Message: "a file of the same content is being deleted at this moment; send it again",
		}
	}
	return nil
}
