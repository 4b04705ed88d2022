package e2e

import (
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/conda/repodata"
)

// indexOracle is how the tests of conda/repodata run conda-index.
const indexOracle = "../conda/repodata/testdata"

// indexes are all index files of a channel as Python reads them.
type indexes struct {
	ChannelData object `json:"channeldata"`
	Subdirs     map[string]struct {
		Repodata   object            `json:"repodata"`
		RunExports object            `json:"run_exports"`
		Index      object            `json:"index"`
		Shards     map[string]object `json:"shards"`
	} `json:"subdirs"`
}

type object map[string]any

// in gives an object within an object; it must be there.
func (o object) in(t *testing.T, key string) object {
	t.Helper()
	next, ok := o[key].(map[string]any)
	if !ok {
		t.Fatalf("no object %q in %v", key, o)
	}
	return next
}

// take removes a value; it must be there.
func (o object) take(t *testing.T, key string) any {
	t.Helper()
	value, ok := o[key]
	if !ok {
		t.Fatalf("no %q in %v", key, o)
	}
	delete(o, key)
	return value
}

// channelOfMany are packages of both formats and both subdirs, with what index files tell of them.
func channelOfMany(t *testing.T) []artifact {
	t.Helper()
	all := foreign(t)
	for a := range random.Channel(rand.New(rand.NewPCG(70, 2)), 24, random.ChannelOptions{TarBz2: 40}) {
		all = append(all, artifact{a.Info, a.Data})
	}
	for i, o := range []random.Options{
		{Name: "scripted", Scripts: true, Prefix: true},
		{Name: "exporting", RunExports: map[string][]string{"weak": {"a >=1"}, "strong": {"b"}, "noarch": {"c"}}, TarBz2: true},
		{Name: "featured", TrackFeatures: "fast", Constrains: []string{"other <2"}, BuildNumber: 3},
		{Name: "pure", NoArch: "python", Readme: "# Pure"},
		{Name: "everywhere", Version: "1.0", NoArch: "generic"},
		{Name: "everywhere", Version: "2.0"},
	} {
		all = append(all, made(uint64(80+i), o))
	}
	for _, tarBz2 := range []bool{false, true} {
		// One package in both formats, as conda-index and its like make them when they convert.
		all = append(all, made(79, random.Options{Name: "twin", TarBz2: tarBz2}))
	}
	return all
}

// TestIndexesAgainstCondaIndex uploads a channel and compares every index file of the server with what conda-index
// makes of the same packages. The differences are those that follow; each is asserted before it is taken out.
func TestIndexesAgainstCondaIndex(t *testing.T) {
	const ch = "indexed"
	started := time.Now()
	channel(t, ch)
	packages := channelOfMany(t)
	theirs, ours := t.TempDir(), t.TempDir()
	for _, a := range packages {
		upload(t, ch, a, false)
		if err := os.MkdirAll(filepath.Join(theirs, a.Subdir), 0o700); err != nil {
			t.Fatal(err)
		}
		a.write(t, filepath.Join(theirs, a.Subdir))
	}
	token := resourceToken(t, ch, api.LevelRead)
	for _, a := range packages {
		checkListed(t, token, ch, a)
	}
	saveIndexes(t, token, ch, ours)

	got, want := readIndexes(t, theirs, ours)
	for name, our := range got.Subdirs {
		their := want.Subdirs[name]
		settleIndexedTimestamps(t, our.Repodata, started)
		for _, shard := range our.Shards {
			settleIndexedTimestamps(t, shard, started)
		}
		settleShardIndex(t, our.Index, their.Index)
	}
	settleChannelTimestamps(t, got.ChannelData.in(t, "packages"), want.ChannelData.in(t, "packages"), packages)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("indexes (-server's +conda-index's):\n%s", diff)
	}
	if n := len(packages); n < 30 {
		t.Errorf("only %d packages were compared", n)
	}
}

// saveIndexes downloads all index files into the layout that the oracle reads.
func saveIndexes(t *testing.T, token, channel, root string) {
	t.Helper()
	save := func(path string) []byte {
		data := mustFetch(t, token, channel+"/"+path)
		target := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return data
	}
	save("channeldata.json")
	for _, subdir := range []string{"noarch", "linux-64"} {
		save(subdir + "/repodata.json")
		save(subdir + "/run_exports.json")
		index, err := repodata.DecodeShardIndex(save(subdir + "/repodata_shards.msgpack.zst"))
		if err != nil {
			t.Fatal(err)
		}
		for _, sum := range index.Shards {
			save(subdir + "/shards/" + hex.EncodeToString(sum[:]) + ".msgpack.zst")
		}
	}
}

// readIndexes has conda-index index the packages in theirs, and Python read the index files of both folders.
func readIndexes(t *testing.T, theirs, ours string) (got, want indexes) {
	t.Helper()
	script, err := os.ReadFile(filepath.Join(indexOracle, "index_channel.py"))
	if err != nil {
		t.Fatal(err)
	}
	shim, err := filepath.Abs(filepath.Join(indexOracle, "conda_index_shim"))
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Theirs, Ours indexes }
	newMachine(t).python(t, string(script), map[string]string{"shim": shim, "theirs": theirs, "ours": ours}).answer(t, &answer)
	return answer.Ours, answer.Theirs
}

// settleIndexedTimestamps takes out indexed_timestamp (CEP 47), which conda-index does not write.
func settleIndexedTimestamps(t *testing.T, ours object, started time.Time) {
	t.Helper()
	for _, section := range []string{"packages", "packages.conda"} {
		records := ours.in(t, section)
		for filename := range records {
			ms, ok := records.in(t, filename).take(t, "indexed_timestamp").(float64)
			at := time.UnixMilli(int64(ms))
			if !ok || at.Before(started.Truncate(time.Millisecond)) || at.After(time.Now()) {
				t.Errorf("indexed_timestamp of %s is %v, which is no time of this test", filename, at)
			}
		}
	}
}

// settleShardIndex takes out that conda-index puts shards beside the index and not into a folder, and when each index
// was made.
func settleShardIndex(t *testing.T, ours, theirs object) {
	t.Helper()
	got := []any{ours.in(t, "info").take(t, "shards_base_url"), theirs.in(t, "info").take(t, "shards_base_url")}
	if diff := cmp.Diff(got, []any{"./shards/", ""}); diff != "" {
		t.Errorf("shards_base_url of the server and of conda-index (-got +want):\n%s", diff)
	}
	for _, index := range []object{ours, theirs} {
		text, ok := index.in(t, "info").take(t, "created_at").(string)
		if _, err := time.Parse(time.RFC3339, text); err != nil || !ok {
			t.Errorf("created_at is %q: %v", text, err)
		}
	}
}

// settleChannelTimestamps takes out the time of a name in channeldata.json: that of its newest file, where conda-index
// writes that of the file that it happens to look at last.
func settleChannelTimestamps(t *testing.T, ours, theirs object, packages []artifact) {
	t.Helper()
	for name := range ours {
		our, their := ours.in(t, name).take(t, "timestamp"), theirs.in(t, name).take(t, "timestamp")
		var times []float64
		for _, a := range packages {
			if a.Name == name {
				times = append(times, float64(a.Timestamp.Unix()))
			}
		}
		if len(times) == 0 {
			t.Errorf("%s is in channeldata.json and was not uploaded", name)
			continue
		}
		if our != slices.Max(times) || !slices.Contains(times, their.(float64)) {
			t.Errorf("timestamp of %s: %v, conda-index has %v; the files have %v", name, our, their, times)
		}
	}
}
