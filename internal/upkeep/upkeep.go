// Package upkeep keeps a site tidy and sound: it removes what nothing names any more, and verifies that what the database
// names is there and whole.
package upkeep

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// Store is what upkeep needs of the database.
type Store interface {
	Write(ctx context.Context, fn func(registry.Tx) error) error
	PruneChanges(ctx context.Context, tx registry.Tx, before time.Time) error
	PruneSessions(ctx context.Context, tx registry.Tx, before time.Time) error
	PruneDeadSecrets(ctx context.Context, tx registry.Tx, before time.Time) error
	PruneSpent(ctx context.Context, tx registry.Tx, before time.Time) error
	PruneMinted(ctx context.Context, tx registry.Tx, before time.Time) error
	PruneClaims(ctx context.Context, tx registry.Tx, before time.Time) error
	// PruneStagings gives the blobs of the uploads that it forgets.
	PruneStagings(ctx context.Context, tx registry.Tx, before time.Time) ([]blob.Hash, error)
	PruneJobs(ctx context.Context, tx registry.Tx, before time.Time) error
	PruneTokenUses(ctx context.Context, tx registry.Tx, before time.Time) error
	// PruneDigestDays forgets the days, counted from 1970 on, before one.
	PruneDigestDays(ctx context.Context, tx registry.Tx, before int64) error
	// LapseBlobs forgets blobs of one kind ("shard", or "" for all others) that indexes named last before a time.
	LapseBlobs(ctx context.Context, tx registry.Tx, shards bool, before time.Time) error
	BlobNamed(ctx context.Context, tx registry.Tx, h blob.Hash) (bool, error)
	// CleanupHeld tells whether anybody, such as a backup, holds all blobs; PruneHolds forgets the holds that are over.
	CleanupHeld(ctx context.Context, now time.Time) (bool, error)
	PruneHolds(ctx context.Context, tx registry.Tx, now time.Time) error
	registry.DoomedStore
	registry.KeptStore
	// DoomBlobs notes that blobs are about to be deleted, EndDooms that they are, or stay.
	DoomBlobs(ctx context.Context, tx registry.Tx, hashes []blob.Hash, at time.Time) error
	EndDooms(ctx context.Context, tx registry.Tx, hashes []blob.Hash, at time.Time) error
	PruneDoomed(ctx context.Context, tx registry.Tx, before time.Time) error
	// EachNamedBlob gives the blobs that packages name, with what names them; EachIndexBlob those of indexes.
	EachNamedBlob(ctx context.Context, fn func(name string, h blob.Hash, size int64) error) error
	EachIndexBlob(ctx context.Context, fn func(h blob.Hash) error) error
	// ForgetIndexBlob makes every index file that names a blob be built anew.
	ForgetIndexBlob(ctx context.Context, tx registry.Tx, h blob.Hash) error
}

// Gate keeps the cleanup from taking a blob away that an upload has just found to be there already. Who stores a blob
// and then names it holds it open; who deletes blobs closes it.
type Gate = sync.RWMutex

// Options are what a keeper is made of.
type Options struct {
	Store Store
	Blobs blob.Store
	Gate  *Gate
	// Shared says that other processes store blobs too, for whom the gate is no hindrance: the database tells them.
	Shared bool
	Log    *slog.Logger
	Now    func() time.Time
}

// Keeper does the upkeep of a site.
type Keeper struct {
	Options
	recount recounter
}

// New makes a keeper.
func New(o Options) *Keeper { return &Keeper{Options: o} }

// How often the upkeep is done, and how long things that nothing needs are kept. A client may hold an index for a while
// and then ask for what it names.
const (
	interval        = time.Hour
	orphanInterval  = 6 * time.Hour
	keepChanges     = time.Hour
	keepShards      = 7 * 24 * time.Hour
	keepIndexes     = 15 * time.Minute
	keepStaged      = 24 * time.Hour
	keepOrphans     = time.Hour
	keepDoomed      = 24 * time.Hour
	keepMinted      = 7 * 24 * time.Hour
	keepDeadSecrets = 365 * 24 * time.Hour
	keepJobs        = 30 * 24 * time.Hour
)

// Chores are the upkeep that a site does by itself.
func (k *Keeper) Chores() []registry.Chore {
	return []registry.Chore{
		{Kind: "upkeep", Title: "forget what has had its time", Every: interval, Do: func(ctx context.Context) (int64, error) { return 0, k.Tidy(ctx) }},
		{Kind: "blob_cleanup", Title: "delete blobs that nothing names", Every: orphanInterval, Do: func(ctx context.Context) (int64, error) {
			n, bytes, err := k.RemoveOrphans(ctx, keepOrphans)
			if n > 0 {
				k.Log.Info("orphaned blobs removed", "count", n, "bytes", bytes)
			}
			return int64(n), err
		}},
		{Kind: "recount", Title: "compare counts and search words with what they are made of", Every: recountInterval, Do: func(ctx context.Context) (int64, error) {
			r, err := k.Recount(ctx)
			return r.corrections(), err
		}},
	}
}

// Tidy forgets what has had its time.
func (k *Keeper) Tidy(ctx context.Context) error {
	now := k.Now()
	var staged []blob.Hash
	err := k.Store.Write(ctx, func(tx registry.Tx) (err error) {
		if err := k.Store.PruneChanges(ctx, tx, now.Add(-keepChanges)); err != nil {
			return err
		}
		if err := k.Store.PruneSessions(ctx, tx, now); err != nil {
			return err
		}
		if err := k.Store.PruneDeadSecrets(ctx, tx, now.Add(-keepDeadSecrets)); err != nil {
			return err
		}
		if err := k.Store.PruneSpent(ctx, tx, now); err != nil {
			return err
		}
		if err := k.Store.PruneMinted(ctx, tx, now.Add(-keepMinted)); err != nil {
			return err
		}
		if err := k.Store.PruneClaims(ctx, tx, now); err != nil {
			return err
		}
		if staged, err = k.Store.PruneStagings(ctx, tx, now); err != nil {
			return err
		}
		if err := k.Store.PruneHolds(ctx, tx, now); err != nil {
			return err
		}
		if err := k.Store.PruneDoomed(ctx, tx, now.Add(-keepDoomed)); err != nil {
			return err
		}
		if err := k.Store.PruneJobs(ctx, tx, now.Add(-keepJobs)); err != nil {
			return err
		}
		if err := k.Store.PruneTokenUses(ctx, tx, now.Add(-registry.KeepTokenUses)); err != nil {
			return err
		}
		if err := k.Store.PruneDigestDays(ctx, tx, now.Add(-keepJobs).Unix()/(24*60*60)); err != nil {
			return err
		}
		if err := k.Store.LapseBlobs(ctx, tx, true, now.Add(-keepShards)); err != nil {
			return err
		}
		return k.Store.LapseBlobs(ctx, tx, false, now.Add(-keepIndexes))
	})
	if err != nil {
		return err
	}
	if len(staged) > 0 {
		// They count toward no quota any more, and must not fill the disk until the next cleanup.
		if _, _, err := k.Clean(ctx, staged); err != nil {
			return err
		}
	}
	_, err = k.Blobs.Sweep(ctx, now.Add(-keepStaged))
	return err
}
