package index

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"kingsnake/conda/channel"
	"kingsnake/internal/blob"
	"kingsnake/internal/memo"
	"kingsnake/internal/registry"
)

// Options are what a builder is made of.
type Options struct {
	Store Store
	Blobs blob.Store
	Feed  *registry.Feed
	// Gate is held open while a blob is stored and not named yet, so that the cleanup leaves it alone.
	Gate *sync.RWMutex
	Log  *slog.Logger
	// Patience is how long a reader waits for repodata.json to be rebuilt before it gets the last one; 0 means a second.
	Patience time.Duration
	// Debounce is how long the background build waits for more changes; 0 means half a second.
	Debounce time.Duration
	Now      func() time.Time
}

// Builder keeps index files current. It is safe for concurrent use.
type Builder struct {
	Options
	generations *memo.Cache[place, generation]
	pointers    *memo.Cache[pointerKey, Pointer]
	shards      *memo.Cache[shardKey, int64]
	// authored has, of the pointers, those that this builder wrote.
	authored *memo.Cache[pointerKey, Pointer]
	keeping  sync.Mutex // of pointers and authored
	flight   singleflight.Group
	// wake has what changed, for the worker of each kind.
	wake   map[registry.IndexKind]chan change
	urgent urgent
	// encoders has each *repodata.ShardEncoder that is not in use: they hold some megabytes of tables.
	encoders sync.Pool
	parts    memo.Bounded[partKey, []byte]
}

// place is a place of a channel's index.
type place struct {
	channel int64
	name    registry.Place
}

type pointerKey struct {
	place
	kind registry.IndexKind
}

type shardKey struct {
	place
	hash blob.Hash
}

// change is a place that changed, and whether it may have been another server that did it.
type change struct {
	place
	elsewhere bool
}

// generation counts the changes of a place; exists tells whether there ever was one.
type generation struct {
	n      int64
	exists bool
}

// maxCached bounds each of the builder's caches, in entries.
const maxCached = 100_000

// New makes a builder that listens to the feed; Run does its background work.
func New(o Options) *Builder {
	if o.Patience == 0 {
		o.Patience = time.Second
	}
	if o.Debounce == 0 {
		o.Debounce = 500 * time.Millisecond
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	b := &Builder{
		Options: o, generations: memo.New[place, generation](maxCached), pointers: memo.New[pointerKey, Pointer](maxCached),
		shards: memo.New[shardKey, int64](maxCached), authored: memo.New[pointerKey, Pointer](maxCached), parts: newParts(),
		wake: map[registry.IndexKind]chan change{registry.IndexShards: make(chan change, 1024), registry.IndexRepodata: make(chan change, 1024)},
	}
	o.Feed.Subscribe(b.changed)
	return b
}

// changed forgets generations and wakes the background build.
func (b *Builder) changed(changes []registry.Change) {
	for _, c := range changes {
		if c.Kind == registry.ChangedEverything {
			b.generations.DropAll()
		}
		if c.Kind != registry.ChangedFiles {
			continue
		}
		name, _ := registry.SplitFile(c.Name)
		p := place{c.Ref, name}
		b.generations.Drop(p, place{c.Ref, ""}, place{c.Ref, name.Labelled(channel.Noarch)})
		for _, wake := range b.wake {
			select {
			case wake <- change{p, c.Seq > 0}:
			default:
				// The queue is full of other work; readers build what they find out of date.
			}
		}
	}
}

// Open gives an index file.
func (b *Builder) Open(ctx context.Context, id int64, name registry.Place, kind registry.IndexKind) (registry.Served, error) {
	p := place{id, name}
	g, err := b.generation(ctx, p)
	if err != nil {
		return registry.Served{}, err
	}
	if !g.exists && name != channel.Noarch {
		return registry.Served{}, registry.ErrNoIndex
	}
	key := pointerKey{p, kind}
	had, err := b.pointer(ctx, key)
	if err != nil {
		return registry.Served{}, err
	}
	if had.Generation >= g.n && !had.Hash.IsZero() {
		return had.served(), nil
	}
	built, err := b.rebuild(ctx, key, g, had)
	return built.served(), err
}

// Exists tells whether there is an index of a place.
func (b *Builder) Exists(ctx context.Context, id int64, name registry.Place) (bool, error) {
	g, err := b.generation(ctx, place{id, name})
	return g.exists || name == channel.Noarch, err
}

func (p Pointer) served() registry.Served {
	return registry.Served{Hash: p.Hash, Size: p.Size, ModTime: p.BuiltAt}
}

// generation gives the generation of a place.
func (b *Builder) generation(ctx context.Context, p place) (generation, error) {
	if g, ok := b.generations.Peek(p); ok {
		return g, nil
	}
	return b.generations.Get(ctx, p, func(ctx context.Context) (generation, error) {
		if p.name != "" {
			n, exists, err := b.Store.Generation(ctx, p.channel, string(p.name))
			return generation{n, exists}, err
		}
		subdirs, err := b.Store.Subdirs(ctx, p.channel)
		g := generation{exists: true}
		for _, s := range subdirs {
			g.n += s.Generation
		}
		return g, err
	})
}

// pointer gives the last index file that was built, zero for none. What is kept is not asked for again: one that is out of
// date is known by its generation, and building or adopting the next one replaces it.
func (b *Builder) pointer(ctx context.Context, key pointerKey) (Pointer, error) {
	if p, ok := b.pointers.Peek(key); ok {
		return p, nil
	}
	p, err := b.pointers.Get(ctx, key, func(ctx context.Context) (Pointer, error) {
		return b.Store.Pointer(ctx, key.channel, string(key.name), key.kind)
	})
	if errors.Is(err, registry.ErrNoRecord) {
		return Pointer{}, nil
	}
	return p, err
}

// patient kinds are worth waiting for however long they take; the others are served as they were when it takes long.
func patient(kind registry.IndexKind) bool { return kind == registry.IndexShards }

// rebuild builds an index file, once for all who ask for it meanwhile. A reader of a large repodata.json gets the last
// one when the new one takes long; the build goes on without it.
func (b *Builder) rebuild(ctx context.Context, key pointerKey, g generation, had Pointer) (Pointer, error) {
	done := b.flight.DoChan(key.flight(g.n), func() (any, error) {
		return nil, b.build(context.WithoutCancel(ctx), key, g.n)
	})
	var late <-chan time.Time
	if !patient(key.kind) && !had.Hash.IsZero() {
		timer := time.NewTimer(b.Patience)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case r := <-done:
		if r.Err != nil {
			return Pointer{}, r.Err
		}
		return b.pointer(ctx, key)
	case <-late:
		return had, nil
	case <-ctx.Done():
		return Pointer{}, ctx.Err()
	}
}

// flight names a build. Files that are built together share it.
func (k pointerKey) flight(generation int64) string {
	return strconv.FormatInt(k.channel, 10) + "/" + string(k.name) + "/" + string(k.group()) + "/" + strconv.FormatInt(generation, 10)
}

// group names the file that stands for all that are built with it.
func (k pointerKey) group() registry.IndexKind {
	switch k.kind {
	case registry.IndexRepodataZst:
		return registry.IndexRepodata
	case registry.IndexRunExportsZst:
		return registry.IndexRunExports
	}
	return k.kind
}
