package store

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPackagesAreLookedUpByName asks PostgreSQL, which has no statistics yet, how it would find the packages of an upload: by
// an index of names, and not among all of the channel.
func TestPackagesAreLookedUpByName(t *testing.T) {
	s := openPostgres(t, migrated(t))
	defer closeStore(t, s)
	for _, statement := range []string{
		`INSERT INTO channels (id, public_id, name, path, privacy, created_at, updated_at) VALUES (1, 'x', 'x', 'x', 'public', 0, 0)`,
		`INSERT INTO artifacts (channel_id, family, name, latest_version_key, created_at, updated_at) SELECT 1, 'conda', 'p' || n, '', 0, 0 FROM generate_series(1, 5000) AS n`,
	} {
		if _, err := s.writer.pool.db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := s.reader.query(t.Context(), "EXPLAIN "+s.namedArtifacts(), 1, "conda", `["a","b"]`)
	steps, err := collect(s, rows, err, scanText)
	if err != nil {
		t.Fatal(err)
	}
	plan := strings.Join(steps, "\n")
	for _, want := range []string{"list.value", "(id = ANY ("} {
		if !slices.ContainsFunc(steps, func(step string) bool { return strings.Contains(step, "Index Cond") && strings.Contains(step, want) }) {
			t.Errorf("no index finds %s:\n%s", want, plan)
		}
	}
}

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
