package repodata_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kingsnake/conda/random"
	"kingsnake/conda/repodata"
)

// indexedAt is when all files of the test channel were indexed, in milliseconds.
const indexedAt = 1750000000123

// channelFile is a package file with what a server would store about it.
type channelFile struct {
	subdir  string
	data    []byte
	entry   repodata.Entry
	name    string
	version string
	facts   repodata.Facts
}

// channelPackage says what to generate.
type channelPackage struct {
	random.Options
	// edits replace files of info/.
	edits map[string]string
}

// channelPackages are the packages of the test channel, each there for what it
// has and the others lack.
func channelPackages() []channelPackage {
	day := func(n int) time.Time { return time.Date(2024, 1, n, 1, 2, 3, 456e6, time.UTC) }
	with := func(name, version string, more random.Options) channelPackage {
		more.Name, more.Version = name, version
		if more.Timestamp.IsZero() {
			more.Timestamp = day(1)
		}
		return channelPackage{Options: more}
	}
	listed := with("listed", "1.0", random.Options{})
	listed.edits = map[string]string{
		"info/run_exports.json": `["listed >=1.0"]`,
		"info/about.json":       `{"home":["https://a.example.org","https://b.example.org"],"summary":" two\nlines\n","license":"MIT"}`,
	}
	return []channelPackage{
		with("plain", "1.0", random.Options{TarBz2: true}),
		with("plain", "1.10", random.Options{}),
		with("plain", "1.9", random.Options{Timestamp: day(9)}),
		with("plain", "0.1", random.Options{NoArch: "generic", Scripts: true, TarBz2: true}),
		with("pair", "1.0", random.Options{TarBz2: true, Build: "h0_0"}),
		with("pair", "1.0", random.Options{Build: "h0_0"}),
		with("depends", "2!1.0rc1+local", random.Options{
			Depends: []string{"plain >=1.0,<2.0a0", "pair 1.0.*"}, Constrains: []string{"other <0"},
		}),
		with("exports", "1.0", random.Options{RunExports: map[string][]string{"weak": {"exports >=1.0"}, "strong": {"a", "b"}}}),
		with("exports", "2.0", random.Options{TarBz2: true, RunExports: map[string][]string{"noarch": {"exports"}}}),
		with("exports", "3.0", random.Options{}),
		listed,
		with("prefix", "1.0", random.Options{Prefix: true}),
		with("scripts", "1.0", random.Options{Scripts: true}),
		with("rebuilt", "1.0", random.Options{Scripts: true, Build: "h0_0"}),
		with("rebuilt", "1.0", random.Options{Timestamp: day(2), Build: "h0_1", BuildNumber: 1}),
		with("features", "1.0", random.Options{TrackFeatures: "one two"}),
		with("features", "2.0", random.Options{Extra: map[string]any{"track_features": []string{"one", "two"}, "features": "old"}}),
		with("generic", "1.0", random.Options{NoArch: "generic"}),
		with("pure", "1.0", random.Options{NoArch: "python"}),
		with("odd", "1.0", random.Options{License: "Apache-2.0", Extra: map[string]any{
			"unknown": map[string]any{"z": nil, "a": []any{true, 1.5, -7, "é<&>\u2028\U0001f40d\x00"}, "1": 1e300},
			"int":     json.Number("18446744073709551615"), "negative": int64(-1 << 63), "wide": 1 << 20,
			"machine": "m", "ucs": 2, "binstar": map[string]any{}, "license": nil, "license_family": "MIT",
			"python_site_packages_path": "lib/python3.13/site-packages", "md5": "its own", "indexed_timestamp": 1,
			"legacy_bz2_md5": "000102030405060708090a0b0c0d0e0f", "legacy_bz2_size": 5,
			"constrains": nil, "url": "https://elsewhere.example.org/",
		}}),
		with("new", "1.0", random.Options{
			Depends: []string{`plain[when="__unix"]`},
			Extra:   map[string]any{"schema_version": 3, "extra_depends": map[string][]string{"x": {"pair"}}},
		}),
		with("new", "0.9", random.Options{NoArch: "generic"}),
	}
}

// newChannel makes the test channel.
func newChannel(t *testing.T) []channelFile {
	t.Helper()
	rng := rand.New(rand.NewPCG(16, 21))
	var files []channelFile
	for _, p := range channelPackages() {
		c := random.Compose(rng, p.Options)
		for path, text := range p.edits {
			c.Meta = slices.DeleteFunc(c.Meta, func(f random.File) bool { return f.Path == path })
			c.Meta = append(c.Meta, random.File{Path: path, Data: []byte(text)})
		}
		files = append(files, newChannelFile(t, c, p.Options))
	}
	return files
}

