package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// alwaysStale is a store to whose packages uploads come without end: whatever was made is out of date again.
type alwaysStale struct {
	oneEach
	names []string
	made  []string
}

func (s *alwaysStale) IsVirtual(context.Context, int64) (bool, error) { return false, nil }

func (s *alwaysStale) StaleShards(_ context.Context, _ int64, _, after string, limit int) (list []Shard, err error) {
	for _, name := range s.names {
		if name > after && len(list) < limit {
			list = append(list, Shard{Name: name, Generation: 1})
		}
	}
	return list, nil
}

func (s *alwaysStale) Write(_ context.Context, fn func(registry.Tx) error) error { return fn(nil) }

func (s *alwaysStale) DoomedBlobs(context.Context, registry.Tx, []blob.Hash) ([]registry.Doomed, error) {
	return nil, nil
}

func (s *alwaysStale) ReplaceBlobs(context.Context, registry.Tx, int64, string, string, time.Time, ...blob.Hash) error {
	return nil
}

func (s *alwaysStale) HoldBlobs(context.Context, registry.Tx, int64, string, string, time.Time, ...blob.Hash) error {
	return nil
}

func (s *alwaysStale) SetShards(_ context.Context, _ registry.Tx, _ int64, _ string, list []Shard) error {
	for _, x := range list {
		s.made = append(s.made, x.Name)
	}
	return nil
}

// TestShardsAreMadeOnceEach: a build ends, however fast uploads come, and has made each shard that was out of date when it
// began.
func TestShardsAreMadeOnceEach(t *testing.T) {
	files, err := fsblob.Open(t.TempDir(), fsblob.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, n := range []int{0, 3, shardBatch, shardBatch + 1} {
		store := &alwaysStale{}
		for i := range n {
			store.names = append(store.names, fmt.Sprintf("name%04d", i))
		}
		b := New(Options{Store: store, Blobs: files, Feed: &registry.Feed{}, Gate: &sync.RWMutex{}})
		if err := b.refreshShards(t.Context(), &repodata.ShardEncoder{}, place{1, "noarch"}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(store.made, store.names) {
			t.Errorf("of %d shards %d were made, want each once", n, len(store.made))
		}
	}
}
