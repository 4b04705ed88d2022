package matchspec

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/conda/version"
	"kingsnake/internal/pyoracle"
)

// rattlerScript answers each line of a spec and a record with whether rattler reads the spec and whether it matches.
const rattlerScript = `
import json, sys
from rattler import MatchSpec, PackageRecord, VersionWithSource
from rattler.exceptions import InvalidMatchSpecError
from rattler.package.build_string import BuildString

def digest(r, key):
    return bytes.fromhex(r[key]) if r.get(key) else None

def ask(text, r):
    try:
        spec = MatchSpec(text, strict=False, exact_names_only=False)
    except InvalidMatchSpecError:
        return {"Valid": False, "Match": False}
    record = PackageRecord(
        name=r["Name"], version=VersionWithSource(r["Version"]), build=BuildString(r["Build"]),
        build_number=r["BuildNumber"], subdir=r["Subdir"], md5=digest(r, "MD5"), sha256=digest(r, "SHA256"),
        license=r["License"] or None, license_family=r["LicenseFamily"] or None, flags=r["Flags"])
    return {"Valid": True, "Match": spec.matches(record)}

for line in sys.stdin:
    print(json.dumps(ask(*json.loads(line))))
`

// verdict is what an implementation says about a spec and a record; Match is false unless the spec is valid.
type verdict struct{ Valid, Match bool }

// question is a spec and a record in the form that the script reads.
type question struct {
	spec   string
	record oracleRecord
}

type oracleRecord struct {
	Name, Version, Build, Subdir, MD5, SHA256, License, LicenseFamily string
	BuildNumber                                                       int64
	Flags                                                             []string
}

// deviations are the specs about which rattler and CEP 29, or this package, disagree, as the package comment explains.
var deviations = []struct {
	name string
	spec *regexp.Regexp
}{
	{"regular expressions for versions", regexp.MustCompile(`[ ='"(|,]\^`)},
	{"stars inside of versions", regexp.MustCompile(`\.\*\.`)},
	{"a fuzzy version with a space before '=' and a build", regexp.MustCompile(`^\S+ +=\s*[0-9][^ =,|*]* +\S`)},
	{"an exact version with a star in brackets or a list", regexp.MustCompile(`(['"(|,] *== ?[^'",|]*\*|== ?[^'",| ]*\* ?[,|])`)},
	{"an exact version with a star and a build", regexp.MustCompile(`== ?[^'",|= ]*\*[= ]+\S`)},
	{"licenses as patterns or in another case", regexp.MustCompile(`license[a-z_]*=['"]?([a-z]|[^'",]*[*])`)},
	{"epochs that are no numbers", regexp.MustCompile(`[a-z]!`)},
	{"special characters in globs", regexp.MustCompile(`[?]|\[[a-z0-9-]+\]\*`)},
	{"a local part behind ~=", regexp.MustCompile(`~= ?[^,|'" ]*\+`)},
	{"escapes in quoted values", regexp.MustCompile(`\\`)},
	{"fields that a PackageRecord does not have for it", regexp.MustCompile(`noarch`)},
	{"spaces in versions in brackets", regexp.MustCompile(`version=['"][^'"]*[ ]`)},
	{"versions that end in a dot", regexp.MustCompile(`=1\.$`)},
	{"keys that are there twice", regexp.MustCompile(`build=.*build=`)},
	{"bare values with spaces", regexp.MustCompile(`=[a-z0-9_.]+ [a-z_]+=`)},
}

func deviates(spec string) bool {
	for _, d := range deviations {
		if d.spec.MatchString(spec) {
			return true
		}
	}
	return false
}

// TestAgreesWithRattler compares validity and matching over generated pairs of specs and records.
func TestAgreesWithRattler(t *testing.T) {
	const want = 20_000
	g := generator{rand.New(rand.NewPCG(29, 43))}
	questions := make([]question, 0, want)
	for len(questions) < want {
		if q := (question{g.spec(), g.record()}); !deviates(q.spec) {
			questions = append(questions, q)
		}
	}
	seen := map[verdict]int{}
	wrong := 0
	for i, theirs := range askRattler(t, questions) {
		q := questions[i]
		ours := judge(t, q)
		seen[ours]++
		if ours == theirs {
			continue
		}
		if wrong++; wrong <= 40 {
			t.Errorf("%q on %+v: we say %+v, rattler says %+v", q.spec, q.record, ours, theirs)
		}
	}
	t.Logf("%d pairs compared: %v; %d disagreements", len(questions), seen, wrong)
	// A generator that has gone astray would make the comparison worthless without failing it.
	for _, v := range []verdict{{true, true}, {true, false}, {false, false}} {
		if seen[v] < want/50 {
			t.Errorf("only %d of %d pairs have the verdict %+v; the generator is too one-sided", seen[v], want, v)
		}
	}
}

