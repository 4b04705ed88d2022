package registry_test

import (
	"context"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
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
	change(registry.ChangedToken)
	expect(59*time.Minute, true, registry.ChangedToken, registry.ChangedEverything) // The clock was set back, by who knows how much.
	expect(time.Hour, true)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	expect(time.Hour+900*time.Millisecond, true)
	expect(time.Hour+901*time.Millisecond, false)
	for after, want := range map[time.Duration]bool{0: true, 10 * time.Minute: true, 10*time.Minute + 1: false, -time.Minute: false} {
		if got := feed.Public(start.Add(time.Hour + after)); got != want {
			t.Errorf("%s after the last confirmation, what is public is shown: %t, want %t", after, got, want)
		}
	}
}

// hole is a feed that swallows questions while it is shut.
type hole struct{ shut atomic.Bool }

func (h *hole) ChangesAfter(ctx context.Context, _ int64, _ int) ([]registry.Change, error) {
	if h.shut.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, nil
}

func (h *hole) LastChange(context.Context) (int64, error) { return 0, nil }

func (h *hole) Listen(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return nil
}

// TestNobodyWaitsTwice: where a database swallows questions, one request waits for it and those after it do not, until it
// answers again.
func TestNobodyWaitsTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, feed := &hole{}, &registry.Feed{}
		f, err := registry.Follow(t.Context(), feed, store, registry.FollowOptions{
			Every: 300 * time.Millisecond, Bound: 900 * time.Millisecond, Now: time.Now, Failed: func(error) {},
		})
		if err != nil {
			t.Fatal(err)
		}
		go f.Run(t.Context())
		ask := func() (waited time.Duration, err error) {
			asked := time.Now()
			err = feed.Fresh(t.Context(), asked)
			return time.Since(asked), err
		}
		time.Sleep(time.Second)
		if waited, err := ask(); waited != 0 || err != nil {
			t.Fatalf("while all is well: %v after %s", err, waited)
		}
		store.shut.Store(true)
		time.Sleep(time.Second)
		if waited, err := ask(); waited == 0 || waited > 4*time.Second || err == nil {
			t.Errorf("the first to ask: %v after %s, want an error after a wait", err, waited)
		}
		for range 100 {
			time.Sleep(170 * time.Millisecond)
			if waited, err := ask(); waited != 0 || err == nil {
				t.Fatalf("another: %v after %s, want an error at once", err, waited)
			}
		}
		store.shut.Store(false)
		time.Sleep(2500 * time.Millisecond)
		if waited, err := ask(); waited != 0 || err != nil {
			t.Errorf("when it answers again: %v after %s", err, waited)
		}
	})
}
