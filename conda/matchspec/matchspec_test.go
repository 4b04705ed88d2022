package matchspec

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kingsnake/conda/version"
)

func mustParse(t rapid.TB, text string) *Spec {
	t.Helper()
	s, err := Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return &s
}

func mustVersion(t rapid.TB, text string) version.Version {
	t.Helper()
	v, err := version.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// demo is a record with a value in every field.
func demo(t rapid.TB) *Record {
	return &Record{
		Name: "demo", Version: mustVersion(t, "1.8.3"), Build: "py312_Cuda_0", BuildNumber: 10, Size: 2048, Timestamp: 1700000000000,
		Channel: "team/dev", Subdir: "linux-64", FileName: "demo-1.8.3-py312_Cuda_0.conda",
		URL: "https://example.org/team/dev/linux-64/demo-1.8.3-py312_Cuda_0.conda",
		MD5: strings.Repeat("d4", 16), SHA256: strings.Repeat("0a", 32), License: "GPL-3.0-only", LicenseFamily: "GPL3",
		Features: []string{"mkl"}, TrackFeatures: []string{"debug", "mkl"}, Flags: []string{"cuda", "blas:mkl"},
	}
}

func TestMatch(t *testing.T) {
	tests := []struct {
		spec string
		want bool
	}{
		{"*", true},
		{"demo", true},
		{"Demo", true},
		{"de*", true},
		{"*emo", true},
		{"^de(mo|bug)$", true},
		{"^[a-z]{4}$ >=1", true},
		{"^de$", false},
		{"demos", false},
		{"  demo   1.8.3  ", true},

		{"demo 1.8", false},
		{"demo 1.8.3", true},
		{"demo 1.8.3.0", true},
		{"demo==1.8", false},
		{"demo=1.8", true},
		{"demo =1.8", true},
		{"demo 1.8.*", true},
		{"demo 1.8*", true},
		{"demo 1.80.*", false},
		{"demo==1.8.*", true},
		{"demo!=1.8", true},
		{"demo!=1.8.*", false},
		{"demo !=1.*.3", false},
		{"demo 1.*.3", true},
		{"demo 1.*.4", false},
		{`demo ^1\.[0-9]+\.3$`, true},
		{`demo ^1\.[0-9]+$`, false},
		{"demo~=1.8.1", true},
		{"demo~=1.7.1", false},
		{"demo >=1.8,<1.9", true},
		{"demo >= 1.8 , < 1.9", true},
		{"demo >=2|<1,>0|1.8.3", true},
		{"demo (>=2|<1.9),>1", true},
		{"demo (>=2|<1.9),>1.8.3", false},
		{"demo ((1.8.3))", true},

		{"demo 1.8.3 py312_cuda_0", true},
		{"demo 1.8 py312*", false},
		{"demo=1.8.3=py312_cuda_0", true},
		{"demo=1.8=py312_cuda_0", false},
		{"demo =1.8 py312*", true},
		{"demo==1.8.3=py312_cuda_0", true},
		{"demo=1.8.*=*cuda*", true},
		{"demo=*=*cuda*", true},
		{"demo * *_0", true},
		{"demo * *_1", false},
		{"demo * ^py3[0-9]+_.*$", true},
		{"demo >=1 py*", true},

		{"team/dev::demo", true},
		{"team::demo", false},
		{"team/dev/linux-64::demo", true},
		{"team/dev/osx-64::demo", false},
		{"TEAM/*::demo", true},
		{"*/linux-64::demo", true},
		{"*/osx-64::demo", false},
		{"https://example.org/team/dev::demo", true},
		{"https://example.org/team/dev/linux-64::demo", true},
		{"https://example.org/team/other::demo", false},
		{"team/dev:space:demo", true},
		{"space:demo", true},
		{"demo[channel=team/dev]", true},
		{"other::demo[channel=team/dev]", true},

		{"demo[]", true},
		{"demo[version=1.8.3]", true},
		{"demo 1.0[version='>=1.8,<2']", true},
		{`demo[ version = ">=1.8" , build='PY*' ]`, true},
		{"demo[version=1.8.3 build=py312_cuda_0]", true},
		{"demo[name=other]", true},
		{"demo(>=2|1.8.3)", true},
		{"demo[build_number=10]", true},
		{"demo[build_number='>=10']", true},
		{"demo[build_number='<10']", false},
		{"demo[build_number='!=10']", false},
		{"demo[build_number='1*']", true},
		{"demo[build_number='^1.$']", true},
		{"demo[size='>2000',timestamp='>=1700000000000']", true},
		{"demo[size='<=2000']", false},
		{"demo[subdir='linux-*']", true},
		{"demo[fn='*.tar.bz2']", false},
		{"demo[fn='*.conda']", true},
		{"demo[license='gpl*']", true},
		{"demo[license_family=MIT]", false},
		{"*[md5=" + strings.Repeat("D4", 16) + "]", true},
		{"*[md5=" + strings.Repeat("00", 16) + "]", false},
		{"*[md5='d4*']", true},
		{"*[sha256=" + strings.Repeat("0a", 32) + "]", true},
		{"*[url='https://example.org/*']", true},
		{"*[features=mkl]", true},
		{"*[features=cuda]", false},
		{"*[track_features='mkl debug']", true},
		{"*[track_features='mkl,other']", false},
		{"demo[flags=cuda]", true},
		{`demo[flags=[cuda, "blas:*"]]`, true},
		{"demo[flags=['blas:*','mpi*']]", false},
		{"demo[flags='*']", true},
		{"demo[extras=[test,docs]]", true},
		{"demo[when='python>=3 and (x or y[build=\"a b\"])']", true},

		{"https://example.org/team/dev/linux-64/demo-1.8.3-py312_Cuda_0.conda", true},
		{"https://example.org/team/dev/linux-64/demo-1.8.3-py312_Cuda_0.tar.bz2", false},
		{"https://example.org/team/dev/linux-64/demo-1.8.3-py312_Cuda_0.conda#" + strings.Repeat("d4", 16), true},
		{"https://example.org/team/dev/linux-64/demo-1.8.3-py312_Cuda_0.conda#sha256:" + strings.Repeat("0a", 32), true},
		{"https://example.org/team/dev/linux-64/demo-1.8.3-py312_Cuda_0.conda#sha256:" + strings.Repeat("0b", 32), false},
	}
	r := demo(t)
	for _, tt := range tests {
		if got := mustParse(t, tt.spec).Match(r); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.spec, got, tt.want)
		}
	}
}

