package index

import (
	"testing"

	"kingsnake/internal/memo"
	"kingsnake/internal/registry"
)

// TestTheLaterBuildIsKept: the notes of two builds come in the other order.
func TestTheLaterBuildIsKept(t *testing.T) {
	b := &Builder{pointers: memo.New[pointerKey, Pointer](10), authored: memo.New[pointerKey, Pointer](10)}
	key := pointerKey{place{1, "noarch"}, registry.IndexRepodata}
	for _, generation := range []int64{1, 3, 2} {
		b.keep(key, Pointer{Generation: generation}, true)
	}
	for name, cache := range map[string]*memo.Cache[pointerKey, Pointer]{"pointers": b.pointers, "authored": b.authored} {
		if got, ok := cache.Peek(key); !ok || got.Generation != 3 {
			t.Errorf("%s has generation %d, %v, want 3", name, got.Generation, ok)
		}
	}
}
