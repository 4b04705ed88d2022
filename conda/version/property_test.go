package version

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// versions generates valid versions made of few distinct pieces, so that independent draws often share a prefix or are
// equal in order though not in text.
func versions() *rapid.Generator[Version] {
	piece := rapid.SampledFrom([]string{"0", "00", "1", "2", "10", "a", "b", "ab", "z", "rc", "dev", "post", "DEV", "posta", "adev"})
	part := func(t *rapid.T, label string) string {
		var segments []string
		for range rapid.IntRange(1, 4).Draw(t, label+" segments") {
			segments = append(segments, strings.Join(rapid.SliceOfN(piece, 1, 3).Draw(t, label), ""))
		}
		return strings.Join(segments, rapid.SampledFrom([]string{".", "_"}).Draw(t, label+" separator"))
	}
	return rapid.Custom(func(t *rapid.T) Version {
		text := rapid.SampledFrom([]string{"", "", "0!", "1!", "10!"}).Draw(t, "epoch") +
			part(t, "main") +
			rapid.SampledFrom([]string{"", "", "_", "._"}).Draw(t, "mark")
		if rapid.Bool().Draw(t, "has local") {
			text += "+" + part(t, "local")
		}
		if len(text) > MaxLength {
			t.Skip("too long")
		}
		return mustParse(t, text)
	})
}

// TestOrderProperties checks that Compare is a total order and that the keys have the same one.
func TestOrderProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := versions().Draw(t, "a"), versions().Draw(t, "b"), versions().Draw(t, "c")
		checkLaws(t, a, b, c)
	})
}

func checkLaws(t rapid.TB, a, b, c Version) {
	t.Helper()
	if got := Compare(a, a); got != 0 {
		t.Errorf("Compare(%s, %s) = %d, want 0", a, a, got)
	}
	ab, bc, ac := Compare(a, b), Compare(b, c), Compare(a, c)
	if got := Compare(b, a); got != -ab {
		t.Errorf("Compare(%s, %s) = %d but the other way round %d", a, b, ab, got)
	}
	if ab <= 0 && bc <= 0 && (ac > 0 || (ac == 0 && (ab != 0 || bc != 0))) {
		t.Errorf("not transitive: %s ? %s = %d, %s ? %s = %d, %s ? %s = %d", a, b, ab, b, c, bc, a, c, ac)
	}
	if got := bytes.Compare(a.SortKey(), b.SortKey()); got != ab {
		t.Errorf("keys of %s and %s compare as %d, versions as %d", a, b, got, ab)
	}
	if got := len(a.SortKey()); got >= 4*MaxLength {
		t.Errorf("key of %s has %d bytes, want fewer than %d", a, got, 4*MaxLength)
	}
}

// TestEquivalentSpellings checks the rewritings that CEP 33 promises to leave the order alone.
func TestEquivalentSpellings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := versions().Draw(t, "v")
		text := v.String()
		for _, other := range []string{
			strings.ToUpper(text),
			strings.ToLower(text),
			strings.ReplaceAll(text, "_", "-"),
			addEpoch(text),
			addLocal(text),
		} {
			if len(other) > MaxLength {
				continue
			}
			if got := Compare(v, mustParse(t, other)); got != 0 {
				t.Errorf("Compare(%s, %s) = %d, want 0", text, other, got)
			}
		}
	})
}

func addEpoch(text string) string {
	if strings.Contains(text, "!") {
		return "0" + text
	}
	return "0!" + text
}

func addLocal(text string) string {
	if strings.Contains(text, "+") {
		return text + ".0"
	}
	return text + "+0"
}

// TestNumbersCompareExactly uses numbers around the limits of machine words.
func TestNumbersCompareExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`[1-9][0-9]{0,60}`).Draw(t, "digits")
		more := digits + rapid.StringMatching(`[0-9]`).Draw(t, "digit")
		checkLaws(t, mustParse(t, digits), mustParse(t, more), mustParse(t, "0"+digits))
		if got := Compare(mustParse(t, digits), mustParse(t, more)); got != -1 {
			t.Errorf("Compare(%s, %s) = %d, want -1", digits, more, got)
		}
	})
}

// TestLongestKeys looks for the longest key at the length limit, where the documented bound is nearest.
func TestLongestKeys(t *testing.T) {
	for _, unit := range []string{"a.", "1.", "a1", "1a", "0.a.", "a_", "dev.", "post0", "0.0.1."} {
		text := strings.Trim(strings.Repeat(unit, MaxLength)[:MaxLength], "._")
		if got := len(mustParse(t, text).SortKey()); got >= 4*MaxLength {
			t.Errorf("key of %s has %d bytes, want fewer than %d", text, got, 4*MaxLength)
		}
	}
}

func ExampleVersion_SortKey() {
	older, _ := Parse("1.9")
	newer, _ := Parse("1.10")
	fmt.Println(bytes.Compare(older.SortKey(), newer.SortKey()))
	// Output: -1
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("1!2.15.1rc3+cuda118"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSortKey(b *testing.B) {
	v := mustParse(b, "1!2.15.1rc3+cuda118")
	b.ReportAllocs()
	for b.Loop() {
		v.SortKey()
	}
}
