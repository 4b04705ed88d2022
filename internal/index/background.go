package index

import (
	"context"
	"time"

	"kingsnake/internal/registry"
)

// elsewhere is how much longer is waited for what another server changed, which builds it itself: it is built here only if
// that server did not come to it.
const elsewhere = 3 * time.Second

// Run rebuilds what changed, after a short wait for further changes, until ctx ends.
func (b *Builder) Run(ctx context.Context) {
	due := map[place]time.Time{}
	// took is how long the last build of a place took here, where that is longer than a moment.
	took := map[place]time.Duration{}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-b.wake:
			at := b.Now().Add(b.Debounce)
			if c.elsewhere {
				at = at.Add(max(elsewhere, 2*took[c.place]))
			}
			if had, waiting := due[c.place]; !waiting || at.Before(had) {
				due[c.place] = at
			}
		case <-timer.C:
			b.work(ctx, due, took)
		}
		timer.Reset(untilNext(due, b.Now()))
	}
}

// untilNext is how long nothing is due.
func untilNext(due map[place]time.Time, now time.Time) time.Duration {
	next := time.Hour
	for _, at := range due {
		next = min(next, at.Sub(now))
	}
	return max(next, 0)
}

// work builds what is due. A place whose build takes long rests as long before the next.
func (b *Builder) work(ctx context.Context, due map[place]time.Time, took map[place]time.Duration) {
	for p, at := range due {
		if b.Now().Before(at) {
			continue
		}
		delete(due, p)
		start := b.Now()
		for _, kind := range []registry.IndexKind{registry.IndexShards, registry.IndexRepodata} {
			if _, err := b.current(ctx, pointerKey{p, kind}); err != nil && ctx.Err() == nil {
				b.Log.Error("the index could not be built; the next reader tries again", "channel", p.channel, "place", p.name, "kind", kind, "error", err)
			}
		}
		if t := b.Now().Sub(start); t > b.Debounce {
			// Whatever changed meanwhile has woken this place again; let it wait as long as a build takes.
			due[p], took[p] = b.Now().Add(t), t
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
