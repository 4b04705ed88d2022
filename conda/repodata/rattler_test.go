package repodata_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kingsnake/conda/repodata"
	"kingsnake/internal/pyoracle"
)

//go:embed testdata/read_rattler.py
var readRattler string

// rattlerRecord is how rattler understands a record.
type rattlerRecord struct {
	Filename         string   `json:"file_name"`
	Name             string   `json:"name"`
	Version          string   `json:"version"`
	Build            string   `json:"build"`
	BuildNumber      int64    `json:"build_number"`
	Subdir           string   `json:"subdir"`
	Depends          []string `json:"depends"`
	Constrains       []string `json:"constrains"`
	License          string   `json:"license"`
	TrackFeatures    []string `json:"track_features"`
	MD5              string   `json:"md5"`
	SHA256           string   `json:"sha256"`
	Size             int64    `json:"size"`
	Timestamp        int64    `json:"timestamp"`
	IndexedTimestamp int64    `json:"indexed_timestamp"`
}

// TestRattlerReads gives a channel's index to rattler in all forms that it can
// read: repodata.json as a whole and sparsely, and the shards over HTTP.
func TestRattlerReads(t *testing.T) {
	files := newChannel(t)
	root := t.TempDir()
	writeIndex(t, root, files)
	var mu sync.Mutex
	var requested []string
	content := http.FileServer(http.Dir(root))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		requested = append(requested, r.URL.Path)
		mu.Unlock()
		content.ServeHTTP(w, r)
	}))
	defer server.Close()

	request := map[string]any{"root": root, "url": server.URL, "cache": t.TempDir(), "subdirs": []string{"linux-64", "noarch"}}
	want := map[string]map[string]rattlerRecord{"linux-64": {}, "noarch": {}}
	var names []string
	for _, f := range files {
		names = append(names, f.name)
		want[f.subdir][f.entry.Filename] = asRattler(t, f.entry)
	}
	request["names"] = slices.Compact(slices.Sorted(slices.Values(names)))
	stdin, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]map[string]map[string]rattlerRecord
	if err := json.Unmarshal(pyoracle.Run(t, readRattler, stdin), &answer); err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"whole", "sharded", "sparse"} {
		if how == "sparse" {
			// Of a package in both formats this way shows only the new one.
			delete(want["linux-64"], "pair-1.0-h0_0.tar.bz2")
		}
		if diff := cmp.Diff(answer[how], want, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("records that rattler read %s (-rattler's +ours):\n%s", how, diff)
		}
	}
	shard := regexp.MustCompile(`^/(noarch|linux-64)/(repodata_shards|shards/[0-9a-f]{64})\.msgpack\.zst$`)
	for _, path := range requested {
		if !shard.MatchString(path) {
			t.Errorf("rattler asked for %s, which is no shard", path)
		}
	}
	if len(requested) == 0 {
		t.Error("rattler asked for no shards")
	}
}

func asRattler(t *testing.T, e repodata.Entry) rattlerRecord {
	t.Helper()
	r, err := repodata.ParseRecord(e.RecordJSON)
	if err != nil {
		t.Fatal(err)
	}
	return rattlerRecord{
		Filename: e.Filename, Name: r.Name, Version: r.Version, Build: r.Build, BuildNumber: r.BuildNumber, Subdir: r.Subdir,
		Depends: r.Depends, Constrains: r.Constrains, License: r.License, TrackFeatures: append([]string{}, r.TrackFeatures...),
		MD5: strings.ToLower(r.MD5), SHA256: r.SHA256, Size: r.Size, Timestamp: r.Timestamp, IndexedTimestamp: r.IndexedTimestamp,
	}
}

//go:embed testdata/parse_rattler.py
var parseRattler string

// TestRattlerReadsWhatBuildRecordAccepts tries each field that rattler knows
// with values of every type. A record that BuildRecord accepts must not be one
// over which rattler refuses the whole file.
func TestRattlerReadsWhatBuildRecordAccepts(t *testing.T) {
	var indexes []string
	for _, key := range []string{
		"name", "version", "build", "build_number", "subdir", "noarch", "depends", "constrains", "track_features", "features",
		"license", "license_family", "timestamp", "size", "md5", "sha256", "arch", "platform", "python_site_packages_path",
		"legacy_bz2_md5", "legacy_bz2_size", "extra_depends", "flags", "purls", "run_exports", "schema_version", "revoked",
		"indexed_timestamp", "attestations_sha256", "url", "fn", "channel", "other",
	} {
		for _, value := range []string{
			`null`, `true`, `""`, `"a"`, `"00"`, `0`, `1`, `-1`, `1.5`, `9223372036854775807`, `99999999999999999999`,
			`[]`, `["a"]`, `[1]`, `{}`, `{"a":["b"]}`, `{"a":"b"}`, `{"weak":["a"]}`,
			`"é b!"`, `"A"`, `["é [b!"]`, `{"é [b!":["é [b!"]}`, `"000102030405060708090a0b0c0d0e0f"`, `253402300799999`, `253402300799`, `253402207200`, `253402207200000`,
			`["pkg:pypi/a@1.0%2Bb?c=d%20e&f=g#h/i"]`, `["pkg:a/b/c:d"]`, `["pkg:a/@b@c"]`, `["pkg:a+b/."]`, `["pkg:a/.."]`, `["pkg:github/a/B@v1+x"]`,
			`["pkg:a/b@"]`, `["pkg:a/%2F"]`, `["pkg:a/b#.."]`, `["pkg:a/b#/"]`, `["pkg:swift/a"]`, `["pkg:a/b?c=d&c=e"]`,
		} {
			indexes = append(indexes, minimalIndex+`,"`+key+`":`+value+`}`)
		}
	}
	var accepted, paths []string
	dir := t.TempDir()
	for i, index := range indexes {
		record, err := repodata.BuildRecord([]byte(index), repodata.Hashes{IndexedTimestamp: indexedAt})
		if err != nil {
			continue
		}
		var out bytes.Buffer
		w := repodata.NewWriter(&out, "noarch")
		if err := errors.Join(w.CondaPackages("a-1.0-0.conda", record), w.Close()); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.json", i))
		writeFile(t, path, out.Bytes())
		accepted, paths = append(accepted, index), append(paths, path)
	}
	if len(accepted) < len(indexes)/4 || len(accepted) > len(indexes)*3/4 {
		t.Errorf("%d of %d accepted: a poor choice of values", len(accepted), len(indexes))
	}
	stdin, err := json.Marshal(paths)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(pyoracle.Run(t, parseRattler, stdin)))
	for _, index := range accepted {
		var complaint string
		if err := dec.Decode(&complaint); err != nil {
			t.Fatal(err)
		}
		if complaint != "" {
			t.Errorf("BuildRecord accepts %s, rattler does not: %s", index, complaint)
		}
	}
}