// TestRattlerDeviations pins both sides of every known disagreement, so that a change of either is noticed.
func TestRattlerDeviations(t *testing.T) {
	tests := []struct {
		spec, version string
		ours, theirs  verdict
	}{
		{`demo ^1.*$`, "1.8", verdict{true, true}, verdict{false, false}},
		{`demo[version='^1.*$']`, "1.8", verdict{true, true}, verdict{false, false}},
		{"demo 1.*.3", "1.8.3", verdict{true, true}, verdict{false, false}},
		{"demo 2023.*.*", "2023.1", verdict{true, false}, verdict{true, true}},
		{"demo =1.8 py312_0", "1.8.3", verdict{true, true}, verdict{true, false}},
		{"demo[version='==1.8.*']", "1.8.3", verdict{true, true}, verdict{true, false}},
		{"demo[build='py31[0-9]*']", "1", verdict{true, false}, verdict{true, true}},
		{"demo[build='py31?*']", "1", verdict{true, false}, verdict{true, true}},
		{"demo ~=1.8+3.4", "1.8+3.5", verdict{true, true}, verdict{true, false}},
		{`demo[license='a\\b']`, "1", verdict{true, true}, verdict{true, false}},
		{"demo ==1.8.* py*", "1.8.3", verdict{true, true}, verdict{true, false}},
		{`demo[license='A*']`, "1", verdict{true, true}, verdict{true, false}},
		{"demo[license_family=mit]", "1", verdict{true, true}, verdict{true, false}},
		{"demo=a!1", "1", verdict{false, false}, verdict{true, false}},
		{"demo[subdir=noarch]", "1", verdict{true, false}, verdict{true, true}},
		{"demo[version='>= 1']", "1", verdict{true, true}, verdict{false, false}},
		{"demo=1.", "1", verdict{false, false}, verdict{true, false}},
		{"demo[build=x,build=py312_0]", "1", verdict{false, false}, verdict{true, true}},
		{"demo[build=py312_0 build_number=10]", "1", verdict{true, true}, verdict{true, false}},
	}
	questions := make([]question, len(tests))
	for i, tt := range tests {
		questions[i] = question{tt.spec, oracleRecord{
			Name: "demo", Version: tt.version, Build: "py312_0", BuildNumber: 10, Subdir: "linux-64", License: `a\b`, LicenseFamily: "MIT", Flags: []string{},
		}}
	}
	theirs := askRattler(t, questions)
	for i, tt := range tests {
		if !deviates(tt.spec) {
			t.Errorf("%q is not among the described deviations", tt.spec)
		}
		if diff := cmp.Diff(judge(t, questions[i]), tt.ours); diff != "" {
			t.Errorf("our verdict on %q (-got +want):\n%s", tt.spec, diff)
		}
		if diff := cmp.Diff(theirs[i], tt.theirs); diff != "" {
			t.Errorf("rattler's verdict on %q (-got +want):\n%s", tt.spec, diff)
		}
	}
}

func judge(t *testing.T, q question) verdict {
	t.Helper()
	s, err := ParseLenient(q.spec)
	if err != nil {
		return verdict{}
	}
	v, err := version.Parse(q.record.Version)
	if err != nil {
		t.Fatal(err)
	}
	r := q.record
	return verdict{true, s.Match(&Record{
		Name: r.Name, Version: v, Build: r.Build, BuildNumber: r.BuildNumber, Subdir: r.Subdir, MD5: r.MD5, SHA256: r.SHA256,
		License: r.License, LicenseFamily: r.LicenseFamily, Flags: r.Flags,
		// Rattler asks neither about the channel nor about the URL of a record that has none.
		Channel: "team",
	})}
}

func askRattler(t *testing.T, questions []question) []verdict {
	t.Helper()
	pairs := make([][]any, len(questions))
	for i, q := range questions {
		pairs[i] = []any{q.spec, q.record}
	}
	return pyoracle.Ask[[]any, verdict](t, rattlerScript, pairs)
}

// generator makes specs that are mostly valid, and records that they often match.
type generator struct{ *rand.Rand }

func (g generator) pick(options ...string) string { return options[g.IntN(len(options))] }

func (g generator) record() oracleRecord {
	return oracleRecord{
		Name: g.pick("demo", "demo", "demo", "demo-lib", "dome"), Version: g.version(), Build: g.pick("py312_0", "py312_Cuda_1", "0", "h5_0"),
		Subdir: "linux-64", MD5: g.pick("", strings.Repeat("d4", 16)), SHA256: g.pick("", strings.Repeat("0a", 32)),
		License: g.pick("", "MIT", "GPL-3.0-only", "BSD-3-Clause"), LicenseFamily: g.pick("", "GPL3", "MIT"),
		BuildNumber: int64(g.IntN(3)), Flags: [][]string{{}, {"cuda"}, {"blas:mkl", "cuda"}}[g.IntN(3)],
	}
}

