package index

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"kingsnake/conda/repodata"
	"kingsnake/internal/blob"
	"kingsnake/internal/blob/fsblob"
	"kingsnake/internal/registry"
)

// oneEach is a store with one file for each package, except for one that is gone.
type oneEach struct {
	Store
	gone string
}

func (o oneEach) ShardFiles(_ context.Context, _ Source, name string) ([]File, error) {
	if name == o.gone {
		return nil, nil
	}
	return []File{{Filename: name + "-1-0.conda", Record: fmt.Appendf(nil, `{"build":"0","build_number":0,"name":%q,"version":"1"}`, name)}}, nil
}

// roomFor is a blob store that stages so many blobs and no more.
type roomFor struct {
	blob.Store
	left *atomic.Int64
}

var errNoRoom = errors.New("no room")

func (r roomFor) Stage(ctx context.Context) (blob.Staged, error) {
	if r.left.Add(-1) < 0 {
		return nil, errNoRoom
	}
	return r.Store.Stage(ctx)
}

// TestShardsAreStoredSeveralAtATime makes more shards than are stored at once: each comes back with its own hash and is
// there, and where one could not be stored all fail.
func TestShardsAreStoredSeveralAtATime(t *testing.T) {
	files, err := fsblob.Open(t.TempDir(), fsblob.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	}()
	room := roomFor{files, &atomic.Int64{}}
	const gone = "name7"
	store := oneEach{gone: gone}
	b := New(Options{Store: store, Blobs: room, Feed: &registry.Feed{}})
	stale := make([]Shard, 3*shardPuts)
	for i := range stale {
		stale[i] = Shard{Name: fmt.Sprintf("name%d", i), Generation: int64(i) + 1, Hash: blob.Sum([]byte("before"))}
	}
	var enc repodata.ShardEncoder
	for _, n := range []int{0, 1, len(stale) - 2} {
		room.left.Store(int64(n))
		if _, err := b.makeShards(t.Context(), &enc, Source{}, stale); !errors.Is(err, errNoRoom) {
			t.Errorf("with room for %d: %v, want %v", n, err, errNoRoom)
		}
	}
	room.left.Store(int64(len(stale)) - 1)
	fresh, err := b.makeShards(t.Context(), &enc, Source{}, stale)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range fresh {
		want := Shard{Name: stale[i].Name, Generation: stale[i].Generation, Built: stale[i].Generation}
		if s.Name != gone {
			files, err := store.ShardFiles(t.Context(), Source{}, s.Name)
			if err != nil {
				t.Fatal(err)
			}
			if _, want.Hash, err = repodata.EncodeShard([]repodata.Entry{{Filename: files[0].Filename, RecordJSON: files[0].Record}}); err != nil {
				t.Fatal(err)
			}
			if _, err := room.Stat(t.Context(), s.Hash); err != nil {
				t.Errorf("shard of %s: %v", s.Name, err)
			}
		}
		if s != want {
			t.Errorf("shard %d is %+v, want %+v", i, s, want)
		}
	}
}
