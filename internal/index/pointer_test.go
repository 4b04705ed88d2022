package index_test

import (
	"context"
	"sync/atomic"
	"testing"

	"kingsnake/conda/random"
	"kingsnake/internal/index"
	"kingsnake/internal/registry"
)

// counting is a store that counts how often it is asked for the last index file.
type counting struct {
	index.Store
	asked *atomic.Int64
}

func (c counting) Pointer(ctx context.Context, channel int64, subdir string, kind registry.IndexKind) (index.Pointer, error) {
	c.asked.Add(1)
	return c.Store.Pointer(ctx, channel, subdir, kind)
}

// TestIndexOfBeforeTheStartIsAskedForOnce reads an index file that was built before the server was started: the database
// is asked for it by the first reader alone.
func TestIndexOfBeforeTheStartIsAskedForOnce(t *testing.T) {
	f := newFixture(t)
	f.add(1, random.Options{NoArch: "generic"})
	f.read(t, "noarch", registry.IndexRepodata)
	site := f.Server.Site()
	options := site.Index.Options
	store := counting{options.Store, &atomic.Int64{}}
	options.Store, options.Feed = store, &registry.Feed{}
	started := index.New(options)
	for range 3 {
		if _, err := started.Open(t.Context(), f.channel, "noarch", registry.IndexRepodata); err != nil {
			t.Fatal(err)
		}
	}
	if got := store.asked.Load(); got != 1 {
		t.Errorf("the database was asked %d times, want once", got)
	}
}
