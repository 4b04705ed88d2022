package store

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"kingsnake/internal/pgtest"
	"kingsnake/internal/registry"
	"kingsnake/internal/store/storetest"
)

func TestPostgres(t *testing.T) {
	// Each test has one database, however often it opens it.
	var databases sync.Map
	storetest.Run(t, func(t *testing.T, name string) storetest.Store {
		t.Helper()
		url, known := databases.Load(t.Name() + name)
		if !known {
			url, _ = databases.LoadOrStore(t.Name()+name, migrated(t))
		}
		return openPostgres(t, url.(string))
	})
}

// migrated gives a database with our tables.
func migrated(t *testing.T) string {
	t.Helper()
	return pgtest.Copy(t, "migrated", func(ctx context.Context, url string) error {
		s, err := OpenPostgres(ctx, Postgres{URL: url})
		if err != nil {
			return err
		}
		return s.Close()
	})
}

func openPostgres(t *testing.T, url string) *Store {
	t.Helper()
	s, err := OpenPostgres(t.Context(), Postgres{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPostgresColumnsOrderByBytes: what a database's language makes of the order of letters touches no column.
func TestPostgresColumnsOrderByBytes(t *testing.T) {
	s := openPostgres(t, migrated(t))
	defer closeStore(t, s)
	rows, err := s.reader.query(t.Context(), `SELECT table_name, column_name, COALESCE(collation_name, 'none') FROM information_schema.columns
		WHERE table_schema = current_schema() AND data_type IN ('text', 'character varying')`)
	type column struct{ table, name, collation string }
	all, err := collect(s, rows, err, func(r scanner) (c column, err error) { err = r.Scan(&c.table, &c.name, &c.collation); return c, err })
	if err != nil || len(all) < 50 {
		t.Fatalf("%d columns of text, %v", len(all), err)
	}
	for _, c := range all {
		if c.collation != "C" {
			t.Errorf("%s.%s has the collation %s, want C", c.table, c.name, c.collation)
		}
	}
}

// TestPostgresMigratesOnce opens a new database from several processes at once, and then with a program that is older
// than its tables.
func TestPostgresMigratesOnce(t *testing.T) {
	url := pgtest.New(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s, err := OpenPostgres(t.Context(), Postgres{URL: url})
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			closeStore(t, s)
		})
	}
	all.Wait()
	s := openPostgres(t, url)
	defer closeStore(t, s)
	if _, err := s.writer.pool.db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (90000, TRUE)`); err != nil {
		t.Fatal(err)
	}
	closeStore(t, openPostgres(t, url))
}

// TestPostgresUndoesMigrations takes every migration back, which needs each to have undone its own.
func TestPostgresUndoesMigrations(t *testing.T) {
	s := openPostgres(t, pgtest.New(t))
	defer closeStore(t, s)
	files, err := s.d.migrations()
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(database.DialectPostgres, s.reader.db, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(t.Context(), 0); err != nil {
		t.Errorf("down: %v", err)
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Errorf("up again: %v", err)
	}
}

func TestPostgresRefusals(t *testing.T) {
	latin := pgtest.With(t, "ENCODING 'LATIN1' LOCALE 'C'")
	for _, tc := range []struct{ url, want string }{
		{latin, "ENCODING 'UTF8'"},
		{"postgres://u:s3cret@localhost:notaport/db", "database"},
		{latin + "&dbname=none", "none"},
	} {
		s, err := OpenPostgres(t.Context(), Postgres{URL: tc.url})
		if err == nil {
			closeStore(t, s)
			t.Errorf("%s was opened", tc.url)
			continue
		}
		if !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("error %v, want it to say %q and no password", err, tc.want)
		}
	}
}

// TestPostgresIsDown: while the server is not there, an answer says so, and nothing needs to be opened again after.
func TestPostgresIsDown(t *testing.T) {
	s := openPostgres(t, migrated(t))
	defer closeStore(t, s)
	set := func() error {
		return s.Write(t.Context(), func(tx registry.Tx) error { return s.SetSetting(t.Context(), tx, "a", "b", time.Now()) })
	}
	if err := set(); err != nil {
		t.Fatal(err)
	}
	end := func(tx registry.Tx) error {
		_, err := s.q(tx).exec(t.Context(), `SELECT pg_terminate_backend(pg_backend_pid())`)
		return err
	}
	if err := s.Write(t.Context(), end); !errors.Is(err, registry.ErrUnavailable) {
		t.Errorf("a write whose connection ends: %v, want %v", err, registry.ErrUnavailable)
	}
	if err := end(nil); !errors.Is(s.translate(err), registry.ErrUnavailable) {
		t.Errorf("a question whose connection ends: %v, want %v", err, registry.ErrUnavailable)
	}
	if err := set(); err != nil {
		t.Errorf("a write on a new connection: %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping on a new connection: %v", err)
	}
}

func closeStore(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestPostgresTells: who listens hears of a write that added to the feed, whichever process made it.
func TestPostgresTells(t *testing.T) {
	url := migrated(t)
	one, two := openPostgres(t, url), openPostgres(t, url)
	defer closeStore(t, one)
	defer closeStore(t, two)
	ctx, cancel := context.WithCancel(t.Context())
	heard, ended := make(chan struct{}, 10), make(chan error, 1)
	go func() { ended <- two.Listen(ctx, func() { heard <- struct{}{} }) }()
	await := func(what string) {
		t.Helper()
		select {
		case <-heard:
		case err := <-ended:
			t.Fatalf("%s: listening ended: %v", what, err)
		case <-time.After(time.Minute):
			t.Fatalf("%s: nothing is heard", what)
		}
	}
	await("at the beginning")
	for range 3 {
		err := one.Write(ctx, func(tx registry.Tx) error {
			return one.InsertChange(ctx, tx, registry.Change{Kind: registry.ChangedToken, Ref: 1}, time.Now())
		})
		if err != nil {
			t.Fatal(err)
		}
		await("after a write")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the end of listening: %v", err)
	}
}