// TestMissingFields checks that what a record lacks is matched by nothing that asks for it.
func TestMissingFields(t *testing.T) {
	bare := &Record{Name: "demo", Version: mustVersion(t, "1")}
	for key, want := range map[string]bool{
		"channel='te*'": false, "license='^.*$'": false, "md5='a*'": false, "flags='*'": false, "features=x": false,
		"license='*'": true, "build='*'": true, "channel='*'": true, "build_number=0": true,
	} {
		if got := mustParse(t, "demo["+key+"]").Match(bare); got != want {
			t.Errorf("demo[%s]: got %v, want %v", key, got, want)
		}
	}
}

func TestCanonical(t *testing.T) {
	tests := []struct {
		want  string
		specs []string
	}{
		{"*", []string{"*", "* *", "* * *", "*[]", "*[name=x]", "*[build='*']"}},
		// The two blocks of equivalent spellings in the CEP.
		{"pkg=1.8", []string{
			"pkg=1.8", "pkg =1.8", "pkg 1.8.*", "pkg 1.8.* *", "pkg=1.8.*", "pkg=1.8.*=*", "pkg =1.8.* *", "pkg ==1.8.* *",
			"pkg[version=1.8.*]", `pkg[version="1.8.*"]`, "PKG 1.8*",
		}},
		{"pkg==1.8", []string{
			"pkg 1.8", "pkg 1.8 *", "pkg==1.8", "pkg=1.8=*", "pkg==1.8=*", "pkg ==1.8 *", "pkg[version=1.8]", `pkg[version="1.8"]`,
		}},
		{"foo==1.0=py27_0", []string{"foo 1.0 py27_0", "foo=1.0=py27_0", "foo ==1.0 PY27_0", "foo[version=1.0,build=py27_0]"}},
		{"conda-forge::foo=1.0", []string{"conda-forge::foo[version=1.0.*]", "conda-forge:ns:foo=1.0"}},
		{"conda-forge/linux-64::foo[version='>=1.0']", []string{"conda-forge/linux-64::foo>=1.0"}},
		{"foo[version='>=1.0',subdir='linux-64']", []string{"*/linux-64::foo>=1.0"}},
		{"foo[version='>=1,<2|3.*']", []string{"foo >=1,<2|3.*", "foo (>=1,<2)|(=3)"}},
		{"foo[version='(1.*|2.*),!=1.5']", []string{"foo (1.*|2.*),!=1.5"}},
		{"foo[version='==1|==2|==3']", []string{"foo 1|(2|3)"}},
		{"foo[version='1.8.*',build='*_0']", []string{"foo 1.8.* *_0"}},
		{"foo==1[build='*_0']", []string{"foo 1 *_0"}},
		{"foo[build='a b',build_number='>=2']", []string{"foo[build_number='>=2',build='a b']"}},
		{`foo[license='it\'s \\ "']`, []string{`foo[license='it\'s \\ "']`, `foo[license="it's \\ \""]`}},
		{`foo[build='^\\d+$']`, []string{`foo[build='^\d+$']`, `foo * ^\d+$`}},
		{"foo[channel='https://h.org/noarch']", []string{"foo[channel='https://h.org/noarch']"}},
		{"foo[flags=['blas:*','cuda'],extras=['test']]", []string{"foo[extras=test,flags=['blas:*',cuda]]"}},
		{"foo[when='a>=1 and (b or c[build=\\'x y\\'])']", []string{`foo[when=" a>=1  and ( b or c[build='x y'])"]`}},
		{
			"https://conda.anaconda.org/conda-forge/linux-64::python==3.11.10=h123456_0[fn='python-3.11.10-h123456_0.conda']",
			[]string{"https://conda.anaconda.org/conda-forge/linux-64/python-3.11.10-h123456_0.conda"},
		},
	}
	for _, tt := range tests {
		for _, text := range tt.specs {
			if got := mustParse(t, text).String(); got != tt.want {
				t.Errorf("%s: got %s, want %s", text, got, tt.want)
			}
		}
		if got := mustParse(t, tt.want).String(); got != tt.want {
			t.Errorf("%s is not its own canonical form, but %s", tt.want, got)
		}
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		spec    string
		at      int
		problem string
	}{
		{"", 0, "empty"},
		{"   ", 0, "empty"},
		{strings.Repeat("a", MaxLength+1), MaxLength, "at most 4096"},
		{"a\nb", 1, "control"},
		{"a\xff", 0, "UTF-8"},
		{">=1.2", 0, "name of the package is missing"},
		{"[build=a]", 0, "name of the package is missing"},
		{"demo@1", 4, "cannot follow a name"},
		{"dé", 1, "cannot follow a name"},
		{"demo >=", 7, "version is missing"},
		{"demo=", 5, "version is missing"},
		{"demo===1", 6, "version is missing"},
		{"demo 1,", 7, "version is missing"},
		{"demo ()", 6, "version is missing"},
		{"demo (1", 5, "not closed"},
		{"demo 1)", 6, "cannot follow a version"},
		{"demo 1__2", 5, "no version"},
		{"demo >=1.8.*", 5, "'*' does not go with"},
		{"demo ~=1.*.2", 5, "inside a version"},
		{"demo >=*", 5, "alone"},
		{"demo 1 b c", 8, "left over behind the build"},
		{"demo=1=b=c", 8, "left over behind the build"},
		{"demo=1 b", 6, "not by both"},
		{"demo 1=b", 6, "not by both"},
		{"demo>=1=b", 7, "not by both"},
		{"demo " + strings.Repeat("(", 17) + "1", 21, "nested"},
		{"^demo", 0, "no '$'"},
		{"^de(mo$", 0, "not understood"},
		{`^(?=de)mo$`, 0, "lookaround"},
		{"^(abcdefgh){300}$", 0, "too large"},
		{"^((a{100}){10}){5}$", 0, "not understood"},
		{"demo ^1", 5, "no '$'"},
		{"demo[version]", 12, "no '='"},
		{"demo[optional]", 13, "no '='"},
		{"demo[version=]", 13, "value is missing"},
		{"demo[version='']", 14, "empty"},
		{"demo[version='1]", 13, "quote is not closed"},
		{"demo[version=1", 14, "bracket is not closed"},
		{"demo[version==1]", 13, "value is missing"},
		{"demo[version=a=1]", 14, "cannot follow a value"},
		{"demo[version=1,]", 15, "key is missing"},
		{"demo[,]", 5, "key is missing"},
		{"demo[build=a,build=b]", 13, "twice"},
		{"demo[colour=red]", 12, "no key"},
		{"demo[build=[a,b]]", 11, "not a list"},
		{"demo[build=a][md5=b]", 13, "left over"},
		{"demo[md5=abc]", 9, "32 hexadecimal"},
		{"demo[build_number=x]", 18, "neither a number"},
		{"demo[build_number='>=x']", 21, "no number"},
		{"demo[size=99999999999999999999]", 10, "too large"},
		{"demo[flags=CUDA]", 11, "no flag"},
		{"demo[extras=['a b']]", 12, "no name"},
		{"demo[when='a and']", 16, "missing"},
		{"demo[when='a b']", 13, "cannot stand"},
		{"demo[when='(a']", 11, "not closed"},
		{"demo[when='a[when=b]']", 18, "cannot have a condition"},
		{"::demo", 0, "no channel"},
		{":demo", 0, "no namespace"},
		{"https://example.org/demo", 6, "name of the package is missing"},
		{"a://b:demo", 2, "no namespace"},
		{"https://u:p@example.org/c/noarch/demo-1-0.conda", 0, "credentials"},
		{"https://example.org/t/x/c/noarch/demo-1-0.conda", 0, "credentials"},
		{"ftp://example.org/c/noarch/demo-1-0.conda", 0, "begins with http"},
		{"https://example.org/c/noarch/demo.conda", 29, "file name"},
		{"https://example.org/c/here/demo-1-0.conda", 22, "subdir"},
		{"demo 1 # old", 8, "left over"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.spec)
		perr := new(ParseError)
		if !errors.As(err, &perr) {
			t.Errorf("Parse(%.80q): got %v, want a *ParseError", tt.spec, err)
			continue
		}
		if perr.At != tt.at || !strings.Contains(perr.Problem, tt.problem) {
			t.Errorf("Parse(%.80q): got %q at %d, want %q at %d", tt.spec, perr.Problem, perr.At, tt.problem, tt.at)
		}
	}
}

