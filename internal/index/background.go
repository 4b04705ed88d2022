package index

import (
	"context"
	"iter"
	"sync"
	"time"

	"kingsnake/internal/registry"
)

// elsewhere is how much longer is waited for what another server changed, which builds it itself: it is built here only if
// that server did not come to it.
const elsewhere = 3 * time.Second

// pouring is for how many times the wait shards stay as they are at the most, while changes keep coming. Nobody reads old
// ones: who asks for the shard index before that gets it built, and who does not has not to pay for those in between. The
// repodata.json of a channel for which that takes a moment only stays pouringFew times: shards are left to who builds it, and so
// it is built more than once in a tenure.
const (
	pouring    = 20
	pouringFew = 4
)

// tenure is for how long a server that built an index file builds the next one too, for all servers. Each is told of all
// changes, so that one build a pause is enough, and uploads do not wait for the writes of as many as there are servers.
const tenure = 10 * time.Second

// deadline says when an index file is to be built, and since when it is to be.
type deadline struct {
	at, since time.Time
	// seen is the generation that another server had built when the build was left to it, 0 where it is not. Then at is when
	// to look what became of that, however much changes until then.
	seen int64
}

// agenda is what is to be built in the background, of one kind.
type agenda struct {
	kind registry.IndexKind
	due  map[place]deadline
	// rests is until when a file is left alone whose build took long, and took how long the last build was.
	rests map[place]time.Time
	took  map[place]time.Duration
}

// awaits tells for how many times the wait changes that keep coming are waited for, 1 if they are not: if whoever asks meanwhile hardly
// waits for a build, or has to wait for it however long it takes.
func (a *agenda) awaits(p place, wait time.Duration) time.Duration {
	if a.kind == registry.IndexShards {
		return pouring
	}
	if took, known := a.took[p]; known && took <= wait/2 {
		return pouringFew
	}
	return 1
}

func newAgenda(kind registry.IndexKind) *agenda {
	return &agenda{kind, map[place]deadline{}, map[place]time.Time{}, map[place]time.Duration{}}
}

// Run rebuilds what changed, after a short wait for further changes, until ctx ends. Each kind has a worker of its own: a
// shard does not wait for the repodata.json of a large channel.
func (b *Builder) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for kind, wake := range b.wake {
		workers.Go(func() { b.follow(ctx, newAgenda(kind), wake) })
	}
	workers.Wait()
}

// follow rebuilds the files of one kind.
func (b *Builder) follow(ctx context.Context, a *agenda, wake <-chan change) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-wake:
			now := b.Now()
			key := pointerKey{c.place, a.kind}
			c.elsewhere = c.elsewhere && !b.inOffice(key, now, a.tenure(c.place))
			b.resume(a, key)
			a.add(c, now, b.Debounce)
		case <-timer.C:
			b.work(ctx, a)
		}
		timer.Reset(a.untilNext(b.Now()))
	}
}

// tenure is how long a place's build is left to the server that did the last one.
func (a *agenda) tenure(p place) time.Duration { return tenure + 4*a.took[p] }

// patience is how much longer is waited for another server.
func (a *agenda) patience(p place) time.Duration { return max(elsewhere, 2*a.took[p]) }

// add notes a change.
func (a *agenda) add(c change, now time.Time, wait time.Duration) {
	p := c.place
	d, waiting := a.due[p]
	if d.seen > 0 {
		return
	}
	if !waiting {
		d.since = now
	}
	times := a.awaits(p, wait)
	longest := times * wait
	if c.elsewhere {
		more := a.patience(p)
		wait, longest = wait+more, longest+more
	}
	at := now.Add(wait)
	if last := d.since.Add(longest); at.After(last) {
		at = last
	}
	if rest := a.rests[p]; at.Before(rest) {
		at = rest
	}
	if times > 1 || !waiting || at.Before(d.at) {
		d.at = at
	}
	a.due[p] = d
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
	for p, d := range a.due {
		start := b.Now()
		if start.Before(d.at) {
			continue
		}
		key := pointerKey{p, a.kind}
		if seen, left := b.leave(ctx, key, start, a.tenure(p)); left && seen > d.seen {
			// It is built here only if that server, or a third, builds nothing until then.
			d.at, d.seen = start.Add(a.patience(p)), seen
			a.due[p] = d
			continue
		}
		delete(a.due, p)
		delete(a.rests, p)
		built, err := b.current(ctx, key)
		if err != nil && ctx.Err() == nil {
			b.Log.Error("the index could not be built; the next reader tries again", "channel", key.channel, "place", key.name, "kind", key.kind, "error", err)
		}
		end := b.Now()
		t := end.Sub(start)
		if err == nil && !built.BuiltAt.Before(start.Truncate(time.Millisecond)) {
			a.took[p] = t // Else a reader had it built.
		}
		if t > b.Debounce {
			// What changed meanwhile waits for as long as a build takes, whether or not the queue had room for it.
			a.due[p], a.rests[p] = deadline{at: end.Add(t), since: end}, end.Add(t)
		}
	}
}

// inOffice tells whether this server built an index file lately, and so builds it for all.
func (b *Builder) inOffice(key pointerKey, now time.Time, tenure time.Duration) bool {
	for key := range key.offices() {
		if last, mine := b.authored.Peek(key); mine && now.Sub(last.BuiltAt) < tenure {
			return true
		}
	}
	return false
}

// offices gives an index file, and the one whose builder builds it where it was not built lately itself: shards are seldom
// built while changes keep coming, and all servers would begin at the same time.
func (k pointerKey) offices() iter.Seq[pointerKey] {
	return func(yield func(pointerKey) bool) {
		if yield(k) && k.kind == registry.IndexShards {
			yield(pointerKey{k.place, registry.IndexRepodata})
		}
	}
}

// leave tells whether another server built an index file lately, and the last generation of which any was built.
func (b *Builder) leave(ctx context.Context, key pointerKey, now time.Time, tenure time.Duration) (seen int64, left bool) {
	for key := range key.offices() {
		last, err := b.Store.Pointer(ctx, key.channel, string(key.name), key.kind)
		if err != nil || now.Sub(last.BuiltAt) >= tenure {
			continue // Who builds finds out what is wrong.
		}
		if seen == 0 {
			left = !b.wrote(key, last)
		}
		seen = max(seen, last.Generation)
	}
	return seen, left
}

// wrote tells whether this server wrote a pointer. Several may have built the same at once: the last one wrote it.
func (b *Builder) wrote(key pointerKey, p Pointer) bool {
	mine, ok := b.authored.Peek(key)
	return ok && mine.Generation == p.Generation && mine.Hash == p.Hash && mine.BuiltAt.UnixMilli() == p.BuiltAt.UnixMilli()
}

// resume ends that a build is left to another server if this one has built since, as it does for readers.
func (b *Builder) resume(a *agenda, key pointerKey) {
	d := a.due[key.place]
	for office := range key.offices() {
		if mine, ok := b.authored.Peek(office); ok && d.seen > 0 && mine.Generation > d.seen {
			delete(a.due, key.place)
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