func newChannelFile(t *testing.T, c random.Contents, opts random.Options) channelFile {
	t.Helper()
	data := c.Pack(opts.TarBz2)
	record, err := repodata.BuildRecord(c.Info.Index, digest(data))
	if err != nil {
		t.Fatalf("%s: %v", c.Info.Filename, err)
	}
	runExports, err := repodata.BuildRunExports(metadata(c, "info/run_exports.json"))
	if err != nil {
		t.Fatalf("%s: %v", c.Info.Filename, err)
	}
	parsed, err := repodata.ParseRecord(record)
	if err != nil {
		t.Fatalf("%s: %v", c.Info.Filename, err)
	}
	// The generator's own options tell what is in paths.json.
	facts, err := repodata.NewFacts(parsed, metadata(c, "info/about.json"), runExports, repodata.Flags{
		BinaryPrefix: opts.Prefix, TextPrefix: opts.Prefix, ActivateD: opts.Scripts, DeactivateD: opts.Scripts,
		PostLink: opts.Scripts, PreUnlink: opts.Scripts,
	})
	if err != nil {
		t.Fatalf("%s: %v", c.Info.Filename, err)
	}
	return channelFile{
		subdir: parsed.Subdir, data: data, name: parsed.Name, version: parsed.Version, facts: facts,
		entry: repodata.Entry{Filename: c.Info.Filename, RecordJSON: record, RunExportsJSON: runExports, V3: parsed.V3()},
	}
}

// metadata returns a file of info/, or nil.
func metadata(c random.Contents, path string) []byte {
	for _, f := range c.Meta {
		if f.Path == path {
			return f.Data
		}
	}
	return nil
}

// writePackages lays out the package files of a channel below root.
func writePackages(t *testing.T, root string, files []channelFile) {
	t.Helper()
	for _, f := range files {
		writeFile(t, filepath.Join(root, f.subdir, f.entry.Filename), f.data)
	}
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// writeIndex lays out the index files of a channel below root.
func writeIndex(t *testing.T, root string, files []channelFile) {
	t.Helper()
	bySubdir := make(map[string][]channelFile)
	var channel repodata.ChannelData
	var out bytes.Buffer
	for _, f := range files {
		bySubdir[f.subdir] = append(bySubdir[f.subdir], f)
		if err := channel.Add(f.facts); err != nil {
			t.Fatal(err)
		}
	}
	if err := channel.Encode(&out); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(root, "channeldata.json"), out.Bytes())
	for subdir, files := range bySubdir {
		writeSubdir(t, filepath.Join(root, subdir), subdir, files)
	}
}

func writeSubdir(t *testing.T, folder, subdir string, files []channelFile) {
	t.Helper()
	slices.SortFunc(files, func(a, b channelFile) int {
		return cmp.Or(cmp.Compare(section(a.entry), section(b.entry)), cmp.Compare(a.entry.Filename, b.entry.Filename))
	})
	var index, exports bytes.Buffer
	w := repodata.NewWriter(&index, subdir)
	x := repodata.NewRunExportsWriter(&exports, subdir)
	var revision repodata.Revision
	byName := make(map[string][]repodata.Entry)
	for _, f := range files {
		byName[f.name] = append(byName[f.name], f.entry)
		if f.entry.V3 {
			revision = repodata.Revision{Packages: revision.Packages + 1, Oldest: indexedAt, Newest: indexedAt}
		}
	}
	if revision.Packages > 0 {
		if err := w.SetRevision("v3", revision); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		add := []func(string, []byte) error{w.Packages, w.CondaPackages, w.V3, w.V3}[section(f.entry)]
		if err := add(f.entry.Filename, f.entry.RecordJSON); err != nil {
			t.Fatal(err)
		}
	}
	writeRunExports(t, x, files)
	if err := errors.Join(w.Close(), x.Close()); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(folder, "repodata.json"), index.Bytes())
	writeFile(t, filepath.Join(folder, "run_exports.json"), exports.Bytes())
	writeShards(t, folder, subdir, byName, revision)
}

func writeRunExports(t *testing.T, x *repodata.RunExportsWriter, files []channelFile) {
	t.Helper()
	files = slices.SortedFunc(slices.Values(files), func(a, b channelFile) int {
		return cmp.Compare(a.entry.Filename, b.entry.Filename)
	})
	for _, extension := range []string{".bz2", ".conda"} {
		for _, f := range files {
			if filepath.Ext(f.entry.Filename) != extension {
				continue
			}
			add := x.Packages
			if extension == ".conda" {
				add = x.CondaPackages
			}
			if err := add(f.entry.Filename, f.entry.RunExportsJSON); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func writeShards(t *testing.T, folder, subdir string, byName map[string][]repodata.Entry, revision repodata.Revision) {
	t.Helper()
	var enc repodata.ShardEncoder
	hashes := make(map[string][32]byte)
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		data, sum, err := enc.Encode(byName[name])
		if err != nil {
			t.Fatal(err)
		}
		hashes[name] = sum
		writeFile(t, filepath.Join(folder, "shards", hex.EncodeToString(sum[:])+".msgpack.zst"), data)
	}
	info := repodata.NewShardIndexInfo(subdir, time.UnixMilli(indexedAt))
	if revision.Packages > 0 {
		info.Revisions = map[string]repodata.Revision{"v3": revision}
	}
	var out bytes.Buffer
	if err := enc.EncodeIndex(&out, info, sorted(hashes)); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(folder, "repodata_shards.msgpack.zst"), out.Bytes())
}