func TestParseLenient(t *testing.T) {
	tests := []struct{ spec, want string }{
		{"demo >=1.8.*", "demo[version='>=1.8']"},
		{"demo >1.8.*", "demo[version='>=1.8']"},
		{"demo <1.8*", "demo[version='<1.8']"},
		{"demo ~=1.8.*", "demo[version='~=1.8']"},
		{"demo >=*", "demo"},
		{"demo=1.8 b", "demo==1.8=b"},
		{"demo 1.8=b", "demo==1.8=b"},
		{"demo =1.8=b", "demo==1.8=b"},
		{"demo =1.8 b", "demo[version='1.8.*',build='b']"},
		{"demo>=1=b", "demo[version='>=1',build='b']"},
		{"demo 1 # since the other breaks", "demo==1"},
		{"demo[license='a # b'] # c", "demo[license='a # b']"},
	}
	for _, tt := range tests {
		s, err := ParseLenient(tt.spec)
		if err != nil {
			t.Errorf("ParseLenient(%q): %v", tt.spec, err)
			continue
		}
		if got := s.String(); got != tt.want {
			t.Errorf("ParseLenient(%q) = %s, want %s", tt.spec, got, tt.want)
		}
	}
}

func TestParts(t *testing.T) {
	s := mustParse(t, "Demo >=2[extras=[a,b],when='c or d']")
	if name, exact := s.Name(); name != "demo" || !exact {
		t.Errorf("got name %q, %v, want demo, true", name, exact)
	}
	if name, exact := mustParse(t, "d*").Name(); name != "" || exact {
		t.Errorf("got name %q, %v for a glob", name, exact)
	}
	if got := s.Versions().String(); got != ">=2" || s.Versions().Any() {
		t.Errorf("got versions %s", got)
	}
	if got := s.When(); got != "c or d" {
		t.Errorf("got condition %q", got)
	}
	if got := strings.Join(s.Extras(), " "); got != "a b" {
		t.Errorf("got extras %q", got)
	}
	v, err := ParseVersions("1.*|>=3")
	if err != nil || !v.Match(mustVersion(t, "1.5")) || v.Match(mustVersion(t, "2")) {
		t.Errorf("versions %s, %v", v, err)
	}
	if _, err := ParseVersions("1 2"); err == nil {
		t.Error("two versions without anything between were read")
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	r := demo(t)
	s := mustParse(t, "team/dev::de* >=1.8,<2|1.*.3[build='*cuda*',license='^gpl.*$',build_number='>=1',flags=[cuda],features=mkl]")
	if !s.Match(r) {
		t.Fatal("no match")
	}
	if got := testing.AllocsPerRun(100, func() { s.Match(r) }); got != 0 {
		t.Errorf("Match allocates %v times", got)
	}
}

func BenchmarkMatch(b *testing.B) {
	r := demo(b)
	for _, text := range []string{"demo", "other", "demo >=1.8,<2", "demo 1.8.* *cuda*", "*[license='^gpl.*$']"} {
		s := mustParse(b, text)
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Match(r)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("conda-forge/linux-64::numpy >=1.24,<2|3.*[build='*_0']"); err != nil {
			b.Fatal(err)
		}
	}
}
