package version

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// ladder lists versions from low to high. Each line holds versions that are equal in order.
var ladder = [][]string{
	{"0dev"},
	{"0_"},
	{"0a", "a", "A", "00a"},
	{"0alpha", "alpha"},
	{"0alphabet", "alphabet"},
	{"0beta", "0BETA"},
	{"0", "0.0", "0.0.0", "00", "0!0", "0+0", "0+0.0", "0_0", "0-0"},
	{"0.0.1.dev3"},
	{"0.0.1"},
	{"0.4.1.rc", "0.4.1.RC", "0.4.1_rc", "0.4.1-rc", "0.4.1.0rc"},
	{"0.4.1+a.5", "0.4.1+0a.5"},
	{"0.4.1+local"},
	{"0.4.1+0.dev", "0.4.1+0.0dev"},
	{"0.4.1+0.local"},
	{"0.4.1", "0.4.1+0", "0.4.1.0+0.0"},
	{"0.4.1+0.0.post"},
	{"0.4.1+0.post"},
	{"0.4.1+post", "0.4.1+0post"},
	{"0.4.1+1.local"},
	{"0.4.1+1"},
	{"0.4.1+1.1"},
	{"0.5a1"},
	{"0.5b3"},
	{"0.5C1", "0.5c1"},
	{"0.5"},
	{"0.9.6"},
	{"0.960923"},
	{"0post", "post"},
	{"1.0dev"},
	{"1.0_", "1.0-"},
	{"1.0a"},
	{"1.0.dev"},
	{"1.0__", "1.0--", "1.0._", "1.0.0_"},
	{"1.0", "1", "1.0.0.0", "01.00"},
	{"1.0.0.0.0.1"},
	{"1.0.0.1.dev", "1.0.0.1.0dev0"},
	{"1.0.0.1"},
	{"1.0.1dev2"},
	{"1.0.1_"},
	{"1.0.1a"},
	{"1.0.1a_"},
	{"1.0.1b"},
	{"1.0.1dev_"},
	{"1.0.1post_"},
	{"1.0.1.a"},
	{"1.0.1"},
	{"1.0.1.0.post"},
	{"1.0.1.post"},
	{"1.0.1post"},
	{"1.0.1post1"},
	{"1.0.2"},
	{"1.1dev1", "1.1DEV1"},
	{"1.1a1"},
	{"1.1.0dev1", "1.1.dev1"},
	{"1.1.a1"},
	{"1.1.0rc1", "1.1.rc1"},
	{"1.1", "1.1.0", "1.1.0.0"},
	{"1.1.0post1", "1.1.post1"},
	{"1.1post1"},
	{"1.2"},
	{"1.10"},
	{"1996.07.12", "1996.7.12"},
	{"2147483648"},
	{"18446744073709551615"},
	{"18446744073709551616", "0000018446744073709551616"},
	{"999999999999999999999999999999999999999999999999999999999999999"},
	{"1000000000000000000000000000000000000000000000000000000000000000"},
	{"1!0.4.1", "01!0.4.1"},
	{"1!3.1.1.6"},
	{"2!0.4.1"},
	{"18446744073709551616!0"},
}

func TestLadder(t *testing.T) {
	for i, low := range ladder {
		for j, high := range ladder[i:] {
			want := -1
			if j == 0 {
				want = 0
			}
			for _, a := range low {
				for _, b := range high {
					checkOrder(t, mustParse(t, a), mustParse(t, b), want)
				}
			}
		}
	}
}

// checkOrder asserts the order of a and b in both directions, by Compare and by sort key.
func checkOrder(t *testing.T, a, b Version, want int) {
	t.Helper()
	if got := Compare(a, b); got != want {
		t.Errorf("Compare(%s, %s) = %d, want %d", a, b, got, want)
	}
	if got := Compare(b, a); got != -want {
		t.Errorf("Compare(%s, %s) = %d, want %d", b, a, got, -want)
	}
	if got := bytes.Compare(a.SortKey(), b.SortKey()); got != want {
		t.Errorf("keys of %s and %s compare as %d, want %d\n% x\n% x", a, b, got, want, a.SortKey(), b.SortKey())
	}
}

