package pkgfile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"kingsnake/conda/pkgfile"
	"kingsnake/conda/random"
	"kingsnake/conda/random/hostile"
)

// tight are limits under which no input takes long.
func tight() pkgfile.Limits {
	return pkgfile.Limits{MaxUnpacked: 1 << 20, MaxInfoUnpacked: 1 << 20, MaxMembers: 500, MaxJSON: 1 << 16, MaxPaths: 1 << 16, MaxWindow: 1 << 20}
}

// fuzzFile checks what holds for any bytes: no panic, and either a refusal
// that can be shown to somebody, or a package that is what its name says.
func fuzzFile(t *testing.T, rd *pkgfile.Reader, data []byte, filename string) {
	pkg, err := read(rd, data, filename)
	if err != nil {
		var refused *pkgfile.Error
		if !errors.As(err, &refused) {
			t.Fatalf("got %v, want a refusal", err)
		}
		if refused.Code == "" || refused.Message == "" || !utf8.ValidString(refused.Error()) || strings.ContainsAny(refused.Error(), "\x00\n\x1b") {
			t.Fatalf("the refusal cannot be shown: %q", refused.Error())
		}
		return
	}
	if got := pkg.Index.Stem() + pkg.Format.Extension(); got != filename {
		t.Fatalf("the index names %s, the file is called %s", got, filename)
	}
	checkIndex(t, pkg.Index)
	if !json.Valid(pkg.RunExports) {
		t.Fatalf("run exports are not JSON: %s", pkg.RunExports)
	}
}

// checkIndex checks that what was parsed is what any other parser finds.
func checkIndex(t *testing.T, ix *pkgfile.Index) {
	var other struct {
		Name, Version, Build, Subdir string
		BuildNumber                  int64 `json:"build_number"`
		Depends                      []string
	}
	if err := json.Unmarshal(ix.Raw, &other); err != nil {
		t.Fatalf("raw index: %v", err)
	}
	if other.Name != ix.Name || other.Version != ix.Version || other.Build != ix.Build || other.Subdir != ix.Subdir ||
		other.BuildNumber != ix.BuildNumber || len(other.Depends) != len(ix.Depends) {
		t.Fatalf("another parser finds %+v, not %+v", other, ix)
	}
}

// seeds adds the valid package and all small hostile ones of a format.
func seeds(f *testing.F, prefix string) (filename string) {
	for _, c := range hostile.Cases() {
		if !strings.HasPrefix(c.Name, prefix) {
			continue
		}
		filename = c.ValidFilename
		if data := c.Bytes(); len(data) < 64<<10 {
			f.Add(data)
		}
	}
	bz2 := strings.HasSuffix(filename, ".tar.bz2")
	f.Add(compose(random.Options{Name: "victim", Version: "1.0", Build: "h1234567_0"}).Pack(bz2))
	return filename
}

func FuzzConda(f *testing.F) {
	filename := seeds(f, "conda/")
	rd := pkgfile.NewReader(tight())
	f.Fuzz(func(t *testing.T, data []byte) { fuzzFile(t, rd, data, filename) })
}

func FuzzTarBz2(f *testing.F) {
	filename := seeds(f, "tar.bz2/")
	rd := pkgfile.NewReader(tight())
	f.Fuzz(func(t *testing.T, data []byte) { fuzzFile(t, rd, data, filename) })
}

// FuzzTar fuzzes what lies behind the compression, which a fuzzer hardly gets
// through on its own.
func FuzzTar(f *testing.F) {
	c := compose(random.Options{Name: "victim", Version: "1.0", Build: "h1234567_0"})
	f.Add(random.Tar(c.Meta), random.Tar(c.Payload))
	f.Add(random.Tar(c.Payload), random.Tar(c.Meta))
	rd := pkgfile.NewReader(tight())
	f.Fuzz(func(t *testing.T, info, pkg []byte) {
		fuzzFile(t, rd, random.Conda(c.Info.Stem(), info, pkg), c.Info.Filename)
	})
}

// FuzzMeta fuzzes the metadata files of a package that is sound otherwise.
func FuzzMeta(f *testing.F) {
	c := compose(random.Options{Name: "victim", Version: "1.0", Build: "h1234567_0"})
	files := []string{"info/about.json", "info/paths.json", "info/run_exports.json", "info/README.md"}
	for i, m := range c.Meta {
		f.Add(i, m.Data)
	}
	f.Add(1, []byte(`{"paths": [{"_path": "a", "size_in_bytes": 1, "x": [{}]}]}`))
	f.Add(2, []byte(`{"weak": ["a"]}`))
	rd := pkgfile.NewReader(tight())
	f.Fuzz(func(t *testing.T, which int, data []byte) {
		meta := withMeta(c, files[uint(which)%uint(len(files))], string(data))
		fuzzFile(t, rd, meta.Pack(false), c.Info.Filename)
	})
}

func FuzzIndex(f *testing.F) {
	const head = `{"name": "a", "version": "1", "build": "0", "build_number": 0, "subdir": "noarch"`
	for _, tail := range []string{
		`}`, `, "Name": "b"}`, `, "noarch": true, "timestamp": 1500000000}`, `, "track_features": ["a"], "arch": null}`,
		`, "schema_version": 3, "flags": ["a"], "extra_depends": {"t": ["b"]}}`, `, "x": [[1e3], "\ud83d\ude00"]}`, `, "depends": ["a\n"]}`,
	} {
		f.Add([]byte(head + tail))
	}
	c := compose(random.Options{Depends: []string{"a >=1"}, TrackFeatures: "x"})
	f.Add(c.Info.Index)
	f.Add(bytes.ReplaceAll(c.Info.Index, []byte(`"name"`), []byte(`"n\u0061me"`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		ix, err := pkgfile.ParseIndex(data, tight())
		if err != nil {
			return
		}
		checkIndex(t, ix)
		again, err := pkgfile.ParseIndex(ix.Raw, tight())
		if err != nil {
			t.Fatalf("the compact form is refused: %v", err)
		}
		if !bytes.Equal(again.Raw, ix.Raw) {
			t.Fatalf("the compact form is not stable: %s and %s", ix.Raw, again.Raw)
		}
	})
}
