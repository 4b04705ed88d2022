package index

import (
	"context"
	"time"

	"kingsnake/internal/registry"
)

// elsewhere is how much longer is waited for what another server changed, which builds it itself: it is built here only if
// that server did not come to it.
const elsewhere = 3 * time.Second

// pouring is for how many times the wait shards stay as they are at the most, while changes keep coming. Nobody reads old
// ones: who asks for the shard index before that gets it built, and who does not has not to pay for those in between.
const pouring = 20

// deadline says when an index file is to be built, and since when it is to be.
type deadline struct{ at, since time.Time }

// agenda is what is to be built in the background.
type agenda struct {
	due map[pointerKey]deadline
	// rests is until when a file is left alone whose build took long, and took how long that was.
	rests map[pointerKey]time.Time
	took  map[pointerKey]time.Duration
}

// Run rebuilds what changed, after a short wait for further changes, until ctx ends.
func (b *Builder) Run(ctx context.Context) {
	a := agenda{map[pointerKey]deadline{}, map[pointerKey]time.Time{}, map[pointerKey]time.Duration{}}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-b.wake:
			a.add(c, b.Now(), b.Debounce)
		case <-timer.C:
			b.work(ctx, &a)
		}
		timer.Reset(a.untilNext(b.Now()))
	}
}

// add notes a change.
func (a *agenda) add(c change, now time.Time, wait time.Duration) {
	for _, kind := range []registry.IndexKind{registry.IndexShards, registry.IndexRepodata} {
		key := pointerKey{c.place, kind}
		d, waiting := a.due[key]
		if !waiting {
			d.since = now
		}
		wait, longest := wait, wait
		if kind == registry.IndexShards {
			longest *= pouring
		}
		if c.elsewhere {
			more := max(elsewhere, 2*a.took[key])
			wait, longest = wait+more, longest+more
		}
		at := now.Add(wait)
		if last := d.since.Add(longest); at.After(last) {
			at = last
		}
		if rest := a.rests[key]; at.Before(rest) {
			at = rest
		}
		if kind == registry.IndexShards || !waiting || at.Before(d.at) {
			d.at = at
		}
		a.due[key] = d
	}
}

// untilNext is how long nothing is due.
func (a *agenda) untilNext(now time.Time) time.Duration {
	next := time.Hour
	for _, d := range a.due {
		next = min(next, d.at.Sub(now))
	}
	return max(next, 0)
}

// work builds what is due. A file whose build takes long rests as long before the next.
func (b *Builder) work(ctx context.Context, a *agenda) {
	for key, d := range a.due {
		if b.Now().Before(d.at) {
			continue
		}
		delete(a.due, key)
		delete(a.rests, key)
		start := b.Now()
		if _, err := b.current(ctx, key); err != nil && ctx.Err() == nil {
			b.Log.Error("the index could not be built; the next reader tries again", "channel", key.channel, "place", key.name, "kind", key.kind, "error", err)
		}
		end := b.Now()
		if t := end.Sub(start); t > b.Debounce {
			// What changed meanwhile waits for as long as a build takes, whether or not the queue had room for it.
			a.due[key], a.rests[key], a.took[key] = deadline{end.Add(t), end}, end.Add(t), t
		}
	}
}

// current builds an index file unless it is up to date.
func (b *Builder) current(ctx context.Context, key pointerKey) (Pointer, error) {
	g, err := b.generation(ctx, key.place)
	if err != nil {
		return Pointer{}, err
	}
	had, err := b.pointer(ctx, key)
	if err != nil || had.Generation >= g.n && !had.Hash.IsZero() {
		return had, err
	}
	return b.rebuild(ctx, key, g, Pointer{})
}