// version makes versions of few pieces, about which rattler and package version agree.
func (g generator) version() string {
	v := g.pick("", "", "", "", "", "1!", "0!") + g.pick("0", "1", "1", "2", "10")
	for range g.IntN(3) {
		v += g.pick(".", ".", ".", "_") + g.pick("0", "1", "2", "8", "10", "2a", "2rc1", "0dev", "1post2", "a", "rc3", "alpha", "0a", "dev1")
	}
	if g.IntN(12) == 0 {
		v += g.pick("+l", "+1", "+l.3", "+0.1")
	}
	return v
}

func (g generator) clause() string {
	switch g.IntN(12) {
	case 0:
		return "*"
	case 1, 2:
		return g.pick("", "", "=", "!=", "==", "<", "<=", ">", ">=", "~=") + g.version() + g.pick("*", ".*")
	case 3:
		return g.version()
	case 4:
		return g.pick("", "=", ">=") + g.pick("1..2", ".1", "1+", "1__", "*", "1.*.2", "-1", "1.2.*.*")
	}
	return g.pick("=", "==", "!=", "<", "<=", ">", ">=", "~=", "==", ">=", "<") + g.pick("", "", "", " ") + g.version()
}

func (g generator) versions(depth int) string {
	if depth == 0 || g.IntN(2) == 0 {
		return g.clause()
	}
	join := g.pick(",", ",", "|", "|", " , ", " | ", ", ")
	switch g.IntN(4) {
	case 0:
		return "(" + g.versions(depth-1) + ")"
	case 1:
		return "(" + g.versions(depth-1) + ")" + join + g.versions(depth-1)
	}
	return g.versions(depth-1) + join + g.versions(depth-1)
}

func (g generator) spec() string {
	spec := g.pick("", "", "", "", "", "team::", "team/linux-64::", "team:ns:", "ns:")
	spec += g.pick("demo", "demo", "demo", "demo", "demo", "Demo", "demo*", "*", "d*o", "^demo.*$", "^d[aeiou]m.$")
	switch g.IntN(8) {
	case 0:
	case 1, 2, 3:
		spec += g.pick(" ", " ", "  ") + g.versions(2)
	case 4:
		spec += " " + g.versions(1) + " " + g.build()
	case 5:
		spec += g.pick("=", "=", "==") + g.version() + g.pick("", "", ".*") + "=" + g.build()
	case 6:
		spec += g.pick("=", "==", ">=", "<", "!=", "~=") + g.version() + g.pick("", "", ","+g.clause())
	case 7:
		spec += g.pick(" * ", "=*=") + g.build()
	}
	if g.IntN(3) > 0 {
		return spec
	}
	var pairs []string
	for _, key := range g.Perm(9)[:g.IntN(4)] {
		pairs = append(pairs, g.pair(key))
	}
	return spec + g.pick("", "", " ") + "[" + strings.Join(pairs, g.pick(",", ",", ", ")) + "]"
}

func (g generator) build() string {
	return g.pick("py312_0", "PY312_cuda_1", "py*", "*_0", "*cuda*", "*", "0", "*PY*_1")
}

func (g generator) pair(key int) string {
	quoted := func(value string) string {
		quote := g.pick("'", `"`)
		return quote + value + quote
	}
	switch key {
	case 0:
		return "version=" + quoted(strings.ReplaceAll(g.versions(1), " ", ""))
	case 1:
		return "build=" + quoted(g.build())
	case 2:
		return "build_number=" + g.pick("0", "1", quoted(">=1"), quoted("<2"), quoted("!=0"), quoted("==2"), quoted(">1"), quoted("<=0"), "x", quoted("=1"))
	case 3:
		return "subdir=" + g.pick("linux-64", quoted("linux-*"), quoted("*-64"))
	case 4:
		return "license=" + g.pick("MIT", quoted("GPL-3.0-only"), quoted("BSD-3-Clause"))
	case 5:
		return "license_family=" + g.pick("MIT", "GPL3", quoted("GPL3"))
	case 6:
		return "md5=" + g.pick(strings.Repeat("d4", 16), strings.Repeat("D4", 16), strings.Repeat("00", 16), "d4", quoted("zz"))
	case 7:
		return "flags=" + g.pick("[cuda]", "[cuda, 'blas:*']", "['*']", "[mpi]")
	}
	return fmt.Sprintf("%s=%s", g.pick("sha256", "sha256", "colour"), g.pick(strings.Repeat("0a", 32), strings.Repeat("1b", 32)))
}
