package repodata_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/conda/repodata"
	"kingsnake/internal/pyoracle"
)

//go:embed testdata/index_channel.py
var indexChannel string

func digest(data []byte) repodata.Hashes {
	return repodata.Hashes{MD5: md5.Sum(data), SHA256: sha256.Sum256(data), Size: int64(len(data)), IndexedTimestamp: indexedAt}
}

// indexes are all index files of a channel as Python reads them.
type indexes struct {
	ChannelData object            `json:"channeldata"`
	Subdirs     map[string]subdir `json:"subdirs"`
}

type subdir struct {
	Repodata   object            `json:"repodata"`
	RunExports object            `json:"run_exports"`
	Index      object            `json:"index"`
	Shards     map[string]object `json:"shards"`
}

type object map[string]any

// in returns an object in an object; it must be there.
func (o object) in(t *testing.T, path ...string) object {
	t.Helper()
	for _, key := range path {
		next, ok := o[key].(map[string]any)
		if !ok {
			t.Fatalf("no object %q in %v", key, o)
		}
		o = next
	}
	return o
}

// take removes a value from an object and returns it.
func (o object) take(t *testing.T, key string) any {
	t.Helper()
	value, ok := o[key]
	if !ok {
		t.Fatalf("no %q in %v", key, o)
	}
	delete(o, key)
	return value
}

// indexBoth indexes one channel with conda-index and with this package. It
// returns the index files of both as Python reads them, and where conda-index
// has put its own.
func indexBoth(t *testing.T, files []channelFile) (theirs, ours indexes, root string) {
	t.Helper()
	shim, err := filepath.Abs("testdata/conda_index_shim")
	if err != nil {
		t.Fatal(err)
	}
	request := map[string]string{"shim": shim, "theirs": t.TempDir(), "ours": t.TempDir()}
	writePackages(t, request["theirs"], files)
	writeIndex(t, request["ours"], files)
	stdin, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Theirs, Ours indexes }
	dec := json.NewDecoder(bytes.NewReader(pyoracle.Run(t, indexChannel, stdin)))
	dec.UseNumber()
	if err := dec.Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Theirs, answer.Ours, request["theirs"]
}

// TestAgainstCondaIndex compares all index files of a channel with those of
// conda-index. Each difference is asserted, so that a version of conda-index
// that ends one is noticed, and then taken out.
func TestAgainstCondaIndex(t *testing.T) {
	theirs, ours, root := indexBoth(t, newChannel(t))
	readTheirs(t, root, theirs)
	for name, our := range ours.Subdirs {
		their := theirs.Subdirs[name]
		settleRecords(t, their.Repodata, our.Repodata)
		settleShardIndex(t, their.Index, our.Index)
		for pkg, shard := range our.Shards {
			settleRecords(t, their.Shards[pkg], shard)
		}
	}
	settleRunExports(t, theirs.Subdirs["linux-64"], ours.Subdirs["linux-64"])
	if n := settleV3(t, theirs, ours); n != 1 {
		t.Errorf("%d packages in v3, want 1", n)
	}
	settleChannelData(t, theirs.ChannelData.in(t, "packages"), ours.ChannelData.in(t, "packages"))
	if diff := cmp.Diff(ours, theirs); diff != "" {
		t.Errorf("indexes (-ours +conda-index's):\n%s", diff)
	}
}

// settleRecords takes out indexed_timestamp, as conda-index does not know CEP
// 47 yet, and what it lets a package say that only the server may, or that
// rattler could not read.
func settleRecords(t *testing.T, theirs, ours object) {
	t.Helper()
	for _, key := range []string{"packages", "packages.conda"} {
		their, our := theirs.in(t, key), ours.in(t, key)
		settleTimestamps(t, our)
		for filename := range our {
			if !strings.HasPrefix(filename, "odd-") {
				continue
			}
			odd := their.in(t, filename)
			got := []any{odd.take(t, "indexed_timestamp"), odd.take(t, "url"), odd.take(t, "constrains")}
			if diff := cmp.Diff(got, []any{json.Number("1"), "https://elsewhere.example.org/", nil}); diff != "" {
				t.Errorf("their record of %s (-got +want):\n%s", filename, diff)
			}
		}
	}
}

