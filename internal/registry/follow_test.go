package registry_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kingsnake/internal/registry"
	"kingsnake/internal/store"
)

// TestCachesAreTrustedForAWhile: without being told anything, caches are good as long as the bound; then the database is
// asked, and where it does not answer they are not trusted.
func TestCachesAreTrustedForAWhile(t *testing.T) {
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "kingsnake.db"))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	now, feed, heard := start, &registry.Feed{}, []registry.ChangeKind(nil)
	feed.Subscribe(func(changes []registry.Change) {
		for _, c := range changes {
			heard = append(heard, c.Kind)
		}
	})
	// Nobody runs what this makes: it is a process that hears of nothing by itself.
	_, err = registry.Follow(t.Context(), feed, db, registry.FollowOptions{
		Every: time.Hour, Bound: 900 * time.Millisecond, Now: func() time.Time { return now }, Failed: func(err error) { t.Error(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	change := func(kind registry.ChangeKind) {
		t.Helper()
		err := db.Write(t.Context(), func(tx registry.Tx) error {
			return db.InsertChange(t.Context(), tx, registry.Change{Kind: kind, Ref: 7}, now)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	expect := func(after time.Duration, trusted bool, want ...registry.ChangeKind) {
		t.Helper()
		now, heard = start.Add(after), nil
		err := feed.Fresh(t.Context(), now)
		if e, ok := registry.AsError(err); trusted && err != nil || !trusted && (!ok || e.Code != registry.CodeUnavailable || e.RetryAfter == 0) {
			t.Errorf("after %s: %v, want trusted = %t", after, err, trusted)
		}
		if !slices.Equal(heard, want) {
			t.Errorf("after %s: heard of %v, want %v", after, heard, want)
		}
	}
	change(registry.ChangedToken)
	expect(900*time.Millisecond, true)
	expect(901*time.Millisecond, true, registry.ChangedToken)
	change(registry.ChangedRole)
	expect(1801*time.Millisecond, true)
	expect(time.Hour, true, registry.ChangedRole, registry.ChangedEverything)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	expect(time.Hour+900*time.Millisecond, true)
	expect(time.Hour+901*time.Millisecond, false)
}
