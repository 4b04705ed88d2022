package version

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/internal/pyoracle"
)

// rattlerScript answers each line of two versions with whether rattler reads the first, whether it reads the second,
// and if both, how it orders them.
const rattlerScript = `
import json, sys
from rattler import Version
from rattler.exceptions import InvalidVersionError

def parse(text):
    try:
        return Version(text)
    except InvalidVersionError:
        return None

for line in sys.stdin:
    a, b = map(parse, json.loads(line))
    order = 0
    if a is not None and b is not None:
        order = (a > b) - (a < b)
        if (order == 0) != (a == b):
            sys.exit("rattler contradicts itself: " + line)
    print(json.dumps({"AValid": a is not None, "BValid": b is not None, "Order": order}))
`

// verdict is what an implementation says about a pair of texts; Order is 0 unless both are valid.
type verdict struct {
	AValid, BValid bool
	Order          int
}

// deviations are the texts about which rattler and conda disagree, as the package comment explains.
var deviations = []struct {
	name string
	text *regexp.Regexp
}{
	{"a trailing underscore after letters is a component of its own", regexp.MustCompile(`(?i)[a-z][_-](\+.*)?$`)},
	{"a trailing underscore is allowed in the local part", regexp.MustCompile(`\+.*[_-]$`)},
	{"numbers above 2^64-1 are refused", regexp.MustCompile(`[0-9]{20}`)},
	{"the length has no limit", regexp.MustCompile(fmt.Sprintf(`.{%d}`, MaxLength+1))},
}

func deviates(text string) bool {
	for _, d := range deviations {
		if d.text.MatchString(text) {
			return true
		}
	}
	return false
}

// TestAgreesWithRattler compares validity, Compare and the order of keys over generated pairs.
func TestAgreesWithRattler(t *testing.T) {
	const want = 25_000
	g := generator{rand.New(rand.NewPCG(33, 26))}
	pairs := make([][2]string, 0, want)
	for len(pairs) < want {
		a := g.text()
		b := g.near(a)
		if deviates(a) || deviates(b) {
			continue
		}
		if g.IntN(2) == 0 {
			a, b = b, a
		}
		pairs = append(pairs, [2]string{a, b})
	}

	seen := map[verdict]int{}
	for i, theirs := range askRattler(t, pairs) {
		ours := judge(t, pairs[i])
		seen[ours]++
		if ours != theirs {
			t.Errorf("%q and %q: we say %+v, rattler says %+v", pairs[i][0], pairs[i][1], ours, theirs)
		}
	}
	// A generator that has gone astray would make the comparison worthless without failing it.
	for _, v := range []verdict{{true, true, -1}, {true, true, 0}, {true, true, 1}, {true, false, 0}, {false, true, 0}} {
		if seen[v] < want/100 {
			t.Errorf("only %d of %d pairs have the verdict %+v; the generator is too one-sided", seen[v], want, v)
		}
	}
}

// TestRattlerDeviations pins both sides of every known disagreement, so that a change of either is noticed.
func TestRattlerDeviations(t *testing.T) {
	tests := []struct {
		a, b         string
		ours, theirs verdict
	}{
		{"1.0a_", "1.0a", verdict{true, true, 1}, verdict{true, true, -1}},
		{"1.0a_", "1.0a1", verdict{true, true, 1}, verdict{true, true, -1}},
		{"1.0alpha-", "1.0alpha", verdict{true, true, 1}, verdict{true, true, -1}},
		{"1.0dev_", "1.0a", verdict{true, true, 1}, verdict{true, true, -1}},
		{"1.0post_", "1.0", verdict{true, true, -1}, verdict{true, true, 1}},
		{"1.0a_+1", "1.0a+1", verdict{true, true, 1}, verdict{true, true, -1}},
		{"1.0+a_", "1.0", verdict{false, true, 0}, verdict{true, true, -1}},
		{"1.0+1_", "1.0", verdict{false, true, 0}, verdict{true, true, 1}},
		{"18446744073709551616", "1", verdict{true, true, 1}, verdict{false, true, 0}},
		{"18446744073709551616!1", "1", verdict{true, true, 1}, verdict{false, true, 0}},
		{strings.Repeat("1.", MaxLength/2) + "1", "1", verdict{false, true, 0}, verdict{true, true, 1}},
	}
	pairs := make([][2]string, len(tests))
	for i, tt := range tests {
		pairs[i] = [2]string{tt.a, tt.b}
	}
	theirs := askRattler(t, pairs)
	for i, tt := range tests {
		if !deviates(tt.a) {
			t.Errorf("%q is not among the described deviations", tt.a)
		}
		if diff := cmp.Diff(judge(t, pairs[i]), tt.ours); diff != "" {
			t.Errorf("our verdict on %q and %q (-got +want):\n%s", tt.a, tt.b, diff)
		}
		if diff := cmp.Diff(theirs[i], tt.theirs); diff != "" {
			t.Errorf("rattler's verdict on %q and %q (-got +want):\n%s", tt.a, tt.b, diff)
		}
	}
}