func settleTimestamps(t *testing.T, ours object) {
	t.Helper()
	for filename := range ours {
		if got := ours.in(t, filename).take(t, "indexed_timestamp"); got != json.Number(fmt.Sprint(indexedAt)) {
			t.Errorf("indexed_timestamp of %s is %v, want %d", filename, got, indexedAt)
		}
	}
}

// settleRunExports takes out that a list of run exports is left as it is by
// conda-index, while CEP 12 has only the kinds that it lists.
func settleRunExports(t *testing.T, theirs, ours subdir) {
	t.Helper()
	their, our := only(t, theirs.RunExports.in(t, "packages.conda"), "listed-"), only(t, ours.RunExports.in(t, "packages.conda"), "listed-")
	checkWeak(t, their.take(t, "run_exports"), our.take(t, "run_exports"))
	their, our = only(t, theirs.Shards["listed"].in(t, "packages.conda"), "listed-"), only(t, ours.Shards["listed"].in(t, "packages.conda"), "listed-")
	checkWeak(t, their.take(t, "run_exports"), our.take(t, "run_exports"))
}

func checkWeak(t *testing.T, theirs, ours any) {
	t.Helper()
	if diff := cmp.Diff(ours, any(map[string]any{"weak": theirs})); diff != "" {
		t.Errorf("run exports in a list (-ours +conda-index's, as weak):\n%s", diff)
	}
}

// only returns the one value whose key has the prefix.
func only(t *testing.T, o object, prefix string) object {
	t.Helper()
	var found object
	for key := range o {
		if strings.HasPrefix(key, prefix) {
			if found != nil {
				t.Fatalf("several %q in %v", prefix, o)
			}
			found = o.in(t, key)
		}
	}
	if found == nil {
		t.Fatalf("no %q in %v", prefix, o)
	}
	return found
}

// settleShardIndex takes out that conda-index puts shards beside the index,
// not into a folder, and when each index was made.
func settleShardIndex(t *testing.T, theirs, ours object) {
	t.Helper()
	if got := ours.in(t, "info").take(t, "shards_base_url"); got != "./shards/" {
		t.Errorf("our shards_base_url is %q", got)
	}
	if got := theirs.in(t, "info").take(t, "shards_base_url"); got != "" {
		t.Errorf("their shards_base_url is %q", got)
	}
	if got := ours.in(t, "info").take(t, "created_at"); got != "2025-06-15T15:06:40Z" {
		t.Errorf("our created_at is %q", got)
	}
	theirs.in(t, "info").take(t, "created_at")
}

// settleV3 takes out that conda-index lists packages of schema 3 among the
// others, which CEP 43 forbids, unless it is told to list all packages in v3.
// It returns how many there are.
func settleV3(t *testing.T, theirs, ours indexes) int {
	t.Helper()
	n := 0
	for name, our := range ours.Subdirs {
		v3, ok := our.Repodata["v3"].(map[string]any)
		if !ok {
			continue
		}
		our.Repodata.in(t, "info").take(t, "repodata_revisions")
		our.Index.in(t, "info").take(t, "repodata_revisions")
		conda := object(v3).in(t, "conda")
		settleTimestamps(t, conda)
		if list := object(v3).in(t, "tar.bz2"); len(list) > 0 {
			t.Errorf("v3 lists %v", list)
		}
		for stem, record := range conda {
			n++
			pkg, _, _ := strings.Cut(stem, "-")
			filename := stem + ".conda"
			wrong := theirs.Subdirs[name].Repodata.in(t, "packages.conda").take(t, filename)
			if diff := cmp.Diff(record, wrong); diff != "" {
				t.Errorf("record of %s in v3 (-ours +conda-index's):\n%s", filename, diff)
			}
			shard := our.Shards[pkg].in(t, "v3", "conda")
			settleTimestamps(t, shard)
			wrong = theirs.Subdirs[name].Shards[pkg].in(t, "packages.conda").take(t, filename)
			if diff := cmp.Diff(shard[stem], wrong); diff != "" {
				t.Errorf("record of %s in the v3 of its shard (-ours +conda-index's):\n%s", filename, diff)
			}
			our.Shards[pkg].take(t, "v3")
		}
		our.Repodata.take(t, "v3")
	}
	return n
}

