package server_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/internal/servertest"
)

const settingsPath = "/api/system/settings"

// set changes settings as the administrator.
func (s *stage) set(t testing.TB, in api.SystemSettingsUpdate) api.SystemSettings {
	t.Helper()
	out, err := s.Admin.UpdateSettings(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSettings(t *testing.T) {
	s := newStage(t)
	want := api.SystemSettings{Kingsnake: api.KingsnakeSettings{
		AuthorByDefault: true, TokenDefaultDays: -1, TokenMaxDays: -1, ServiceTokenDefaultDays: -1, ServiceTokenMaxDays: -1,
		LeakedTokens: "revoke",
	}}
	same := func(what string, got api.SystemSettings, err error) {
		t.Helper()
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
		}
	}
	got, err := s.Admin.Settings(t.Context())
	same("a new site", got, err)
	want.ShowIntro = true
	same("one changed", s.set(t, api.SystemSettingsUpdate{ShowIntro: new(true)}), nil)
	team, err := s.Admin.Channel(t.Context(), "team")
	if err != nil {
		t.Fatal(err)
	}
	want.CVEChannelID = &team.ID
	same("a CVE channel", s.set(t, api.SystemSettingsUpdate{CVEChannelID: &team.ID}), nil)
	from := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	want.AnacondaIdent = &api.AnacondaIdentSettings{Enabled: true, EnableFrom: &from, UpdatedBy: "admin", SelectedTokens: []string{"hostname", "username"}}
	same("what clients tell", s.set(t, api.SystemSettingsUpdate{AnacondaIdent: &api.AnacondaIdentSettings{
		Enabled: true, EnableFrom: &from, UpdatedBy: "somebody else", SelectedTokens: []string{"username", "hostname", "username"},
	}}), nil)
	got, err = s.Admin.Settings(t.Context())
	same("all of them", got, err)

	admin := s.session(t, "admin")
	put := func(body any) answer {
		return call{method: http.MethodPut, path: settingsPath, body: body}.xAuth(admin).do(t, s.Site)
	}
	put(map[string]any{"cve_channel_id": nil, "anaconda_ident_settings": nil}).ok(t, "nulls")
	want.CVEChannelID, want.AnacondaIdent = nil, nil
	got, err = s.Admin.Settings(t.Context())
	same("cleared by null", got, err)
	for what, body := range map[string]any{
		"no such setting":        map[string]any{"colour": "green"},
		"no such one of ours":    map[string]any{"kingsnake": map[string]any{"colour": "green"}},
		"a text for a switch":    map[string]any{"show_intro": "yes"},
		"no such channel":        map[string]any{"cve_channel_id": "team"},
		"nothing to tell":        map[string]any{"anaconda_ident_settings": map[string]any{"enabled": true, "selected_tokens": []string{"password"}}},
		"a date that is none":    map[string]any{"anaconda_ident_settings": map[string]any{"enabled": true, "enable_from": "soon"}},
		"good and bad together":  map[string]any{"show_intro": false, "cve_channel_id": "none"},
		"a list for an object":   []string{},
		"a number for an object": 1,
		"a negative lifetime":    map[string]any{"kingsnake": map[string]any{"token_max_days": -2}},
		"an endless lifetime":    map[string]any{"kingsnake": map[string]any{"service_token_default_days": 36501}},
	} {
		put(body).refused(t, what, http.StatusUnprocessableEntity, api.CodeInvalid)
	}
	got, err = s.Admin.Settings(t.Context())
	same("after refused changes", got, err)
}

func TestSettingsTakeRights(t *testing.T) {
	s := newStage(t)
	s.makeRole(t, "looker", map[string]api.Level{"system.settings": api.LevelRead})
	s.makeRole(t, "janitor", map[string]api.Level{"system.settings": api.LevelManage})
	s.makeRole(t, "curator", map[string]api.Level{"system.settings": api.LevelManage, "cve": api.LevelManage})
	for name, roles := range map[string][]string{"lou": {"looker"}, "jan": {"janitor"}, "cur": {"curator"}} {
		s.User(name, roles...)
	}
	put := func(user string, body any) answer {
		return call{method: http.MethodPut, path: settingsPath, body: body}.xAuth(s.session(t, user)).do(t, s.Site)
	}
	get(settingsPath).xAuth(s.session(t, "lou")).do(t, s.Site).ok(t, "reading")
	get(settingsPath).xAuth(s.session(t, "ada")).do(t, s.Site).refused(t, "reading as an author", http.StatusForbidden, api.CodeRoleLevel)
	get(settingsPath).do(t, s.Site).refused(t, "reading as nobody", http.StatusUnauthorized, api.CodeAuthRequired)
	put("lou", map[string]any{"show_intro": true}).refused(t, "writing as a reader", http.StatusForbidden, api.CodeRoleLevel)
	put("jan", map[string]any{"show_intro": true}).ok(t, "writing")
	open, err := s.Admin.Channel(t.Context(), "open")
	if err != nil {
		t.Fatal(err)
	}
	team, err := s.Admin.Channel(t.Context(), "team")
	if err != nil {
		t.Fatal(err)
	}
	put("jan", map[string]any{"cve_channel_id": open.ID}).refused(t, "the CVE channel without cve:edit", http.StatusForbidden, api.CodeRoleLevel)
	put("cur", map[string]any{"cve_channel_id": open.ID}).ok(t, "the CVE channel")
	hidden := put("cur", map[string]any{"cve_channel_id": team.ID}).refused(t, "a channel one may not see", http.StatusUnprocessableEntity, api.CodeInvalid)
	none := put("cur", map[string]any{"cve_channel_id": "none"}).refused(t, "no channel", http.StatusUnprocessableEntity, api.CodeInvalid)
	if hidden.Message != none.Message {
		t.Errorf("a hidden channel is answered by %q, an unknown one by %q", hidden.Message, none.Message)
	}
	author := func(on bool) map[string]any {
		return map[string]any{"kingsnake": map[string]any{"author_by_default": on}}
	}
	put("jan", author(false)).ok(t, "taking a default role")
	put("jan", author(true)).refused(t, "giving a role without the right to", http.StatusForbidden, api.CodeRoleLevel)
	put("admin", author(true)).ok(t, "giving it as an admin")
}

func TestAuthorByDefaultAtOnce(t *testing.T) {
	s := newStage(t)
	made := func(name string, want ...string) {
		t.Helper()
		u, err := s.Admin.CreateUser(t.Context(), api.UserCreate{Username: name})
		if err != nil || !slices.Equal(u.Roles, want) {
			t.Errorf("roles of %s = %v, %v, want %v", name, u.Roles, err, want)
		}
	}
	made("first", "author")
	s.set(t, api.SystemSettingsUpdate{Kingsnake: &api.KingsnakeSettingsUpdate{AuthorByDefault: new(false)}})
	made("second")
	s.set(t, api.SystemSettingsUpdate{Kingsnake: &api.KingsnakeSettingsUpdate{AuthorByDefault: new(true)}})
	made("third", "author")
}

// defaultChannel reads the default channel that a credential shows.
func (s *stage) defaultChannel(t testing.TB, credential string) string {
	t.Helper()
	account, err := s.Token(credential).Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return account.DefaultChannelName
}

func TestDefaultChannel(t *testing.T) {
	s := newStage(t)
	ada, bob := s.session(t, "ada"), s.session(t, "bob")
	set := func(credential, name string) answer {
		return call{method: http.MethodPut, path: "/api/account", body: api.AccountUpdate{DefaultChannelName: name}}.xAuth(credential).do(t, s.Site)
	}
	shows := func(what, credential, want string) {
		t.Helper()
		if got := s.defaultChannel(t, credential); got != want {
			t.Errorf("%s: default channel = %q, want %q", what, got, want)
		}
	}
	set(ada, "team").ok(t, "one's own channel")
	shows("set", ada, "team")
	hidden := set(bob, "team").refused(t, "another's channel", http.StatusNotFound, api.CodeNotFound)
	if unknown := set(bob, "none").refused(t, "no channel", http.StatusNotFound, api.CodeNotFound); !cmp.Equal(hidden, unknown) {
		t.Errorf("a hidden channel is answered by %+v, an unknown one by %+v", hidden, unknown)
	}
	set("", "open").refused(t, "nobody in particular", http.StatusUnauthorized, api.CodeAuthRequired)
	set(ada, "").ok(t, "clearing")
	shows("cleared", ada, "")

	token := s.ScopeToken(s.ada, "channel.default-channel:edit").Secret
	set(token, "team").refused(t, "a channel that the token may not see", http.StatusNotFound, api.CodeNotFound)
	set(token, "open").ok(t, "a channel that everybody sees")
	shows("set by a token", ada, "open")
	set(s.ScopeToken(s.ada, "channel:view").Secret, "open").refused(t, "without the scope", http.StatusForbidden, api.CodeTokenScope)
	set(s.ResourceToken(s.ada, "open", api.LevelManage).Secret, "open").refused(t, "by a resource token", http.StatusForbidden, api.CodeTokenScope)
	set(ada, "team").ok(t, "a private channel again")
	shows("a token that does not see it", token, "")
	shows("one that does", s.ScopeToken(s.ada, "channel:view").Secret, "team")

	s.makeRole(t, "nothing", nil)
	s.User("carol", "nothing")
	set(s.session(t, "carol"), "open").refused(t, "without the level", http.StatusForbidden, api.CodeRoleLevel)

	set(bob, "open").ok(t, "a public channel of another")
	s.as(t, "ada", http.MethodPut, "/api/channels/open", api.ChannelUpdate{Privacy: new(api.PrivacyPrivate)})
	shows("a channel that became private", bob, "")
	s.as(t, "ada", http.MethodDelete, "/api/channels/team", nil)
	shows("a deleted channel", ada, "")
	s.Channel(s.ada, "team", api.PrivacyPrivate)
	shows("a channel of the same name is another", ada, "")
}

// TestFirstLogin: with user_channel_autocreate, the first login makes a channel named after the user.
func TestFirstLogin(t *testing.T) {
	s := newStage(t)
	s.makeRole(t, "reader", map[string]api.Level{"channel": api.LevelRead})
	begins := func(user, want string, roles ...string) {
		t.Helper()
		account, err := s.User(user, roles...).Account(t.Context())
		if err != nil || account.DefaultChannelName != want {
			t.Errorf("default channel of %s = %q, %v, want %q", user, account.DefaultChannelName, err, want)
		}
		if want == "" {
			return
		}
		c, err := s.Admin.Channel(t.Context(), want)
		if err != nil || c.Privacy != api.PrivacyPrivate || !slices.Equal(c.Owners, []string{user}) {
			t.Errorf("channel of %s = %+v, %v, want a private one of their own", user, c, err)
		}
	}
	begins("early", "")
	s.set(t, api.SystemSettingsUpdate{UserChannelAutocreate: new(true)})
	begins("grace", "grace")
	begins("Ada.Lovelace@example.org", "ada_lovelace")
	begins("ada_lovelace", "") // The name is taken by now.
	begins("x-1+y@example.org", "x-1_y")
	begins("team", "")     // A channel of somebody else.
	begins("api", "")      // A word that the server needs.
	begins("noarch", "")   // A subdir.
	begins("7of9", "")     // No channel's name begins with a digit.
	begins("7of9@a.b", "") // Nor this one.
	begins("may", "", "reader")
	s.Login("early", servertest.UserPassword)
	if got := s.defaultChannel(t, s.session(t, "early")); got != "" {
		t.Errorf("default channel after a second login = %q, want none", got)
	}

	s.as(t, "grace", http.MethodDelete, "/api/channels/grace", nil)
	s.session(t, "grace")
	if _, err := s.Admin.Channel(t.Context(), "grace"); err == nil {
		t.Error("a deleted channel came back with the next login")
	}
}

// TestPermissionsOfTokens: what an account's permissions show to a token is what the token reaches.
func TestPermissionsOfTokens(t *testing.T) {
	s := newStage(t)
	for _, c := range []struct {
		what, credential string
		want             map[string]api.Level
	}{
		{"session", s.session(t, "ada"), map[string]api.Level{
			"channel": "manage", "channel.default-channel": "manage", "channel.group": "manage", "subchannel": "manage", "subchannel.group": "manage",
			"artifact": "manage", "cve": "read", "user.token": "manage",
		}},
		{"scope token", s.ScopeToken(s.ada, "artifact:create", "cve:view").Secret, map[string]api.Level{
			"channel": "read", "channel.group": "read", "subchannel": "read", "subchannel.group": "read", "artifact": "write", "cve": "read",
		}},
		{"resource token", s.ResourceToken(s.ada, "team", api.LevelWrite).Secret, map[string]api.Level{
			"channel": "write", "channel.group": "write", "subchannel": "write", "subchannel.group": "write", "artifact": "write",
		}},
	} {
		list, err := s.Token(c.credential).AccountPermissions(t.Context())
		got := map[string]api.Level{}
		for _, p := range list {
			got[p.ResourceType] = p.Permissions
		}
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", c.what, err, diff)
		}
	}
}
