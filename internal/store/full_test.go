package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"kingsnake/internal/registry"
)

// TestFullDatabaseEndsABatch fills the database in one of several writes that share a commit, the first or another. Those
// beside it either are written with all that belongs to them or fail, and the next write works when there is room again.
func TestFullDatabaseEndsABatch(t *testing.T) {
	t.Run("first", func(t *testing.T) { fullDatabase(t, true) })
	t.Run("behind another", func(t *testing.T) { fullDatabase(t, false) })
}

func fullDatabase(t *testing.T, alone bool) {
	s := openTest(t, filepath.Join(t.TempDir(), "db"))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx := t.Context()
	var pages int
	if err := s.writer.pool.db.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(n int) {
		t.Helper()
		if _, err := s.writer.pool.db.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", n)); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string, size int, begun func()) error {
		return s.Write(ctx, func(tx registry.Tx) error {
			begun()
			if err := s.SetSetting(ctx, tx, name, string(make([]byte, size)), time.Now()); err != nil {
				return err
			}
			return s.InsertAudit(ctx, tx, registry.Event{At: time.Now(), Type: "test", Target: name, Format: 1})
		})
	}
	limit(pages + 2)
	var writes sync.WaitGroup
	var before, first, second error
	inLine := func(name string, size int, err *error) (begun chan struct{}) {
		begun = make(chan struct{})
		writes.Go(func() {
			*err = write(name, size, func() {
				close(begun)
				for s.writer.waiting.Load() == 0 {
					runtime.Gosched() // The next shares this commit.
				}
			})
		})
		return begun
	}
	if !alone {
		<-inLine("before", 10, &before)
	}
	<-inLine("first", 1<<20, &first)
	writes.Go(func() { second = write("second", 10, func() {}) })
	writes.Wait()
	limit(1 << 30)
	if !errors.Is(first, registry.ErrNoSpace) {
		t.Errorf("the write that found no room: %v, want ErrNoSpace", first)
	}
	checkWritten(ctx, t, s, "before", !alone && before == nil)
	checkWritten(ctx, t, s, "first", false)
	checkWritten(ctx, t, s, "second", second == nil)
	if err := write("third", 10, func() {}); err != nil {
		t.Errorf("a write when there is room again: %v", err)
	}
	checkWritten(ctx, t, s, "third", true)
}

// checkWritten fails unless a setting and its event are both there, or both not.
func checkWritten(ctx context.Context, t *testing.T, s *Store, name string, want bool) {
	t.Helper()
	for _, query := range []string{`SELECT COUNT(*) FROM settings WHERE name = $1`, `SELECT COUNT(*) FROM audit WHERE target = $1`} {
		var n int
		if err := s.reader.row(ctx, query, name).Scan(&n); err != nil || (n == 1) != want {
			t.Errorf("%s: %s gives %d, %v, want it there: %t", name, query, n, err, want)
		}
	}
}
