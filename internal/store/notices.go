package store

import (
	"context"
	"time"

	"kingsnake/internal/registry"
)

// ListNotices gives a channel's notices in their order.
func (s *Store) ListNotices(ctx context.Context, tx registry.Tx, channel int64) ([]registry.Notice, error) {
	rows, err := s.q(tx).query(ctx, `SELECT public_id, message, level, created_at, expires_at FROM channel_notices
		WHERE channel_id = $1 ORDER BY position`, channel)
	return collect(s, rows, err, func(r scanner) (n registry.Notice, err error) {
		var created, expires int64
		err = r.Scan(&n.PublicID, &n.Message, &n.Level, &created, &expires)
		n.CreatedAt, n.ExpiresAt = fromMillis(created), fromMillis(expires)
		return n, err
	})
}

// SetNotices gives a channel exactly these notices.
func (s *Store) SetNotices(ctx context.Context, tx registry.Tx, channel int64, notices []registry.Notice) error {
	if _, err := s.q(tx).exec(ctx, `DELETE FROM channel_notices WHERE channel_id = $1`, channel); err != nil {
		return s.translate(err)
	}
	for i, n := range notices {
		if _, err := s.q(tx).exec(ctx, `INSERT INTO channel_notices (channel_id, public_id, position, message, level, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			channel, n.PublicID, i, n.Message, string(n.Level), millis(n.CreatedAt), millis(n.ExpiresAt)); err != nil {
			return s.translate(err)
		}
	}
	return nil
}

// RaiseSubdirs raises the generation of every subdir of a channel and of every shard in it, and gives the subdirs.
func (s *Store) RaiseSubdirs(ctx context.Context, tx registry.Tx, channel int64, at time.Time) ([]registry.Place, error) {
	rows, err := s.q(tx).query(ctx, `UPDATE subdirs SET generation = generation + 1, changed_at = $2 WHERE channel_id = $1 RETURNING subdir`,
		channel, millis(at))
	places, err := collect(s, rows, err, func(r scanner) (p registry.Place, err error) { err = r.Scan(&p); return p, err })
	if err != nil {
		return nil, err
	}
	_, err = s.q(tx).exec(ctx, `UPDATE shards SET generation = (SELECT d.generation FROM subdirs d
		WHERE d.channel_id = shards.channel_id AND d.subdir = shards.subdir) WHERE channel_id = $1`, channel)
	return places, s.translate(err)
}
