package channel

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const secret = "kbx-c-0123456789abcdefghijABCDEFGHIJ"

var cutTests = []struct {
	name, path, token, rest string
	missing                 bool
}{
	{name: "root", path: "/t/" + secret + "/team/noarch/repodata.json", token: secret, rest: "/team/noarch/repodata.json"},
	{name: "behind /api/repo", path: "/api/repo/t/" + secret + "/team/noarch/repodata.json", token: secret, rest: "/api/repo/team/noarch/repodata.json"},
	{name: "behind /repo", path: "/repo/t/" + secret + "/team", token: secret, rest: "/repo/team"},
	{name: "behind /conda", path: "/conda/t/" + secret + "/team", token: secret, rest: "/conda/team"},
	{name: "before /api/repo", path: "/t/" + secret + "/api/repo/team/x", token: secret, rest: "/api/repo/team/x"},
	{name: "before /repo, as conda token set checks", path: "/t/" + secret + "/repo/main/noarch/repodata.json", token: secret, rest: "/repo/main/noarch/repodata.json"},
	{name: "nothing after it", path: "/t/" + secret, token: secret, rest: "/"},
	{name: "a slash after it", path: "/t/" + secret + "/", token: secret, rest: "/"},
	{name: "nothing after it behind a mount", path: "/api/repo/t/" + secret, token: secret, rest: "/api/repo"},
	{name: "two at the root", path: "/t/" + secret + "/t/other/team", token: secret, rest: "/team"},
	{name: "two behind a mount", path: "/repo/t/" + secret + "/t/other/team", token: secret, rest: "/repo/team"},
	{name: "before and behind a mount", path: "/t/" + secret + "/repo/t/other/team", token: secret, rest: "/repo/team"},
	{name: "the first counts even if empty", path: "/t//t/" + secret + "/team", token: "", rest: "/team"},
	{name: "empty", path: "/t//team/noarch", token: "", rest: "/team/noarch"},
	{name: "empty and nothing else", path: "/t/", token: "", rest: "/"},
	{name: "masked by conda", path: "/t/<TOKEN>/team", token: "<TOKEN>", rest: "/team"},
	{name: "masked by conda, escaped", path: "/t/%3CTOKEN%3E/team", token: "%3CTOKEN%3E", rest: "/team"},
	{name: "masked by mamba", path: "/t/*****/team", token: "*****", rest: "/team"},
	{name: "masked by rattler", path: "/t/********/team", token: "********", rest: "/team"},
	{name: "foreign alphabet", path: "/t/a_b.c~d+e=/team", token: "a_b.c~d+e=", rest: "/team"},
	{name: "rest stays escaped", path: "/t/" + secret + "/team/linux-64/x264-1%21164-h_0.conda", token: secret, rest: "/team/linux-64/x264-1%21164-h_0.conda"},
	{name: "query", path: "/t/" + secret + "/team?x=/t/y", token: secret, rest: "/team?x=/t/y"},
	{name: "query right behind", path: "/t/" + secret + "?x=1", token: secret, rest: "/?x=1"},
	{name: "query right behind, mounted", path: "/repo/t/" + secret + "?x=1", token: secret, rest: "/repo?x=1"},
	{name: "a number sign begins no fragment in a request", path: "/t/" + secret + "#x/team", token: secret + "#x", rest: "/team"},
	{name: "absolute form", path: "http://h.example:80/t/" + secret + "/team", token: secret, rest: "http://h.example:80/team"},
	{name: "absolute form with a mount", path: "https://h.example/repo/t/" + secret + "/team", token: secret, rest: "https://h.example/repo/team"},
	{name: "escaped t", path: "/%74/" + secret + "/team", token: secret, rest: "/team"},
	{name: "escaped mount", path: "/%61pi/rep%6F/t/" + secret + "/team", token: secret, rest: "/%61pi/rep%6F/team"},
	{name: "doubled slash before", path: "//t/" + secret + "/team", token: secret, rest: "/team"},
	{name: "doubled slash in a mount", path: "//api//repo//t/" + secret + "/team", token: secret, rest: "//api//repo/team"},
	{name: "doubled slash behind", path: "/t/" + secret + "//team", token: secret, rest: "//team"},

	{name: "no token", path: "/team/noarch/repodata.json", missing: true},
	{name: "no token behind a mount", path: "/api/repo/team", missing: true},
	{name: "t alone", path: "/t", missing: true},
	{name: "t alone with a query", path: "/t?x=/y", missing: true},
	{name: "another word", path: "/tt/x/team", missing: true},
	{name: "capital", path: "/T/x/team", missing: true},
	{name: "later in the path", path: "/team/t/x/noarch", missing: true},
	{name: "half a mount", path: "/api/t/x/team", missing: true},
	{name: "a mount as a prefix only", path: "/repository/t/x/team", missing: true},
	{name: "in the query", path: "/team?/t/x/", missing: true},
	{name: "malformed escape", path: "/%7/t/x", missing: true},
	{name: "relative", path: "t/x/team", missing: true},
	{name: "asterisk form", path: "*", missing: true},
	{name: "authority form", path: "h.example:443", missing: true},
	{name: "authority without a path", path: "http://h.example", missing: true},
	{name: "a URL in the query of a relative path", path: "x?y=http://h/t/z", missing: true},
	{name: "root path", path: "/", missing: true},
	{name: "empty path", path: "", missing: true},
}

