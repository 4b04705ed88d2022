package pkgfile_test

import (
	"encoding/json"
	"strings"
	"testing"

	"kingsnake/conda/pkgfile"
	"kingsnake/conda/random"

	"github.com/google/go-cmp/cmp"
)

// TestIndexVariants parses what older and newer builders wrote.
func TestIndexVariants(t *testing.T) {
	const head = `{"name": "a", "version": "1", "build": "0", "build_number": 0, "subdir": "noarch"`
	base := pkgfile.Index{Name: "a", Version: "1", Build: "0", Subdir: "noarch", SchemaVersion: 1}
	for _, c := range []struct {
		fields string
		change func(*pkgfile.Index)
	}{
		{``, func(*pkgfile.Index) {}},
		{`, "arch": null, "platform": null, "license": null, "depends": null`, func(*pkgfile.Index) {}},
		{`, "arch": "x86_64", "platform": "linux"`, func(i *pkgfile.Index) { i.Arch, i.Platform = "x86_64", "linux" }},
		{`, "noarch": true`, func(i *pkgfile.Index) { i.NoArch = "generic" }},
		{`, "noarch": false`, func(*pkgfile.Index) {}},
		{`, "noarch": "python"`, func(i *pkgfile.Index) { i.NoArch = "python" }},
		{`, "track_features": "a, b\tc"`, func(i *pkgfile.Index) { i.TrackFeatures = []string{"a", "b", "c"} }},
		{`, "track_features": ["a", "b"]`, func(i *pkgfile.Index) { i.TrackFeatures = []string{"a", "b"} }},
		{`, "track_features": ""`, func(i *pkgfile.Index) { i.TrackFeatures = []string{} }},
		{`, "timestamp": 1500000000123`, func(i *pkgfile.Index) { i.Timestamp = 1500000000123 }},
		{`, "timestamp": 1500000000`, func(i *pkgfile.Index) { i.Timestamp = 1500000000000 }},
		{`, "schema_version": 2`, func(i *pkgfile.Index) { i.SchemaVersion = 2 }},
		{`, "schema_version": 3, "flags": ["cuda", "blas:mkl"]`, func(i *pkgfile.Index) { i.SchemaVersion, i.Flags = 3, []string{"cuda", "blas:mkl"} }},
		{`, "extra_depends": {"t": ["b"]}`, func(i *pkgfile.Index) { i.ExtraDepends = map[string][]string{"t": {"b"}} }},
		{`, "extra-depends": {"t": ["b"]}`, func(i *pkgfile.Index) { i.ExtraDepends = map[string][]string{"t": {"b"}} }},
		{`, "python_site_packages_path": "lib/python3.13t/site-packages"`, func(i *pkgfile.Index) {
			i.PythonSitePackagesPath = "lib/python3.13t/site-packages"
		}},
	} {
		text := head + c.fields + "}"
		got, err := pkgfile.ParseIndex([]byte(text), pkgfile.Limits{})
		if err != nil {
			t.Errorf("ParseIndex(%s): %v", text, err)
			continue
		}
		want := base
		c.change(&want)
		want.Raw = got.Raw
		if diff := cmp.Diff(*got, want); diff != "" {
			t.Errorf("ParseIndex(%s) (-got +want):\n%s", text, diff)
		}
	}
}

func TestIndexKeepsUnknownKeys(t *testing.T) {
	text := `{"name": "a", "version": "1", "build": "0", "build_number": 0, "subdir": "noarch", "depends": [],
		"x": {"b": [1.50, "<&>"], "a": "\ud83d\ude00"}, "Website": 1}`
	got, err := pkgfile.ParseIndex([]byte(text), pkgfile.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"name":"a","version":"1","build":"0","build_number":0,"subdir":"noarch","depends":[],` +
		`"x":{"b":[1.50,"<&>"],"a":"\ud83d\ude00"},"Website":1}`
	if string(got.Raw) != want {
		t.Errorf("raw:\n got %s\nwant %s", got.Raw, want)
	}
}

func TestV3IsFlagged(t *testing.T) {
	for fields, want := range map[string]bool{
		`"schema_version": 1`: false, `"schema_version": 2`: false, `"schema_version": 3`: true,
		`"depends": ["a >=1"]`: false, `"depends": ["a[version='>=1']"]`: false,
		`"depends": ["a[when='__unix']"]`: true, `"depends": ["a[version=1, extras=[x]]"]`: true,
		`"constrains": ["a[flags=[cuda]]"]`: true, `"flags": ["cuda"]`: true, `"flags": []`: false,
		`"extra_depends": {"t": ["b"]}`: true,
	} {
		c := compose(random.Options{Name: "new"})
		c = withMeta(c, "info/index.json", `{"name": "new", "version": "`+c.Info.Version+`", "build": "`+c.Info.Build+
			`", "build_number": 0, "subdir": "linux-64", `+fields+`}`)
		if got := mustRead(t, c.Pack(false), c.Info.Filename).V3; got != want {
			t.Errorf("V3 with %s: got %v, want %v", fields, got, want)
		}
	}
}

