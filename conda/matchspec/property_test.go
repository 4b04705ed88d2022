package matchspec

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"kingsnake/conda/version"
)

// same compares specs field by field, regular expressions and versions by what they mean.
var same = cmp.Options{
	cmp.AllowUnexported(Spec{}, Versions{}, node{}, pattern{}, number{}, textCondition{}, numberCondition{}),
	cmpopts.IgnoreFields(pattern{}, "re"),
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b version.Version) bool { return strings.EqualFold(a.String(), b.String()) }),
}

func draw(t *rapid.T, label string, options ...string) string {
	return rapid.SampledFrom(options).Draw(t, label)
}

func drawVersion(t *rapid.T) string {
	return draw(t, "version", "1", "1.2", "1.2.0", "1.20", "1.2rc1", "1.2_", "1!1.2", "1.2+l.3", "2.0.dev1", "1.2.post3", "0", "1-2")
}

// drawVersions draws a version expression of bounded depth.
func drawVersions(t *rapid.T, depth int) string {
	switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
	case kind < 5 || depth == 0:
		return draw(t, "operator", "", "=", "==", "!=", "<", "<=", ">", ">=", "~=") + draw(t, "space", "", "", " ") + drawVersion(t)
	case kind < 7:
		return draw(t, "operator", "", "=", "!=") + drawVersion(t) + draw(t, "star", "*", ".*", ".*.3")
	case kind == 7:
		return draw(t, "other", "*", `^1\..*$`, "^(1|2)$")
	case kind == 8:
		return "(" + drawVersions(t, depth-1) + ")"
	}
	return drawVersions(t, depth-1) + draw(t, "join", ",", "|", " , ", " |") + drawVersions(t, depth-1)
}

