package store

import (
	"context"
	"database/sql"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// PruneSessions forgets sessions that are over.
func (s *Store) PruneSessions(ctx context.Context, tx registry.Tx, before time.Time) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM sessions WHERE expires_at < $1`, millis(before))
	return s.translate(err)
}

// PruneDeadSecrets forgets strings that ended long ago; they are then unknown.
func (s *Store) PruneDeadSecrets(ctx context.Context, tx registry.Tx, before time.Time) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM dead_secrets WHERE died_at < $1`, millis(before))
	return s.translate(err)
}

// LapseBlobs forgets blobs that indexes named last before a time: shards, or all others.
func (s *Store) LapseBlobs(ctx context.Context, tx registry.Tx, shards bool, before time.Time) error {
	cond := `kind <> 'shard'`
	if shards {
		cond = `kind = 'shard'`
	}
	_, err := s.q(tx).exec(ctx, `DELETE FROM index_blobs WHERE replaced_at <> 0 AND replaced_at < $1 AND `+cond, millis(before))
	return s.translate(err)
}

// BlobBytes gives the bytes of package files by family, each blob counted once.
func (s *Store) BlobBytes(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	err := s.each(ctx, `SELECT b.family, SUM(b.size) FROM (SELECT a.family, f.sha256, MAX(f.size) AS size FROM files f
		JOIN artifacts a ON a.id = f.artifact_id GROUP BY a.family, f.sha256) b GROUP BY b.family`, nil, func(rows *sql.Rows) error {
		var family string
		var size int64
		err := rows.Scan(&family, &size)
		out[family] = size
		return err
	})
	return out, err
}

// BlobNamed tells whether any package, index or upload under way names a blob.
func (s *Store) BlobNamed(ctx context.Context, tx registry.Tx, h blob.Hash) (named bool, err error) {
	err = s.q(tx).row(ctx, `SELECT EXISTS (SELECT 1 FROM files WHERE sha256 = $1) OR EXISTS (SELECT 1 FROM index_blobs WHERE sha256 = $1)
		OR EXISTS (SELECT 1 FROM stagings WHERE sha256 = $1 AND received_at <> 0)`, h[:]).Scan(&named)
	return named, s.translate(err)
}

// EachNamedBlob gives the blobs of package files, with the path of the file.
func (s *Store) EachNamedBlob(ctx context.Context, fn func(name string, h blob.Hash, size int64) error) error {
	return s.each(ctx, `SELECT c.path || '/' || f.subdir || '/' || f.filename, f.sha256, f.size FROM files f JOIN channels c ON c.id = f.channel_id
		ORDER BY f.id`, nil, func(rows *sql.Rows) error {
		var name string
		var sha sql.RawBytes
		var size int64
		if err := rows.Scan(&name, &sha, &size); err != nil {
			return err
		}
		return fn(name, hashOf(sha), size)
	})
}

// EachIndexBlob gives the blobs that indexes name.
func (s *Store) EachIndexBlob(ctx context.Context, fn func(blob.Hash) error) error {
	return s.each(ctx, `SELECT DISTINCT sha256 FROM index_blobs WHERE replaced_at = 0`, nil, func(rows *sql.Rows) error {
		var sha sql.RawBytes
		if err := rows.Scan(&sha); err != nil {
			return err
		}
		return fn(hashOf(sha))
	})
}

// ForgetIndexBlob makes every index file that names a blob be built anew.
func (s *Store) ForgetIndexBlob(ctx context.Context, tx registry.Tx, h blob.Hash) error {
	for _, query := range []string{
		`DELETE FROM index_files WHERE sha256 = $1`,
		`UPDATE shards SET built = 0, sha256 = NULL WHERE sha256 = $1`,
		`DELETE FROM index_blobs WHERE sha256 = $1`,
	} {
		if _, err := s.q(tx).exec(ctx, query, h[:]); err != nil {
			return s.translate(err)
		}
	}
	return nil
}

func hashOf(b []byte) (h blob.Hash) {
	copy(h[:], b)
	return h
}