func TestParseKeepsText(t *testing.T) {
	for _, text := range []string{"1.0", "1!02.15.1_ALPHA", "1.0-", "2.1+sirius6.0.3", "v1"} {
		if got := mustParse(t, text).String(); got != text {
			t.Errorf("Parse(%q).String() = %q, want the text unchanged", text, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "empty"},
		{strings.Repeat("1", MaxLength+1), "has 65 bytes; at most 64"},
		{strings.Repeat("1", 1000), "has 1000 bytes"},
		{"1.0 ", "byte 3"},
		{" 1.0", "byte 0"},
		{"1.0\n", "byte 3"},
		{"1.*", "byte 2"},
		{"1.0*", "byte 3"},
		{"1.0é", "byte 3"},
		{"١", "byte 0"},
		{"1\x00", "byte 1"},
		{"1\xff", "byte 1"},
		{"1,2", "byte 1"},
		{"1/2", "byte 1"},
		{"1-0_1", "both '-' and '_'"},
		{"1.0_a-", "both '-' and '_'"},
		{"1-0+a_b", "both '-' and '_'"},
		{"1!2!3", "more than one '!'"},
		{"1+2+3", "more than one '+'"},
		{"!1", "epoch"},
		{"a!1", "epoch"},
		{"1.0!1", "epoch"},
		{"1+2!3", "epoch"},
		{"1!", "main part"},
		{"+1", "main part"},
		{"1!+1", "main part"},
		{"_", "main part"},
		{"-", "main part"},
		{"_+1", "main part"},
		{"__", "empty segment"},
		{".", "empty segment"},
		{"1..0", "empty segment"},
		{"1.", "empty segment"},
		{".1", "empty segment"},
		{"_1", "empty segment"},
		{"1__0", "empty segment"},
		{"1._0", "empty segment"},
		{"1___", "empty segment"},
		{"1.+1", "empty segment"},
		{"1+", "local part"},
		{"1+.1", "local part"},
		{"1+1.", "local part"},
		{"1+_", "local part"},
		{"1+a_", "local part"},
	}
	for _, tt := range tests {
		v, err := Parse(tt.text)
		var perr *ParseError
		if !errors.As(err, &perr) {
			t.Errorf("Parse(%q) = %v, %v; want a *ParseError", tt.text, v, err)
			continue
		}
		if !strings.Contains(perr.Problem, tt.want) || !strings.HasPrefix(tt.text, perr.Text) || len(perr.Text) > 2*MaxLength {
			t.Errorf("Parse(%.80q) fails with %v; want the start of the text and %q", tt.text, err, tt.want)
		}
	}
}

// TestSortKeyEncoding pins the bytes, because databases hold them.
func TestSortKeyEncoding(t *testing.T) {
	tests := []struct{ text, want string }{
		{"0", "\x00\x80\x80"},
		{"1", "\x00\xff\x011\x7f\x80\x80"},
		{"1.0.0", "\x00\xff\x011\x7f\x80\x80"},
		{"2!1.0.23rc4", "\x012" + "\xff\x011\x7f" + "\xfe\x0223rc\x00\x014\x7f" + "\x80\x80"},
		{"1.0.dev", "\x00" + "\xff\x011\x7f" + "\x02\x00\x01\x00\x7f" + "\x80\x80"},
		{"1post+a_1", "\x00" + "\xff\x011\x80\x00\x7f" + "\x80" + "\x01\x00a\x00\x00\x7f" + "\xff\x011\x7f" + "\x80"},
		{"0a_", "\x00" + "\x01\x00a_\x00\x00\x7f" + "\x80\x80"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(string(mustParse(t, tt.text).SortKey()), tt.want); diff != "" {
			t.Errorf("SortKey of %s (-got +want):\n%s", tt.text, diff)
		}
	}
}

func TestZeroVersion(t *testing.T) {
	var zero Version
	if got := zero.String(); got != "" {
		t.Errorf("String = %q, want none", got)
	}
	checkOrder(t, zero, mustParse(t, "0"), 0)
	checkOrder(t, zero, mustParse(t, "0a"), 1)
	checkOrder(t, zero, mustParse(t, "0.0.1"), -1)
}

func TestSortKeyIsFresh(t *testing.T) {
	v := mustParse(t, "1.2.3")
	want := v.SortKey()
	clear(v.SortKey())
	if got := v.SortKey(); !slices.Equal(got, want) {
		t.Errorf("SortKey = % x after the caller changed an earlier one, want % x", got, want)
	}
}

func mustParse(t rapid.TB, text string) Version {
	t.Helper()
	v, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
