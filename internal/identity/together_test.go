package identity

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"kingsnake/internal/registry"
)

// shelf is a database of strings that notes what it was asked for.
type shelf struct {
	mu    sync.Mutex
	known map[[32]byte]registry.StringPlace
	asked [][][32]byte
	// takes is how long it takes to answer, and fails what it answers with.
	takes time.Duration
	fails error
}

func (s *shelf) find(ctx context.Context, macs [][32]byte) (map[[32]byte]registry.StringPlace, error) {
	s.mu.Lock()
	s.asked = append(s.asked, macs)
	out := map[[32]byte]registry.StringPlace{}
	for _, mac := range macs {
		if p, ok := s.known[mac]; ok {
			out[mac] = p
		}
	}
	takes, fails := s.takes, s.fails
	s.mu.Unlock()
	select {
	case <-time.After(takes):
		return out, fails
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *shelf) put(mac [32]byte, p registry.StringPlace) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[mac] = p
}

// answer is what somebody was told who waited.
type answer struct {
	place registry.StringPlace
	ok    bool
	err   error
}

func number(n int) [32]byte { return [32]byte{byte(n), byte(n >> 8)} }

// TestTogetherOneStatement: who can wait is asked for with one statement, and each is told what is true of its own string.
func TestTogetherOneStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{known: map[[32]byte]registry.StringPlace{number(1): {Secret: 11, Token: 12}, number(2): {Ended: true}}}
		g := newTogether(s.find)
		got := make([]answer, 4)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() { got[i].place, got[i].ok, got[i].err = g.place(t.Context(), number(i)) })
		}
		wg.Wait()
		for i, want := range []error{registry.ErrNoRecord, nil, registry.ErrEnded, registry.ErrNoRecord} {
			if !got[i].ok || !errors.Is(got[i].err, want) || want == nil && (got[i].err != nil || got[i].place.Secret != 11 || got[i].place.Token != 12) {
				t.Errorf("string %d: %+v, want %v", i, got[i], want)
			}
		}
		if len(s.asked) != 1 || len(s.asked[0]) != len(got) {
			t.Errorf("asked %v, want once for %d", s.asked, len(got))
		}
		if took := time.Since(start); took != togetherWait {
			t.Errorf("it took %v, want %v", took, togetherWait)
		}
	})
}

// TestTogetherSeesWhatIsThere: a statement begins after all that it answers have come. A string that is made while one is carried
// out is found by who sends it then.
func TestTogetherSeesWhatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{known: map[[32]byte]registry.StringPlace{}, takes: time.Second}
		g := newTogether(s.find)
		var early, late answer
		var wg sync.WaitGroup
		wg.Go(func() { early.place, early.ok, early.err = g.place(t.Context(), number(1)) })
		time.Sleep(togetherWait + takesABit)
		s.put(number(1), registry.StringPlace{Secret: 11, Token: 12})
		wg.Go(func() { late.place, late.ok, late.err = g.place(t.Context(), number(1)) })
		time.Sleep(togetherWait + takesABit)
		if len(s.asked) != 1 {
			t.Errorf("%d statements at a time, want one", len(s.asked))
		}
		wg.Wait()
		if !errors.Is(early.err, registry.ErrNoRecord) {
			t.Errorf("before it was made: %+v", early)
		}
		if late.err != nil || late.place.Secret != 11 {
			t.Errorf("after it was made: %+v", late)
		}
	})
}

// takesABit is longer than what begins takes to begin.
const takesABit = time.Millisecond

// TestTogetherEnds: who goes away waits no longer and does not keep the others from their answers; an error, and a database
// that does not answer, are told to all.
func TestTogetherEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		s := &shelf{known: map[[32]byte]registry.StringPlace{}, fails: boom}
		g := newTogether(s.find)
		ctx, cancel := context.WithCancel(t.Context())
		var gone, stays answer
		var wg sync.WaitGroup
		wg.Go(func() { gone.place, gone.ok, gone.err = g.place(ctx, number(1)) })
		synctest.Wait()
		wg.Go(func() { stays.place, stays.ok, stays.err = g.place(t.Context(), number(2)) })
		cancel()
		wg.Wait()
		if !gone.ok || !errors.Is(gone.err, context.Canceled) {
			t.Errorf("who went away: %+v", gone)
		}
		if !stays.ok || !errors.Is(stays.err, boom) {
			t.Errorf("who stayed: %+v, want %v", stays, boom)
		}
		s.takes = time.Hour
		if _, ok, err := g.place(t.Context(), number(1)); !ok || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a database that does not answer: %v, %v", ok, err)
		}
	})
}

// TestTogetherIsBounded: only so many wait for a slow database; the others are told to ask for themselves.
func TestTogetherIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{known: map[[32]byte]registry.StringPlace{}, takes: time.Second}
		g := newTogether(s.find)
		var alone, answered atomic.Int64
		var wg sync.WaitGroup
		for i := range 2*togetherMost + 10 {
			if i == togetherMost {
				time.Sleep(togetherWait + takesABit)
			}
			wg.Go(func() {
				_, ok, err := g.place(t.Context(), number(i))
				switch {
				case !ok && err == nil:
					alone.Add(1)
				case errors.Is(err, registry.ErrNoRecord):
					answered.Add(1)
				}
			})
		}
		wg.Wait()
		if alone.Load() != 10 || answered.Load() != 2*togetherMost || len(s.asked) != 2 {
			t.Errorf("%d asked for themselves, %d were answered by %d statements", alone.Load(), answered.Load(), len(s.asked))
		}
	})
}
