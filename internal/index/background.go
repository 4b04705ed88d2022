package index

import (
	"context"
	"time"

	"kingsnake/internal/registry"
)

// Run rebuilds what changed, after a short wait for further changes, until ctx ends.
func (b *Builder) Run(ctx context.Context) {
	due := map[place]time.Time{}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-b.wake:
			if _, waiting := due[p]; !waiting {
				due[p] = b.Now().Add(b.Debounce)
			}
		case <-timer.C:
			b.work(ctx, due)
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
func (b *Builder) work(ctx context.Context, due map[place]time.Time) {
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
		if took := b.Now().Sub(start); took > b.Debounce {
			// Whatever changed meanwhile has woken this place again; let it wait as long as a build takes.
			due[p] = b.Now().Add(took)
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
