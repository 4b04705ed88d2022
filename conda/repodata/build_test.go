package repodata_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/conda/repodata"
)

// minimalIndex is the least that clients need, spelled as an index.json.
const minimalIndex = `{"name":"a","version":"1.0","build":"0","build_number":0,"subdir":"noarch"`

func TestBuildRecord(t *testing.T) {
	hashes := repodata.Hashes{MD5: [16]byte{0xab}, SHA256: [32]byte{0xcd}, Size: 42, IndexedTimestamp: 1700000000123}
	const hashText = `"md5":"ab000000000000000000000000000000"`
	const shaText = `"sha256":"cd00000000000000000000000000000000000000000000000000000000000000"`
	for _, test := range []struct {
		name, index, want string
	}{
		{
			"keys are sorted and hashes added",
			minimalIndex + `}`,
			`{"build":"0","build_number":0,"indexed_timestamp":1700000000123,` + hashText + `,"name":"a",` + shaText +
				`,"size":42,"subdir":"noarch","version":"1.0"}`,
		},
		{
			"keys about the build host are dropped",
			minimalIndex + `,"arch":null,"platform":null,"has_prefix":true,"mtime":1,"ucs":2,"requires_features":{},
				"binstar":{},"target-triplet":"x","machine":"m","operatingsystem":"o"}`,
			`{"build":"0","build_number":0,"indexed_timestamp":1700000000123,` + hashText + `,"name":"a",` + shaText +
				`,"size":42,"subdir":"noarch","version":"1.0"}`,
		},
		{
			"null in place of a list is dropped",
			minimalIndex + `,"depends":null,"constrains":null,"flags":null,"track_features":null,"extra_depends":null,"license":null}`,
			`{"build":"0","build_number":0,"indexed_timestamp":1700000000123,"license":null,` + hashText + `,"name":"a",` + shaText +
				`,"size":42,"subdir":"noarch","version":"1.0"}`,
		},
		{
			"unknown keys, exact numbers and text are kept",
			minimalIndex + `,"zz":{"b":1.50,"a":123456789012345678901234567890},"license":"<é&\u2028>"}`,
			`{"build":"0","build_number":0,"indexed_timestamp":1700000000123,"license":"<é&\u2028>",` + hashText +
				`,"name":"a",` + shaText +
				`,"size":42,"subdir":"noarch","version":"1.0","zz":{"a":123456789012345678901234567890,"b":1.50}}`,
		},
		{
			"the package does not speak for the server",
			minimalIndex + `,"md5":"x","sha256":7,"size":"big","indexed_timestamp":1,"url":"u","fn":"f","channel":"c",
				"run_exports":{},"attestations_sha256":"00"}`,
			`{"build":"0","build_number":0,"indexed_timestamp":1700000000123,` + hashText + `,"name":"a",` + shaText +
				`,"size":42,"subdir":"noarch","version":"1.0"}`,
		},
		{
			"the last of equal keys counts, keys of another case are other keys",
			minimalIndex + `,"name":"b","NAME":"c"}`,
			`{"NAME":"c","build":"0","build_number":0,"indexed_timestamp":1700000000123,` + hashText + `,"name":"b",` + shaText +
				`,"size":42,"subdir":"noarch","version":"1.0"}`,
		},
		{
			"track_features stays as it is, a list or a string",
			minimalIndex + `,"track_features":"x y"}`,
			`{"build":"0","build_number":0,"indexed_timestamp":1700000000123,` + hashText + `,"name":"a",` + shaText +
				`,"size":42,"subdir":"noarch","track_features":"x y","version":"1.0"}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := repodata.BuildRecord([]byte(test.index), hashes)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(got), test.want); diff != "" {
				t.Errorf("record (-got +want):\n%s", diff)
			}
		})
	}
}

func TestBuildRecordWithoutIndexedTimestamp(t *testing.T) {
	got, err := repodata.BuildRecord([]byte(minimalIndex+`,"indexed_timestamp":5}`), repodata.Hashes{})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(got), "indexed_timestamp") {
		t.Errorf("the package set its own indexed_timestamp: %s", got)
	}
}

func TestBuildRecordRefuses(t *testing.T) {
	for _, index := range []string{
		``,
		`null`,
		`[]`,
		`{}`,
		`{"name":"a"`,
		minimalIndex + `} {}`,
		minimalIndex + `,"depends":"b"}`,
		minimalIndex + `,"depends":[1]}`,
		minimalIndex + `,"constrains":{}}`,
		minimalIndex + `,"license":["MIT"]}`,
		minimalIndex + `,"noarch":"ruby"}`,
		minimalIndex + `,"timestamp":"today"}`,
		minimalIndex + `,"timestamp":1.5}`,
		minimalIndex + `,"track_features":7}`,
		minimalIndex + `,"timestamp":-1}`,
		minimalIndex + `,"timestamp":253402300799}`,
		minimalIndex + `,"timestamp":253402300799999}`,
		minimalIndex + `,"legacy_bz2_md5":""}`,
		minimalIndex + `,"legacy_bz2_size":-1}`,
		minimalIndex + `,"purls":["a"]}`,
		minimalIndex + `,"purls":["pkg:a/b?c=d&c=e"]}`,
		minimalIndex + `,"name":"a b"}`,
		minimalIndex + `,"version":"a b"}`,
		minimalIndex + `,"build_number":-1}`,
		minimalIndex + `,"build_number":"0"}`,
		minimalIndex + `,"name":""}`,
		minimalIndex + `,"version":null}`,
		minimalIndex + `,"version":1}`,
		minimalIndex + `,"schema_version":4}`,
		minimalIndex + `,"x":1e999}`,
		minimalIndex + `,"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
	} {
		if got, err := repodata.BuildRecord([]byte(index), repodata.Hashes{}); !errors.Is(err, repodata.ErrInvalid) {
			t.Errorf("BuildRecord(%.200s) = %s, %v, want ErrInvalid", index, got, err)
		}
	}
}

