package store

import (
	"context"
	"time"

	"kingsnake/internal/registry"
)

// HoldCleanup keeps all blobs from being deleted until a time, and gives the number of the hold.
func (s *Store) HoldCleanup(ctx context.Context, tx registry.Tx, holder string, until, now time.Time) (id int64, err error) {
	err = s.q(tx).row(ctx, `INSERT INTO blob_holds (holder, held_until, created_at) VALUES ($1, $2, $3) RETURNING id`,
		holder, millis(until), millis(now)).Scan(&id)
	return id, s.translate(err)
}

// RenewHold moves the end of a hold; ErrNoRecord when it has ended before, so that blobs may be gone.
func (s *Store) RenewHold(ctx context.Context, tx registry.Tx, id int64, until, now time.Time) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE blob_holds SET held_until = $2 WHERE id = $1 AND held_until > $3`, id, millis(until), millis(now)))
}

// ReleaseHold ends a hold.
func (s *Store) ReleaseHold(ctx context.Context, tx registry.Tx, id int64) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM blob_holds WHERE id = $1`, id)
	return s.translate(err)
}

// CleanupHeld tells whether anybody holds the blobs.
func (s *Store) CleanupHeld(ctx context.Context, now time.Time) (held bool, err error) {
	err = s.reader.row(ctx, `SELECT EXISTS (SELECT 1 FROM blob_holds WHERE held_until > $1)`, millis(now)).Scan(&held)
	return held, s.translate(err)
}

// PruneHolds forgets the holds of those that ended without a word.
func (s *Store) PruneHolds(ctx context.Context, tx registry.Tx, now time.Time) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM blob_holds WHERE held_until <= $1`, millis(now))
	return s.translate(err)
}
