package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"kingsnake/internal/registry"
)

// Store keeps all records of a site. It is safe for concurrent use.
type Store struct {
	d      dialect
	writer *writer
	reader *pool
	// listen is how notifications are listened for, nil for a database that sends none.
	listen *pgx.ConnConfig
	limits searchLimits
}

// Write runs fn in a transaction; when it returns nil, what fn wrote is durable. fn runs once.
func (s *Store) Write(ctx context.Context, fn func(registry.Tx) error) error {
	return s.translate(s.writer.do(ctx, fn))
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.reader.db.PingContext(ctx) }

// Close ends all connections.
func (s *Store) Close() error {
	return errors.Join(s.reader.db.Close(), s.writer.pool.db.Close())
}

func (s *Store) migrate(ctx context.Context, db *sql.DB) error {
	files, err := s.d.migrations()
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(database.Dialect(s.d.name), db, files)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	up := func() error {
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		return nil
	}
	if s.d.alone != nil {
		return s.d.alone(ctx, db, up)
	}
	return up()
}

// q chooses where a statement runs: in the given transaction, or on the read pool when there is none.
func (s *Store) q(tx registry.Tx) querier {
	if t, ok := tx.(*txn); ok {
		return t
	}
	return s.reader
}

// translate turns a database's errors into the domain's.
func (s *Store) translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return registry.ErrNoRecord
	case s.d.isUnique(err):
		return fmt.Errorf("%w: %w", registry.ErrTaken, err)
	case s.d.isFull(err):
		return fmt.Errorf("%w: %w", registry.ErrNoSpace, err)
	case s.d.isDown(err):
		return fmt.Errorf("%w: %w", registry.ErrUnavailable, err)
	default:
		return err
	}
}

// affected reports ErrNoRecord when a statement touched no row.
func (s *Store) affected(res sql.Result, err error) error {
	if err != nil {
		return s.translate(err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return registry.ErrNoRecord
	}
	return nil
}

// collect scans all rows of a query.
func collect[T any](s *Store, rows *sql.Rows, err error, scan func(scanner) (T, error)) (out []T, rerr error) {
	if err != nil {
		return nil, s.translate(err)
	}
	defer func() { rerr = errors.Join(rerr, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, s.translate(err)
		}
		out = append(out, v)
	}
	return out, s.translate(rows.Err())
}

// scanner is a row to read columns from.
type scanner interface{ Scan(dest ...any) error }

// millis is a time as the database keeps it, 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// fromMillis is the inverse of millis.
func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// where collects conditions and their numbered arguments.
type where struct {
	parts []string
	args  []any
}

// add appends a condition in which each ? stands for the next argument.
func (w *where) add(cond string, args ...any) {
	w.parts = append(w.parts, w.number(cond, args...))
}

// number binds args and gives cond with their numbers in place.
func (w *where) number(cond string, args ...any) string {
	for _, a := range args {
		w.args = append(w.args, a)
		cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(w.args)), 1)
	}
	return cond
}

func (w *where) sql() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}

// likePattern makes a LIKE pattern that finds text anywhere, with the wildcards in it taken literally (ESCAPE '!').
func likePattern(text string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(strings.ToLower(text)) + "%"
}
