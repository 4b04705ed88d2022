package repodata_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kingsnake/conda/repodata"
)

// anyEntry generates an entry of package "a" with a canonical record.
func anyEntry() *rapid.Generator[repodata.Entry] {
	return rapid.Custom(func(t *rapid.T) repodata.Entry {
		index := map[string]any{
			"name": "a", "version": rapid.StringMatching(`[0-9]\.[0-9]`).Draw(t, "version"),
			"build": "0", "build_number": rapid.Int64Range(0, 1<<40).Draw(t, "build_number"), "subdir": "noarch",
			"depends": rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "depends"),
		}
		for key, value := range rapid.MapOfN(rapid.StringMatching(`x_[a-z]+`), rapid.String(), 0, 3).Draw(t, "more") {
			index[key] = value
		}
		raw, err := json.Marshal(index)
		if err != nil {
			t.Fatal(err)
		}
		e := repodata.Entry{V3: rapid.Bool().Draw(t, "v3")}
		e.RecordJSON, err = repodata.BuildRecord(raw, repodata.Hashes{Size: 1, IndexedTimestamp: 1})
		if err != nil {
			t.Fatal(err)
		}
		stem := "a-" + rapid.StringMatching(`[0-9]{1,3}(-[a-z])?`).Draw(t, "stem")
		e.Filename = stem + rapid.SampledFrom([]string{".conda", ".tar.bz2"}).Draw(t, "format")
		if rapid.Bool().Draw(t, "known") {
			e.RunExportsJSON = json.RawMessage(rapid.SampledFrom([]string{`{}`, `{"weak":["a"]}`}).Draw(t, "run_exports"))
		}
		return e
	})
}

func someEntries() *rapid.Generator[[]repodata.Entry] {
	return rapid.SliceOfNDistinct(anyEntry(), 0, 8, func(e repodata.Entry) string { return e.Filename })
}

// section numbers the part of an index that lists an entry, in file order.
func section(e repodata.Entry) int {
	n := 0
	if e.V3 {
		n = 2
	}
	if strings.HasSuffix(e.Filename, ".conda") != e.V3 {
		n++
	}
	return n
}

func TestShardProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := someEntries().Draw(t, "entries")
		data, _, err := repodata.EncodeShard(want)
		if err != nil {
			t.Fatal(err)
		}
		other, _, err := repodata.EncodeShard(rapid.Permutation(want).Draw(t, "shuffled"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(data, other) {
			t.Fatal("the shard depends on the order of its entries")
		}
		shard, err := repodata.DecodeShard(data)
		if err != nil {
			t.Fatal(err)
		}
		byKey := func(a, b repodata.Entry) int {
			return cmp.Or(cmp.Compare(section(a), section(b)), cmp.Compare(key(a), key(b)))
		}
		if diff := gocmp.Diff(shard.Entries, slices.SortedFunc(slices.Values(want), byKey)); diff != "" {
			t.Fatalf("entries (-got +want):\n%s", diff)
		}
	})
}

// key is what an entry is sorted by in its section of a shard.
func key(e repodata.Entry) string {
	if !e.V3 {
		return e.Filename
	}
	return strings.TrimSuffix(strings.TrimSuffix(e.Filename, ".conda"), ".tar.bz2")
}

func TestWriterProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := someEntries().Draw(t, "entries")
		slices.SortFunc(want, func(a, b repodata.Entry) int {
			return cmp.Or(cmp.Compare(section(a), section(b)), cmp.Compare(a.Filename, b.Filename))
		})
		var file bytes.Buffer
		w := repodata.NewWriter(&file, "noarch")
		for i, e := range want {
			want[i].RunExportsJSON = nil
			add := []func(string, []byte) error{w.Packages, w.CondaPackages, w.V3, w.V3}[section(e)]
			if err := add(e.Filename, e.RecordJSON); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		canonical, err := repodata.Canonicalize(file.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		// In "v3" the keys lack the extension, which may sort otherwise.
		if !bytes.Equal(canonical, file.Bytes()) && !slices.ContainsFunc(want, func(e repodata.Entry) bool { return e.V3 }) {
			t.Fatalf("file %s, in canonical form %s", file.Bytes(), canonical)
		}
		got, err := drain(repodata.NewDecoder(&file, repodata.Limits{}))
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(slices.Concat(got), slices.Concat(want)); diff != "" {
			t.Fatalf("entries (-got +want):\n%s", diff)
		}
	})
}

func TestChannelDataProperty(t *testing.T) {
	facts := rapid.Custom(func(t *rapid.T) repodata.Facts {
		text := rapid.SampledFrom([]string{"", "x", "y"})
		f := repodata.Facts{
			Name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"), Version: rapid.StringMatching(`1\.[0-9]{1,2}`).Draw(t, "version"),
			Subdir: rapid.SampledFrom([]string{"noarch", "linux-64"}).Draw(t, "subdir"), Timestamp: rapid.Int64Range(0, 9).Draw(t, "timestamp"),
			Summary: text.Draw(t, "summary"), Home: text.Draw(t, "home"),
			Flags: repodata.Flags{PreLink: rapid.Bool().Draw(t, "pre_link")},
		}
		if exports := text.Draw(t, "run_exports"); exports != "" {
			f.RunExports = json.RawMessage(fmt.Sprintf(`{"weak":[%q]}`, exports))
		}
		return f
	})
	rank := func(f repodata.Facts) string { return fmt.Sprint(f.Name, f.Version, f.Timestamp, f.Subdir) }
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfNDistinct(facts, 0, 10, rank).Draw(t, "facts")
		encode := func(all []repodata.Facts) string {
			var c repodata.ChannelData
			var out bytes.Buffer
			var errs []error
			for _, f := range all {
				errs = append(errs, c.Add(f))
			}
			if err := errors.Join(append(errs, c.Encode(&out))...); err != nil {
				t.Fatal(err)
			}
			return out.String()
		}
		want := encode(all)
		if got := encode(rapid.Permutation(all).Draw(t, "shuffled")); got != want {
			t.Fatalf("channeldata.json depends on the order of files: %s, then %s", want, got)
		}
	})
}
