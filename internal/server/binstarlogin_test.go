package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/internal/servertest"
)

// asks is a request for a token, as anaconda-client makes it.
func asks(body map[string]any) call {
	return call{method: http.MethodPost, path: "/authentications", body: body}.with("X-Binstar-Api-Version", "1.16.0")
}

// tokenOf reads the answer to a request for a token.
func (a answer) tokenOf(t *testing.T) string {
	t.Helper()
	var out struct{ Token string }
	if err := json.Unmarshal(a.body, &out); err != nil || out.Token == "" {
		t.Fatalf("no token in %s (%v)", a.body, err)
	}
	return out.Token
}

// TestBinstarLogin: a password gets a token for what the tool does; the session that it took is over; the same name asks
// for replacement; logging out ends the token.
func TestBinstarLogin(t *testing.T) {
	s := newStage(t)
	login := func(fail bool) call {
		return asks(map[string]any{"note": "binstar_client:ada@laptop", "hostname": "laptop", "scopes": nil, "fail-if-exists": fail}).
			with("Authorization", basicAuth("ada", servertest.UserPassword))
	}
	db := newState(t, s.Site)
	sessions := func() []string { return db.strings(t, `SELECT public_id FROM sessions ORDER BY public_id`) }
	before := sessions()
	first := login(true).do(t, s.Site).ok(t, "log in").tokenOf(t)
	info, err := s.Token(first).TokenInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(info.Scopes)
	same(t, "scopes of the token", info.Scopes, "artifact:create", "artifact:delete", "artifact:download", "artifact:edit", "artifact:view",
		"channel:view", "channel:view-artifacts", "channel.group:view", "subchannel:view", "subchannel:view-artifacts", "subchannel.group:view",
		"user.token:edit", "user.token:view")
	login(true).do(t, s.Site).refused(t, "again", http.StatusBadRequest, api.CodeTokenExists)
	second := login(false).do(t, s.Site).ok(t, "again, replacing").tokenOf(t)
	user := call{method: http.MethodGet, path: "/user"}.with("X-Binstar-Api-Version", "1")
	user.with("Authorization", "token "+first).do(t, s.Site).refused(t, "the token that was replaced", http.StatusUnauthorized, api.CodeTokenRevoked)
	user.with("Authorization", "token "+second).do(t, s.Site).ok(t, "the new one")
	logout := call{method: http.MethodDelete, path: "/authentications"}.with("X-Binstar-Api-Version", "1")
	logout.do(t, s.Site).refused(t, "logging out as nobody", http.StatusUnauthorized, api.CodeAuthRequired)
	if a := logout.with("Authorization", "token "+second).do(t, s.Site); a.status != http.StatusCreated {
		t.Errorf("logging out: %d %s, want 201", a.status, a.body)
	}
	user.with("Authorization", "token "+second).do(t, s.Site).refused(t, "after logging out", http.StatusUnauthorized, api.CodeTokenRevoked)
	asks(map[string]any{"note": "x"}).with("Authorization", basicAuth("ada", "wrong")).do(t, s.Site).
		refused(t, "a wrong password", http.StatusUnauthorized, api.CodeBadCredentials)
	user.with("Authorization", basicAuth("ada", servertest.UserPassword)).do(t, s.Site).
		refused(t, "a password elsewhere", http.StatusUnauthorized, api.CodeBadCredentials)
	same(t, "sessions afterwards", sessions(), before...)
}

// TestBinstarPasswordsAreLimited: guessing is slowed down here as at the sign-in.
func TestBinstarPasswordsAreLimited(t *testing.T) {
	s := newStage(t)
	guess := asks(map[string]any{"note": "x"}).with("Authorization", basicAuth("ada", "wrong"))
	for range 100 {
		if a := guess.do(t, s.Site); a.status != http.StatusUnauthorized {
			a.refused(t, "too many guesses", http.StatusTooManyRequests, api.CodeRateLimited)
			return
		}
	}
	t.Error("a hundred passwords were tried")
}

