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
	last  map[registry.IndexKind]Pointer
	begun int
}

func (o *otherServer) Pointer(_ context.Context, _ int64, _ string, kind registry.IndexKind) (Pointer, error) {
	p, ok := o.last[kind]
	if !ok {
		return Pointer{}, registry.ErrNoRecord
	}
	return p, nil
}

func (o *otherServer) Generation(context.Context, int64, string) (int64, bool, error) {
	o.begun++
	return 0, false, errors.New("nothing is built in this test")
}

// onlooker is a server that hears of changes, and whose time is played.
type onlooker struct {
	*testing.T
	*Builder
	store      *otherServer
	agenda     *agenda
	place      place
	start, now time.Time
}

// debounced is how long an onlooker waits for further changes.
const debounced = 500 * time.Millisecond

func newOnlooker(t *testing.T, kind registry.IndexKind) *onlooker {
	t.Helper()
	o := &onlooker{T: t, store: &otherServer{last: map[registry.IndexKind]Pointer{}}, agenda: newAgenda(kind), place: place{1, "noarch"}, start: time.Unix(1000, 0)}
	o.now = o.start
	o.Builder = New(Options{
		Store: o.store, Feed: &registry.Feed{}, Debounce: debounced, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return o.now },
	})
	return o
}

// built notes that a server built an index file, perhaps this one.
func (o *onlooker) built(kind registry.IndexKind, generation int64, at time.Duration, mine bool) {
	p := Pointer{Generation: generation, Hash: blob.Sum([]byte{byte(generation)}), BuiltAt: o.start.Add(at)}
	if o.store.last[kind] = p; mine {
		o.authored.Put(pointerKey{o.place, kind}, p)
	}
}

// change has something change here.
func (o *onlooker) change(at time.Duration) {
	o.resume(o.agenda, pointerKey{o.place, o.agenda.kind})
	o.agenda.add(change{place: o.place}, o.start.Add(at), debounced)
}

// step lets time pass until a moment, and tells how many builds have begun and when the next is due, 0 for none.
func (o *onlooker) step(what string, at time.Duration, begun int, due time.Duration) {
	o.Helper()
	o.now = o.start.Add(at)
	o.work(o.Context(), o.agenda)
	if o.store.begun != begun {
		o.Errorf("%s: %d builds begun, want %d", what, o.store.begun, begun)
	}
	d, waits := o.agenda.due[o.place]
	if got := d.at.Sub(o.start); waits != (due > 0) || waits && got != due {
		o.Errorf("%s: due %v (waits %t), want %v", what, got, waits, due)
	}
}

// TestBuildsAreLeftToTheServerThatDidTheLast plays a server that hears of changes while another one builds, and then none.
func TestBuildsAreLeftToTheServerThatDidTheLast(t *testing.T) {
	o := newOnlooker(t, registry.IndexRepodata)
	built := func(generation int64, at time.Duration, mine bool) {
		o.built(registry.IndexRepodata, generation, at, mine)
	}
	o.change(0)
	o.step("nobody has built", 500*time.Millisecond, 1, 0)

	built(1, time.Second, false)
	o.change(time.Second)
	o.step("another built a moment ago", 1500*time.Millisecond, 1, 4500*time.Millisecond)
	o.change(1600 * time.Millisecond)
	o.step("it is left to that one, whatever changes here", 2100*time.Millisecond, 1, 4500*time.Millisecond)
	built(2, 4*time.Second, false)
	o.change(4 * time.Second)
	o.step("it goes on building", 4500*time.Millisecond, 1, 7500*time.Millisecond)
	o.step("before that is due", 7*time.Second, 1, 7500*time.Millisecond)
	o.step("it built nothing since", 7500*time.Millisecond, 2, 0)

	built(3, 8*time.Second, true)
	o.change(9 * time.Second)
	o.step("this one did the last", 9500*time.Millisecond, 3, 0)
	key := pointerKey{o.place, registry.IndexRepodata}
	if !o.inOffice(key, o.start.Add(9*time.Second), tenure) || o.inOffice(key, o.start.Add(18*time.Second), tenure) {
		t.Error("it is in office for another time than ten seconds")
	}

	built(4, 10*time.Second, false)
	o.change(10*time.Second + tenure)
	o.step("another built long ago", 10*time.Second+tenure+debounced, 4, 0)

	built(5, time.Hour, false)
	o.change(25 * time.Second)
	o.step("the clock of another is ahead", 25500*time.Millisecond, 4, 28500*time.Millisecond)
	o.step("that is no reason to wait twice", 28500*time.Millisecond, 5, 0)
}

// TestShardsAreLeftToWhoBuildsTheRest plays a server on which uploads pour, as they do on another, for which shards are made
// so seldom that nobody did the last.
func TestShardsAreLeftToWhoBuildsTheRest(t *testing.T) {
	o := newOnlooker(t, registry.IndexShards)
	const due = debounced
	o.built(registry.IndexRepodata, 7, 0, false)
	o.change(0)
	o.step("another builds repodata.json", due, 0, due+elsewhere)
	o.built(registry.IndexRepodata, 9, 3*time.Second, false)
	o.built(registry.IndexShards, 6, 3*time.Second, false)
	o.step("and goes on, with shards of a moment before", due+elsewhere, 0, due+2*elsewhere)
	o.built(registry.IndexRepodata, 10, 4*time.Second, true)
	o.change(5 * time.Second)
	o.step("here a reader wanted repodata.json, but shards are the other's", 5*time.Second+due, 0, 5*time.Second+due+elsewhere)
	o.change(14 * time.Second)
	o.built(registry.IndexRepodata, 12, 14*time.Second, true)
	o.change(15 * time.Second)
	o.step("nobody made shards for long, and repodata.json is built here", 15*time.Second+due, 1, 0)
}
