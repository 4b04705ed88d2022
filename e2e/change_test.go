package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"path"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/conda/repodata"
)

// A reader of an index file that is out of date waits for the new one, unless that takes longer than patience; then it
// gets the old one. Within rebuilt, with much to spare for a busy machine, it gets the new one. Shards are never old.
const (
	patience = time.Second
	rebuilt  = 20 * time.Second
)

// listing is what the index files say of one package file: its SHA-256 by file, empty where it is not listed. The run
// exports hold no hash, so there it is a word.
type listing map[string]string

// list reads every index file that could name a.
func list(t *testing.T, token, channel string, a artifact) listing {
	t.Helper()
	base := channel + "/" + a.Subdir + "/"
	found := listing{"shards": inShards(t, token, base, a)}
	for _, file := range []string{"repodata.json", "run_exports.json"} {
		if plain, ok := fetchIfThere(t, token, base+file); ok {
			found[file] = inIndex(t, plain, a)
			found[file+".zst"] = inIndex(t, unzstd(t, mustFetch(t, token, base+file+".zst")), a)
		}
	}
	var data struct {
		Packages map[string]struct{ Subdirs []string }
	}
	decode(t, mustFetch(t, token, channel+"/channeldata.json"), &data)
	if _, ok := data.Packages[a.Name]; ok {
		found["channeldata.json"] = "listed"
	} else {
		found["channeldata.json"] = ""
	}
	return found
}

// fetchIfThere gets an index file; a platform without packages may have none.
func fetchIfThere(t *testing.T, token, file string) ([]byte, bool) {
	t.Helper()
	status, body := fetch(t, token, file)
	if status != http.StatusOK && status != http.StatusNotFound {
		t.Fatalf("GET %s: %d %s", file, status, body)
	}
	return body, status == http.StatusOK
}

// inIndex finds a file in repodata.json or run_exports.json.
func inIndex(t *testing.T, index []byte, a artifact) string {
	t.Helper()
	type record struct {
		SHA256     string          `json:"sha256"`
		RunExports json.RawMessage `json:"run_exports"`
	}
	var doc struct {
		Packages      map[string]record `json:"packages"`
		PackagesConda map[string]record `json:"packages.conda"`
	}
	decode(t, index, &doc)
	r, ok := doc.PackagesConda[a.Filename]
	if !ok {
		r, ok = doc.Packages[a.Filename]
	}
	if ok && r.RunExports != nil {
		return "listed"
	}
	return r.SHA256
}

// inShards finds a file through the index of shards.
func inShards(t *testing.T, token, base string, a artifact) string {
	t.Helper()
	packedIndex, ok := fetchIfThere(t, token, base+"repodata_shards.msgpack.zst")
	if !ok {
		return ""
	}
	index, err := repodata.DecodeShardIndex(packedIndex)
	if err != nil {
		t.Fatal(err)
	}
	sum, ok := index.Shards[a.Name]
	if !ok {
		return ""
	}
	packed := mustFetch(t, token, path.Join(base, index.Info.ShardsBaseURL, hex.EncodeToString(sum[:])+".msgpack.zst"))
	if sha256.Sum256(packed) != sum {
		t.Errorf("the shard of %s has other bytes than its name says", a.Name)
	}
	shard, err := repodata.DecodeShard(packed)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range shard.Entries {
		if e.Filename == a.Filename {
			var r struct {
				SHA256 string `json:"sha256"`
			}
			decode(t, e.RecordJSON, &r)
			return r.SHA256
		}
	}
	return ""
}

func unzstd(t *testing.T, data []byte) []byte {
	t.Helper()
	r, err := zstd.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out bytes.Buffer
	if _, err := out.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%v in %.200s", err, data)
	}
}

// checkListed checks that every index names a file and that it can be had.
func checkListed(t *testing.T, token, channel string, a artifact) {
	t.Helper()
	if got := inShards(t, token, channel+"/"+a.Subdir+"/", a); got != a.SHA256 {
		t.Errorf("shards name %q for %s, want %q at once", got, a.Filename, a.SHA256)
	}
	if got := mustFetch(t, token, channel+"/"+a.ckey()); hashOf(got) != a.SHA256 {
		t.Errorf("%s has the hash %s, want %s", a.Filename, hashOf(got), a.SHA256)
	}
	waitFor(t, token, channel, a, listing{
		"shards": a.SHA256, "repodata.json": a.SHA256, "repodata.json.zst": a.SHA256,
		"run_exports.json": "listed", "run_exports.json.zst": "listed", "channeldata.json": "listed",
	})
}

// checkGone checks that no index names a file and that it cannot be had.
func checkGone(t *testing.T, token, channel string, a artifact) {
	t.Helper()
	if got := inShards(t, token, channel+"/"+a.Subdir+"/", a); got != "" {
		t.Errorf("shards name %s still", a.Filename)
	}
	if status, _ := fetch(t, token, channel+"/"+a.ckey()); status != http.StatusNotFound {
		t.Errorf("%s answers %d, want 404", a.Filename, status)
	}
	waitFor(t, token, channel, a, listing{
		"shards": "", "repodata.json": "", "repodata.json.zst": "", "run_exports.json": "", "run_exports.json.zst": "", "channeldata.json": "",
	})
}

// waitFor checks that all files say the same; only a read that took long may find one that is out of date.
func waitFor(t *testing.T, token, channel string, a artifact, want listing) {
	t.Helper()
	for deadline := time.Now().Add(rebuilt); ; time.Sleep(50 * time.Millisecond) {
		asked := time.Now()
		got := list(t, token, channel, a)
		took := time.Since(asked)
		wrong := listing{}
		for file, w := range want {
			if got[file] != w {
				wrong[file] = got[file]
			}
		}
		if len(wrong) == 0 {
			return
		}
		if took < patience || time.Now().After(deadline) {
			t.Fatalf("%s, read in %s: %v, want %v", a.Filename, took, wrong, want)
		}
	}
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// TestDeleteAndReplace follows one file through all indexes: uploaded, replaced, deleted, uploaded again.
func TestDeleteAndReplace(t *testing.T) {
	const ch = "changing"
	channel(t, ch)
	token := resourceToken(t, ch, api.LevelRead)
	fixed := random.Options{Name: "fleeting", Version: "2.0", Build: "h1_1", RunExports: map[string][]string{"strong": {"fleeting"}}}
	first, second := made(60, fixed), made(61, fixed)
	stays := made(62, random.Options{Name: "stays"})
	upload(t, ch, stays, false)
	upload(t, ch, first, false)
	checkListed(t, token, ch, first)

	upload(t, ch, second, true)
	checkListed(t, token, ch, second)

	if err := site.admin.DeleteFile(t.Context(), ch, second.Name, second.ckey()); err != nil {
		t.Fatal(err)
	}
	checkGone(t, token, ch, second)
	checkListed(t, token, ch, stays)

	upload(t, ch, first, false)
	checkListed(t, token, ch, first)

	if err := site.admin.DeleteArtifact(t.Context(), ch, first.Name); err != nil {
		t.Fatal(err)
	}
	checkGone(t, token, ch, first)
}
