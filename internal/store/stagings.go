package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

const stagingColumns = `id, public_id, ticket, asker, channel_id, path, name, version, subdir, filename, labels, sha256, md5, size, received_at,
	created_at, expires_at`

func scanStaging(r scanner) (g registry.Staging, err error) {
	var asker, labels string
	var sha, md5 []byte
	var received, created, expires int64
	if err := r.Scan(&g.ID, &g.PublicID, &g.Ticket, &asker, &g.ChannelID, &g.Path, &g.Name, &g.Version, &g.Subdir, &g.Filename, &labels, &sha, &md5,
		&g.Size, &received, &created, &expires); err != nil {
		return g, err
	}
	if err := json.Unmarshal([]byte(asker), &g.Asker); err != nil {
		return g, fmt.Errorf("asker of staging %s: %w", g.PublicID, err)
	}
	if err := json.Unmarshal([]byte(labels), &g.Labels); err != nil {
		return g, fmt.Errorf("labels of staging %s: %w", g.PublicID, err)
	}
	g.SHA256 = hashOf(sha)
	copy(g.MD5[:], md5)
	g.ReceivedAt, g.CreatedAt, g.ExpiresAt = fromMillis(received), fromMillis(created), fromMillis(expires)
	return g, nil
}

// InsertStaging notes an upload that was announced.
func (s *Store) InsertStaging(ctx context.Context, tx registry.Tx, g registry.Staging) error {
	asker, err := json.Marshal(g.Asker)
	if err != nil {
		return fmt.Errorf("asker of staging %s: %w", g.PublicID, err)
	}
	_, err = s.q(tx).exec(ctx, `INSERT INTO stagings (public_id, ticket, principal_id, asker, channel_id, path, name, version, subdir, filename, labels,
		sha256, md5, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		g.PublicID, g.Ticket, g.Asker.PrincipalID, string(asker), g.ChannelID, g.Path, g.Name, g.Version, g.Subdir, g.Filename, jsonList(g.Labels),
		g.SHA256[:], g.MD5[:], millis(g.CreatedAt), millis(g.ExpiresAt))
	return s.translate(err)
}

// StagingByTicket finds an upload by the hash of its ticket.
func (s *Store) StagingByTicket(ctx context.Context, tx registry.Tx, ticket []byte) (registry.Staging, error) {
	g, err := scanStaging(s.q(tx).row(ctx, `SELECT `+stagingColumns+` FROM stagings WHERE ticket = $1`, ticket))
	return g, s.translate(err)
}

// StagingByPublicID finds an upload.
func (s *Store) StagingByPublicID(ctx context.Context, tx registry.Tx, publicID string) (registry.Staging, error) {
	g, err := scanStaging(s.q(tx).row(ctx, `SELECT `+stagingColumns+` FROM stagings WHERE public_id = $1`, publicID))
	return g, s.translate(err)
}

// CountStagings counts the uploads of a principal that have not ended at a time.
func (s *Store) CountStagings(ctx context.Context, tx registry.Tx, principal int64, now time.Time) (n int64, err error) {
	err = s.q(tx).row(ctx, `SELECT COUNT(*) FROM stagings WHERE principal_id = $1 AND expires_at > $2`, principal, millis(now)).Scan(&n)
	return n, s.translate(err)
}

// ReceiveStaging notes that the bytes of an upload are stored; ErrNoRecord says that some were before.
func (s *Store) ReceiveStaging(ctx context.Context, tx registry.Tx, g registry.Staging) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE stagings SET size = $2, md5 = $3, received_at = $4 WHERE id = $1 AND received_at = 0`,
		g.ID, g.Size, g.MD5[:], millis(g.ReceivedAt)))
}

// DeleteStaging forgets an upload; ErrNoRecord says that somebody else has done so.
func (s *Store) DeleteStaging(ctx context.Context, tx registry.Tx, id int64) error {
	return s.affected(s.q(tx).exec(ctx, `DELETE FROM stagings WHERE id = $1`, id))
}

// StagedBytes gives the bytes of the files that came in for a channel and can still be put into it at a time, without those
// that it has anyhow.
func (s *Store) StagedBytes(ctx context.Context, tx registry.Tx, channel int64, now time.Time) (n int64, err error) {
	err = s.q(tx).row(ctx, `SELECT CAST(COALESCE(SUM(g.size), 0) AS BIGINT) FROM stagings g
		WHERE g.expires_at > $2 AND g.channel_id = $1 AND g.received_at <> 0 AND NOT EXISTS (SELECT 1 FROM files f
			WHERE f.channel_id = g.channel_id AND f.subdir = g.subdir AND f.filename = g.filename AND f.sha256 = g.sha256)`,
		channel, millis(now)).Scan(&n)
	return n, s.translate(err)
}

// PruneStagings forgets uploads that have ended, and gives the blobs of those whose bytes had come in.
func (s *Store) PruneStagings(ctx context.Context, tx registry.Tx, before time.Time) ([]blob.Hash, error) {
	rows, err := s.q(tx).query(ctx, `DELETE FROM stagings WHERE expires_at < $1 RETURNING sha256, received_at`, millis(before))
	type staged struct {
		hash     blob.Hash
		received int64
	}
	all, err := collect(s, rows, err, func(r scanner) (g staged, err error) {
		var sha []byte
		err = r.Scan(&sha, &g.received)
		g.hash = hashOf(sha)
		return g, err
	})
	var hashes []blob.Hash
	for _, g := range all {
		if g.received != 0 {
			hashes = append(hashes, g.hash)
		}
	}
	return hashes, err
}
