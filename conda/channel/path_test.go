package channel

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

var pathTests = []struct {
	path string
	want Location
}{
	{"/team", Location{Kind: KindChannelRoot, Channel: "team"}},
	{"/team/", Location{Kind: KindChannelRoot, Channel: "team"}},
	{"/team/dev", Location{Kind: KindChannelRoot, Channel: "team/dev"}},
	{"/team/dev/", Location{Kind: KindChannelRoot, Channel: "team/dev"}},
	{"/team/label/rc", Location{Kind: KindChannelRoot, Channel: "team", Label: "rc"}},
	{"/team/dev/label/rc/2", Location{Kind: KindChannelRoot, Channel: "team/dev", Label: "rc/2"}},
	{"/api/repo/team", Location{Kind: KindChannelRoot, Prefix: "/api/repo", Channel: "team"}},
	{"/conda/team/", Location{Kind: KindChannelRoot, Prefix: "/conda", Channel: "team"}},
	{"/repository", Location{Kind: KindChannelRoot, Channel: "repository"}},
	{"/my-linux", Location{Kind: KindChannelRoot, Channel: "my-linux"}},

	{"/team/channeldata.json", Location{Kind: KindChannelData, Channel: "team", File: "channeldata.json"}},
	{"/team/dev/channeldata.json", Location{Kind: KindChannelData, Channel: "team/dev", File: "channeldata.json"}},
	{"/team/my-dev/channeldata.json", Location{Kind: KindChannelData, Channel: "team/my-dev", File: "channeldata.json"}},
	{"/team/label/rc/channeldata.json", Location{Kind: KindChannelData, Channel: "team", Label: "rc", File: "channeldata.json"}},
	{"/repo/team/notices.json", Location{Kind: KindNotices, Prefix: "/repo", Channel: "team", File: "notices.json"}},

	{"/team/noarch/repodata.json", Location{Kind: KindRepodata, Channel: "team", Subdir: "noarch", File: "repodata.json"}},
	{"/team/linux-64/repodata.json.zst", Location{Kind: KindRepodataZst, Channel: "team", Subdir: "linux-64", File: "repodata.json.zst"}},
	{"/team/haiku-64/repodata.json", Location{Kind: KindRepodata, Channel: "team", Subdir: "haiku-64", File: "repodata.json"}},
	{"/team/dev/haiku-64/repodata.json", Location{Kind: KindRepodata, Channel: "team/dev", Subdir: "haiku-64", File: "repodata.json"}},
	{"/team/dev/noarch/current_repodata.json", Location{Kind: KindCurrentRepodata, Channel: "team/dev", Subdir: "noarch", File: "current_repodata.json"}},
	{"/team/noarch/current_repodata.json.zst", Location{Kind: KindCurrentRepodataZst, Channel: "team", Subdir: "noarch", File: "current_repodata.json.zst"}},
	{"/team/noarch/repodata_shards.msgpack.zst", Location{Kind: KindShardIndex, Channel: "team", Subdir: "noarch", File: "repodata_shards.msgpack.zst"}},
	{"/team/noarch/run_exports.json", Location{Kind: KindRunExports, Channel: "team", Subdir: "noarch", File: "run_exports.json"}},
	{"/team/noarch/run_exports.json.zst", Location{Kind: KindRunExportsZst, Channel: "team", Subdir: "noarch", File: "run_exports.json.zst"}},
	{"/team/label/main/noarch/repodata.json", Location{Kind: KindRepodata, Channel: "team", Label: "main", Subdir: "noarch", File: "repodata.json"}},
	{"/team/label/nolabel/noarch/repodata.json", Location{Kind: KindRepodata, Channel: "team", Label: "nolabel", Subdir: "noarch", File: "repodata.json"}},
	{"/api/repo/team/dev/label/a/b.c/win-64/repodata.json", Location{Kind: KindRepodata, Prefix: "/api/repo", Channel: "team/dev", Label: "a/b.c", Subdir: "win-64", File: "repodata.json"}},
	{"/team/label/label/noarch/repodata.json", Location{Kind: KindRepodata, Channel: "team", Label: "label", Subdir: "noarch", File: "repodata.json"}},
	{"/main/noarch/repodata.json", Location{Kind: KindRepodata, Channel: "main", Subdir: "noarch", File: "repodata.json"}},
	{"/%74eam/n%6Farch/repodata%2ejson", Location{Kind: KindRepodata, Channel: "team", Subdir: "noarch", File: "repodata.json"}},

	{"/team/noarch/shards/" + hash + ".msgpack.zst", Location{Kind: KindShard, Channel: "team", Subdir: "noarch", File: hash + ".msgpack.zst", Hash: hash}},
	{"/team/dev/label/rc/osx-arm64/shards/" + hash + ".msgpack.zst", Location{Kind: KindShard, Channel: "team/dev", Label: "rc", Subdir: "osx-arm64", File: hash + ".msgpack.zst", Hash: hash}},

	{"/team/linux-64/numpy-1.26.4-py311h5e241af_0.conda", Location{Kind: KindPackageFile, Channel: "team", Subdir: "linux-64", File: "numpy-1.26.4-py311h5e241af_0.conda"}},
	{"/team/dev/noarch/a-1-0.tar.bz2", Location{Kind: KindPackageFile, Channel: "team/dev", Subdir: "noarch", File: "a-1-0.tar.bz2"}},
	{"/team/linux-64/x264-1!164.3095-h_2.conda", Location{Kind: KindPackageFile, Channel: "team", Subdir: "linux-64", File: "x264-1!164.3095-h_2.conda"}},
	{"/team/linux-64/x264-1%21164.3095-h_2.conda", Location{Kind: KindPackageFile, Channel: "team", Subdir: "linux-64", File: "x264-1!164.3095-h_2.conda"}},
	{"/team/noarch/a-2.1+b-0.conda", Location{Kind: KindPackageFile, Channel: "team", Subdir: "noarch", File: "a-2.1+b-0.conda"}},
	{"/team/noarch/a-2.1%2bb-0.conda", Location{Kind: KindPackageFile, Channel: "team", Subdir: "noarch", File: "a-2.1+b-0.conda"}},
	{"/team/noarch/A__-1.0RC-0.conda", Location{Kind: KindPackageFile, Channel: "team", Subdir: "noarch", File: "A__-1.0RC-0.conda"}},

	{"/team/noarch/index.html", Location{Kind: KindOtherFile, Channel: "team", Subdir: "noarch", File: "index.html"}},
	{"/team/noarch/repodata.json.bz2", Location{Kind: KindOtherFile, Channel: "team", Subdir: "noarch", File: "repodata.json.bz2"}},
	{"/team/noarch/a.conda", Location{Kind: KindOtherFile, Channel: "team", Subdir: "noarch", File: "a.conda"}},
	{"/team/dev/haiku-64/index.html", Location{Kind: KindOtherFile, Channel: "team/dev", Subdir: "haiku-64", File: "index.html"}},
	{"/team/label/rc/noarch/index.html", Location{Kind: KindOtherFile, Channel: "team", Label: "rc", Subdir: "noarch", File: "index.html"}},
	{"/team/rss.xml", Location{Kind: KindOtherFile, Channel: "team", File: "rss.xml"}},
	{"/team/dev/rss.xml", Location{Kind: KindOtherFile, Channel: "team/dev", File: "rss.xml"}},
	{"/team/my-dev/rss.xml", Location{Kind: KindOtherFile, Channel: "team/my-dev", File: "rss.xml"}},
	{"/team/noarch/" + strings.Repeat("A", 64) + ".msgpack.zst", Location{Kind: KindOtherFile, Channel: "team", Subdir: "noarch", File: strings.Repeat("A", 64) + ".msgpack.zst"}},
	{"/team/noarch/a%20b%25%32%65", Location{Kind: KindOtherFile, Channel: "team", Subdir: "noarch", File: "a b%2e"}},
	{"/team/noarch/%252e%252e", Location{Kind: KindOtherFile, Channel: "team", Subdir: "noarch", File: "%2e%2e"}},
	{"/team/noarch/" + strings.Repeat("|", 255), Location{Kind: KindOtherFile, Channel: "team", Subdir: "noarch", File: strings.Repeat("|", 255)}},
	{"/team/noarch/" + strings.Repeat("a", 204) + "-1-0.conda", Location{Kind: KindOtherFile, Channel: "team", Subdir: "noarch", File: strings.Repeat("a", 204) + "-1-0.conda"}},
	{"/team/noarch/...", Location{Kind: KindOtherFile, Channel: "team", Subdir: "noarch", File: "..."}},
}

