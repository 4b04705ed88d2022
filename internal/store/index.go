package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/index"
	"kingsnake/internal/registry"
)

// Generation gives how often a subdir changed, and whether it ever did.
func (s *Store) Generation(ctx context.Context, channel int64, subdir string) (n int64, exists bool, err error) {
	err = s.reader.row(ctx, `SELECT generation FROM subdirs WHERE channel_id = $1 AND subdir = $2`, channel, subdir).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return n, err == nil, s.translate(err)
}

// Subdirs gives the subdirs that a channel ever had a package for under the label main.
func (s *Store) Subdirs(ctx context.Context, channel int64) ([]index.Subdir, error) {
	rows, err := s.reader.query(ctx, `SELECT subdir, generation FROM subdirs
		WHERE channel_id = $1 AND subdir NOT LIKE 'label/%' ORDER BY subdir`, channel)
	return collect(s, rows, err, func(r scanner) (d index.Subdir, err error) {
		err = r.Scan(&d.Name, &d.Generation)
		return d, err
	})
}

// EachFile gives the files of one section, by ascending name. What it hands over is valid during the call.
func (s *Store) EachFile(ctx context.Context, src index.Source, sec index.Section, fn func(index.File) error) error {
	var w where
	from := s.shown(&w, src, "")
	w.add(`f.format = ?`, sec.Format)
	if !sec.AnyVersion {
		w.add(`f.v3 = ?`, sec.V3)
	}
	if sec.Names != nil {
		w.add(`f.name IN (`+s.d.texts("?")+`)`, jsonList(sec.Names))
	}
	return s.each(ctx, `SELECT f.filename, f.record, f.run_exports, f.v3`+from+w.sql()+` ORDER BY f.filename`, w.args, func(rows *sql.Rows) error {
		var f index.File
		var name, record, exports sql.RawBytes
		if err := rows.Scan(&name, &record, &exports, &f.V3); err != nil {
			return err
		}
		f.Filename, f.Record, f.RunExports = string(name), record, exports
		return fn(f)
	})
}

// Names gives the names of the packages of a subdir, and perhaps of some that it had.
func (s *Store) Names(ctx context.Context, channel int64, subdir string) ([]string, error) {
	rows, err := s.reader.query(ctx, `SELECT name FROM shards WHERE channel_id = $1 AND subdir = $2 ORDER BY name`, channel, subdir)
	return collect(s, rows, err, func(r scanner) (name string, err error) { err = r.Scan(&name); return name, err })
}

// EachFact gives the facts of all files.
func (s *Store) EachFact(ctx context.Context, src index.Source, fn func([]byte) error) error {
	var w where
	from := s.shown(&w, src, "")
	return s.each(ctx, `SELECT f.facts`+from+w.sql(), w.args, func(rows *sql.Rows) error {
		var facts sql.RawBytes
		if err := rows.Scan(&facts); err != nil {
			return err
		}
		return fn(facts)
	})
}

// each runs fn on every row.
func (s *Store) each(ctx context.Context, query string, args []any, fn func(*sql.Rows) error) (rerr error) {
	rows, err := s.reader.query(ctx, query, args...)
	if err != nil {
		return s.translate(err)
	}
	defer func() { rerr = errors.Join(rerr, rows.Close()) }()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return s.translate(rows.Err())
}

// StaleShards gives shards whose package changed since they were made, by ascending name, those after a name.
func (s *Store) StaleShards(ctx context.Context, channel int64, subdir, after string, limit int) ([]index.Shard, error) {
	rows, err := s.reader.query(ctx, `SELECT name, generation, built, sha256 FROM shards
		WHERE channel_id = $1 AND subdir = $2 AND built < generation AND name > $3 ORDER BY name LIMIT $4`, channel, subdir, after, limit)
	return collect(s, rows, err, func(r scanner) (x index.Shard, err error) {
		var sha []byte
		err = r.Scan(&x.Name, &x.Generation, &x.Built, &sha)
		copy(x.Hash[:], sha)
		return x, err
	})
}

// ShardFiles gives all files of one package name.
func (s *Store) ShardFiles(ctx context.Context, src index.Source, name string) ([]index.File, error) {
	var w where
	from := s.shown(&w, src, name)
	rows, err := s.reader.query(ctx, `SELECT f.filename, f.record, f.run_exports, f.v3`+from+w.sql()+` ORDER BY f.filename`, w.args...)
	return collect(s, rows, err, func(r scanner) (f index.File, err error) {
		err = r.Scan(&f.Filename, &f.Record, &f.RunExports, &f.V3)
		return f, err
	})
}

