package channel

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type parts struct {
	Name, Version, Build string
	Format               Format
}

func TestSplitFilename(t *testing.T) {
	tests := []struct {
		filename string
		want     parts
	}{
		{"numpy-1.26.4-py311h5e241af_0.conda", parts{"numpy", "1.26.4", "py311h5e241af_0", FormatConda}},
		{"empty-0.1.0-h4616a5c_0.tar.bz2", parts{"empty", "0.1.0", "h4616a5c_0", FormatTarBz2}},
		{"x264-1!164.3095-h166bdaf_2.tar.bz2", parts{"x264", "1!164.3095", "h166bdaf_2", FormatTarBz2}},
		{"py-sirius-ms-2.1+sirius6.0.3-pyhd8ed1ab_0.conda", parts{"py-sirius-ms", "2.1+sirius6.0.3", "pyhd8ed1ab_0", FormatConda}},
		{"_libgcc_mutex-0.1-conda_forge.tar.bz2", parts{"_libgcc_mutex", "0.1", "conda_forge", FormatTarBz2}},
		{"a--1-0.conda", parts{"a-", "1", "0", FormatConda}},
		{"gcc_linux-64-13.2.0-h.tar.conda", parts{"gcc_linux-64", "13.2.0", "h.tar", FormatConda}},
	}
	for _, tt := range tests {
		var got parts
		var err error
		got.Name, got.Version, got.Build, got.Format, err = SplitFilename(tt.filename)
		if err != nil {
			t.Errorf("SplitFilename(%q): %v", tt.filename, err)
		}
		if diff := cmp.Diff(got, tt.want); diff != "" {
			t.Errorf("SplitFilename(%q) (-got +want):\n%s", tt.filename, diff)
		}
	}
}

func TestSplitFilenameRefuses(t *testing.T) {
	tests := []struct {
		filename, what string
		rule           Rule
		text           string
	}{
		{"", "file name", RuleEmpty, "empty"},
		{strings.Repeat("a", 203) + "-1-0.conda", "file name", RuleLength, "213 bytes, more than 211"},
		{"numpy-1.0-0.zip", "file name", RuleForm, "neither .conda nor .tar.bz2"},
		{"numpy-1.0-0.CONDA", "file name", RuleForm, "neither .conda nor .tar.bz2"},
		{"numpy-1.0-0conda", "file name", RuleForm, "neither .conda nor .tar.bz2"},
		{"numpy-1.0-0.bz2", "file name", RuleForm, "neither .conda nor .tar.bz2"},
		{"numpy-1.0.conda", "file name", RuleForm, "three parts"},
		{"numpy.conda", "file name", RuleForm, "three parts"},
		{".conda", "file name", RuleForm, "three parts"},
		{"-1.0-0.conda", "file name", RuleForm, "three parts"},
		{"numpy--0.conda", "file name", RuleForm, "three parts"},
		{"numpy-1.0-.conda", "file name", RuleForm, "three parts"},
		{"Numpy-1.0-0.conda", "package name", RuleCharacter, "'N' at byte 0"},
		{"../numpy-1.0-0.conda", "package name", RuleStart, "begins with '.'"},
		{"a/b-1.0-0.conda", "package name", RuleCharacter, "'/' at byte 1"},
		{"__cuda-12-0.conda", "package name", RuleForm, "virtual package"},
		{strings.Repeat("a", 65) + "-1-0.conda", "package name", RuleLength, "65 bytes"},
		{"numpy-1.0RC-0.conda", "version", RuleCharacter, "'R' at byte 3"},
		{"numpy-1..0-0.conda", "version", RuleForm, "empty segment"},
		{"numpy-1.0-a!0.conda", "build string", RuleCharacter, "'!' at byte 1"},
		{"numpy-1.0-0/1.conda", "build string", RuleCharacter, "'/' at byte 1"},
	}
	for _, tt := range tests {
		name, version, build, format, err := SplitFilename(tt.filename)
		var nerr *NameError
		if !errors.As(err, &nerr) || nerr.What != tt.what || nerr.Rule != tt.rule || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("SplitFilename(%.40q) = %v, want rule %q of the %s and %q", tt.filename, err, tt.rule, tt.what, tt.text)
		}
		if got := (parts{name, version, build, format}); got != (parts{}) {
			t.Errorf("SplitFilename(%.40q) returns %+v beside an error, want nothing", tt.filename, got)
		}
	}
}

func TestCutFilenameIsLenient(t *testing.T) {
	var got parts
	var ok bool
	got.Name, got.Version, got.Build, got.Format, ok = CutFilename("__anaconda_Core-1.0RC1-py27!.tar.bz2")
	if want := (parts{"__anaconda_Core", "1.0RC1", "py27!", FormatTarBz2}); !ok || got != want {
		t.Errorf("CutFilename = %+v, %v; want %+v", got, ok, want)
	}
}

func TestFormat(t *testing.T) {
	for _, f := range []Format{FormatConda, FormatTarBz2} {
		if !f.Known() {
			t.Errorf("%q.Known() = false", f)
		}
		if _, _, _, got, err := SplitFilename("a-1-0" + f.Extension()); got != f || err != nil {
			t.Errorf("a file with extension %q has format %q, %v; want %q", f.Extension(), got, err, f)
		}
	}
	if Format("whl").Known() {
		t.Error(`Format("whl").Known() = true`)
	}
}

// TestJoinThenSplit checks that every valid file name splits into the parts that it was joined from.
func TestJoinThenSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := parts{
			rapid.StringMatching(`_?[a-z0-9]{1,5}([._-][a-z0-9]{1,5}){0,3}`).Draw(t, "name"),
			rapid.StringMatching(`([0-9]!)?[0-9]{1,3}([._][0-9a-z]{1,3}){0,3}(\+[0-9a-z]{1,3})?`).Draw(t, "version"),
			rapid.StringMatching(`[a-zA-Z0-9_.+]{1,20}`).Draw(t, "build"),
			rapid.SampledFrom([]Format{FormatConda, FormatTarBz2}).Draw(t, "format"),
		}
		filename := want.Name + "-" + want.Version + "-" + want.Build + want.Format.Extension()
		var got parts
		var err error
		got.Name, got.Version, got.Build, got.Format, err = SplitFilename(filename)
		if err != nil || got != want {
			t.Errorf("SplitFilename(%q) = %+v, %v; want %+v", filename, got, err, want)
		}
	})
}

func FuzzSplitFilename(f *testing.F) {
	for _, seed := range []string{
		"numpy-1.26.4-py311_0.conda", "x264-1!164-h_2.tar.bz2", "a--1-0.conda", "-1-0.conda", ".tar.bz2", "a-1-0.tar.bz2.conda", "../a-1-0.conda", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, filename string) {
		name, version, build, format, err := SplitFilename(filename)
		if err != nil {
			var nerr *NameError
			if !errors.As(err, &nerr) {
				t.Fatalf("SplitFilename(%q) fails with %v, want a *NameError", filename, err)
			}
			return
		}
		if got := name + "-" + version + "-" + build + format.Extension(); got != filename {
			t.Errorf("the parts of %q join to %q", filename, got)
		}
		if strings.ContainsAny(filename, "/\\\x00 ") || len(filename) > MaxFilename || !format.Known() {
			t.Errorf("SplitFilename accepts %q", filename)
		}
		if strings.Contains(version, "-") || strings.Contains(build, "-") {
			t.Errorf("SplitFilename(%q) leaves a dash in version %q or build %q", filename, version, build)
		}
	})
}