func TestParsePath(t *testing.T) {
	for _, tt := range pathTests {
		got, err := ParsePath(tt.path)
		if err != nil {
			t.Errorf("ParsePath(%q): %v", tt.path, err)
			continue
		}
		if diff := cmp.Diff(got, tt.want); diff != "" {
			t.Errorf("ParsePath(%q) (-got +want):\n%s", tt.path, diff)
		}
	}
}

var badPathTests = []struct {
	path     string
	want     PathError
	notFound bool
}{
	{"", ErrRelative, false},
	{"team", ErrRelative, false},
	{"%2Fteam", ErrEscapedSlash, false},
	{"/team/" + strings.Repeat("a", MaxPath), ErrTooLong, false},
	{"/team/%", ErrEscape, false},
	{"/team/%4", ErrEscape, false},
	{"/team/%4g", ErrEscape, false},
	{"/team/%%41", ErrEscape, false},
	{"/team%2Fdev/noarch/repodata.json", ErrEscapedSlash, false},
	{"/team/noarch/..%2f..%2fetc", ErrEscapedSlash, false},
	{"/team/noarch/\x00", ErrByte, false},
	{"/team/noarch/%00", ErrByte, false},
	{"/team/noarch/a%00.conda", ErrByte, false},
	{"/team\\noarch", ErrByte, false},
	{"/team/..%5C..%5Cetc", ErrByte, false},
	{"/team/noarch/a%0d%0ab", ErrByte, false},
	{"/team/noarch/%7f", ErrByte, false},
	{"/team/noarch/\u00e9", ErrByte, false},
	{"/team/noarch/%C0%AE%C0%AE", ErrByte, false},
	{"/..", ErrDotSegment, false},
	{"/team/../other/noarch/repodata.json", ErrDotSegment, false},
	{"/team/%2e%2E/other", ErrDotSegment, false},
	{"/team/./noarch", ErrDotSegment, false},
	{"/team/noarch/..", ErrDotSegment, false},
	{"/team/../", ErrDotSegment, false},
	{"/team/label/../noarch/repodata.json", ErrDotSegment, false},
	{"//team", ErrEmptySegment, false},
	{"/team//noarch/repodata.json", ErrEmptySegment, false},
	{"/team//", ErrEmptySegment, false},
	{"//", ErrEmptySegment, false},
	{"/team/noarch/repodata.json/", ErrEmptySegment, false},
	{"/team/rss.xml/", ErrEmptySegment, false},
	{"/api/repo//team", ErrEmptySegment, false},

	{"/", ErrNoChannel, true},
	{"/api/repo", ErrNoChannel, true},
	{"/repo/", ErrNoChannel, true},
	{"/channeldata.json", ErrNoChannel, true},
	{"/noarch/repodata.json", ErrNoChannel, true},
	{"/conda/noarch/repodata.json", ErrNoChannel, true},
	{"/api", ErrChannelName, true},
	{"/api/team", ErrChannelName, true},
	{"/api/repo/api/repo/team", ErrChannelName, true},
	{"/repo/conda/team", ErrChannelName, true},
	{"/t/x/team/noarch/repodata.json", ErrChannelName, true},
	{"/team/t/x/noarch/repodata.json", ErrChannelName, true},
	{"/get/team/noarch/repodata.json", ErrChannelName, true},
	{"/-/tokens", ErrChannelName, true},
	{"/.well-known/x", ErrChannelName, true},
	{"/favicon.ico", ErrChannelName, true},
	{"/Team/noarch/repodata.json", ErrChannelName, true},
	{"/a/b/c/noarch/repodata.json", ErrChannelName, true},
	{"/a/b/c/d", ErrChannelName, true},
	{"/linux-64/noarch/repodata.json", ErrChannelName, true},
	{"/team/noarch/channeldata.json", ErrChannelName, true},
	{"/team/noarch/noarch/repodata.json", ErrChannelName, true},
	{"/" + strings.Repeat("a", 129) + "/noarch/repodata.json", ErrChannelName, true},
	{"/team/dev/labels/x/noarch/repodata.json", ErrChannelName, true},
	{"/team/t", ErrChannelName, true},
	{"/team/noarch/t", ErrChannelName, true},
	{"/team/label", ErrLabel, true},
	{"/team/label/noarch/repodata.json", ErrLabel, true},
	{"/team/dev/label/channeldata.json", ErrLabel, true},
	{"/team/label/1x/noarch/repodata.json", ErrLabel, true},
	{"/team/label/a+b/noarch/repodata.json", ErrLabel, true},
	{"/team/label/" + strings.Repeat("a", 129) + "/noarch/repodata.json", ErrLabel, true},
	{"/repodata.json", ErrSubdir, true},
	{"/team/repodata.json", ErrSubdir, true},
	{"/team/dev/repodata.json", ErrSubdir, true},
	{"/team/linux-64-x/repodata.json", ErrSubdir, true},
	{"/team/a-1-0.conda", ErrSubdir, true},
	{"/team/noarch/" + strings.Repeat("|", 256), ErrLongFile, true},
	{"/team/noarch/" + strings.Repeat("a", 256) + "-1-0.conda", ErrLongFile, true},
	{"/noarch", ErrNoFile, true},
	{"/team/noarch", ErrNoFile, true},
	{"/team/noarch/", ErrNoFile, true},
	{"/team/dev/linux-64", ErrNoFile, true},
	{"/team/label/rc/linux-64", ErrNoFile, true},
	// conda 26.7 swaps the last two segments of a sharded repodata's URL while it inserts a token from its store.
	{"/team/repodata_shards.msgpack.zst/noarch", ErrNoFile, true},
	{"/team/repodata_shards.msgpack.zst/linux-64", ErrNoFile, true},
	{"/team/repodata_shards.msgpack.zst/haiku-64", ErrChannelName, true},
	{"/team/" + hash + ".msgpack.zst/noarch/shards", ErrChannelName, true},
	{"/team/noarch/" + hash + ".msgpack.zst", ErrShard, true},
	{"/" + hash + ".msgpack.zst", ErrShard, true},
	{"/team/shards/" + hash + ".msgpack.zst", ErrSubdir, true},
	{"/shards/" + hash + ".msgpack.zst", ErrSubdir, true},
	{"/noarch/shards/" + hash + ".msgpack.zst", ErrNoChannel, true},
}