func TestParseRecord(t *testing.T) {
	got, err := repodata.ParseRecord([]byte(minimalIndex + `,"depends":["b >=1"],"constrains":null,"noarch":true,
		"track_features":"x,y z","features":"old","license":null,"license_family":"MIT","timestamp":5,
		"indexed_timestamp":6,"md5":"00","sha256":null,"size":7,"python_site_packages_path":"lib/p",
		"schema_version":3,"extra_depends":{"t":["c"]},"flags":["cuda"],"revoked":true}`))
	if err != nil {
		t.Fatal(err)
	}
	want := repodata.Record{
		Name: "a", Version: "1.0", Build: "0", Subdir: "noarch", Noarch: "generic",
		Depends: []string{"b >=1"}, ExtraDepends: map[string][]string{"t": {"c"}}, Flags: []string{"cuda"},
		TrackFeatures: []string{"x", "y", "z"}, Features: "old", LicenseFamily: "MIT",
		Timestamp: 5, IndexedTimestamp: 6, MD5: "00", Size: 7, PythonSitePackagesPath: "lib/p",
		SchemaVersion: 3, Revoked: true,
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("record (-got +want):\n%s", diff)
	}
	if !got.V3() {
		t.Error("a record of schema 3 is not listed in v3")
	}
	got.SchemaVersion = 2
	if got.V3() {
		t.Error("a record of schema 2 is listed in v3")
	}
}

func TestBuildRunExports(t *testing.T) {
	for _, test := range []struct{ data, want string }{
		{``, `{}`},
		{`null`, `{}`},
		{" {}\n", `{}`},
		{`["b", "a"]`, `{"weak":["b","a"]}`},
		{`{"weak":["a"], "strong":[], "other":1}`, `{"other":1,"strong":[],"weak":["a"]}`},
	} {
		got, err := repodata.BuildRunExports([]byte(test.data))
		if err != nil || string(got) != test.want {
			t.Errorf("BuildRunExports(%q) = %s, %v, want %s", test.data, got, err, test.want)
		}
	}
	for _, data := range []string{`7`, `"x"`, `[1]`, `{"weak":"a"}`, `{"strong":[{}]}`, `[]]`} {
		if got, err := repodata.BuildRunExports([]byte(data)); !errors.Is(err, repodata.ErrInvalid) {
			t.Errorf("BuildRunExports(%q) = %s, %v, want ErrInvalid", data, got, err)
		}
	}
}
