package store

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"kingsnake/internal/registry"
	"kingsnake/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	// Each test has one folder, however often it opens a database there.
	var folders sync.Map
	storetest.Run(t, func(t *testing.T, name string) storetest.Store {
		t.Helper()
		dir, known := folders.Load(t.Name())
		if !known {
			dir, _ = folders.LoadOrStore(t.Name(), t.TempDir())
		}
		return openTest(t, filepath.Join(dir.(string), name))
	})
}

func openTest(t *testing.T, path string) *Store {
	t.Helper()
	s, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestEveryConnectionIsDurable asks each connection of both pools for its settings.
func TestEveryConnectionIsDurable(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "a b%20?.db"))
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for name, p := range map[string]*pool{"writer": s.writer.pool, "reader": s.reader} {
		n := p.db.Stats().MaxOpenConnections
		if n < 1 {
			t.Fatalf("%s: %d connections", name, n)
		}
		for i := range n {
			// Each is held, so that the next one is another.
			c, err := p.db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "wal_autocheckpoint": "4000", "foreign_keys": "1", "query_only": map[string]string{"writer": "0", "reader": "1"}[name]} {
				var got string
				if err := c.QueryRowContext(context.Background(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%s %d: %s = %q, %v, want %q", name, i, pragma, got, err, want)
				}
			}
		}
	}
}

// TestStatementsAreBounded runs more statements than are kept, in a transaction and outside of one. All of them work, and no
// more are kept than may be: their texts follow what clients ask.
func TestStatementsAreBounded(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "a.db"))
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	s.reader.most, s.writer.pool.most = 10, 10
	for i := range 30 {
		text := fmt.Sprintf("SELECT %d + $1", i)
		ask := func(q querier) {
			var row int
			if err := q.row(t.Context(), text, 1).Scan(&row); err != nil || row != i+1 {
				t.Fatalf("%s: %d, %v", text, row, err)
			}
			rows, err := q.query(t.Context(), text, 2)
			list, err := collect(s, rows, err, func(r scanner) (n int, err error) { err = r.Scan(&n); return n, err })
			if want := []int{i + 2}; err != nil || !slices.Equal(list, want) {
				t.Fatalf("%s: %v, %v, want %v", text, list, err, want)
			}
		}
		ask(s.reader)
		if err := s.Write(t.Context(), func(tx registry.Tx) error { ask(s.q(tx)); return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := s.writer.pool.exec(t.Context(), fmt.Sprintf("UPDATE settings SET value = value WHERE %d = $1", i), 1); err != nil {
			t.Fatal(err)
		}
	}
	for name, p := range map[string]*pool{"reader": s.reader, "writer": s.writer.pool} {
		if n := len(p.stmts); n > 10 {
			t.Errorf("the %s keeps %d statements, want at most 10", name, n)
		}
	}
}

// TestMigrationsTwice opens a database again, whose tables are there already.
func TestMigrationsTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	for range 2 {
		s := openTest(t, path)
		if err := s.migrate(t.Context(), s.writer.pool.db); err != nil {
			t.Errorf("migrate a database that is up to date: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