func TestRunExportsAreNormalised(t *testing.T) {
	for text, want := range map[string]string{
		`["b >=1", "a"]`:           `{"weak":["b >=1","a"]}`,
		`{}`:                       `{}`,
		`[]`:                       `{"weak":[]}`,
		`{"weak": null}`:           `{}`,
		` { "weak" : [ "a <2" ] }`: `{"weak":["a <2"]}`,
		`{"weak_constrains": ["c"], "strong": ["b"], "noarch": ["a"], "schema_version": 2}`: `{"noarch":["a"],"schema_version":2,"strong":["b"],"weak_constrains":["c"]}`,
	} {
		c := withMeta(compose(random.Options{}), "info/run_exports.json", text)
		got := mustRead(t, c.Pack(false), c.Info.Filename).RunExports
		if string(got) != want || !json.Valid(got) {
			t.Errorf("run exports of %s: got %s, want %s", text, got, want)
		}
	}
}

func TestAboutTakesOldForms(t *testing.T) {
	c := withMeta(compose(random.Options{}), "info/about.json", `{"home": ["https://a", "https://b"], "dev_url": "https://d",
		"description": ["one", "two"], "summary": null, "license": 3, "keywords": ["k"], "tags": "t", "extra": {"x": 1}}`)
	got := mustRead(t, c.Pack(false), c.Info.Filename).About
	want := pkgfile.About{
		Home: "https://a", DevURL: "https://d", Description: "one two", Keywords: []string{"k"}, Tags: []string{"t"}, Raw: got.Raw,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("about (-got +want):\n%s", diff)
	}
	if !strings.Contains(string(got.Raw), `"extra":{"x":1}`) {
		t.Errorf("raw about lacks the unknown key: %s", got.Raw)
	}
}

func TestPathsFlags(t *testing.T) {
	entry := func(path, more string) string { return `{"_path": "` + path + `"` + more + `}` }
	for _, c := range []struct {
		name, entry string
		want        pkgfile.Paths
	}{
		{"plain", entry("share/x", ""), pkgfile.Paths{}},
		{"sized", entry("share/x", `, "size_in_bytes": 7, "sha256": "00", "path_type": "hardlink", "no_link": true`), pkgfile.Paths{Bytes: 7}},
		{"size unknown", entry("share/x", `, "size_in_bytes": null, "path_type": null`), pkgfile.Paths{}},
		{"text prefix", entry("share/x", `, "prefix_placeholder": "/p", "file_mode": "text"`), pkgfile.Paths{TextPrefix: true}},
		{"text prefix by default", entry("share/x", `, "prefix_placeholder": "/p"`), pkgfile.Paths{TextPrefix: true}},
		{"binary prefix", entry("share/x", `, "prefix_placeholder": "/p", "file_mode": "binary"`), pkgfile.Paths{BinaryPrefix: true}},
		{"mode without prefix", entry("share/x", `, "file_mode": "binary", "prefix_placeholder": null`), pkgfile.Paths{}},
		{"activation", entry("etc/conda/activate.d/x.sh", ""), pkgfile.Paths{ActivateD: true}},
		{"deactivation", entry("etc/conda/deactivate.d/x.sh", ""), pkgfile.Paths{DeactivateD: true}},
		{"post-link", entry("bin/.x-post-link.sh", ""), pkgfile.Paths{PostLink: true}},
		{"pre-link", entry("Scripts/.x-pre-link.bat", ""), pkgfile.Paths{PreLink: true}},
		{"pre-unlink", entry("bin/.x-pre-unlink.sh", ""), pkgfile.Paths{PreUnlink: true}},
		{"link script that is not hidden", entry("bin/x-post-link.sh", ""), pkgfile.Paths{}},
		{"link script at the root", entry(".x-post-link.sh", ""), pkgfile.Paths{}},
		{"directory", entry("share/empty", `, "path_type": "directory"`), pkgfile.Paths{}},
	} {
		var path struct {
			Path string `json:"_path"`
		}
		if err := json.Unmarshal([]byte(c.entry), &path); err != nil {
			t.Fatal(err)
		}
		contents := withMeta(compose(random.Options{}), "info/paths.json", `{"paths": [`+c.entry+`], "paths_version": 1}`)
		if !strings.Contains(c.entry, "directory") {
			contents.Payload = append(contents.Payload, random.File{Path: path.Path})
		}
		c.want.Present, c.want.Count = true, 1
		if diff := cmp.Diff(mustRead(t, contents.Pack(false), contents.Info.Filename).Paths, c.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", c.name, diff)
		}
	}
}

func TestPackageWithoutOptionalFiles(t *testing.T) {
	c := compose(random.Options{})
	c.Meta = c.Meta[:1]
	got := mustRead(t, c.Pack(true), c.Info.Filename[:len(c.Info.Filename)-len("conda")]+"tar.bz2")
	if diff := cmp.Diff(got.About, pkgfile.About{}); diff != "" {
		t.Errorf("about (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(got.Paths, pkgfile.Paths{}); diff != "" {
		t.Errorf("paths (-got +want):\n%s", diff)
	}
	if got := string(got.RunExports); got != "{}" {
		t.Errorf("run exports: got %s, want {}", got)
	}
	if diff := cmp.Diff(got.InfoFiles, []string{"info/index.json"}); diff != "" {
		t.Errorf("info files (-got +want):\n%s", diff)
	}
}
