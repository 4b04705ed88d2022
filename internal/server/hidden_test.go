package server_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
)

// probes are requests that name a channel, in every way that there is.
func (s *stage) probes(ch string) (conda, rest []call) {
	conda = s.condaWrites(ch)
	for _, file := range []string{
		"", "/", "/channeldata.json", "/notices.json", "/noarch/repodata.json", "/noarch/repodata.json.zst", "/noarch/current_repodata.json",
		"/noarch/repodata_shards.msgpack.zst", "/noarch/shards/" + strings.Repeat("0", 64) + ".msgpack.zst", "/noarch/run_exports.json",
		"/linux-64/repodata.json", "/noarch/" + s.file, "/noarch/nothing-1.0-0.conda", "/label/main/noarch/repodata.json", "/label/dev/noarch/repodata.json",
	} {
		conda = append(conda, get("/"+ch+file), call{method: http.MethodHead, path: "/" + ch + file})
	}
	rest = join(s.restReads(ch), s.restWrites(ch))
	name, _, _ := strings.Cut(s.file, "-")
	one := "/api/channels/" + ch + "/artifacts/conda/" + name
	for _, path := range []string{one, one + "/about", one + "/about?ckey=noarch/" + s.file, one + "/files", one + "/files/noarch/" + s.file} {
		rest = append(rest, get(path), call{method: http.MethodHead, path: path})
	}
	return conda, append(rest,
		call{method: http.MethodDelete, path: one}, call{method: http.MethodDelete, path: one + "/files/noarch/" + s.file},
		call{method: http.MethodPost, path: "/api/v1/upload/" + ch, body: []byte("x")},
		call{method: http.MethodPost, path: "/api/channels/" + ch + "/artifacts", body: []byte("x")})
}

// TestHiddenIsUnknown: whoever may not read a channel gets the very bytes that they would get if it did not exist.
func TestHiddenIsUnknown(t *testing.T) {
	s := newStage(t)
	for what, token := range map[string]string{
		"resource token": s.ResourceToken(s.bob, "bobs", api.LevelManage).Secret,
		"scope token":    s.ScopeToken(s.bob, "channel:view", "channel:view-artifacts", "channel:edit", "artifact:create", "artifact:view", "artifact:download").Secret,
		"session":        s.session(t, "bob"),
		"nobody":         "",
	} {
		hiddenConda, hiddenREST := s.probes("team")
		unknownConda, unknownREST := s.probes("none")
		conda, rest, code := http.StatusForbidden, http.StatusNotFound, api.CodeNotFound
		if token == "" {
			conda, rest, code = http.StatusUnauthorized, http.StatusUnauthorized, api.CodeAuthRequired
		}
		for i, c := range hiddenConda {
			s.alike(t, what, token, c, unknownConda[i], conda, code)
		}
		for i, c := range hiddenREST {
			s.alike(t, what, token, c, unknownREST[i], rest, code)
		}
	}
}

// alike sends both calls and compares the answers.
func (s *stage) alike(t *testing.T, what, token string, hidden, unknown call, status int, code api.Code) {
	t.Helper()
	what += ": " + hidden.method + " " + hidden.path
	got, want := hidden.xAuth(token).do(t, s.Site), unknown.xAuth(token).do(t, s.Site)
	got.refused(t, what, status, code)
	if token == "" {
		// To nobody in particular the request's number is told, which may be of another length.
		got.header.Del("Content-Length")
		want.header.Del("Content-Length")
		got.body, want.body = requestID(got), requestID(want)
	}
	if !bytes.Equal(got.body, want.body) {
		t.Errorf("%s: body = %s, and of an unknown channel %s", what, got.body, want.body)
	}
	if diff := cmp.Diff(want.shape(), got.shape()); diff != "" {
		t.Errorf("%s: headers (-unknown +hidden):\n%s", what, diff)
	}
}

// requestID gives the body without the number of the request.
func requestID(a answer) []byte {
	return bytes.ReplaceAll(a.body, []byte(a.header.Get("X-Request-Id")), nil)
}