// SetShards points at shards, unless newer ones are pointed at, and forgets names without files.
func (s *Store) SetShards(ctx context.Context, tx registry.Tx, channel int64, subdir string, list []index.Shard) error {
	var made, gone []any
	for _, x := range list {
		if x.Hash.IsZero() {
			gone = append(gone, []any{x.Name, x.Built})
		} else {
			made = append(made, []any{x.Name, x.Built, hexText(x.Hash[:])})
		}
	}
	if len(made) > 0 {
		if _, err := s.q(tx).exec(ctx, s.setShards(), channel, subdir, jsonList(made)); err != nil {
			return s.translate(err)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	_, err := s.q(tx).exec(ctx, `DELETE FROM shards WHERE channel_id = $1 AND subdir = $2 AND (name, generation) IN (`+
		s.d.table("$3", kindText, kindInt)+`)`, channel, subdir, jsonList(gone))
	return s.translate(err)
}

// setShards is the statement that points at shards. It adds none: what it adds is there and conflicts. An UPDATE with a FROM
// would be shorter, but SQLite reads all shards of a subdir for it, and the list of new ones once for each.
func (s *Store) setShards() string {
	return `INSERT INTO shards (channel_id, subdir, name, generation, built, sha256)
		SELECT had.channel_id, had.subdir, had.name, had.generation, made.c2, made.c3
		FROM (` + s.d.table("$3", kindText, kindInt, kindBytes) + `) AS made CROSS JOIN shards had
		WHERE had.channel_id = $1 AND had.subdir = $2 AND had.name = made.c1 AND had.built < made.c2
		ON CONFLICT (channel_id, subdir, name) DO UPDATE SET built = excluded.built, sha256 = excluded.sha256`
}

// EachShard gives the shards of a subdir, by ascending name.
func (s *Store) EachShard(ctx context.Context, channel int64, subdir string, fn func(string, blob.Hash) error) error {
	return s.each(ctx, `SELECT name, sha256 FROM shards WHERE channel_id = $1 AND subdir = $2 AND sha256 IS NOT NULL ORDER BY name`,
		[]any{channel, subdir}, func(rows *sql.Rows) error {
			var name string
			var sha sql.RawBytes
			if err := rows.Scan(&name, &sha); err != nil {
				return err
			}
			var h blob.Hash
			copy(h[:], sha)
			return fn(name, h)
		})
}

// Pointer gives a current index file.
func (s *Store) Pointer(ctx context.Context, channel int64, subdir string, kind registry.IndexKind) (p index.Pointer, err error) {
	var sha []byte
	var built int64
	err = s.reader.row(ctx, `SELECT generation, sha256, size, built_at FROM index_files WHERE channel_id = $1 AND subdir = $2 AND kind = $3`,
		channel, subdir, string(kind)).Scan(&p.Generation, &sha, &p.Size, &built)
	copy(p.Hash[:], sha)
	p.BuiltAt = fromMillis(built)
	return p, s.translate(err)
}

// SetPointer makes an index file the current one.
func (s *Store) SetPointer(ctx context.Context, tx registry.Tx, channel int64, subdir string, kind registry.IndexKind, p index.Pointer) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO index_files (channel_id, subdir, kind, generation, sha256, size, built_at)
		SELECT id, $2, $3, $4, $5, $6, $7 FROM channels WHERE id = $1
		ON CONFLICT (channel_id, subdir, kind) DO UPDATE SET generation = excluded.generation, sha256 = excluded.sha256,
		size = excluded.size, built_at = excluded.built_at WHERE index_files.generation <= excluded.generation`,
		channel, subdir, string(kind), p.Generation, p.Hash[:], p.Size, millis(p.BuiltAt))
	return s.translate(err)
}

// HoldBlobs notes that an index names blobs from now on.
func (s *Store) HoldBlobs(ctx context.Context, tx registry.Tx, channel int64, subdir, kind string, at time.Time, hashes ...blob.Hash) error {
	if len(hashes) == 0 {
		return nil
	}
	_, err := s.q(tx).exec(ctx, `INSERT INTO index_blobs (channel_id, sha256, subdir, kind, created_at)
		SELECT DISTINCT CAST($1 AS BIGINT), c1, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT) FROM (`+s.d.table("$5", kindBytes)+`) AS named WHERE TRUE
		ON CONFLICT (channel_id, sha256, subdir, kind) DO UPDATE SET replaced_at = 0`, channel, subdir, kind, millis(at), hashRows(hashes))
	return s.translate(err)
}

// ReplaceBlobs notes that an index names blobs no longer.
func (s *Store) ReplaceBlobs(ctx context.Context, tx registry.Tx, channel int64, subdir, kind string, at time.Time, hashes ...blob.Hash) error {
	if len(hashes) == 0 {
		return nil
	}
	_, err := s.q(tx).exec(ctx, `UPDATE index_blobs SET replaced_at = $4 WHERE channel_id = $1 AND subdir = $2 AND kind = $3
		AND sha256 IN (`+s.d.table("$5", kindBytes)+`)`, channel, subdir, kind, millis(at), hashRows(hashes))
	return s.translate(err)
}

// hashRows are hashes as a table of one column.
func hashRows(hashes []blob.Hash) string {
	rows := make([][]string, len(hashes))
	for i, h := range hashes {
		rows[i] = []string{h.String()}
	}
	return jsonList(rows)
}

// HoldsBlob tells whether a blob belongs to a subdir's index, or lately did.
func (s *Store) HoldsBlob(ctx context.Context, channel int64, subdir, kind string, h blob.Hash) (holds bool, err error) {
	err = s.reader.row(ctx, `SELECT EXISTS (SELECT 1 FROM index_blobs WHERE channel_id = $1 AND sha256 = $2 AND subdir = $3 AND kind = $4)`,
		channel, h[:], subdir, kind).Scan(&holds)
	return holds, s.translate(err)
}
