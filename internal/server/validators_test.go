package server_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// TestCaching: what was given to a credential is for its holder alone; what is public may be kept a minute by others, and
// says on what it depends.
func TestCaching(t *testing.T) {
	s := newStage(t)
	token := s.ResourceToken(s.ada, "team", api.LevelRead).Secret
	for _, c := range []struct {
		path, token, want string
	}{
		{"/team/noarch/repodata.json", token, "private, max-age=30"},
		{"/team/channeldata.json", token, "private, max-age=30"},
		{"/team", token, "private, max-age=30"},
		{"/team/noarch/" + s.file, token, "private, max-age=86400"},
		{"/open/noarch/repodata.json", token, "private, max-age=30"},
		{"/open/noarch/repodata.json", "", "public, s-maxage=60, max-age=30"},
		{"/open", "", "public, s-maxage=60, max-age=30"},
		{"/open/noarch/" + s.file, "", "public, s-maxage=60, max-age=86400"},
		{"/api/channels/open", "", "private, no-store"},
		{"/api/channels", token, "private, no-store"},
	} {
		a := get(c.path).xAuth(c.token).do(t, s.Site).ok(t, c.path)
		if got := a.header.Get("Cache-Control"); got != c.want {
			t.Errorf("%s: Cache-Control = %q, want %q", c.path, got, c.want)
		}
		if got := a.header.Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("%s: Referrer-Policy = %q", c.path, got)
		}
		if strings.HasPrefix(c.path, "/api/") {
			continue
		}
		for _, name := range []string{"Authorization", "X-Auth", "X-API-Key", "Cookie"} {
			if !strings.Contains(a.header.Get("Vary"), name) {
				t.Errorf("%s: Vary = %q, without %s", c.path, a.header.Get("Vary"), name)
			}
		}
	}
}

// TestValidatorsAndRanges asks for parts of files and for files that did not change: one that is kept in memory and one
// that is sent from disk.
func TestValidatorsAndRanges(t *testing.T) {
	s := newStage(t)
	token := s.ResourceToken(s.ada, "team", api.LevelRead).Secret
	large, info := servertest.Package(7, random.Options{NoArch: "generic", Payload: 300 << 10})
	s.Upload(s.ada, "team", large, info.Filename)
	for path, data := range map[string][]byte{"/team/noarch/" + s.file: s.data, "/team/noarch/" + info.Filename: large} {
		whole := get(path).xAuth(token).with("Accept-Encoding", "gzip, deflate").do(t, s.Site).ok(t, path)
		tag := whole.header.Get("Etag")
		if string(whole.body) != string(data) || whole.header.Get("Content-Encoding") != "" || whole.header.Get("Accept-Ranges") != "bytes" {
			t.Errorf("%s: %d bytes, headers %v, want the %d of the package as they are", path, len(whole.body), whole.header, len(data))
		}
		if !regexp.MustCompile(`^"[0-9a-f]{64}"$`).MatchString(tag) {
			t.Errorf("%s: ETag = %q, want a strong one of the content", path, tag)
		}
		s.ranges(t, get(path).xAuth(token), data, tag)
		s.unchanged(t, get(path).xAuth(token), tag, whole.header.Get("Last-Modified"))
	}
	index := get("/team/noarch/repodata.json").xAuth(token)
	s.unchanged(t, index, index.do(t, s.Site).header.Get("Etag"), "")
}

// ranges asks for parts.
func (s *stage) ranges(t *testing.T, c call, data []byte, tag string) {
	t.Helper()
	n := len(data)
	for _, r := range []struct {
		header, condition string
		status, from, to  int
	}{
		{"bytes=0-99", "", 206, 0, 100},
		{"bytes=100-", "", 206, 100, n},
		{"bytes=-50", "", 206, n - 50, n},
		{fmt.Sprintf("bytes=-%d", 2*n), "", 206, 0, n},
		{"bytes=10-19", tag, 206, 10, 20},
		{"bytes=-20", tag, 206, n - 20, n},
		{"bytes=10-19", `"another"`, 200, 0, n},
		{"bytes=10-19", "W/" + tag, 200, 0, n},
		{fmt.Sprintf("bytes=%d-", n), "", 416, 0, 0},
	} {
		what := c.path + " " + r.header + " " + r.condition
		req := c.with("Range", r.header)
		if r.condition != "" {
			req = req.with("If-Range", r.condition)
		}
		a := req.do(t, s.Site)
		if r.status == http.StatusRequestedRangeNotSatisfiable {
			a.refused(t, what, r.status, api.CodeRangeNotSatisfiable)
			continue
		}
		if a.status != r.status || string(a.body) != string(data[r.from:r.to]) {
			t.Errorf("%s = %d with %d bytes, want %d with bytes %d to %d", what, a.status, len(a.body), r.status, r.from, r.to)
		}
		want := ""
		if r.status == http.StatusPartialContent {
			want = fmt.Sprintf("bytes %d-%d/%d", r.from, r.to-1, n)
		}
		if got := a.header.Get("Content-Range"); got != want || a.header.Get("Etag") != tag {
			t.Errorf("%s: Content-Range = %q, want %q; ETag %q, want %q", what, got, want, a.header.Get("Etag"), tag)
		}
	}
}

// unchanged asks for a file that the client has already.
func (s *stage) unchanged(t *testing.T, c call, tag, modified string) {
	t.Helper()
	for name, value := range map[string]string{"If-None-Match": tag, "If-Modified-Since": modified} {
		if value == "" {
			continue
		}
		a := c.with(name, value).do(t, s.Site)
		if a.status != http.StatusNotModified || len(a.body) != 0 || a.header.Get("Etag") != tag || !strings.HasPrefix(a.header.Get("Cache-Control"), "private") {
			t.Errorf("%s with %s = %d, headers %v, want 304 with the tag", c.path, name, a.status, a.header)
		}
	}
	if a := c.with("If-None-Match", `"another"`).do(t, s.Site); a.status != http.StatusOK {
		t.Errorf("%s with another tag = %d, want 200", c.path, a.status)
	}
	// A tag opens nothing to whoever may not read the file.
	c.header = map[string]string{"If-None-Match": tag}
	c.do(t, s.Site).refused(t, c.path+" with the tag and without a token", http.StatusUnauthorized, api.CodeAuthRequired)
}