func TestCutToken(t *testing.T) {
	for _, tt := range cutTests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.missing {
				tt.rest = tt.path
			}
			token, rest, found := CutToken(tt.path)
			if token != tt.token || rest != tt.rest || found == tt.missing {
				t.Errorf("CutToken(%q) = %q, %q, %v; want %q, %q, %v", tt.path, token, rest, found, tt.token, tt.rest, !tt.missing)
			}
		})
	}
}

// TestCutTokenLeavesNone puts recognisable tokens at every place where clients put them, on decoded and on escaped
// paths, and looks for them in the rest.
func TestCutTokenLeavesNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slash := rapid.SampledFrom([]string{"/", "/", "/", "//"})
		place := func(label string) (path string, has bool) {
			for range rapid.IntRange(0, 2).Draw(t, label) {
				path += slash.Draw(t, "slash") + rapid.SampledFrom([]string{"t", "%74"}).Draw(t, "t") + "/" + secret
				has = true
			}
			return path, has
		}
		before, has1 := place("tokens before the mount")
		mount := rapid.SampledFrom([]string{"", "/api/repo", "/repo", "/conda"}).Draw(t, "mount")
		behind, has2 := place("tokens behind the mount")
		file := rapid.SampledFrom([]string{"", "/", "/team", "/team/noarch/repodata.json?x", "/team/win-64/a-1%21-0.conda"}).Draw(t, "file")

		token, rest, found := CutToken(before + mount + behind + file)
		if strings.Contains(rest, secret) {
			t.Errorf("the rest %q holds the token", rest)
		}
		if found != (has1 || has2) || found && token != secret {
			t.Errorf("token = %q, %v; want %q, %v", token, found, secret, has1 || has2)
		}
		if want := mount + file; rest != want && rest != "/"+want {
			t.Errorf("rest = %q, want %q", rest, want)
		}
	})
}

// TestCutTokenAgreesOnEscaping checks that a server which cuts URL.Path and URL.RawPath apart gets the same from both.
func TestCutTokenAgreesOnEscaping(t *testing.T) {
	for _, tt := range cutTests {
		u, err := url.ParseRequestURI(tt.path)
		if err != nil || u.Host != "" {
			continue
		}
		token, rest, found := CutToken(u.Path)
		token2, rest2, found2 := CutToken(u.EscapedPath())
		decodedToken, err1 := url.PathUnescape(token2)
		decodedRest, err2 := url.PathUnescape(rest2)
		if token != decodedToken || rest != decodedRest || found != found2 || err1 != nil || err2 != nil {
			t.Errorf("%s: decoded %q, %q, %v; escaped %q, %q, %v", tt.name, token, rest, found, token2, rest2, found2)
		}
	}
}

func TestIsMasked(t *testing.T) {
	for _, token := range []string{"", "<TOKEN>", "%3CTOKEN%3E", "%3cTOKEN%3e", "*", "*****", "********", "%2A%2a*"} {
		if !IsMasked(token) {
			t.Errorf("IsMasked(%q) = false, want true", token)
		}
	}
	for _, token := range []string{secret, "TOKEN", "<token", "*****a", "a*****", "%2", "%2A%", "%2B", "<>"} {
		if IsMasked(token) {
			t.Errorf("IsMasked(%q) = true, want false", token)
		}
	}
}

// TestCutTokenIsLinear would take minutes if the work grew with the square of the length.
func TestCutTokenIsLinear(t *testing.T) {
	for unit, want := range map[string]bool{"/t/": true, "/t/x": true, "/api/repo/t/x": true, "/%74/%2A": true, "/": false, "/api": false} {
		path := strings.Repeat(unit, 1<<20/len(unit))
		_, rest, found := CutToken(path)
		if found != want || len(rest) > len(path) {
			t.Errorf("CutToken of repeated %q: found %v, want %v, and a rest of %d of %d bytes", unit, found, want, len(rest), len(path))
		}
	}
}

func FuzzCutToken(f *testing.F) {
	for _, tt := range cutTests {
		f.Add(tt.path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		token, rest, found := CutToken(path)
		if !found {
			if token != "" || rest != path {
				t.Errorf("CutToken(%q) = %q, %q without a token found", path, token, rest)
			}
			return
		}
		if !strings.Contains(path, token) || strings.ContainsAny(token, "/?") {
			t.Errorf("CutToken(%q) finds %q, which is no segment of it", path, token)
		}
		if len(rest) > len(path) {
			t.Errorf("CutToken(%q) leaves %q, which is longer", path, rest)
		}
		if _, rest2, found2 := CutToken(rest); found2 {
			t.Errorf("CutToken(%q) leaves %q, from which %q can be cut", path, rest, rest2)
		}
	})
}

func BenchmarkCutToken(b *testing.B) {
	for _, bm := range []struct{ name, path string }{
		{"none", "/team/linux-64/numpy-1.26.4-py311h5e241af_0.conda"},
		{"root", "/t/" + secret + "/team/linux-64/numpy-1.26.4-py311h5e241af_0.conda"},
		{"mounted", "/api/repo/t/" + secret + "/team/linux-64/numpy-1.26.4-py311h5e241af_0.conda"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				CutToken(bm.path)
			}
		})
	}
}
