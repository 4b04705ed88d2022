package store

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kingsnake/internal/registry"
)

// searchWorld is a site that changes at random, and what is known of it.
type searchWorld struct {
	*testing.T
	*Store
	rng      *rand.Rand
	channels []registry.Channel
	packages []registry.Artifact
	serial   int
	// found counts what all searches should have found.
	found int
}

// TestSearchIsAScan compares searches with a reading of all packages, while these change and their words are learned or not.
func TestSearchIsAScan(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) *Store{
		"sqlite":   func(t *testing.T) *Store { return openTest(t, filepath.Join(t.TempDir(), "db")) },
		"postgres": func(t *testing.T) *Store { return openPostgres(t, migrated(t)) },
	} {
		for what, limits := range map[string]searchLimits{"few packages": {few: 1, several: 3, pending: 2}, "a small site": defaultSearchLimits()} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				w := &searchWorld{T: t, Store: open(t), rng: rand.New(rand.NewPCG(25, 5))} //nolint:gosec // Repeatable on purpose.
				t.Cleanup(func() {
					if err := w.Close(); err != nil {
						t.Error(err)
					}
				})
				w.limits = limits
				for range 80 {
					w.write(func(tx registry.Tx) error { return w.change(tx) })
					for range 12 {
						w.compare()
					}
				}
				if w.found < 100 {
					t.Errorf("all searches had %d packages to find, want many", w.found)
				}
				w.allLearned()
				w.empty()
			})
		}
	}
}

func (w *searchWorld) write(fn func(tx registry.Tx) error) {
	w.Helper()
	if err := w.Write(w.Context(), fn); err != nil {
		w.Fatal(err)
	}
}

// text makes a name or a summary, with parts that words are made of and that they are not made of.
func (w *searchWorld) text() string {
	parts := []string{"num", "py", "Graph", "learn", "n", "é", "漢字", "_", "-", " ", ". ", "%", "7", "!"}
	if w.rng.IntN(25) == 0 {
		parts = append(parts, strings.Repeat("long", 20), "x"+string(unicode.MaxRune), strings.Repeat("é", 30))
	}
	var b strings.Builder
	for range 1 + w.rng.IntN(7) {
		b.WriteString(parts[w.rng.IntN(len(parts))])
	}
	return b.String()
}

// change changes a few things.
func (w *searchWorld) change(tx registry.Tx) error {
	for range 1 + w.rng.IntN(6) {
		if err := w.one(tx); err != nil {
			return err
		}
	}
	return nil
}

func (w *searchWorld) one(tx registry.Tx) error {
	n := w.rng.IntN(12)
	switch {
	case len(w.channels) < 2 || n == 0 && len(w.channels) < 6:
		return w.addChannel(tx)
	case n == 1 && len(w.channels) > 4:
		gone := w.channels[0]
		w.channels = w.channels[1:]
		w.packages = slices.DeleteFunc(w.packages, func(a registry.Artifact) bool { return a.ChannelID == gone.ID })
		return w.DeleteChannel(w.Context(), tx, gone.ID)
	case n < 4:
		return w.LearnWords(w.Context(), tx, 1+w.rng.IntN(8))
	case n < 8 || len(w.packages) == 0:
		return w.addPackage(tx)
	}
	i := w.rng.IntN(len(w.packages))
	a := &w.packages[i]
	switch n {
	case 8:
		gone := a.ID
		w.packages = slices.Delete(w.packages, i, i+1)
		return w.DeleteArtifact(w.Context(), tx, gone)
	case 9:
		a.FileCount = 1 - a.FileCount
	default:
		a.Summary = w.text()
	}
	return w.UpdateArtifact(w.Context(), tx, *a)
}

func (w *searchWorld) addChannel(tx registry.Tx) (err error) {
	w.serial++
	path := fmt.Sprintf("c%d", w.serial)
	c := registry.Channel{PublicID: path, Name: path, Path: path, Privacy: "private", Type: registry.DefaultChannel, Indexing: registry.DefaultIndexing}
	c.ID, err = w.InsertChannel(w.Context(), tx, c)
	w.channels = append(w.channels, c)
	return err
}

func (w *searchWorld) addPackage(tx registry.Tx) error {
	w.serial++
	c := w.channels[w.rng.IntN(len(w.channels))]
	name := strings.ToLower(w.text()) + fmt.Sprint(w.serial)
	a, err := w.EnsureArtifact(w.Context(), tx, registry.Artifact{ChannelID: c.ID, Family: registry.FamilyConda, Name: name, LatestVersionKey: []byte{}, CreatedAt: time.UnixMilli(1), UpdatedAt: time.UnixMilli(1)})
	if err != nil {
		return err
	}
	a.FileCount, a.Summary, a.LatestVersionKey = 1, w.text(), []byte{1}
	w.packages = append(w.packages, a)
	return w.UpdateArtifact(w.Context(), tx, a)
}

