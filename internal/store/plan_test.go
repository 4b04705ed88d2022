package store

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestShardsAreSetByName asks SQLite how it would point at new shards: it looks each up, and reads none of the others of a
// subdir, of which there are tens of thousands. Uploads wait meanwhile.
func TestShardsAreSetByName(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "k.db"))
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	rows, err := s.reader.query(t.Context(), "EXPLAIN QUERY PLAN "+s.setShards(), 1, "noarch", "[]")
	steps, err := collect(s, rows, err, func(r scanner) (step string, err error) {
		var id, parent, unused int
		err = r.Scan(&id, &parent, &unused, &step)
		return step, err
	})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, step := range steps {
		if !strings.Contains(step, "had") {
			continue
		}
		found = true
		if !strings.Contains(step, "name=?") {
			t.Errorf("it goes through shards: %s", step)
		}
	}
	if !found {
		t.Errorf("it does not look at shards: %q", steps)
	}
}