func TestParsePathRefuses(t *testing.T) {
	for _, tt := range badPathTests {
		loc, err := ParsePath(tt.path)
		var perr PathError
		if !errors.As(err, &perr) || !errors.Is(err, tt.want) || perr.NotFound() != tt.notFound {
			t.Errorf("ParsePath(%.80q) = %+v, %v; want %v, which is not found: %v", tt.path, loc, err, tt.want, tt.notFound)
		}
		if loc != (Location{}) {
			t.Errorf("ParsePath(%.80q) returns %+v beside an error", tt.path, loc)
		}
	}
}

// TestEveryPath builds paths from all possible parts, escapes them at random, and expects those parts back.
func TestEveryPath(t *testing.T) {
	level := rapid.StringMatching(`[a-z][a-z0-9_-]{0,7}`).Filter(func(s string) bool { return !IsReserved(s) })
	tail := map[Kind]string{
		KindChannelData: "channeldata.json", KindNotices: "notices.json",
		KindRepodata: "repodata.json", KindRepodataZst: "repodata.json.zst",
		KindCurrentRepodata: "current_repodata.json", KindCurrentRepodataZst: "current_repodata.json.zst",
		KindShardIndex: "repodata_shards.msgpack.zst", KindShard: hash + ".msgpack.zst",
		KindRunExports: "run_exports.json", KindRunExportsZst: "run_exports.json.zst",
		KindPackageFile: "x264-1!164+b-h_0.conda", KindOtherFile: "index.html",
	}
	rapid.Check(t, func(t *rapid.T) {
		want := Location{
			Prefix:  rapid.SampledFrom([]string{"", "/api/repo", "/repo", "/conda"}).Draw(t, "prefix"),
			Channel: level.Draw(t, "channel"),
			Label:   rapid.SampledFrom([]string{"", "main", "a/b", "RC.1", "label"}).Draw(t, "label"),
			Kind:    rapid.SampledFrom([]Kind{KindChannelRoot, KindChannelData, KindNotices, KindRepodata, KindRepodataZst, KindCurrentRepodata, KindCurrentRepodataZst, KindShardIndex, KindShard, KindRunExports, KindRunExportsZst, KindPackageFile, KindOtherFile}).Draw(t, "kind"),
		}
		if rapid.Bool().Draw(t, "nested") {
			want.Channel += "/" + level.Draw(t, "subchannel")
		}
		want.File = tail[want.Kind]
		switch want.Kind {
		case KindChannelRoot, KindChannelData, KindNotices:
		default:
			want.Subdir = rapid.SampledFrom(KnownSubdirs()).Draw(t, "subdir")
		}
		if want.Kind == KindShard {
			want.Hash = hash
		}
		path := escapeSome(t, want.Path())
		got, err := ParsePath(path)
		if err != nil {
			t.Fatalf("ParsePath(%q): %v", path, err)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("ParsePath(%q) (-got +want):\n%s", path, diff)
		}
	})
}

