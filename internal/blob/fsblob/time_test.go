package fsblob_test

import (
	"testing"
	"testing/synctest"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/fsblob"
)

// TestTimeOfCommit has a blob bear the time at which it was committed, by which a cleanup knows what is new: that of its last
// bytes only where the two are the same. In the bubble it is the year 2000 for this process, and never for the kernel.
func TestTimeOfCommit(t *testing.T) {
	s := openStore(t, t.TempDir(), fsblob.Options{NoSync: true})
	for name, c := range map[string]struct {
		wait time.Duration
		told bool
	}{
		"at once":       {0, false},
		"after a while": {2 * time.Second, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			g, err := s.Stage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := g.Write([]byte(name)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(c.wait)
			h := blob.Sum([]byte(name))
			if err := g.Commit(t.Context(), h); err != nil {
				t.Fatal(err)
			}
			info, err := s.Stat(t.Context(), h)
			if err != nil {
				t.Fatal(err)
			}
			if told := info.ModTime.Equal(time.Now()); told != c.told {
				t.Errorf("%s: the blob bears %v, told by the commit: %v, want %v", name, info.ModTime, told, c.told)
			}
		})
	}
}