// settleChannelData takes out where CEP 38 or good sense wants something other
// than conda-index writes.
func settleChannelData(t *testing.T, theirs, ours object) {
	t.Helper()
	for name := range ours {
		// The timestamp is to be the latest of all files; conda-index writes
		// that of the file that it happens to look at last.
		their := theirs.in(t, name).take(t, "timestamp").(json.Number)
		our := ours.in(t, name).take(t, "timestamp").(json.Number)
		want := "1704070923" // the first day of channelPackages
		if day, ok := map[string]string{"plain": "1704762123", "rebuilt": "1704157323"}[name]; ok {
			want = day
		}
		if our.String() != want || their.String() > want {
			t.Errorf("timestamp of %s: ours is %s, theirs %s, want %s", name, our, their, want)
		}
	}
	differ := func(name, key string, their, our any) {
		t.Helper()
		if diff := cmp.Diff(ours.in(t, name).take(t, key), our); diff != "" {
			t.Errorf("our %s of %s (-got +want):\n%s", key, name, diff)
		}
		got := theirs.in(t, name)[key]
		delete(theirs.in(t, name), key)
		if diff := cmp.Diff(got, their); diff != "" {
			t.Errorf("their %s of %s (-got +want):\n%s", key, name, diff)
		}
	}
	// Flags are to tell whether any of the packages does a thing; conda-index
	// looks only at the latest build of each version.
	for _, flag := range []string{"activate.d", "deactivate.d", "post_link", "pre_unlink"} {
		differ("rebuilt", flag, false, true)
	}
	// A license of null in index.json hides that in about.json from conda-index.
	differ("odd", "license", nil, "Apache-2.0")
	// CEP 38 has room for one home page.
	differ("listed", "home", []any{"https://a.example.org", "https://b.example.org"}, "https://a.example.org")
	// CEP 12 has no run exports without a kind.
	list := []any{"listed >=1.0"}
	differ("listed", "run_exports", map[string]any{"1.0": list}, map[string]any{"1.0": map[string]any{"weak": list}})
}

// readTheirs reads the indexes of conda-index with the decoders of this
// package, which must find the same in both forms, and as much as Python does.
func readTheirs(t *testing.T, root string, theirs indexes) {
	t.Helper()
	for name, their := range theirs.Subdirs {
		file := readFile(t, filepath.Join(root, name, "repodata.json"))
		listed, err := drain(repodata.NewDecoder(bytes.NewReader(file), repodata.Limits{}))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(listed), len(their.Repodata.in(t, "packages"))+len(their.Repodata.in(t, "packages.conda")); got != want {
			t.Errorf("%d packages in the repodata.json of %s, want %d", got, name, want)
		}
		index, err := repodata.DecodeShardIndex(readFile(t, filepath.Join(root, name, "repodata_shards.msgpack.zst")))
		if err != nil {
			t.Fatal(err)
		}
		if index.Info.Subdir != name || index.Info.CreatedAt.IsZero() {
			t.Errorf("info of the shard index of %s: %+v", name, index.Info)
		}
		var sharded []repodata.Entry
		for _, sum := range index.Shards {
			shard, err := repodata.DecodeShard(readFile(t, filepath.Join(root, name, fmt.Sprintf("%x.msgpack.zst", sum))))
			if err != nil {
				t.Fatal(err)
			}
			sharded = append(sharded, shard.Entries...)
		}
		if diff := cmp.Diff(records(t, sharded), records(t, listed)); diff != "" {
			t.Errorf("%s of conda-index (-shards +repodata.json):\n%s", name, diff)
		}
	}
}

// records returns the canonical records of entries by file name.
func records(t *testing.T, entries []repodata.Entry) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for _, e := range entries {
		record, err := repodata.Canonicalize(e.RecordJSON)
		if err != nil {
			t.Fatal(err)
		}
		out[e.Filename] = string(record)
	}
	return out
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
