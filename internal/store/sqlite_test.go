package store

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

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
			for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "query_only": map[string]string{"writer": "0", "reader": "1"}[name]} {
				var got string
				if err := c.QueryRowContext(context.Background(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%s %d: %s = %q, %v, want %q", name, i, pragma, got, err, want)
				}
			}
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