// TestHiddenInBody: a name in a body is answered like one in a path.
func TestHiddenInBody(t *testing.T) {
	s := newStage(t)
	session := s.session(t, "bob")
	grant := func(ch string) call {
		return call{method: http.MethodPost, path: "/api/account/tokens", body: api.TokenCreate{
			Name: "x", Resources: []api.TokenResource{{ResourceType: api.ResourceTypeChannel, ResourceID: ch, Permission: api.LevelRead}},
		}}
	}
	explain := func(ch string) call {
		return call{method: http.MethodPost, path: "/api/access/explain", body: api.ExplainRequest{Action: "channel:view", Channel: ch}}
	}
	explainOther := func(ch string) call {
		return call{method: http.MethodPost, path: "/api/access/explain", body: api.ExplainRequest{User: "ada", Action: "channel:view", Channel: ch}}
	}
	for what, ask := range map[string]func(string) call{"grant": grant, "explain": explain, "explain another": explainOther} {
		hidden, unknown := ask("team").xAuth(session).do(t, s.Site), ask("none").xAuth(session).do(t, s.Site)
		if hidden.status != unknown.status || hidden.status == http.StatusCreated || hidden.status == http.StatusInternalServerError {
			t.Errorf("%s: status = %d, of an unknown channel %d", what, hidden.status, unknown.status)
		}
		named := bytes.ReplaceAll(requestID(hidden), []byte("team"), []byte("none"))
		if !bytes.Equal(named, requestID(unknown)) {
			t.Errorf("%s: body = %s, of an unknown channel %s", what, hidden.body, unknown.body)
		}
	}
}

// TestNoRedirects: nothing is ever redirected, since a token could end up in the new address, but for the pages, which
// take no token and lead those who have not signed in to where they can.
func TestNoRedirects(t *testing.T) {
	s := newStage(t)
	token := s.ResourceToken(s.ada, "team", api.LevelRead).Secret
	for _, path := range []string{
		"/", "//", "/team/", "/team//noarch/repodata.json", "//team/noarch/repodata.json", "/team/./noarch/repodata.json",
		"/team/../team/noarch/repodata.json", "/team/noarch", "/team/noarch/", "/team/noarch/repodata.json/", "/api", "/api/", "/api/channels/",
		"/api//channels", "/api/../api/channels", "/api/./channels", "/api/repo", "/api/repo/", "/api/repo/team", "/t", "/t/", "/t//", "/conda", "/repo/",
		"/-", "/-/", "/-/tokens", "/.well-known/x", "/%2e%2e/team", "/team/noarch/%2e%2e/repodata.json", "/get/team/noarch/repodata.json",
	} {
		for _, prefix := range []string{"", "/t/" + token, "/conda/t/" + token, "/api/repo/t/" + token} {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut} {
				a := call{method: method, path: prefix + path}.do(t, s.Site)
				if prefix == "" && strings.HasPrefix(path, "/-") && strings.HasPrefix(a.header.Get("Location"), "/-/") {
					continue
				}
				if a.status >= 300 && a.status < 400 || a.status >= 500 || a.header.Get("Location") != "" {
					t.Errorf("%s %s = %d to %q", method, strings.ReplaceAll(prefix+path, token, "TOKEN"), a.status, a.header.Get("Location"))
				}
				if bytes.Contains(a.body, []byte(token)) {
					t.Errorf("%s %s: the token is in the answer", method, path)
				}
			}
		}
	}
	if strings.Contains(s.Log.String(), token) {
		t.Error("the token is in the log")
	}
}

// TestHeadIsGet: HEAD has the status and the headers of GET, and no body.
func TestHeadIsGet(t *testing.T) {
	s := newStage(t)
	conda, rest := s.probes("team")
	open, openREST := s.probes("open")
	for _, token := range []string{"", s.ResourceToken(s.ada, "team", api.LevelRead).Secret, s.ScopeToken(s.ada, "channel:view").Secret, foreignToken(t)} {
		for _, c := range slices.Concat(conda, rest, open, openREST, []call{get("/"), get("/healthz"), get("/api/system"), get("/api/nothing")}) {
			if c.method != http.MethodGet {
				continue
			}
			want := c.xAuth(token).do(t, s.Site)
			c.method = http.MethodHead
			got := c.xAuth(token).do(t, s.Site)
			if got.status != want.status || len(got.body) != 0 {
				t.Errorf("HEAD %s = %d with %d bytes, want %d and none", c.path, got.status, len(got.body), want.status)
			}
			if bytes.Contains(want.body, []byte(want.header.Get("X-Request-Id"))) {
				// The body holds the number of the request, whose length may differ.
				want.header.Del("Content-Length")
				got.header.Del("Content-Length")
			}
			if diff := cmp.Diff(want.shape(), got.shape()); diff != "" {
				t.Errorf("headers of %s (-GET +HEAD):\n%s", c.path, diff)
			}
		}
	}
}
