package condaconf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAddChannels(t *testing.T) {
	const u = "https://h:8080/team"
	for _, tc := range []struct{ name, before, want string }{
		{"no file", "", "channels:\n  - " + u + "\n"},
		{"no list", "ssl_verify: true\n", "ssl_verify: true\nchannels:\n  - " + u + "\n"},
		{"no line end", "ssl_verify: true", "ssl_verify: true\nchannels:\n  - " + u + "\n"},
		{"block", "channels:\n  - conda-forge\n  - defaults\nx: 1\n", "channels:\n  - " + u + "\n  - conda-forge\n  - defaults\nx: 1\n"},
		{"block without indent", "channels:\n- a\n- b\n", "channels:\n- " + u + "\n- a\n- b\n"},
		{
			"comments stay", "# mine\nchannels: # order matters\n\n    # first\n    - a # why\n\nx: [1]\n",
			"# mine\nchannels: # order matters\n\n    # first\n    - " + u + "\n    - a # why\n\nx: [1]\n",
		},
		{"brackets", "channels: [a, 'b'] # x\n", "channels: [" + u + ", a, 'b'] # x\n"},
		{"empty brackets", "channels: []\nx: 1\n", "channels:\n  - " + u + "\nx: 1\n"},
		{"null", "channels: null\n", "channels:\n  - " + u + "\n"},
		{"nothing", "channels:\nx: 1\n", "channels:\n  - " + u + "\nx: 1\n"},
		{"quoted key", "\"channels\":\n  - a\n", "\"channels\":\n  - " + u + "\n  - a\n"},
		{"there already", "channels:\n  - a\n  - \"" + u + "/\"\n", "channels:\n  - a\n  - \"" + u + "/\"\n"},
		{"one document", "---\nchannels:\n  - a\n", "---\nchannels:\n  - " + u + "\n  - a\n"},
		{"other systems' line ends", "channels:\r\n  - a\r\n", "channels:\r\n  - " + u + "\r\n  - a\r\n"},
		{"other lists", "custom_channels:\n  x: y\nchannels:\n  - a\nallowlist_channels:\n  - c\n", "custom_channels:\n  x: y\nchannels:\n  - " + u + "\n  - a\nallowlist_channels:\n  - c\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := addChannels(tc.before, []string{u})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("file (-want +got):\n%s", diff)
			}
			again, err := addChannels(got, []string{u})
			if err != nil || again != got {
				t.Errorf("a second time it becomes %q, %v", again, err)
			}
		})
	}
}

func TestAddSeveralKeepsTheirOrder(t *testing.T) {
	got, err := addChannels("channels:\n  - b\n  - z\n", []string{"a", "b", "c"})
	if want := "channels:\n  - a\n  - c\n  - b\n  - z\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// TestRefusesWhatItDoesNotRead lists valid YAML that a careless edit would damage.
func TestRefusesWhatItDoesNotRead(t *testing.T) {
	for _, text := range []string{
		"{channels: [a]}\n",
		"channels: [a,\n  b]\n",
		"channels: [a, [b]]\n",
		"channels: &anchor\n  - a\n",
		"channels: *alias\n",
		"channels: a\n",
		"channels:\n  - a\n    more\n",
		"channels:\n  - {a: b}\n",
		"channels:\n  - a: b\n",
		"channels:\n  -\n    a\n",
		"channels:\n  - a\n - b\n",
		"channels:\n  - \"a\\tb\"\n",
		"channels:\n  - !tag a\n",
		"channels:\n  - - a\n",
		"channels:\n  - |\n    a\n",
		"channels:\n  - a\nchannels:\n  - b\n",
		"---\nchannels: [a]\n---\nchannels: [b]\n",
		"channels: [a]\n...\n",
		"\ufeffchannels:\n  - a\n",
		"channels:\r\n  - a\n  - b\r\n",
		"channels:\n\t- a\n",
	} {
		got, err := addChannels(text, []string{"x"})
		if !errors.Is(err, errCondarc) {
			t.Errorf("%q became %q, %v", text, got, err)
		}
		if _, err := removeChannels(text, func(string) bool { return true }); !errors.Is(err, errCondarc) {
			t.Errorf("removing from %q: %v", text, err)
		}
	}
}

func TestRemoveChannels(t *testing.T) {
	drop := func(c string) bool { return strings.HasPrefix(c, "https://h/") }
	for _, tc := range []struct{ name, before, want string }{
		{"no file", "", ""},
		{"none of ours", "channels:\n  - a # b\n", "channels:\n  - a # b\n"},
		{"one of two", "channels:\n  - https://h/a # ours\n  - b # theirs\n", "channels:\n  - b # theirs\n"},
		{"all", "x: 1\nchannels:\n  - https://h/a\n  - 'https://h/b'\ny: 2\n", "x: 1\ny: 2\n"},
		{"brackets", "channels: [https://h/a, b]  # x\n", "channels: [b]  # x\n"},
		{"all in brackets", "channels: [https://h/a]\nx: 1\n", "x: 1\n"},
		{"elsewhere", "channels:\n  - b\ndefault_channels:\n  - https://h/a\n", "channels:\n  - b\ndefault_channels:\n  - https://h/a\n"},
	} {
		got, err := removeChannels(tc.before, drop)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// TestAddThenRemove proves that undoing leaves the file as it was.
func TestAddThenRemove(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z]{1,8}`)
		urls := rapid.SliceOfNDistinct(rapid.Map(name, func(s string) string { return "https://h/" + s }), 1, 4, rapid.ID).Draw(t, "urls")
		before := rapid.SampledFrom([]string{"", "ssl_verify: true\n", "# c\n\nshow: x\n"}).Draw(t, "head")
		if old := rapid.SliceOfNDistinct(name, 0, 4, rapid.ID).Draw(t, "old"); len(old) > 0 {
			indent := strings.Repeat(" ", rapid.IntRange(0, 4).Draw(t, "indent"))
			before += "channels:\n"
			for _, c := range old {
				before += fmt.Sprintf("%s- %s\n", indent, c)
			}
			before += rapid.SampledFrom([]string{"", "after: 1\n"}).Draw(t, "tail")
		}
		added, err := addChannels(before, urls)
		if err != nil {
			t.Fatal(err)
		}
		got, err := removeChannels(added, func(c string) bool { return slices.Contains(urls, c) })
		if err != nil || got != before {
			t.Fatalf("%q became %q became %q, %v", before, added, got, err)
		}
	})
}

func TestAsksForNoTokens(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "add_anaconda_token: true\n": false, "add_anaconda_token: False # why\n": true,
		"x: 1\r\nadd_anaconda_token: no\r\n": true, "# add_anaconda_token: false\n": false,
	} {
		if got := AsksForNoTokens([]byte(text)); got != want {
			t.Errorf("AsksForNoTokens(%q) = %v", text, got)
		}
	}
}

// FuzzCondarc looks for panics, and for an edit that loses a line which is none of its own.
func FuzzCondarc(f *testing.F) {
	f.Add("channels:\n  - a\nx: 1\n")
	f.Add("channels: [a, b] # c\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		const u = "https://h/team"
		added, err := addChannels(text, []string{u})
		if err != nil {
			return
		}
		if list, _, err := parseCondarc(added); err != nil || !list.has(u) {
			t.Errorf("%q became %q, which does not hold the channel: %v", text, added, err)
		}
		for line := range strings.Lines(text) {
			kept := strings.TrimRight(line, "\r\n")
			if !isChannelsKey(kept) && !strings.Contains(added, kept) {
				t.Errorf("%q became %q and lost %q", text, added, kept)
			}
		}
	})
}
