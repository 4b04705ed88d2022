package registry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"kingsnake/internal/access"
)

// slowStore counts for as long as it is told to.
type slowStore struct {
	takes  time.Duration
	counts int64
	err    error
}

func (s *slowStore) BlobBytes(ctx context.Context) (map[string]int64, error) {
	s.counts++
	select {
	case <-time.After(s.takes):
		return map[string]int64{"conda": s.counts}, s.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestStatsAreCountedOnce: who asks while a count goes on shares it, who is in a hurry gets the last, and one that took long
// is good for a while.
func TestStatsAreCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{takes: time.Second}
		s := &System{core: &core{now: time.Now}, system: store}
		local := &access.Caller{Principal: access.System("local"), Via: access.ViaLocal}
		soon := func() int64 {
			t.Helper()
			got, err := s.StatsSoon(t.Context(), local, 50*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if got == nil {
				return 0
			}
			return got["conda"]
		}
		all := func() int64 {
			t.Helper()
			got, err := s.Stats(t.Context(), local)
			if err != nil {
				t.Fatal(err)
			}
			return got["conda"]
		}
		for _, step := range []struct {
			what      string
			got, want int64
		}{
			{"in a hurry, the first", soon(), 0},
			{"while it goes on", all(), 1},
			{"in a hurry, the second", soon(), 1},
			{"while that goes on", all(), 2},
		} {
			if step.got != step.want {
				t.Errorf("%s: count %d, want %d", step.what, step.got, step.want)
			}
		}
		store.takes = 3 * time.Second
		first, again, hurried := all(), all(), soon()
		if first != 3 || again != 3 || hurried != 3 {
			t.Errorf("a count that took long: %d, then %d and %d, want 3 each time", first, again, hurried)
		}
		time.Sleep(countAgain * 3 * time.Second)
		store.err = errors.New("down")
		if _, err := s.Stats(t.Context(), local); !errors.Is(err, store.err) {
			t.Errorf("a count that fails: %v, want %v", err, store.err)
		}
		if store.err = nil; all() != 5 {
			t.Error("a count that failed was kept")
		}
	})
}
