package server_test

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"

	"kingsnake/conda/repodata"
	"kingsnake/internal/servertest"
)

// indexReader reads an index as conda clients do, in every form that there is.
type indexReader struct {
	*servertest.Site
	token string
}

// files gives the files that an index at base, such as "/team/noarch", holds, with their SHA-256. All forms of the index
// must say the same, and every file must be there with the content that the index names.
func (x indexReader) files(t testing.TB, base string) map[string]string {
	t.Helper()
	plain := x.get(t, base+"/repodata.json")
	if got := unzstd(t, x.get(t, base+"/repodata.json.zst")); string(got) != string(plain) {
		t.Errorf("%s: repodata.json.zst holds another text than repodata.json", base)
	}
	var data struct {
		Info     struct{ Subdir string }
		Packages map[string]struct{ SHA256 string }
		Conda    map[string]struct{ SHA256 string } `json:"packages.conda"`
	}
	decode(t, plain, &data)
	if subdir := base[strings.LastIndexByte(base, '/')+1:]; data.Info.Subdir != subdir {
		t.Errorf("%s: info.subdir = %q, want %q", base, data.Info.Subdir, subdir)
	}
	found := map[string]string{}
	for _, section := range []map[string]struct{ SHA256 string }{data.Packages, data.Conda} {
		for name, record := range section {
			found[name] = record.SHA256
		}
	}
	same := func(form string, got map[string]string) {
		t.Helper()
		if diff := cmp.Diff(found, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s differs from repodata.json (-repodata +%s):\n%s", base, form, form, diff)
		}
	}
	same("shards", x.sharded(t, base))
	var exports struct {
		Packages map[string]any
		Conda    map[string]any `json:"packages.conda"`
	}
	decode(t, x.get(t, base+"/run_exports.json"), &exports)
	names := slices.AppendSeq(slices.Collect(maps.Keys(exports.Packages)), maps.Keys(exports.Conda))
	slices.Sort(names)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(found)), names, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: run_exports.json (-repodata +run_exports):\n%s", base, diff)
	}
	for name, sum := range found {
		etag := call{method: http.MethodHead, path: base + "/" + name}.xAuth(x.token).do(t, x.Site).ok(t, base+"/"+name).header.Get("Etag")
		if etag != `"`+sum+`"` {
			t.Errorf("%s/%s has the ETag %s, and its record the SHA-256 %s", base, name, etag, sum)
		}
	}
	return found
}

// sharded gives the files of an index by its shards.
func (x indexReader) sharded(t testing.TB, base string) map[string]string {
	t.Helper()
	list, err := repodata.DecodeShardIndex(x.get(t, base+"/repodata_shards.msgpack.zst"))
	if err != nil {
		t.Fatalf("%s: %v", base, err)
	}
	found := map[string]string{}
	for name, hash := range list.Shards {
		shard, err := repodata.DecodeShard(x.get(t, base+"/shards/"+hex.EncodeToString(hash[:])+".msgpack.zst"))
		if err != nil {
			t.Fatalf("%s: shard of %s: %v", base, name, err)
		}
		for _, e := range shard.Entries {
			var record struct{ Name, SHA256 string }
			decode(t, e.RecordJSON, &record)
			if record.Name != name {
				t.Errorf("%s: the shard of %s holds a file of %s", base, name, record.Name)
			}
			found[e.Filename] = record.SHA256
		}
	}
	return found
}

// names are the files of an index, sorted.
func (x indexReader) names(t testing.TB, base string) []string {
	t.Helper()
	return slices.Sorted(maps.Keys(x.files(t, base)))
}

func (x indexReader) get(t testing.TB, path string) []byte {
	t.Helper()
	a := get(path).xAuth(x.token).do(t, x.Site)
	if a.status != http.StatusOK {
		t.Fatalf("%s: status = %d %s", path, a.status, a.body)
	}
	return a.body
}

func decode(t testing.TB, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%v in %.200s", err, raw)
	}
}

func unzstd(t testing.TB, raw []byte) []byte {
	t.Helper()
	d, err := zstd.NewReader(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	out, err := io.ReadAll(d)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
