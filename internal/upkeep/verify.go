package upkeep

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// Report is what a verification found.
type Report struct {
	// Files counts the package files that were read, Indexes the index files, Blobs all stored blobs.
	Files, Indexes, Blobs int
	// Missing and Damaged name package files whose bytes are gone or are not what was uploaded. Only a new upload mends
	// them.
	Missing, Damaged []string
	// BadIndexes counts index files that were missing or damaged; they are built anew when repaired.
	BadIndexes int
	// Orphans counts blobs that nothing names, OrphanBytes their size; Staged counts leftovers of broken uploads.
	Orphans     int
	OrphanBytes int64
	Staged      int
	// Kept says which counts are not what they should be, and how many packages searches would miss: no loss, and the server
	// mends it in time.
	Kept     Recounted
	Repaired bool
}

// Sound tells whether all that is named is there and whole, or is so after the repair. Blobs that nothing names do no
// harm: every deletion leaves some, and the upkeep removes them in time.
func (r Report) Sound() bool {
	return len(r.Missing)+len(r.Damaged) == 0 && (r.Repaired || r.BadIndexes == 0)
}

// Verify reads every blob that the database names and compares its hash. With repair it removes what nothing names, makes
// damaged index files be built anew, and removes damaged packages, which would make a new upload of the same package be
// dropped as known; no other process may use the site meanwhile.
func (k *Keeper) Verify(ctx context.Context, repair bool, progress func(done int)) (Report, error) {
	r := Report{Repaired: repair}
	if err := k.verifyFiles(ctx, &r, repair, progress); err != nil {
		return r, err
	}
	if err := k.verifyIndexes(ctx, &r, repair); err != nil {
		return r, err
	}
	if err := k.verifyOrphans(ctx, &r, repair); err != nil {
		return r, err
	}
	var channels, packages int64
	if err := k.recountChannels(ctx, &channels, repair, nil, &r.Kept); err != nil {
		return r, err
	}
	return r, k.recountWords(ctx, &packages, repair, nil, &r.Kept)
}

func (k *Keeper) verifyFiles(ctx context.Context, r *Report, repair bool, progress func(int)) error {
	var bad []blob.Hash
	err := k.Store.EachNamedBlob(ctx, func(name string, h blob.Hash, size int64) error {
		r.Files++
		progress(r.Files)
		err := k.check(ctx, h, size)
		switch {
		case errors.Is(err, blob.ErrNotExist):
			r.Missing = append(r.Missing, name)
		case errors.Is(err, blob.ErrDamaged):
			r.Damaged = append(r.Damaged, name)
			bad = append(bad, h)
		case err != nil:
			return err
		}
		return nil
	})
	if err != nil || !repair {
		return err
	}
	for _, h := range bad {
		if err := k.Blobs.Delete(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) verifyIndexes(ctx context.Context, r *Report, repair bool) error {
	var bad []blob.Hash
	err := k.Store.EachIndexBlob(ctx, func(h blob.Hash) error {
		r.Indexes++
		err := k.check(ctx, h, -1)
		if errors.Is(err, blob.ErrNotExist) || errors.Is(err, blob.ErrDamaged) {
			bad = append(bad, h)
			return nil
		}
		return err
	})
	r.BadIndexes = len(bad)
	if err != nil || !repair || len(bad) == 0 {
		return err
	}
	for _, h := range bad {
		// A damaged blob would make the new one of the same content be dropped as known.
		if err := k.Blobs.Delete(ctx, h); err != nil {
			return err
		}
	}
	return k.Store.Write(ctx, func(tx registry.Tx) error {
		for _, h := range bad {
			if err := k.Store.ForgetIndexBlob(ctx, tx, h); err != nil {
				return err
			}
		}
		return nil
	})
}

func (k *Keeper) verifyOrphans(ctx context.Context, r *Report, repair bool) error {
	for info, err := range k.Blobs.List(ctx) {
		if err != nil {
			return err
		}
		r.Blobs++
		named, err := k.Store.BlobNamed(ctx, nil, info.Hash)
		if err != nil {
			return err
		}
		if !named {
			r.Orphans++
			r.OrphanBytes += info.Size
		}
	}
	if !repair {
		return nil
	}
	if _, _, err := k.RemoveOrphans(ctx, 0); err != nil {
		return err
	}
	var err error
	r.Staged, err = k.Blobs.Sweep(ctx, k.Now())
	return err
}

// check reads a blob and compares its hash, and its size unless that is negative.
func (k *Keeper) check(ctx context.Context, h blob.Hash, size int64) (rerr error) {
	rd, err := k.Blobs.Open(ctx, h)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, rd.Close()) }()
	sum := sha256.New()
	n, err := io.Copy(sum, rd)
	if err != nil {
		return fmt.Errorf("blob %s: %w", h, err)
	}
	if got := blob.Hash(sum.Sum(nil)); got != h || size >= 0 && n != size {
		return fmt.Errorf("blob %s: %w", h, blob.ErrDamaged)
	}
	return nil
}