// judge gives our verdict, and fails the test where keys and Compare disagree.
func judge(t *testing.T, pair [2]string) verdict {
	t.Helper()
	a, errA := Parse(pair[0])
	b, errB := Parse(pair[1])
	v := verdict{AValid: errA == nil, BValid: errB == nil}
	if v.AValid && v.BValid {
		v.Order = Compare(a, b)
		if got := bytes.Compare(a.SortKey(), b.SortKey()); got != v.Order {
			t.Errorf("keys of %s and %s compare as %d, versions as %d", a, b, got, v.Order)
		}
	}
	return v
}

func askRattler(t *testing.T, pairs [][2]string) []verdict {
	t.Helper()
	return pyoracle.Ask[[2]string, verdict](t, rattlerScript, pairs)
}

// generator makes texts that are mostly valid versions.
type generator struct{ *rand.Rand }

func (g generator) pick(options ...string) string { return options[g.IntN(len(options))] }

func (g generator) text() string {
	text := g.pick("", "", "", "0!", "1!", "2!") + g.part() + g.pick("", "", "", "", "_", "-", "__", "._")
	if g.IntN(4) == 0 {
		text += "+" + g.part()
	}
	return text[:min(len(text), MaxLength)]
}

func (g generator) part() string {
	separator := g.pick(".", ".", ".", "_", "-")
	var segments []string
	for range 1 + g.IntN(4) {
		segments = append(segments, g.segment())
	}
	return strings.Join(segments, separator)
}

func (g generator) segment() string {
	var b strings.Builder
	for range 1 + g.IntN(3) {
		switch g.IntN(6) {
		case 0, 1, 2:
			fmt.Fprint(&b, g.IntN(4))
		case 3:
			fmt.Fprint(&b, g.Uint64()>>g.IntN(64))
		default:
			b.WriteString(g.pick("a", "b", "ab", "alpha", "rc", "RC", "dev", "DEV", "post", "Post", "posta", "adev", "h", "z", "00"))
		}
	}
	return b.String()
}

// near returns a text related to the given one: unrelated pairs are nearly always told apart by their first number.
func (g generator) near(text string) string {
	const alphabet = "00112abz._-+!DEV*"
	switch g.IntN(8) {
	case 0:
		return g.text()
	case 1:
		return text + g.pick(".0", ".0.0", "_0", "a", ".a", "dev", ".dev", "post", ".post1", "+0", "+a", "+0.0.1", "0")
	case 2:
		return strings.NewReplacer(".0", "", "0a", "a", ".a", ".0a").Replace(text)
	case 3:
		return g.pick("0!", "1!", "0", "v") + text
	case 4:
		return strings.ToUpper(text)
	}
	at := g.IntN(len(text))
	c := string(alphabet[g.IntN(len(alphabet))])
	switch g.IntN(3) {
	case 0:
		return text[:at] + text[at+1:]
	case 1:
		return text[:at] + c + text[at:]
	}
	return text[:at] + c + text[at+1:]
}