// escapeSome percent-encodes some bytes of an escaped path which need no encoding.
func escapeSome(t *rapid.T, path string) string {
	const hexDigits = "0123456789abcdef"
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; c != '/' && c != '%' && (i < 2 || path[i-1] != '%' && path[i-2] != '%') && rapid.IntRange(0, 9).Draw(t, "escape") == 0 {
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
			continue
		}
		b.WriteByte(path[i])
	}
	return b.String()
}

func TestKindKnown(t *testing.T) {
	for _, tt := range pathTests {
		if !tt.want.Kind.Known() {
			t.Errorf("%q.Known() = false", tt.want.Kind)
		}
	}
	if Kind("").Known() || Kind("other").Known() {
		t.Error("a kind is known that does not exist")
	}
}

func FuzzParsePath(f *testing.F) {
	for _, tt := range pathTests {
		f.Add(tt.path)
	}
	for _, tt := range badPathTests {
		f.Add(tt.path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		loc, err := ParsePath(path)
		if err != nil {
			var perr PathError
			if !errors.As(err, &perr) || loc != (Location{}) {
				t.Errorf("ParsePath(%q) = %+v, %v; want a PathError alone", path, loc, err)
			}
			return
		}
		checkLocation(t, path, loc)
		if again, err := ParsePath(loc.Path()); err != nil || again != loc {
			t.Errorf("ParsePath(%q) = %+v, whose path %q reads as %+v, %v", path, loc, loc.Path(), again, err)
		}
	})
}

