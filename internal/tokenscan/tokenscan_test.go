package tokenscan_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kingsnake/internal/identity"
	"kingsnake/internal/tokenscan"
)

// mint makes a function that makes tokens.
func mint(t testing.TB) func(letter byte) string {
	t.Helper()
	keys, err := identity.NewKeys(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return func(letter byte) string { return keys.Mint(letter).String }
}

// wide is a text in UTF-16.
func wide(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		b.WriteByte(0)
	}
	return b.String()
}

func collect(t testing.TB, r io.Reader) []tokenscan.Match {
	t.Helper()
	var out []tokenscan.Match
	if err := tokenscan.Stream(r, func(m tokenscan.Match) error { out = append(out, m); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestWhereStringsStand: whatever stands around a string, it is found, and what only looks like one is not.
func TestWhereStringsStand(t *testing.T) {
	token := mint(t)('r')
	wrong := token[:len(token)-1] + "_"
	swapped := token[:10] + string(token[11]) + string(token[10]) + token[12:]
	if swapped == token {
		swapped = wrong
	}
	for name, c := range map[string]struct {
		text string
		want []tokenscan.Match
	}{
		"nothing":            {"", nil},
		"alone":              {token, []tokenscan.Match{{1, 1, token}}},
		"in a URL":           {"a\nhttps://x/t/" + token + "/team", []tokenscan.Match{{2, 13, token}}},
		"percent-encoded":    {"x%2Ft%2F" + token + "%2Fteam", []tokenscan.Match{{1, 9, token}}},
		"after an escape":    {`"\n` + token + `n"`, []tokenscan.Match{{1, 4, token}}},
		"in the word":        {"xyz" + token + "xyz", []tokenscan.Match{{1, 4, token}}},
		"after a false one":  {"ks-r-ks-r-" + token, []tokenscan.Match{{1, 11, token}}},
		"two in a row":       {token + token + "\r\n" + token, []tokenscan.Match{{1, 1, token}, {1, 42, token}, {2, 1, token}}},
		"among zeros":        {"\x00\x00" + token + "\x00", []tokenscan.Match{{1, 3, token}}},
		"UTF-16":             {"\xff\xfe" + wide("a\nx="+token+"\n"), []tokenscan.Match{{2, 6, token}}},
		"UTF-16, high first": {"\xfe\xff\x00" + wide(token)[:81], []tokenscan.Match{{1, 4, token}}},
		"a wrong letter":     {wrong, nil},
		"letters swapped":    {swapped, nil},
		"another kind":       {strings.Replace(token, "ks-r-", "ks-x-", 1), nil},
		"cut off":            {token[:len(token)-1], nil},
		"the beginning":      {"ks-", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, collect(t, strings.NewReader(c.text))); diff != "" {
				t.Errorf("whole (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.want, collect(t, iotest.OneByteReader(strings.NewReader(c.text)))); diff != "" {
				t.Errorf("byte by byte (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAcrossBorders: strings are found wherever they lie relative to the parts in which a stream is read.
func TestAcrossBorders(t *testing.T) {
	tokens := mint(t)
	rapid.Check(t, func(t *rapid.T) {
		var text bytes.Buffer
		var want []tokenscan.Match
		line, start := int64(1), 0
		for range rapid.IntRange(1, 4).Draw(t, "strings") {
			// Around the size of the window, so that borders fall before, into and behind a string.
			text.Write(bytes.Repeat([]byte{'k'}, rapid.SampledFrom([]int{0, 1, 1000, 256<<10 - 40}).Draw(t, "before")+rapid.IntRange(0, 120).Draw(t, "more")))
			if rapid.Bool().Draw(t, "line") {
				text.WriteByte('\n')
				line, start = line+1, text.Len()
			}
			token := tokens('s')
			want = append(want, tokenscan.Match{Line: line, Column: int64(text.Len()-start) + 1, Token: token})
			if rapid.Bool().Draw(t, "wide") {
				text.WriteString(wide(token))
			} else {
				text.WriteString(token)
			}
		}
		var got []tokenscan.Match
		err := tokenscan.Stream(iotest.HalfReader(&text), func(m tokenscan.Match) error { got = append(got, m); return nil })
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
	})
}

// TestStreamErrors: what the stream and the finder report comes back.
func TestStreamErrors(t *testing.T) {
	broken, full := errors.New("broken"), errors.New("full")
	token := mint(t)('o')
	if err := tokenscan.Stream(iotest.ErrReader(broken), func(tokenscan.Match) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("error = %v, want that of the stream", err)
	}
	if err := tokenscan.Stream(strings.NewReader(token), func(tokenscan.Match) error { return full }); !errors.Is(err, full) {
		t.Errorf("error = %v, want that of the finder", err)
	}
}

// TestScan: folders are searched with all below them, in order, but for links and the objects of Git repositories.
func TestScan(t *testing.T) {
	dir, tokens := t.TempDir(), mint(t)
	var token [6]string
	for i := range token {
		token[i] = tokens("rsaob"[i%5])
	}
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("tree/a/conf", "x\ny "+token[0]+" "+token[1])
	write("tree/b.bin", "\x00\x01"+token[2])
	write("tree/.git/HEAD", "ref: refs/heads/main\n")
	write("tree/.git/config", token[3])
	write("tree/.git/objects/ab/cd", token[4])
	write("tree/c/objects/notes", token[4])
	write("outside/file", token[5])
	for link, to := range map[string]string{"tree/d": "outside", "tree/e": filepath.Join("outside", "file"), "way": "tree"} {
		if err := os.Symlink(filepath.Join(dir, to), filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"STDIN:1:2 b", "tree/.git/config:1:1 o", "tree/a/conf:2:3 r", "tree/a/conf:2:45 s", "tree/b.bin:1:3 a", "tree/c/objects/notes:1:1 b"}
	for _, folder := range []string{"tree", "way"} {
		s := tokenscan.Scanner{Stdin: strings.NewReader(" " + token[4]), Workers: 3}
		got, err := s.Scan(t.Context(), []string{"-", filepath.Join(dir, folder), filepath.Join(dir, "missing")})
		if err != nil {
			t.Fatal(err)
		}
		var places []string
		for _, f := range got.Finds {
			rel := "STDIN"
			if f.Path != tokenscan.Stdin {
				if rel, err = filepath.Rel(filepath.Join(dir, folder), f.Path); err != nil {
					t.Fatal(err)
				}
				rel = "tree/" + filepath.ToSlash(rel)
			}
			places = append(places, fmt.Sprintf("%s:%d:%d %c", rel, f.Line, f.Column, f.Letter()))
			if f.Fingerprint() != identity.Fingerprint(f.Token) || !strings.HasPrefix(f.Token, strings.TrimSuffix(f.Masked(), "…")) || len(f.Masked()) > 14 {
				t.Errorf("%s shows as %s, %s", f.Token, f.Masked(), f.Fingerprint())
			}
		}
		if diff := cmp.Diff(want, places); diff != "" {
			t.Errorf("%s (-want +got):\n%s", folder, diff)
		}
		if got.Files != 6 || len(got.Failed) != 1 || !errors.Is(got.Failed[0], os.ErrNotExist) {
			t.Errorf("%s: %d files, failures %v", folder, got.Files, got.Failed)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&tokenscan.Scanner{}).Scan(ctx, []string{dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want that the search was cancelled", err)
	}
}

// FuzzStream: however a stream is cut, the same strings are found, all of which are well formed.
func FuzzStream(f *testing.F) {
	f.Add([]byte("ks-r-" + strings.Repeat("0", 36)))
	f.Add([]byte(wide(mint(f)('r'))))
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, cut := collect(t, bytes.NewReader(data)), collect(t, iotest.OneByteReader(bytes.NewReader(data)))
		if diff := cmp.Diff(whole, cut); diff != "" {
			t.Errorf("(-whole +cut):\n%s", diff)
		}
		for _, m := range whole {
			if !identity.WellFormed(m.Token) {
				t.Errorf("%q is no token", m.Token)
			}
		}
	})
}