func drawPattern(t *rapid.T) string {
	return draw(t, "pattern", "py312_0", "PY*", "*", "*_0", "^py[0-9]*_[01]$", "a b", `it's`, `q"q`, `b\d`, `\`, "x=y", "[z]", "ü")
}

func drawSpec(t *rapid.T) string {
	var b strings.Builder
	b.WriteString(draw(t, "channel", "", "", "", "team::", "team/linux-64::", "*/noarch::", "te*/sub::", "https://h.org:8080/a/b/noarch::", "a:b:", "ns:"))
	b.WriteString(draw(t, "name", "demo", "Demo", "d*", "*", "^de.o$"))
	if rapid.Bool().Draw(t, "versioned") {
		b.WriteString(" " + drawVersions(t, 3))
		b.WriteString(draw(t, "build", "", "", " py312_0", " *_0", " *", " ^py.*$"))
	}
	var pairs []string
	keys := []string{"version", "build", "build_number", "channel", "subdir", "fn", "license", "license_family", "url", "size", "features", "track_features", "flags", "extras", "when"}
	for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 0, 3, rapid.ID).Draw(t, "keys") {
		switch key {
		case "version":
			pairs = append(pairs, key+"="+quote(drawVersions(t, 2)))
		case "build_number", "size":
			pairs = append(pairs, key+"="+quote(draw(t, "number", "0", "7", ">=3", "!=2", "<9", "1*", "^1.$")))
		case "flags":
			pairs = append(pairs, key+"=["+draw(t, "flags", "cuda", "cuda, 'blas:*'", "'*'")+"]")
		case "extras":
			pairs = append(pairs, key+"=[test,docs]")
		case "when":
			pairs = append(pairs, key+"="+quote(draw(t, "when", "a", "a>=1 and b", "(a or b[build='x y']) and c")))
		case "channel":
			pairs = append(pairs, key+"="+quote(draw(t, "bracket channel", "team", "t*", "https://h.org/x/", "a b", "x/noarch", "noarch")))
		default:
			pairs = append(pairs, key+"="+quote(drawPattern(t)))
		}
	}
	if len(pairs) > 0 {
		b.WriteString("[" + strings.Join(pairs, draw(t, "separator", ",", " ", ", ")) + "]")
	}
	return b.String()
}

func drawRecord(t *rapid.T) *Record {
	return &Record{
		Name: draw(t, "record name", "demo", "demon", "dome"), Version: mustVersion(t, drawVersion(t)),
		Build: draw(t, "record build", "py312_0", "py312_1", "x"), BuildNumber: rapid.Int64Range(0, 20).Draw(t, "build number"),
		Channel: draw(t, "record channel", "team", "team/sub", "https://h.org/x", ""), Subdir: draw(t, "record subdir", "noarch", "linux-64"),
		License: drawPattern(t), Flags: []string{draw(t, "flag", "cuda", "blas:mkl")},
	}
}

// TestPrintProperties checks that the canonical form reads as an equal spec, which is its own canonical form and
// matches the same.
func TestPrintProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawSpec(t)
		s, err := Parse(text)
		if err != nil {
			t.Fatalf("the generator made a spec that is refused: %v", err)
		}
		checkPrinted(t, &s)
		r := drawRecord(t)
		again := mustParse(t, s.String())
		if got, want := again.Match(r), s.Match(r); got != want {
			t.Errorf("%s matches %v, its canonical form %s %v", text, want, again, got)
		}
	})
}

func checkPrinted(t rapid.TB, s *Spec) {
	t.Helper()
	printed := s.String()
	again, err := Parse(printed)
	if err != nil {
		t.Fatalf("the canonical form is refused: %v", err)
	}
	if diff := cmp.Diff(&again, s, same); diff != "" {
		t.Errorf("%s reads differently (-got +want):\n%s", printed, diff)
	}
	if got := again.String(); got != printed {
		t.Errorf("%s is printed as %s", printed, got)
	}
}

// TestLogicProperties checks that ',' and '|' are "and" and "or", and that the operators fit together.
func TestLogicProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := mustVersion(t, drawVersion(t))
		match := func(text string) bool {
			versions, err := ParseVersions(text)
			if err != nil {
				t.Fatal(err)
			}
			return versions.Match(v)
		}
		a, b, c := drawVersions(t, 1), drawVersions(t, 1), drawVersions(t, 1)
		if got, want := match("("+a+"),("+b+")|("+c+")"), match(a) && match(b) || match(c); got != want {
			t.Errorf("(%s),(%s)|(%s) matches %s: got %v, want %v", a, b, c, v, got, want)
		}
		limit := drawVersion(t)
		for _, pair := range [][2]string{{"<", ">="}, {"<=", ">"}, {"==", "!="}} {
			if match(pair[0]+limit) == match(pair[1]+limit) {
				t.Errorf("%s: %s%s and %s%s are not opposites", v, pair[0], limit, pair[1], limit)
			}
		}
		if match("="+limit) == match("!="+limit+".*") {
			t.Errorf("%s: =%s and !=%s.* are not opposites", v, limit, limit)
		}
	})
}

// TestGlobProperty compares globs with the regular expression that CEP 29 makes of them.
func TestGlobProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		glob := rapid.StringMatching(`[ab*]{0,4}\*[ab*.]{0,4}`).Draw(t, "glob")
		text := rapid.StringMatching(`[abAB.]{1,8}`).Draw(t, "text")
		re, f := newRegex("^" + strings.ReplaceAll(strings.ReplaceAll(glob, ".", `\.`), "*", ".*") + "$")
		if f != nil {
			t.Fatal(f.problem)
		}
		if got, want := matchGlob(glob, text), re.match(text); got != want {
			t.Errorf("glob %s on %s: got %v, want %v", glob, text, got, want)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"", "*", "demo", "demo 1.2 b", "demo=1.2=b", "demo >=1,<2|(3.*,!=3.1)", "team/linux-64::demo[build='*_0']", "^a$ ^b$ ^c$",
		"https://h.org/c/noarch/demo-1-0.conda#d41d8cd98f00b204e9800998ecf8427e", `a[license="it's \" \\",flags=[x,'y:*'],when='b and (c or d)']`,
		"a:b:c", "demo >=1.*", "demo 1 # c", "*[build_number='>=2',size='1*']", "a[channel=b/noarch]", "demo[version='^1$']",
	} {
		f.Add(text)
	}
	r := demo(f)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseLenient(text)
		if err != nil {
			if _, err := Parse(text); err == nil {
				t.Errorf("%q is read only strictly", text)
			}
			return
		}
		s.Match(r)
		if len(s.String()) <= MaxLength {
			checkPrinted(t, &s)
		}
	})
}

func FuzzVersions(f *testing.F) {
	for _, text := range []string{"1", ">=1,<2", "((1|2),3)", "1.*.2", "^1$|2", "!=1.*", "~=1.2", "*", "= 1"} {
		f.Add(text, "1.2.3")
	}
	f.Fuzz(func(t *testing.T, text, candidate string) {
		versions, err := ParseVersions(text)
		if err != nil {
			return
		}
		again, err := ParseVersions(versions.String())
		if err != nil && len(versions.String()) <= MaxLength {
			t.Fatalf("%q is printed as %q: %v", text, versions, err)
		}
		if v, err := version.Parse(candidate); err == nil && versions.Match(v) != again.Match(v) {
			t.Errorf("%q and %q disagree about %s", text, versions, v)
		}
	})
}