// query is a part of a text that there is, or one that there may not be.
func (w *searchWorld) query() string {
	text := w.text()
	if len(w.packages) > 0 && w.rng.IntN(3) > 0 {
		a := w.packages[w.rng.IntN(len(w.packages))]
		text = []string{a.Name, a.Summary}[w.rng.IntN(2)]
	}
	runes := []rune(text)
	from := w.rng.IntN(len(runes))
	return string(runes[from:][:1+w.rng.IntN(len(runes)-from)])
}

// lower is what both databases take for lower case.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 'A' || r > 'Z' {
			return r
		}
		return r + 'a' - 'A'
	}, text)
}

// compare searches once, and once more by reading everything.
func (w *searchWorld) compare() {
	w.Helper()
	q := w.query()
	f := registry.ArtifactFilter{Query: q, Visible: []registry.ChannelSet{{Top: true, Sub: true, All: true}}}
	seen := map[int64]bool{}
	for _, c := range w.channels {
		seen[c.ID] = true
	}
	if w.rng.IntN(3) == 0 {
		some := w.channels[w.rng.IntN(len(w.channels)):]
		f.Visible, seen = []registry.ChannelSet{{Top: true}}, map[int64]bool{}
		for _, c := range some {
			f.Visible[0].IDs = append(f.Visible[0].IDs, c.ID)
			seen[c.ID] = true
		}
	}
	if w.rng.IntN(3) == 0 {
		f.ChannelID = w.channels[w.rng.IntN(len(w.channels))].ID
	}
	var want []registry.Artifact
	for _, a := range w.packages {
		found := strings.Contains(lower(a.Name), strings.ToLower(q)) || strings.Contains(lower(a.Summary), strings.ToLower(q))
		if found && a.FileCount > 0 && seen[a.ChannelID] && (f.ChannelID == 0 || f.ChannelID == a.ChannelID) {
			want = append(want, a)
		}
	}
	slices.SortFunc(want, func(a, b registry.Artifact) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	p := registry.Page{Offset: w.rng.IntN(3), Limit: 1 + w.rng.IntN(30), Enough: w.rng.IntN(4)}
	w.found += len(want)
	total := int64(len(want))
	if p.Enough > 0 {
		total = min(total, int64(p.Enough)+1)
	}
	want = want[min(p.Offset, len(want)):]
	want = want[:min(p.Limit, len(want))]
	got, n, err := w.ListArtifacts(w.Context(), f, p)
	if err != nil {
		w.Fatalf("search for %q: %v", q, err)
	}
	ids := func(list []registry.Artifact) (out []int64) {
		for _, a := range list {
			out = append(out, a.ID)
		}
		return out
	}
	if diff := gocmp.Diff(ids(want), ids(got), cmpopts.EquateEmpty()); diff != "" || n != total {
		w.Fatalf("search for %q with %+v, %+v: %d in all, want %d (-want +got):\n%s", q, f, p, n, total, diff)
	}
}

// learnRest learns what there is to learn.
func (w *searchWorld) learnRest() {
	w.Helper()
	for range 1000 {
		more, err := w.WordsToLearn(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if !more {
			return
		}
		w.write(func(tx registry.Tx) error { return w.LearnWords(w.Context(), tx, 20) })
	}
	w.Fatal("there is always something more to learn")
}

// count counts the rows of a table.
func (w *searchWorld) count(table string) (n int64) {
	w.Helper()
	if err := w.reader.row(context.WithoutCancel(w.Context()), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
		w.Fatal(err)
	}
	return n
}

// allLearned finds the words of the packages noted, and no others.
func (w *searchWorld) allLearned() {
	w.Helper()
	w.learnRest()
	words, pairs := map[string]bool{}, int64(0)
	var texts int64
	for _, a := range w.packages {
		if a.FileCount == 0 {
			continue
		}
		own, whole := wordsOf(lower(a.Name))
		more, wholeToo := wordsOf(lower(a.Summary))
		if texts++; !whole || !wholeToo {
			pairs++
			continue
		}
		all := slices.Concat(own, more)
		slices.Sort(all)
		for _, word := range slices.Compact(all) {
			words[word] = true
			pairs++
		}
	}
	var suffixes int64
	for word := range words {
		suffixes += int64(len(suffixesOf(word)))
	}
	for table, want := range map[string]int64{"search_words": int64(len(words)), "search_suffixes": suffixes, "search_packages": pairs, "search_texts": texts} {
		if got := w.count(table); got != want {
			w.Errorf("%s has %d rows, want %d", table, got, want)
		}
	}
}

// empty deletes everything, of which no word stays.
func (w *searchWorld) empty() {
	w.Helper()
	w.write(func(tx registry.Tx) error {
		for _, c := range w.channels {
			if err := w.DeleteChannel(w.Context(), tx, c.ID); err != nil {
				return err
			}
		}
		return nil
	})
	w.learnRest()
	for _, table := range searchTables() {
		if got := w.count(table); got != 0 {
			w.Errorf("%s has %d rows after all packages were deleted", table, got)
		}
	}
}
