package store

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kingsnake/internal/registry"
)

// TestKeptIsFoundOut: what an older version of the server left undone, as the statements here do, is found and mended, and
// what is right is left alone.
func TestKeptIsFoundOut(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) *Store{
		"sqlite":   func(t *testing.T) *Store { return openTest(t, filepath.Join(t.TempDir(), "db")) },
		"postgres": func(t *testing.T) *Store { return openPostgres(t, migrated(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			testKept(t, s)
		})
	}
}

func testKept(t *testing.T, s *Store) {
	ctx := t.Context()
	write := func(fn func(tx registry.Tx) error) {
		t.Helper()
		if err := s.Write(ctx, fn); err != nil {
			t.Fatal(err)
		}
	}
	undone := func(statement string, args ...any) {
		t.Helper()
		write(func(tx registry.Tx) error { _, err := s.q(tx).exec(ctx, statement, args...); return err })
	}
	var team int64
	var ids []int64
	write(func(tx registry.Tx) (err error) {
		if _, err := s.InsertChannel(ctx, tx, registry.Channel{PublicID: "first", Name: "first", Path: "first"}); err != nil {
			return err
		}
		if team, err = s.InsertChannel(ctx, tx, registry.Channel{PublicID: "team", Name: "team", Path: "team"}); err != nil {
			return err
		}
		for _, name := range []string{"alpha", "beta-é", "gamma"} {
			a, err := s.EnsureArtifact(ctx, tx, registry.Artifact{
				ChannelID: team, Family: registry.FamilyConda, Name: name, LatestVersionKey: []byte{}, CreatedAt: time.UnixMilli(1), UpdatedAt: time.UnixMilli(1),
			})
			if err != nil {
				return err
			}
			a.FileCount, a.Summary, a.LatestVersionKey, a.About = 1, "Does what "+name+" does", []byte{}, []byte("{}")
			if err := s.UpdateArtifact(ctx, tx, a); err != nil {
				return err
			}
			ids = append(ids, a.ID)
		}
		return nil
	})
	words := func(what string, stale, gone []int64) {
		t.Helper()
		var gotStale, gotGone []int64
		checked := 0
		for after := int64(0); ; {
			check, err := s.CheckWords(ctx, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			gotStale, gotGone, checked = append(gotStale, check.Stale...), append(gotGone, check.Gone...), checked+check.Checked
			if after = check.Last; check.Checked < 2 {
				break
			}
		}
		if !slices.Equal(gotStale, stale) || !slices.Equal(gotGone, gone) || checked != 3-len(gone) {
			t.Errorf("%s: of %d packages %v are stale and %v gone, want %v and %v", what, checked, gotStale, gotGone, stale, gone)
		}
	}
	learn := func() { t.Helper(); write(func(tx registry.Tx) error { return s.LearnWords(ctx, tx, 10) }) }
	words("before they are learned, which they are about to be", nil, nil)
	learn()
	words("learned", nil, nil)

	undone(`UPDATE artifacts SET summary = 'Something else' WHERE id = $1`, ids[0])
	undone(`UPDATE artifacts SET file_count = 0 WHERE id = $1`, ids[1])
	words("changed behind its back", ids[:2], nil)
	write(func(tx registry.Tx) error { return s.Relearn(ctx, tx, ids[:2], nil) })
	words("queued", nil, nil)
	learn()
	words("learned anew", nil, nil)
	undone(`DELETE FROM artifacts WHERE id = $1`, ids[2])
	words("deleted behind its back", nil, ids[2:])
	write(func(tx registry.Tx) error { return s.Relearn(ctx, tx, nil, ids[2:]) })
	learn()
	var left int64
	if err := s.reader.row(ctx, `SELECT COUNT(*) FROM search_packages WHERE artifact_id = $1`, ids[2]).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d words are left of a package that is gone, %v", left, err)
	}

	undone(`UPDATE channels SET used_bytes = 7, download_count = 8 WHERE id = $1`, team)
	first, err := s.NextCounts(ctx, 0)
	if err != nil || first.Path != "first" || slices.ContainsFunc(first.Counts, func(c registry.KeptCount) bool { return c.Kept != c.Real }) {
		t.Errorf("the first channel: %+v, %v, want nothing wrong with it", first, err)
	}
	want := []registry.KeptCount{{What: registry.KeptPackages, Kept: 3, Real: 1}, {What: registry.KeptDownloads, Kept: 8}, {What: registry.KeptBytes, Kept: 7}}
	counts, err := s.NextCounts(ctx, first.ID)
	if err != nil || counts.ID != team || !slices.Equal(counts.Counts, want) {
		t.Fatalf("counts = %+v, %v, want %+v", counts, err, want)
	}
	for _, c := range counts.Counts {
		write(func(tx registry.Tx) error { return s.MendCount(ctx, tx, team, c) })
		if err := s.Write(ctx, func(tx registry.Tx) error { return s.MendCount(ctx, tx, team, c) }); !errors.Is(err, registry.ErrNoRecord) {
			t.Errorf("mending %s a second time: %v, want that it changed meanwhile", c.What, err)
		}
	}
	if counts, err = s.NextCounts(ctx, first.ID); err != nil || slices.ContainsFunc(counts.Counts, func(c registry.KeptCount) bool { return c.Kept != c.Real }) {
		t.Errorf("mended: %+v, %v", counts, err)
	}
	if _, err := s.NextCounts(ctx, team); !errors.Is(err, registry.ErrNoRecord) {
		t.Errorf("behind the last channel: %v", err)
	}
}
