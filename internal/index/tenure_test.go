package index

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// otherServer is a store that knows the pointers that another server wrote, and counts how often this one begins to build.
type otherServer struct {
	Store
	last  Pointer
	begun int
}

func (o *otherServer) Pointer(context.Context, int64, string, registry.IndexKind) (Pointer, error) {
	if o.last.Hash.IsZero() {
		return Pointer{}, registry.ErrNoRecord
	}
	return o.last, nil
}

func (o *otherServer) Generation(context.Context, int64, string) (int64, bool, error) {
	o.begun++
	return 0, false, errors.New("nothing is built in this test")
}

// TestBuildsAreLeftToTheServerThatDidTheLast plays a server that hears of changes while another one builds, and then none.
func TestBuildsAreLeftToTheServerThatDidTheLast(t *testing.T) {
	const wait = 500 * time.Millisecond
	start := time.Unix(1000, 0)
	now := start
	store := &otherServer{}
	b := New(Options{
		Store: store, Feed: &registry.Feed{}, Debounce: wait, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return now },
	})
	key := pointerKey{place{1, "noarch"}, registry.IndexRepodata}
	a := newAgenda(key.kind)
	built := func(generation int64, at time.Duration, mine bool) {
		store.last = Pointer{Generation: generation, Hash: blob.Sum([]byte{byte(generation)}), BuiltAt: start.Add(at)}
		if mine {
			b.authored.Put(key, store.last)
		}
	}
	// step lets time pass until a moment, and tells how many builds have begun and when the next is due, 0 for none.
	step := func(what string, at time.Duration, begun int, due time.Duration) {
		t.Helper()
		now = start.Add(at)
		b.work(t.Context(), a)
		if store.begun != begun {
			t.Errorf("%s: %d builds begun, want %d", what, store.begun, begun)
		}
		d, waits := a.due[key.place]
		if got := d.at.Sub(start); waits != (due > 0) || waits && got != due {
			t.Errorf("%s: due %v (waits %t), want %v", what, got, waits, due)
		}
	}
	change := func(at time.Duration) { a.add(change{place: key.place}, start.Add(at), wait) }

	change(0)
	step("nobody has built", 500*time.Millisecond, 1, 0)

	built(1, time.Second, false)
	change(time.Second)
	step("another built a moment ago", 1500*time.Millisecond, 1, 4500*time.Millisecond)
	change(1600 * time.Millisecond)
	step("it is left to that one, whatever changes here", 2100*time.Millisecond, 1, 4500*time.Millisecond)
	built(2, 4*time.Second, false)
	change(4 * time.Second)
	step("it goes on building", 4500*time.Millisecond, 1, 7500*time.Millisecond)
	step("before that is due", 7*time.Second, 1, 7500*time.Millisecond)
	step("it built nothing since", 7500*time.Millisecond, 2, 0)

	built(3, 8*time.Second, true)
	change(9 * time.Second)
	step("this one did the last", 9500*time.Millisecond, 3, 0)
	if !b.inOffice(key, start.Add(9*time.Second), tenure) || b.inOffice(key, start.Add(18*time.Second), tenure) {
		t.Error("it is in office for another time than ten seconds")
	}

	built(4, 10*time.Second, false)
	change(10*time.Second + tenure)
	step("another built long ago", 10*time.Second+tenure+wait, 4, 0)

	built(5, time.Hour, false)
	change(25 * time.Second)
	step("the clock of another is ahead", 25500*time.Millisecond, 4, 28500*time.Millisecond)
	step("that is no reason to wait twice", 28500*time.Millisecond, 5, 0)
}
