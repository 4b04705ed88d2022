package store

import (
	"errors"
	"sync"
	"testing"
	"time"

	"kingsnake/internal/pgtest"
	"kingsnake/internal/registry"
)

// TestPostgresCrashes: whatever is under way while the server crashes and returns fails, if it does, as what passes by
// itself.
func TestPostgresCrashes(t *testing.T) {
	pgtest.Require(t)
	server := pgtest.Start(t)
	s := openPostgres(t, server.URL)
	defer closeStore(t, s)
	over := make(chan struct{})
	var workers sync.WaitGroup
	for i := range 12 {
		workers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				var err error
				if i%2 == 0 {
					_, err = s.ListSettings(t.Context(), nil)
				} else {
					err = s.Write(t.Context(), func(tx registry.Tx) error {
						if err := s.InsertAudit(t.Context(), tx, registry.Event{At: time.Now(), Type: "x", Data: "{}"}); err != nil {
							return err
						}
						if err := s.InsertChange(t.Context(), tx, registry.Change{Kind: registry.ChangedToken}, time.Now()); err != nil {
							return err
						}
						return s.SetSetting(t.Context(), tx, "a", "b", time.Now())
					})
				}
				if err != nil && !errors.Is(err, registry.ErrUnavailable) {
					t.Errorf("%v", err)
					return
				}
			}
		})
	}
	for range 3 {
		time.Sleep(100 * time.Millisecond)
		if err := server.Crash(); err != nil {
			t.Fatal(err)
		}
		if err := server.Return(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	close(over)
	workers.Wait()
}