// checkLocation asserts what the documentation of Location promises, and that a standard parser sees the same bytes.
func checkLocation(t *testing.T, path string, loc Location) {
	t.Helper()
	if err := ValidateName(loc.Channel); err != nil {
		t.Errorf("ParsePath(%q): %v", path, err)
	}
	if err := ValidateLabel(loc.Label); loc.Label != "" && loc.Label != NoLabel && err != nil {
		t.Errorf("ParsePath(%q): %v", path, err)
	}
	if err := ValidateSubdir(loc.Subdir); loc.Subdir != "" && err != nil {
		t.Errorf("ParsePath(%q): %v", path, err)
	}
	if strings.ContainsAny(loc.File, "/\\\x00") || loc.File == "." || loc.File == ".." || (loc.File == "") != (loc.Kind == KindChannelRoot) {
		t.Errorf("ParsePath(%q) has the file %q for kind %s", path, loc.File, loc.Kind)
	}
	if (loc.Hash != "") != (loc.Kind == KindShard) || !strings.HasPrefix(loc.File, loc.Hash) || !loc.Kind.Known() {
		t.Errorf("ParsePath(%q) = %+v is not consistent", path, loc)
	}
	decoded, err := url.PathUnescape(path)
	if err != nil || len(path) > MaxPath || strings.TrimSuffix(decoded, "/") != unescaped(t, loc.Path()) {
		t.Errorf("ParsePath(%q) = %+v, but the path decodes to %q, %v", path, loc, decoded, err)
	}
}

func unescaped(t *testing.T, path string) string {
	t.Helper()
	s, err := url.PathUnescape(path)
	if err != nil {
		t.Errorf("Path returns %q: %v", path, err)
	}
	return s
}

func BenchmarkParsePath(b *testing.B) {
	for _, bm := range []struct{ name, path string }{
		{"package", "/team/dev/linux-64/numpy-1.26.4-py311h5e241af_0.conda"},
		{"escaped", "/team/linux-64/x264-1%21164.3095-h166bdaf_2.conda"},
		{"repodata", "/api/repo/team/noarch/repodata.json.zst"},
		{"shard", "/team/label/rc/noarch/shards/" + hash + ".msgpack.zst"},
		{"unknown", "/wp-admin/setup.php"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = ParsePath(bm.path)
			}
		})
	}
}