// TestBinstarScopes: the words of anaconda.org give scopes of ours, or a level on one channel, and never more than the
// account may grant.
func TestBinstarScopes(t *testing.T) {
	s := newStage(t)
	ada := basicAuth("ada", servertest.UserPassword)
	for name, tc := range map[string]struct {
		body map[string]any
		want []string
	}{
		"conda:download": {map[string]any{"scopes": []string{"conda:download"}}, []string{
			"artifact:download", "artifact:view", "channel:view", "channel:view-artifacts", "subchannel:view", "subchannel:view-artifacts",
		}},
		"two words": {map[string]any{"scopes": []string{"repos", "artifact:create"}}, []string{
			"artifact:create", "artifact:view", "channel:view", "channel:view-artifacts", "subchannel:view", "subchannel:view-artifacts",
		}},
		"for a channel":    {map[string]any{"scopes": []string{"conda:upload"}, "user": "team"}, []string{"team=write"}},
		"to read it":       {map[string]any{"scopes": []string{"repos", "conda:download"}, "user": "team"}, []string{"team=read"}},
		"all of a channel": {map[string]any{"scopes": []string{}, "user": "team"}, []string{"team=manage"}},
	} {
		tc.body["note"] = name
		info, err := s.Token(asks(tc.body).with("Authorization", ada).do(t, s.Site).ok(t, name).tokenOf(t)).TokenInfo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := info.Scopes
		for _, r := range info.Resources {
			got = append(got, r.ResourceID+"="+string(r.Permission))
		}
		same(t, name, got, tc.want...)
	}
	grantable, err := s.ada.GrantableScopes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Token(asks(map[string]any{"note": "all", "scopes": []string{}}).with("Authorization", ada).do(t, s.Site).ok(t, "all").tokenOf(t)).TokenInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(info.Scopes)
	same(t, "all", info.Scopes, grantable...)
	for name, tc := range map[string]struct {
		body   map[string]any
		status int
		code   api.Code
	}{
		"an unknown word":       {map[string]any{"scopes": []string{"pypi:upload"}}, 422, api.CodeInvalid},
		"a word and a scope":    {map[string]any{"scopes": []string{"artifact:view"}, "user": "team"}, 422, api.CodeInvalid},
		"a scope of admins":     {map[string]any{"scopes": []string{"user:edit"}}, 403, api.CodeNotGrantable},
		"a channel of another":  {map[string]any{"scopes": []string{"repos"}, "user": "bobs"}, 404, api.CodeNotFound},
		"no channel":            {map[string]any{"scopes": []string{"repos"}, "user": "nothing"}, 404, api.CodeNotFound},
		"an age of nothing":     {map[string]any{"scopes": []string{"repos"}, "max-age": 0}, 422, api.CodeInvalid},
		"an age beyond measure": {map[string]any{"scopes": []string{"repos"}, "max-age": 1 << 60}, 422, api.CodeInvalid},
	} {
		tc.body["note"] = name
		asks(tc.body).with("Authorization", ada).do(t, s.Site).refused(t, name, tc.status, tc.code)
	}
}

// TestBinstarTokens: what the tool lists of tokens, how long they live, and that names that several have end none.
func TestBinstarTokens(t *testing.T) {
	s := newStage(t)
	body := map[string]any{"note": "ci", "hostname": "builder", "scopes": []string{"conda:upload"}, "user": "team", "max-age": 3600}
	token := asks(body).with("Authorization", basicAuth("ada", servertest.UserPassword)).do(t, s.Site).ok(t, "create").tokenOf(t)
	session := s.session(t, "ada")
	var list []struct {
		ID, Application, Hostname string
		Expires                   time.Time
		Scopes                    []string
	}
	a := get(binstar+"/authentications").xAuth(session).do(t, s.Site).ok(t, "list")
	if err := json.Unmarshal(a.body, &list); err != nil || len(list) != 1 {
		t.Fatalf("%s: %v", a.body, err)
	}
	end := s.Clock.Now().Add(time.Hour)
	if got := list[0]; got.Application != "ci" || got.Hostname != "builder" || !slices.Equal(got.Scopes, []string{"write on team"}) ||
		got.Expires.After(end) || got.Expires.Before(end.Add(-10*time.Minute)) {
		t.Errorf("listed as %+v", got)
	}
	s.Clock.Advance(61 * time.Minute)
	get(binstar+"/user").with("Authorization", "token "+token).do(t, s.Site).refused(t, "after its age", http.StatusUnauthorized, api.CodeTokenExpired)
	for range 2 {
		s.ScopeToken(s.ada, "channel:view")
	}
	remove := call{method: http.MethodDelete, path: binstar + "/authentications/name/scopes"}.xAuth(session)
	if p := remove.do(t, s.Site).refused(t, "a name of several", http.StatusConflict, api.CodeConflict); !strings.Contains(p.Message, "kingsnake token delete") {
		t.Errorf("%q does not say what to do", p.Message)
	}
	call{method: http.MethodDelete, path: binstar + "/authentications/name/nothing"}.xAuth(session).do(t, s.Site).
		refused(t, "no such name", http.StatusNotFound, api.CodeNotFound)
}
