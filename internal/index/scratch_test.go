package index_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/conda/random"
	"kingsnake/conda/repodata"
	"kingsnake/internal/index"
	"kingsnake/internal/registry"
)

// fromScratch is what an index of a subdir should be, made of nothing but the packages that are there.
func (f fixture) fromScratch(t *testing.T, subdir registry.Place) (plain []byte, shards map[string][32]byte) {
	t.Helper()
	site := f.Server.Site()
	served, err := site.Index.Part(t.Context(), f.channel, subdir, registry.IndexRepodata, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	plain, err = io.ReadAll(served.Content)
	if err := errors.Join(err, served.Content.Close()); err != nil {
		t.Fatal(err)
	}
	names, err := site.Store.Names(t.Context(), f.channel, string(subdir))
	if err != nil {
		t.Fatal(err)
	}
	shards = map[string][32]byte{}
	for _, name := range names {
		files, err := site.Store.ShardFiles(t.Context(), index.Source{Channel: f.channel, Place: subdir}, name)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			continue
		}
		var entries []repodata.Entry
		for _, file := range files {
			entries = append(entries, repodata.Entry{Filename: file.Filename, RecordJSON: file.Record, RunExportsJSON: file.RunExports, V3: file.V3})
		}
		if _, shards[name], err = repodata.EncodeShard(entries); err != nil {
			t.Fatal(err)
		}
	}
	return plain, shards
}

// TestIndexIsAsFromScratch changes a channel at random, and looks at its index at random, through two builders as two
// servers have them: what each gives is what one made from scratch would be.
func TestIndexIsAsFromScratch(t *testing.T) {
	f := newFixture(t)
	site := f.Server.Site()
	options := site.Index.Options
	// The second is told of no change, so it is made for each look: a server that has just started.
	builders := []func() *index.Builder{
		func() *index.Builder { return site.Index },
		func() *index.Builder {
			options.Feed = &registry.Feed{}
			return index.New(options)
		},
	}
	rng := rand.New(rand.NewPCG(1, 2))
	there := map[string]int{}
	for step := range 40 {
		name := fmt.Sprintf("name%d", rng.IntN(6))
		if there[name] > 0 && rng.IntN(3) == 0 {
			if err := f.Admin.DeleteArtifact(t.Context(), "team", name); err != nil {
				t.Fatal(err)
			}
			delete(there, name)
		} else {
			f.add(uint64(step)+1, random.Options{Name: name, Version: fmt.Sprintf("1.%d", step), NoArch: "generic"})
			there[name]++
		}
		if rng.IntN(2) == 0 {
			continue
		}
		b := builders[rng.IntN(2)]()
		wantPlain, wantShards := f.fromScratch(t, "noarch")
		if got := slices.Sorted(maps.Keys(wantShards)); !slices.Equal(got, slices.Sorted(maps.Keys(there))) {
			t.Fatalf("step %d: packages %v, want %v", step, got, there)
		}
		for kind, want := range map[registry.IndexKind]any{registry.IndexRepodata: string(wantPlain), registry.IndexShards: wantShards} {
			served, err := b.Open(t.Context(), f.channel, "noarch", kind)
			if err != nil {
				t.Fatal(err)
			}
			data := bytesOf(t, site.Blobs, served.Hash)
			var got any = string(data)
			if kind == registry.IndexShards {
				x, err := repodata.DecodeShardIndex(data)
				if err != nil {
					t.Fatal(err)
				}
				got = x.Shards
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("step %d: %s (-want +got):\n%s", step, kind, diff)
			}
		}
	}
}

// gated is a store that looks at the gate when an index is rendered and when it is pointed at.
type gated struct {
	index.Store
	gate              *sync.RWMutex
	rendered, pointed *atomic.Int64
	closed, unguarded *atomic.Int64
}

func (g gated) EachFile(ctx context.Context, src index.Source, s index.Section, fn func(index.File) error) error {
	g.rendered.Add(1)
	if g.gate.TryLock() {
		g.gate.Unlock()
	} else {
		g.closed.Add(1)
	}
	return g.Store.EachFile(ctx, src, s, fn)
}

func (g gated) SetPointer(ctx context.Context, tx registry.Tx, channel int64, subdir string, kind registry.IndexKind, p index.Pointer) error {
	g.pointed.Add(1)
	if g.gate.TryLock() {
		g.gate.Unlock()
		g.unguarded.Add(1)
	}
	return g.Store.SetPointer(ctx, tx, channel, subdir, kind, p)
}

// TestRenderingLeavesTheGateAlone: uploads wait for who waits to close the gate, so it is held while an index is stored and
// named, and not while it is rendered, which takes seconds for a large channel.
func TestRenderingLeavesTheGateAlone(t *testing.T) {
	f := newFixture(t)
	f.add(1, random.Options{NoArch: "generic"})
	options := f.Server.Site().Index.Options
	options.Gate, options.Feed = &sync.RWMutex{}, &registry.Feed{}
	store := gated{options.Store, options.Gate, &atomic.Int64{}, &atomic.Int64{}, &atomic.Int64{}, &atomic.Int64{}}
	options.Store = store
	b := index.New(options)
	for _, kind := range []registry.IndexKind{registry.IndexRunExports, registry.IndexShards} {
		if _, err := b.Open(t.Context(), f.channel, "noarch", kind); err != nil {
			t.Fatal(err)
		}
	}
	if store.rendered.Load() == 0 || store.pointed.Load() == 0 {
		t.Fatalf("rendered %d times, pointed at %d", store.rendered.Load(), store.pointed.Load())
	}
	if n := store.closed.Load(); n > 0 {
		t.Errorf("the gate was held %d times while an index was rendered", n)
	}
	if n := store.unguarded.Load(); n > 0 {
		t.Errorf("the gate was open %d times while an index was named", n)
	}
}
