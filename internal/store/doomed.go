package store

import (
	"context"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// hashTexts is a list of hashes as an argument.
func hashTexts(hashes []blob.Hash) string {
	texts := make([]string, len(hashes))
	for i, h := range hashes {
		texts[i] = h.String()
	}
	return jsonList(texts)
}

// DoomBlobs notes that blobs are about to be deleted.
func (s *Store) DoomBlobs(ctx context.Context, tx registry.Tx, hashes []blob.Hash, at time.Time) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO doomed_blobs (sha256, doomed_at, ended_at)
		SELECT value, CAST($2 AS BIGINT), 0 FROM (`+s.d.texts("$1")+`) AS doomed WHERE TRUE
		ON CONFLICT (sha256) DO UPDATE SET doomed_at = excluded.doomed_at, ended_at = 0`, hashTexts(hashes), millis(at))
	return s.translate(err)
}

// DoomedBlobs gives those of some blobs that are noted.
func (s *Store) DoomedBlobs(ctx context.Context, tx registry.Tx, hashes []blob.Hash) ([]registry.Doomed, error) {
	rows, err := s.q(tx).query(ctx, `SELECT sha256, doomed_at, ended_at <> 0 FROM doomed_blobs WHERE `+s.d.among("sha256", s.d.texts("$1")), hashTexts(hashes))
	return collect(s, rows, err, func(r scanner) (d registry.Doomed, err error) {
		var text string
		var at int64
		if err := r.Scan(&text, &at, &d.Over); err != nil {
			return d, err
		}
		d.At = fromMillis(at)
		d.Hash, err = blob.ParseHash(text)
		return d, err
	})
}

// EndDooms notes that doomed blobs are about to be deleted no more: they are, or stay.
func (s *Store) EndDooms(ctx context.Context, tx registry.Tx, hashes []blob.Hash, at time.Time) error {
	_, err := s.q(tx).exec(ctx, `UPDATE doomed_blobs SET ended_at = $2 WHERE `+s.d.among("sha256", s.d.texts("$1")), hashTexts(hashes), millis(at))
	return s.translate(err)
}

// PruneDoomed forgets what was doomed before a time.
func (s *Store) PruneDoomed(ctx context.Context, tx registry.Tx, before time.Time) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM doomed_blobs WHERE doomed_at < $1`, millis(before))
	return s.translate(err)
}
