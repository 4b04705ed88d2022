package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/config"
	"kingsnake/internal/servertest"
)

// service makes the service account of team as ada.
func (s *stage) service(t testing.TB) api.ServiceAccount {
	t.Helper()
	a, err := s.ada.CreateServiceAccount(t.Context(), "team", api.ServiceAccountCreate{Description: "for CI"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// reaching is what a token asks for that holds a level on some channels.
func reaching(level api.Level, channels ...string) api.TokenCreate {
	in := api.TokenCreate{Name: "ci"}
	for _, ch := range channels {
		in.Resources = append(in.Resources, api.TokenResource{ResourceType: api.ResourceTypeChannel, ResourceID: ch, Permission: level})
	}
	return in
}

// serviceToken makes a token of team's service account.
func (s *stage) serviceToken(t testing.TB, by *client.Client, account string, in api.TokenCreate) api.TokenCreated {
	t.Helper()
	made, err := by.CreateServiceToken(t.Context(), "team", account, in)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// groupsOf lists what groups have on a channel.
func (s *stage) groupsOf(t testing.TB, channel string) map[string]api.Level {
	t.Helper()
	list, err := s.Admin.ChannelGroups(t.Context(), channel, client.ListOptions{})
	done(t, "groups of "+channel, err)
	out := map[string]api.Level{}
	for _, g := range list.Items {
		out[g.Name] = g.Permission
	}
	return out
}

const teamService = "service-account-channel-team"

// TestServiceTokenOutlivesItsMaker: the token works on when who made it loses the channel, and the account.
func TestServiceTokenOutlivesItsMaker(t *testing.T) {
	s := newStage(t)
	a := s.service(t)
	if a.Name != teamService || a.Channel != "team" || a.CreatedBy != "ada" {
		t.Errorf("account = %+v, want %s of team by ada", a, teamService)
	}
	token := s.serviceToken(t, s.ada, a.ID, reaching(api.LevelWrite, "team"))
	if !strings.HasPrefix(token.Secret, "ks-a-") || token.Kind != api.TokenKindService || token.Owner != teamService {
		t.Errorf("token %q is of kind %s and %s's, want ks-a-, service and %s", token.Secret[:5], token.Kind, token.Owner, teamService)
	}
	s.warm(t, index("team", token.Secret), s.put("team", token.Secret), get("/api/account/token-info").xAuth(token.Secret))
	s.member(t, "team_owners", "bob", api.LevelManage)
	_, err := s.ada.RemoveGroupMember(t.Context(), "team_owners", "ada")
	done(t, "ada leaves", err)
	s.warm(t, index("team", token.Secret), s.put("team", token.Secret))
	s.as(t, "admin", http.MethodDelete, "/api/users/ada?force=true", nil)
	s.warm(t, index("team", token.Secret), s.put("team", token.Secret))
	// It reaches its channel and nothing else, and nobody signs in with the account.
	index("bobs", token.Secret).do(t, s.Site).refused(t, "another channel", http.StatusForbidden, api.CodeNotFound)
	for _, path := range []string{"/api/users", "/api/account/tokens", "/api/channels/team/service-accounts"} {
		get(path).xAuth(token.Secret).do(t, s.Site).refused(t, path, http.StatusForbidden, refusalOf(path))
	}
	call{method: http.MethodPost, path: "/api/auth/login", body: api.LoginRequest{Username: teamService, Password: servertest.UserPassword}}.
		do(t, s.Site).refused(t, "login", http.StatusUnauthorized, "password_refused")
	for _, path := range []string{"/api/users/" + teamService, "/api/users/" + a.ID} {
		get(path).xAuth(s.session(t, "admin")).do(t, s.Site).refused(t, "the account is no user", http.StatusNotFound, api.CodeNotFound)
	}
}

// refusalOf is why a service account's token is refused there: its roles do not reach, or it is no scope token.
func refusalOf(path string) api.Code {
	switch path {
	case "/api/users":
		return api.CodeAdminOnly
	case "/api/account/tokens":
		return api.CodeRoleLevel
	}
	return api.CodeChannelLevel
}

// TestServiceTokenWithinItsMaker: nobody gives a service account what they do not hold now, neither by a new token nor by
// a new string of an old one.
func TestServiceTokenWithinItsMaker(t *testing.T) {
	s := newStage(t)
	a := s.service(t)
	ada, path := s.session(t, "ada"), "/api/channels/team/service-accounts/"+a.ID+"/tokens"
	mint := func(in api.TokenCreate) call { return call{method: http.MethodPost, path: path, body: in} }
	mint(reaching(api.LevelWrite, "team", "bobs")).xAuth(ada).do(t, s.Site).refused(t, "a hidden channel", http.StatusNotFound, api.CodeNotFound)
	mint(reaching(api.LevelWrite, "nowhere")).xAuth(ada).do(t, s.Site).refused(t, "an unknown channel", http.StatusNotFound, api.CodeNotFound)
	s.Channel(s.bob, "shown", api.PrivacyPublic)
	mint(reaching(api.LevelWrite, "shown")).xAuth(ada).do(t, s.Site).refused(t, "more than ada has there", http.StatusForbidden, api.CodeNotGrantable)
	mint(reaching(api.LevelRead, "shown")).xAuth(ada).do(t, s.Site).ok(t, "what ada has there")
	mint(api.TokenCreate{Name: "x", Scopes: []string{"channel:view"}}).xAuth(ada).do(t, s.Site).refused(t, "a scope token", http.StatusUnprocessableEntity, api.CodeInvalid)
	mint(reaching(api.LevelRead, "team")).xAuth(s.session(t, "bob")).do(t, s.Site).refused(t, "bob", http.StatusNotFound, api.CodeNotFound)

	// Bob manages team, and has nothing on staff beyond what everybody has.
	both := s.serviceToken(t, s.ada, a.ID, reaching(api.LevelWrite, "team", "staff"))
	s.member(t, "team_owners", "bob", api.LevelManage)
	bob, one := s.session(t, "bob"), path+"/"+both.ID
	reissue := call{method: http.MethodPut, path: one, body: api.TokenUpdate{}}
	reissue.xAuth(bob).do(t, s.Site).refused(t, "a new string", http.StatusForbidden, api.CodeNotGrantable)
	call{method: http.MethodPut, path: one + "?reissue_token=false", body: api.TokenUpdate{Name: new("mine")}}.xAuth(bob).do(t, s.Site).
		refused(t, "a new name", http.StatusForbidden, api.CodeNotGrantable)
	s.warm(t, index("team", both.Secret), s.put("staff", both.Secret))
	reissue.xAuth(ada).do(t, s.Site).ok(t, "ada")
	index("team", both.Secret).do(t, s.Site).refused(t, "the old string", http.StatusUnauthorized, api.CodeTokenRotated)

	// Ending it takes nothing but the channel. A token is held to what it holds itself.
	scope := s.ScopeToken(s.bob, "service-account:edit").Secret
	call{method: http.MethodDelete, path: one}.xAuth(scope).do(t, s.Site).refused(t, "a token that may not see staff", http.StatusNotFound, api.CodeNotFound)
	mint(reaching(api.LevelRead, "team")).xAuth(scope).do(t, s.Site).refused(t, "a narrow token mints", http.StatusForbidden, api.CodeNotGrantable)
	call{method: http.MethodDelete, path: "/api/channels/team/service-accounts/" + a.ID}.xAuth(scope).do(t, s.Site).
		refused(t, "a narrow token deletes all", http.StatusForbidden, api.CodeNotGrantable)
	call{method: http.MethodDelete, path: one}.xAuth(bob).do(t, s.Site).ok(t, "bob")
}

// TestServiceAccountGroup: the account holds its level by a group of its own, which owners see on each channel and can
// take away for good.
func TestServiceAccountGroup(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	a := s.service(t)
	if diff := cmp.Diff(s.groupsOf(t, "team"), map[string]api.Level{"team_owners": "manage"}); diff != "" {
		t.Errorf("groups without a token (-got +want):\n%s", diff)
	}
	first := s.serviceToken(t, s.ada, a.Name, reaching(api.LevelWrite, "team", "open"))
	second := s.serviceToken(t, s.ada, a.ID, reaching(api.LevelRead, "team"))
	for _, ch := range []string{"team", "open"} {
		if diff := cmp.Diff(s.groupsOf(t, ch), map[string]api.Level{ch + "_owners": "manage", teamService: "write"}); diff != "" {
			t.Errorf("groups of %s (-got +want):\n%s", ch, diff)
		}
	}
	// Nobody changes the group by hand.
	ada := s.session(t, "ada")
	for what, c := range map[string]call{
		"rename":     {method: http.MethodPut, path: "/api/groups/" + teamService, body: api.GroupUpdate{Name: new("x")}},
		"delete":     {method: http.MethodDelete, path: "/api/groups/" + teamService},
		"add":        {method: http.MethodPost, path: "/api/groups/" + teamService + "/users", body: api.GroupMemberSet{UserID: "bob", Permission: api.LevelManage}},
		"remove":     {method: http.MethodDelete, path: "/api/groups/" + teamService + "/users/ada"},
		"give":       {method: http.MethodPost, path: "/api/channels/staff/groups", body: api.ChannelGroupRequest{GroupID: teamService, Permission: api.LevelRead}},
		"raise":      {method: http.MethodPut, path: "/api/channels/team/groups/" + teamService, body: api.ChannelGroupPermissions{Permission: api.LevelManage}},
		"raise open": {method: http.MethodPut, path: "/api/channels/open/groups/" + teamService, body: api.ChannelGroupPermissions{Permission: api.LevelManage}},
	} {
		c.xAuth(s.session(t, "admin")).do(t, s.Site).refused(t, what, http.StatusConflict, api.CodeConflict)
	}
	get("/api/groups/"+teamService).xAuth(ada).do(t, s.Site).refused(t, "ada is no member", http.StatusNotFound, api.CodeNotFound)

	// Lowered, the token does less; removed, nothing; and a later token does not bring the older one back.
	s.warm(t, s.put("team", first.Secret), s.put("open", first.Secret), index("team", second.Secret))
	_, err := s.ada.SetChannelGroup(ctx, "team", teamService, api.LevelRead)
	done(t, "lower", err)
	s.put("team", first.Secret).do(t, s.Site).refused(t, "after lowering", http.StatusForbidden, api.CodeChannelLevel)
	s.warm(t, index("team", first.Secret), s.put("open", first.Secret), index("team", second.Secret))
	done(t, "remove", s.ada.RemoveChannelGroup(ctx, "team", teamService))
	for _, token := range []string{first.Secret, second.Secret} {
		index("team", token).do(t, s.Site).refused(t, "after removal", http.StatusForbidden, api.CodeNotFound)
	}
	s.warm(t, s.put("open", first.Secret))
	third := s.serviceToken(t, s.ada, a.ID, reaching(api.LevelWrite, "team"))
	s.warm(t, s.put("team", third.Secret))
	for _, token := range []string{first.Secret, second.Secret} {
		index("team", token).do(t, s.Site).refused(t, "a later token brings no old one back", http.StatusForbidden, api.CodeNotFound)
	}
	// The level follows the tokens.
	done(t, "delete the third", s.ada.DeleteServiceToken(ctx, "team", a.ID, third.ID))
	if _, still := s.groupsOf(t, "team")[teamService]; still {
		t.Error("the group is still on team, where no token reaches any more")
	}
	_, err = s.ada.UpdateServiceToken(ctx, "team", a.ID, first.ID, api.TokenUpdate{Resources: reaching(api.LevelRead, "open", "team").Resources})
	done(t, "edit", err)
	if got := s.groupsOf(t, "open")[teamService]; got != api.LevelRead {
		t.Errorf("level on open = %q, want read", got)
	}
}

// TestServiceAccountEnds: with the account, or with its channel, its tokens end at once, and a namesake inherits nothing.
func TestServiceAccountEnds(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	a := s.service(t)
	call{method: http.MethodPost, path: "/api/channels/team/service-accounts"}.xAuth(s.session(t, "ada")).do(t, s.Site).
		refused(t, "a second account", http.StatusConflict, api.CodeConflict)
	token := s.serviceToken(t, s.ada, a.ID, reaching(api.LevelWrite, "team", "open"))
	s.warm(t, s.put("open", token.Secret))
	done(t, "delete the account", s.ada.DeleteServiceAccount(ctx, "team", a.ID))
	s.put("open", token.Secret).do(t, s.Site).refused(t, "without the account", http.StatusUnauthorized, api.CodeTokenRevoked)
	next := s.service(t)
	if next.ID == a.ID || len(s.groupsOf(t, "open")) != 1 {
		t.Errorf("the next account %s (before %s) finds %v on open", next.ID, a.ID, s.groupsOf(t, "open"))
	}
	token = s.serviceToken(t, s.ada, next.ID, reaching(api.LevelWrite, "open"))
	s.warm(t, s.put("open", token.Secret))
	done(t, "delete the channel", s.ada.DeleteChannel(ctx, "team"))
	s.put("open", token.Secret).do(t, s.Site).refused(t, "without the channel", http.StatusUnauthorized, api.CodeTokenRevoked)
	if len(s.groupsOf(t, "open")) != 1 {
		t.Errorf("groups of open = %v, want its owners alone", s.groupsOf(t, "open"))
	}
	s.Channel(s.ada, "team", api.PrivacyPrivate)
	if list, err := s.ada.ServiceAccounts(ctx, "team"); err != nil || len(list.Items) != 0 {
		t.Errorf("accounts of the new channel = %v, %v, want none", list.Items, err)
	}
}

// TestServiceTokenLifetime: thirty days by default, and a year at most, counted from the birth of the string.
func TestServiceTokenLifetime(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.ServiceAccountMaxLifetime = config.Duration(60 * 24 * time.Hour) })
	a := s.service(t)
	token := s.serviceToken(t, s.ada, a.ID, reaching(api.LevelRead, "team"))
	if got := token.ExpiresAt.Sub(token.CreatedAt); got.Round(time.Hour) != 30*24*time.Hour {
		t.Errorf("default life = %s, want 30 days", got)
	}
	for _, end := range []string{"never", s.Clock.Now().AddDate(0, 0, 70).Format(time.DateOnly)} {
		in := reaching(api.LevelRead, "team")
		in.ExpiresAt = end
		call{method: http.MethodPost, path: "/api/channels/team/service-accounts/" + a.ID + "/tokens", body: in}.xAuth(s.session(t, "ada")).do(t, s.Site).
			refused(t, "ends "+end, http.StatusUnprocessableEntity, api.CodeInvalid)
	}
	in := reaching(api.LevelRead, "team")
	in.ExpiresAt = s.Clock.Now().AddDate(0, 0, 59).UTC().Format(time.RFC3339)
	long, own := s.serviceToken(t, s.ada, a.ID, in), s.ResourceToken(s.ada, "team", api.LevelRead)
	s.Clock.Advance(58 * 24 * time.Hour)
	index("team", long.Secret).do(t, s.Site).ok(t, "after 58 days")
	index("team", token.Secret).do(t, s.Site).refused(t, "the default life is over", http.StatusUnauthorized, api.CodeTokenExpired)
	s.Clock.Advance(3 * 24 * time.Hour)
	index("team", long.Secret).do(t, s.Site).refused(t, "after 61 days", http.StatusUnauthorized, api.CodeTokenExpired)
	index("team", own.Secret).do(t, s.Site).ok(t, "the bound is not that of people's tokens")
}
