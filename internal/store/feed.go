package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"kingsnake/internal/registry"
)

// InsertChange adds a row to the feed that other processes follow. It is written when the transaction ends, with those of
// the other writes that share it.
func (s *Store) InsertChange(_ context.Context, tx registry.Tx, c registry.Change, at time.Time) error {
	t, ok := tx.(*txn)
	if !ok {
		return errors.New("a change is told of outside of a write")
	}
	t.changes = append(t.changes, []any{string(c.Kind), c.Ref, c.Name, millis(at)})
	return nil
}

// tell adds rows to the feed.
func (s *Store) tell(ctx context.Context, tx *txn, changes [][]any) error {
	return insertRows(ctx, tx, `INSERT INTO changes (kind, ref, name, at)`, changes)
}

// ChangesAfter reads the feed from a place on.
func (s *Store) ChangesAfter(ctx context.Context, seq int64, limit int) ([]registry.Change, error) {
	rows, err := s.reader.query(ctx, `SELECT seq, kind, ref, name FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2`, seq, limit)
	return collect(s, rows, err, func(r scanner) (c registry.Change, err error) {
		err = r.Scan(&c.Seq, &c.Kind, &c.Ref, &c.Name)
		return c, err
	})
}

// LastChange gives the end of the feed.
func (s *Store) LastChange(ctx context.Context) (seq int64, err error) {
	err = s.reader.row(ctx, `SELECT COALESCE(MAX(seq), 0) FROM changes`).Scan(&seq)
	return seq, s.translate(err)
}

// PruneChanges forgets changes that every process has seen.
func (s *Store) PruneChanges(ctx context.Context, tx registry.Tx, before time.Time) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM changes WHERE at < $1 AND seq < (SELECT MAX(seq) FROM changes)`, millis(before))
	return s.translate(err)
}

// Setting reads a setting of the site, ErrNoRecord when it was never set.
func (s *Store) Setting(ctx context.Context, tx registry.Tx, name string) (value string, err error) {
	err = s.q(tx).row(ctx, `SELECT value FROM settings WHERE name = $1`, name).Scan(&value)
	return value, s.translate(err)
}

// ListSettings reads all settings that were set, by name.
func (s *Store) ListSettings(ctx context.Context, tx registry.Tx) (map[string]string, error) {
	rows, err := s.q(tx).query(ctx, `SELECT name, value FROM settings`)
	pairs, err := collect(s, rows, err, func(r scanner) (p [2]string, err error) { err = r.Scan(&p[0], &p[1]); return p, err })
	out := make(map[string]string, len(pairs))
	for _, p := range pairs {
		out[p[0]] = p[1]
	}
	return out, err
}

// SetSetting writes a setting of the site.
func (s *Store) SetSetting(ctx context.Context, tx registry.Tx, name, value string, at time.Time) error {
	_, err := s.q(tx).exec(ctx, `INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`, name, value, millis(at))
	return s.translate(err)
}

// Listen calls heard whenever a transaction that added to the feed has become durable, and once at the beginning, until
// ctx ends or the connection does. SQLite tells of nothing.
func (s *Store) Listen(ctx context.Context, heard func()) (rerr error) {
	if s.listen == nil {
		<-ctx.Done()
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, s.listen.Copy())
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		rerr = errors.Join(rerr, conn.Close(end))
	}()
	if _, err := conn.Exec(ctx, `LISTEN `+changesChannel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	for {
		heard()
		if _, err := conn.WaitForNotification(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("listen: %w", err)
		}
	}
}
