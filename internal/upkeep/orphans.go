package upkeep

import (
	"context"
	"errors"
	"slices"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// removed counts blobs that were deleted.
type removed struct {
	n     int
	bytes int64
}

// RemoveOrphans deletes blobs that nothing names and that are older than spare. It tells how many, and their bytes.
func (k *Keeper) RemoveOrphans(ctx context.Context, spare time.Duration) (n int, bytes int64, err error) {
	latest := k.Now().Add(-spare)
	return k.remove(ctx, latest, func(yield func(blob.Hash) error) error {
		for info, err := range k.Blobs.List(ctx) {
			if err != nil {
				return err
			}
			if info.ModTime.After(latest) {
				continue
			}
			if err := yield(info.Hash); err != nil {
				return err
			}
		}
		return nil
	})
}

// Clean deletes the orphans among some blobs, or all orphans when some is nil. They may be young: what is being stored
// right now is guarded by the gate. Blobs that others may be storing have to be old. It tells how many, and their bytes.
func (k *Keeper) Clean(ctx context.Context, some []blob.Hash) (n int, bytes int64, err error) {
	var spare time.Duration
	if k.Shared {
		spare = keepOrphans
	}
	if some == nil {
		return k.RemoveOrphans(ctx, spare)
	}
	return k.remove(ctx, k.Now().Add(-spare), func(yield func(blob.Hash) error) error {
		for _, h := range some {
			if err := yield(h); err != nil {
				return err
			}
		}
		return nil
	})
}

// remove deletes those of some blobs that are orphans and were last stored at latest, and tells how many, and their bytes.
func (k *Keeper) remove(ctx context.Context, latest time.Time, each func(func(blob.Hash) error) error) (int, int64, error) {
	var r removed
	if !k.Shared {
		err := each(func(h blob.Hash) error { return k.removeOrphan(ctx, h, latest, &r) })
		return r.n, r.bytes, err
	}
	var some []blob.Hash
	flush := func() error {
		list := some
		some = nil
		return k.removeDoomed(ctx, list, latest, &r)
	}
	err := each(func(h blob.Hash) error {
		if some = append(some, h); len(some) < doomBatch {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	return r.n, r.bytes, err
}

// removeOrphan deletes one blob unless something names it, or has just stored it again, or the blobs are held. Whether they
// are is asked last: who holds them and then looks at what is named finds every blob that was named at that moment, since
// one that nothing named before was not named since.
func (k *Keeper) removeOrphan(ctx context.Context, h blob.Hash, latest time.Time, r *removed) error {
	k.Gate.Lock()
	defer k.Gate.Unlock()
	named, err := k.Store.BlobNamed(ctx, nil, h)
	if err != nil || named {
		return err
	}
	held, err := k.Store.CleanupHeld(ctx, k.Now())
	if err != nil || held {
		return err
	}
	return k.removeOld(ctx, h, latest, r)
}

// removeOld deletes a blob that was last stored at latest. The age is looked at last: who stores the blob again makes it
// young, and names it after that.
func (k *Keeper) removeOld(ctx context.Context, h blob.Hash, latest time.Time, r *removed) error {
	info, err := k.Blobs.Stat(ctx, h)
	if err != nil || info.ModTime.After(latest) {
		return blob.IgnoreMissing(err)
	}
	if err := k.Blobs.Delete(ctx, h); err != nil {
		return err
	}
	r.n++
	r.bytes += info.Size
	return nil
}

const (
	// doomBatch bounds how many blobs are doomed at a time, doomTime how long it may take to delete them.
	doomBatch = 100
	doomTime  = time.Minute
)

// removeDoomed is removeOrphan for several blobs that other servers may store and name at any moment. Those that nothing
// names are doomed first: from then on nobody names them. A blob whose deletion may or may not have been carried out stays
// doomed until that lapses.
func (k *Keeper) removeDoomed(ctx context.Context, some []blob.Hash, latest time.Time, r *removed) (rerr error) {
	now := k.Now()
	over, err := k.doom(ctx, some, now)
	if err != nil || len(over) == 0 {
		return err
	}
	defer func() {
		rerr = errors.Join(rerr, k.Store.Write(context.WithoutCancel(ctx), func(tx registry.Tx) error {
			return k.Store.EndDooms(ctx, tx, over, k.Now())
		}))
	}()
	held, err := k.Store.CleanupHeld(ctx, now)
	if err != nil || held {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, doomTime)
	defer cancel()
	for i, h := range over {
		// The machine may have slept, which the context does not notice. What is left has its turn another time.
		if bounded.Err() != nil || k.Now().Round(0).Sub(now.Round(0)) > doomTime {
			return ctx.Err()
		}
		if err := k.removeOld(bounded, h, latest, r); err != nil {
			over = slices.Delete(slices.Clone(over), i, i+1)
			return err
		}
	}
	return nil
}

// doom notes of those of some blobs that nothing names that they are about to be deleted, and gives them. What somebody else
// deletes is left to that one.
func (k *Keeper) doom(ctx context.Context, some []blob.Hash, now time.Time) (doomed []blob.Hash, err error) {
	if len(some) == 0 {
		return nil, nil
	}
	err = k.Store.Write(ctx, func(tx registry.Tx) error {
		others, err := k.Store.DoomedBlobs(ctx, tx, some)
		if err != nil {
			return err
		}
		for _, h := range some {
			named, err := k.Store.BlobNamed(ctx, tx, h)
			if err != nil {
				return err
			}
			pending := func(d registry.Doomed) bool { return d.Hash == h && d.Pending(now) }
			if !named && !slices.ContainsFunc(others, pending) {
				doomed = append(doomed, h)
			}
		}
		if len(doomed) == 0 {
			return nil
		}
		return k.Store.DoomBlobs(ctx, tx, doomed, now)
	})
	return doomed, err
}
