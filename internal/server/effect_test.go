package server_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/server"
	"kingsnake/internal/servertest"
)

// index is the request that most of these tests repeat.
func index(ch, token string) call { return get("/" + ch + "/noarch/repodata.json").xAuth(token) }

// put is a write that changes nothing when it is repeated.
func (s *stage) put(ch, token string) call { return s.condaWrites(ch)[0].xAuth(token) }

// warm sends calls twice, so that everything that can be kept in memory is there.
func (s *stage) warm(t *testing.T, calls ...call) {
	t.Helper()
	for range 2 {
		for _, c := range calls {
			c.do(t, s.Site).ok(t, "before the change: "+c.method+" "+c.path)
		}
	}
}

// as sends a REST request as a user and wants it to succeed.
func (s *stage) as(t *testing.T, user, method, path string, body any) answer {
	t.Helper()
	return call{method: method, path: path, body: body}.xAuth(s.session(t, user)).do(t, s.Site).ok(t, method+" "+path)
}

// pair makes a scope token and a resource token of ada's, both good for reading and writing team and open.
func (s *stage) pair(t *testing.T) map[string]api.TokenCreated {
	t.Helper()
	resource, err := s.ada.CreateToken(t.Context(), api.TokenCreate{Name: "pair", Resources: []api.TokenResource{
		{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelWrite},
		{ResourceType: api.ResourceTypeChannel, ResourceID: "open", Permission: api.LevelWrite},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]api.TokenCreated{
		"resource": resource,
		"scope":    s.ScopeToken(s.ada, "channel:view-artifacts", "channel:view", "artifact:create", "artifact:download"),
	}
}

func TestRevocationAtOnce(t *testing.T) {
	s := newStage(t)
	for kind, token := range s.pair(t) {
		s.warm(t, index("team", token.Secret), s.put("team", token.Secret))
		s.as(t, "ada", http.MethodDelete, "/api/account/tokens/"+token.ID, nil)
		index("team", token.Secret).do(t, s.Site).refused(t, kind+" read", http.StatusUnauthorized, api.CodeTokenRevoked)
		s.put("team", token.Secret).do(t, s.Site).refused(t, kind+" write", http.StatusUnauthorized, api.CodeTokenRevoked)
	}
	self := s.pair(t)["resource"]
	s.warm(t, index("team", self.Secret))
	call{method: http.MethodDelete, path: "/api/account/tokens/" + self.ID}.xAuth(self.Secret).do(t, s.Site).ok(t, "a token deletes itself")
	index("team", self.Secret).do(t, s.Site).refused(t, "itself", http.StatusUnauthorized, api.CodeTokenRevoked)
}

func TestNarrowingAtOnce(t *testing.T) {
	s := newStage(t)
	token := s.pair(t)["resource"]
	edit := func(resources ...api.TokenResource) {
		s.as(t, "ada", http.MethodPut, "/api/account/tokens/"+token.ID+"?reissue_token=false", api.TokenUpdate{Resources: resources})
	}
	s.warm(t, index("team", token.Secret), s.put("team", token.Secret))
	edit(api.TokenResource{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelRead})
	index("team", token.Secret).do(t, s.Site).ok(t, "read after losing write")
	s.put("team", token.Secret).do(t, s.Site).refused(t, "write after losing it", http.StatusForbidden, api.CodeTokenLevel)
	edit(api.TokenResource{ResourceType: api.ResourceTypeChannel, ResourceID: "open", Permission: api.LevelWrite})
	index("team", token.Secret).do(t, s.Site).refused(t, "read after losing the channel", http.StatusForbidden, api.CodeNotFound)
	s.put("open", token.Secret).do(t, s.Site).ok(t, "the other channel")
}

// reissue gives a token a new string.
func (s *stage) reissue(t *testing.T, id, overlap string) string {
	t.Helper()
	a := s.as(t, "ada", http.MethodPut, "/api/account/tokens/"+id+"?overlap="+overlap, api.TokenUpdate{})
	var out api.TokenUpdated
	if err := json.Unmarshal(a.body, &out); err != nil || out.Secret == nil {
		t.Fatalf("reissue = %s, %v, want a new string", a.body, err)
	}
	return *out.Secret
}

func TestReissueAtOnce(t *testing.T) {
	s := newStage(t)
	for kind, token := range s.pair(t) {
		s.warm(t, index("team", token.Secret))
		second := s.reissue(t, token.ID, "")
		index("team", token.Secret).do(t, s.Site).refused(t, kind+": old", http.StatusUnauthorized, api.CodeTokenRotated)
		s.warm(t, index("team", second))
		third := s.reissue(t, token.ID, "1h")
		s.warm(t, index("team", second), index("team", third))
		s.Clock.Advance(59 * time.Minute)
		s.warm(t, index("team", second), index("team", third))
		s.Clock.Advance(2 * time.Minute)
		index("team", second).do(t, s.Site).refused(t, kind+": after the overlap", http.StatusUnauthorized, api.CodeTokenRotated)
		s.warm(t, index("team", third))
	}
}

func TestExpiryAtOnce(t *testing.T) {
	s := newStage(t)
	for _, scopes := range [][]string{nil, {"channel:view-artifacts"}} {
		in := api.TokenCreate{Name: "short", Scopes: scopes, ExpiresAt: s.Clock.Now().Add(time.Hour).UTC().Format(time.RFC3339)}
		if scopes == nil {
			in.Resources = []api.TokenResource{{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelRead}}
		}
		token, err := s.ada.CreateToken(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		s.warm(t, index("team", token.Secret))
		s.Clock.Advance(59 * time.Minute)
		s.warm(t, index("team", token.Secret))
		s.Clock.Advance(time.Minute)
		index("team", token.Secret).do(t, s.Site).refused(t, "expired", http.StatusUnauthorized, api.CodeTokenExpired)
	}
}

func TestDemotionAtOnce(t *testing.T) {
	s := newStage(t)
	session, roles := s.session(t, "ada"), "/api/users/ada/roles"
	credentials := map[string]string{"session": session}
	for kind, token := range s.pair(t) {
		credentials[kind] = token.Secret
	}
	for kind, credential := range credentials {
		s.warm(t, index("team", credential), s.put("team", credential))
		s.as(t, "admin", http.MethodPut, roles, api.RolesUpdate{Roles: []string{}})
		s.put("team", credential).do(t, s.Site).refused(t, kind+": write without a role", http.StatusForbidden, api.CodeRoleLevel)
		index("team", credential).do(t, s.Site).ok(t, kind+": reading needs no role")
		s.as(t, "admin", http.MethodPut, roles, api.RolesUpdate{Roles: []string{"author"}})
		s.put("team", credential).do(t, s.Site).ok(t, kind+": write with the role again")
	}
	admin := s.User("boss", "admin", "author")
	token := s.ScopeToken(admin, "user:view", "role:view").Secret
	s.warm(t, get("/api/users").xAuth(token), get("/api/roles").xAuth(token))
	s.as(t, "admin", http.MethodPut, "/api/users/boss/roles", api.RolesUpdate{Roles: []string{"author"}})
	get("/api/users").xAuth(token).do(t, s.Site).refused(t, "no admin any more", http.StatusForbidden, api.CodeAdminOnly)
	get("/api/roles").xAuth(token).do(t, s.Site).refused(t, "no admin any more", http.StatusForbidden, api.CodeRoleLevel)
}

func TestDisablingAtOnce(t *testing.T) {
	s := newStage(t)
	session, tokens := s.session(t, "ada"), s.pair(t)
	s.warm(t, index("team", session), index("team", tokens["scope"].Secret), index("team", tokens["resource"].Secret))
	s.as(t, "admin", http.MethodPut, "/api/users/ada", api.UserUpdate{Disabled: new(true)})
	for kind, token := range tokens {
		index("team", token.Secret).do(t, s.Site).refused(t, kind, http.StatusUnauthorized, api.CodeAccountDisabled)
	}
	index("team", session).do(t, s.Site).refused(t, "session", http.StatusUnauthorized, "session_ended")
	call{method: http.MethodPost, path: "/api/auth/login", body: api.LoginRequest{Username: "ada", Password: servertest.UserPassword}}.
		do(t, s.Site).refused(t, "login", http.StatusUnauthorized, "password_refused")
	s.as(t, "admin", http.MethodPut, "/api/users/ada", api.UserUpdate{Disabled: new(false)})
	for kind, token := range tokens {
		index("team", token.Secret).do(t, s.Site).ok(t, kind+" after enabling")
	}
	index("team", session).do(t, s.Site).refused(t, "the session stays ended", http.StatusUnauthorized, "session_ended")
}

func TestAccountDeletionAtOnce(t *testing.T) {
	s := newStage(t)
	session, tokens := s.session(t, "ada"), s.pair(t)
	s.warm(t, index("team", session), index("team", tokens["scope"].Secret), index("team", tokens["resource"].Secret))
	s.as(t, "admin", http.MethodDelete, "/api/users/ada?force=true", nil)
	for kind, token := range tokens {
		index("team", token.Secret).do(t, s.Site).refused(t, kind, http.StatusUnauthorized, api.CodeTokenRevoked)
	}
	index("team", session).do(t, s.Site).refused(t, "session", http.StatusUnauthorized, "session_ended")
	namesake := s.User("ada")
	index("team", s.ScopeToken(namesake, "channel:view-artifacts").Secret).do(t, s.Site).
		refused(t, "a namesake inherits nothing", http.StatusForbidden, api.CodeNotFound)
}

func TestPrivacyAtOnce(t *testing.T) {
	s := newStage(t)
	bob := s.ScopeToken(s.bob, "channel:view-artifacts", "artifact:download").Secret
	privacy := func(p api.Privacy) {
		s.as(t, "ada", http.MethodPut, "/api/channels/open", api.ChannelUpdate{Privacy: &p})
	}
	file := get("/open/noarch/" + s.file)
	s.warm(t, index("open", ""), file, index("open", bob), file.xAuth(bob))
	privacy(api.PrivacyAuthenticated)
	for _, c := range []call{index("open", ""), file} {
		c.do(t, s.Site).refused(t, "nobody on an authenticated channel", http.StatusUnauthorized, api.CodeAuthRequired)
	}
	s.warm(t, index("open", bob), file.xAuth(bob))
	privacy(api.PrivacyPrivate)
	for _, c := range []call{index("open", ""), file} {
		c.do(t, s.Site).refused(t, "nobody on a private channel", http.StatusUnauthorized, api.CodeAuthRequired)
		c.xAuth(bob).do(t, s.Site).refused(t, "bob on a private channel", http.StatusForbidden, api.CodeNotFound)
	}
	privacy(api.PrivacyPublic)
	s.warm(t, index("open", ""), file, index("open", bob), file.xAuth(bob))
}

func TestChannelDeletionAtOnce(t *testing.T) {
	s := newStage(t)
	tokens := s.pair(t)
	file := get("/team/noarch/" + s.file)
	for _, token := range tokens {
		s.warm(t, index("team", token.Secret), file.xAuth(token.Secret))
	}
	s.as(t, "ada", http.MethodDelete, "/api/channels/team", nil)
	gone := func(what string) {
		for kind, token := range tokens {
			for _, c := range []call{index("team", token.Secret), file.xAuth(token.Secret)} {
				c.do(t, s.Site).refused(t, what+": "+kind+" "+c.path, http.StatusForbidden, api.CodeNotFound)
			}
		}
		index("team", "").do(t, s.Site).refused(t, what, http.StatusUnauthorized, api.CodeAuthRequired)
	}
	gone("deleted")
	s.Channel(s.bob, "team", api.PrivacyPrivate)
	gone("a namesake inherits no grant")
}

func TestSessionsEndAtOnce(t *testing.T) {
	s := newStage(t)
	first, second := s.session(t, "ada"), s.session(t, "ada")
	token := s.pair(t)["scope"].Secret
	s.warm(t, index("team", first), index("team", second), index("team", token))
	call{method: http.MethodPost, path: "/api/auth/logout"}.xAuth(first).do(t, s.Site).ok(t, "logout")
	index("team", first).do(t, s.Site).refused(t, "after logout", http.StatusUnauthorized, "session_ended")
	s.warm(t, index("team", second))
	third := s.session(t, "ada")
	s.warm(t, index("team", third))
	call{method: http.MethodPut, path: "/api/account/password", body: api.PasswordChange{
		CurrentPassword: servertest.UserPassword, NewPassword: "quite another password",
	}}.xAuth(second).do(t, s.Site).ok(t, "password change")
	for _, session := range []string{second, third} {
		index("team", session).do(t, s.Site).refused(t, "after a password change", http.StatusUnauthorized, "session_ended")
	}
	s.warm(t, index("team", token))
	bob := s.session(t, "bob")
	s.warm(t, get("/api/account").xAuth(bob))
	s.as(t, "admin", http.MethodPut, "/api/users/bob/password", api.PasswordReset{})
	get("/api/account").xAuth(bob).do(t, s.Site).refused(t, "after an admin's reset", http.StatusUnauthorized, "session_ended")
}

// TestOtherProcess makes changes as another process would, which has the same data folder open and no part in this
// server's memory. They have effect within a second.
func TestOtherProcess(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	other, err := server.OpenSite(ctx, s.Config, server.Options{Log: slog.New(slog.DiscardHandler), Argon2: identity.Argon2{Memory: 64, Time: 1, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Store.Close(); err != nil {
			t.Error(err)
		}
	})
	local := identity.Local(time.Now())
	u, err := other.Service.Accounts.GetUser(ctx, local, "ada")
	if err != nil {
		t.Fatal(err)
	}
	ada, err := other.Service.Directory.Principal(ctx, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	caller := &access.Caller{Principal: ada, Via: access.ViaSession, Now: time.Now()}
	token, bob, session := s.pair(t)["scope"], s.ScopeToken(s.bob, "channel:view-artifacts").Secret, s.session(t, "ada")
	s.within(t, "revocation", index("team", token.Secret), api.CodeTokenRevoked, func() error {
		return other.Service.Tokens.Delete(ctx, caller, "", token.ID)
	})
	private := access.Private
	s.within(t, "privacy", index("open", ""), api.CodeAuthRequired, func() error {
		_, err := other.Service.Channels.Edit(ctx, caller, "open", registry.ChannelChange{Privacy: &private})
		return err
	})
	s.within(t, "roles", call{method: http.MethodPost, path: "/api/access/explain", body: api.ExplainRequest{Action: "role:view", User: "bob"}}.
		xAuth(s.admin2(t)), api.CodeAdminOnly, func() error {
		_, err := other.Service.Accounts.SetUserRoles(ctx, local, "boss", []string{"author"})
		return err
	})
	s.within(t, "password", get("/api/account").xAuth(session), "session_ended", func() error {
		_, err := other.Service.Accounts.SetPassword(ctx, local, "ada", "")
		return err
	})
	s.within(t, "disabling", index("staff", bob), api.CodeAccountDisabled, func() error {
		_, err := other.Service.Accounts.EditUser(ctx, local, "bob", registry.UserChange{Disabled: new(true)})
		return err
	})
}

// admin2 makes another administrator and gives a session of theirs.
func (s *stage) admin2(t *testing.T) string {
	t.Helper()
	s.User("boss", "admin", "author")
	return s.session(t, "boss")
}

// effective bounds how long a change may take to be heeded, on a machine that may have much else to do; how long it took
// is logged. A change that was never told to the caches stays unheeded for longer than that.
const effective = 30 * time.Second

// within warms a call, makes a change, and wants the call refused soon.
func (s *stage) within(t *testing.T, what string, c call, code api.Code, change func() error) {
	t.Helper()
	s.warm(t, c)
	if err := change(); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	done := time.Now()
	for {
		a := c.do(t, s.Site)
		took := time.Since(done)
		if a.status >= 400 {
			a.refused(t, what, a.status, code)
			t.Logf("%s: effective after %s", what, took.Round(time.Millisecond))
			return
		}
		if took > effective {
			t.Errorf("%s: no effect after %s", what, took)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
