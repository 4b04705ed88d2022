package server_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/identity"
	"kingsnake/internal/server"
)

// levelsOf makes a role as clients send it; an empty level is sent as null.
func levelsOf(name string, levels map[string]api.Level) api.Role {
	r := api.Role{Name: name, Permissions: map[string]*api.Level{}}
	for category, level := range levels {
		r.Permissions[category] = nil
		if level != "" {
			r.Permissions[category] = new(level)
		}
	}
	return r
}

// makeRole makes a role as the administrator.
func (s *stage) makeRole(t testing.TB, name string, levels map[string]api.Level) api.Role {
	t.Helper()
	r, err := s.Admin.CreateRole(t.Context(), levelsOf(name, levels))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// editRole replaces a role's levels as the administrator.
func (s *stage) editRole(t testing.TB, name string, levels map[string]api.Level) {
	t.Helper()
	if _, err := s.Admin.UpdateRole(t.Context(), name, levelsOf(name, levels)); err != nil {
		t.Fatal(err)
	}
}

// given reads what a role gives, without the categories on which it gives nothing.
func (s *stage) given(t testing.TB, name string) map[string]api.Level {
	t.Helper()
	r, err := s.Admin.Role(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]api.Level{}
	for category, level := range r.Permissions {
		if level != nil {
			out[category] = *level
		}
	}
	return out
}

func TestRoleEditAtOnce(t *testing.T) {
	s := newStage(t)
	reader := map[string]api.Level{"role": api.LevelRead, "user.token": api.LevelManage}
	s.makeRole(t, "auditor", reader)
	carol := s.User("carol", "auditor")
	credentials := map[string]string{"session": s.session(t, "carol"), "token": s.ScopeToken(carol, "role:view").Secret}
	roles := get("/api/roles")
	for what, credential := range credentials {
		s.warm(t, roles.xAuth(credential))
		s.editRole(t, "auditor", map[string]api.Level{"user.token": api.LevelManage})
		roles.xAuth(credential).do(t, s.Site).refused(t, what+" of a lowered role", http.StatusForbidden, api.CodeRoleLevel)
		s.editRole(t, "auditor", reader)
		s.warm(t, roles.xAuth(credential))
	}
	if err := s.Admin.DeleteRole(t.Context(), "auditor", true); err != nil {
		t.Fatal(err)
	}
	for what, credential := range credentials {
		roles.xAuth(credential).do(t, s.Site).refused(t, what+" of a deleted role", http.StatusForbidden, api.CodeRoleLevel)
	}
	s.makeRole(t, "auditor", reader)
	for what, credential := range credentials {
		roles.xAuth(credential).do(t, s.Site).refused(t, what+": a role of the same name is another", http.StatusForbidden, api.CodeRoleLevel)
	}
}

func TestAuthorEditAtOnce(t *testing.T) {
	s := newStage(t)
	token := s.ScopeToken(s.ada, "artifact:create", "artifact:download").Secret
	s.warm(t, s.put("team", token))
	levels := s.given(t, "author")
	levels["artifact"] = api.LevelRead
	s.editRole(t, "author", levels)
	s.put("team", token).do(t, s.Site).refused(t, "authors may not write", http.StatusForbidden, api.CodeRoleLevel)
	get("/team/noarch/"+s.file).xAuth(token).do(t, s.Site).ok(t, "authors may read")
	levels["artifact"] = api.LevelWrite
	s.editRole(t, "author", levels)
	s.put("team", token).do(t, s.Site).ok(t, "authors may write again")
}

func TestEveryoneEditAtOnce(t *testing.T) {
	s := newStage(t)
	s.makeRole(t, "nothing", nil)
	s.User("carol", "nothing")
	file, list := get("/open/noarch/"+s.file), get("/api/channels")
	carol := s.session(t, "carol")
	s.warm(t, index("open", ""), file, file.xAuth(carol))
	levels := s.given(t, "everyone")
	delete(levels, "artifact")
	s.editRole(t, "everyone", levels)
	file.do(t, s.Site).refused(t, "nobody may download", http.StatusUnauthorized, api.CodeAuthRequired)
	file.xAuth(carol).do(t, s.Site).refused(t, "nor somebody without another role", http.StatusForbidden, api.CodeRoleLevel)
	index("open", "").do(t, s.Site).ok(t, "the index is another matter")
	file.xAuth(s.session(t, "bob")).do(t, s.Site).ok(t, "authors have it from their own role")
	e, err := s.Admin.Explain(t.Context(), api.ExplainRequest{User: "carol", Action: "artifact:download", Channel: "open"})
	if err != nil || e.Allowed {
		t.Errorf("explained as allowed: %v, %v; want as the server decides", e.Allowed, err)
	}

	delete(levels, "channel")
	s.editRole(t, "everyone", levels)
	index("open", "").do(t, s.Site).refused(t, "no channels for nobody", http.StatusUnauthorized, api.CodeAuthRequired)
	if a := list.do(t, s.Site).ok(t, "list"); strings.Contains(string(a.body), `"open"`) {
		t.Errorf("channels = %s, want none for nobody", a.body)
	}

	s.editRole(t, "everyone", map[string]api.Level{"channel": api.LevelManage, "artifact": api.LevelManage})
	s.warm(t, index("open", ""), file)
	s.put("open", "").do(t, s.Site).refused(t, "nobody in particular never writes", http.StatusUnauthorized, api.CodeAuthRequired)
	s.put("open", carol).do(t, s.Site).refused(t, "a role is no level on a channel", http.StatusForbidden, api.CodeChannelLevel)
}

// TestRolesArePower: nobody makes, changes, gives or takes what is above their own ceiling.
func TestRolesArePower(t *testing.T) {
	s := newStage(t)
	s.makeRole(t, "big", map[string]api.Level{"system": api.LevelManage})
	s.makeRole(t, "keeper", map[string]api.Level{"role": api.LevelManage, "cve": api.LevelRead, "user.token": api.LevelManage})
	s.User("dora", "keeper")
	dora := s.session(t, "dora")
	do := func(method, path string, body any) answer {
		return call{method: method, path: path, body: body}.xAuth(dora).do(t, s.Site)
	}
	do(http.MethodPost, "/api/roles", levelsOf("small", map[string]api.Level{"cve": api.LevelRead})).ok(t, "a role within one's own")
	do(http.MethodPut, "/api/roles/small", levelsOf("smaller", nil)).ok(t, "narrowing it")
	do(http.MethodPut, "/api/roles/smaller/users/bob", nil).ok(t, "giving it")
	do(http.MethodDelete, "/api/roles/smaller/users/bob", nil).ok(t, "taking it")
	for _, c := range []call{
		{method: http.MethodPost, path: "/api/roles", body: levelsOf("x", map[string]api.Level{"cve": api.LevelManage})},
		{method: http.MethodPost, path: "/api/roles", body: levelsOf("x", map[string]api.Level{"policy": api.LevelRead})},
		{method: http.MethodPut, path: "/api/roles/smaller", body: levelsOf("smaller", map[string]api.Level{"artifact": api.LevelWrite})},
		{method: http.MethodPut, path: "/api/roles/keeper", body: levelsOf("keeper", map[string]api.Level{"role": api.LevelManage, "system": api.LevelManage})},
		{method: http.MethodPut, path: "/api/roles/everyone", body: levelsOf("everyone", map[string]api.Level{"artifact": api.LevelWrite})},
		{method: http.MethodPut, path: "/api/roles/big", body: levelsOf("big", nil)},
		{method: http.MethodPut, path: "/api/roles/author", body: levelsOf("author", nil)},
		{method: http.MethodDelete, path: "/api/roles/big"},
		{method: http.MethodPut, path: "/api/roles/big/users/dora"},
		{method: http.MethodPut, path: "/api/roles/admin/users/dora"},
		{method: http.MethodPut, path: "/api/roles/author/users/dora"},
		{method: http.MethodDelete, path: "/api/roles/author/users/bob"},
		{method: http.MethodDelete, path: "/api/roles/admin/users/admin"},
		{method: http.MethodPut, path: "/api/users/bob/roles", body: api.RolesUpdate{Roles: []string{}}},
	} {
		// The last admin is protected before anybody asks who it is that wants to take the role.
		want, code := http.StatusForbidden, api.CodeNotGrantable
		if c.path == "/api/roles/admin/users/admin" {
			want, code = http.StatusConflict, api.CodeLastAdmin
		}
		c.xAuth(dora).do(t, s.Site).refused(t, c.method+" "+c.path, want, code)
	}
	if got := s.given(t, "big"); !cmp.Equal(got, map[string]api.Level{"system": api.LevelManage}) {
		t.Errorf("role big = %v after refused changes", got)
	}
}

// TestTokensAndRoles: a token does to roles only what lies within its scopes, and never touches the role admin.
func TestTokensAndRoles(t *testing.T) {
	s := newStage(t)
	readsCVEs := levelsOf("reader", map[string]api.Level{"cve": api.LevelRead})
	bare, fit := s.ScopeToken(s.Admin, "role:edit").Secret, s.ScopeToken(s.Admin, "role:edit", "cve:view").Secret
	make := call{method: http.MethodPost, path: "/api/roles", body: readsCVEs}
	make.xAuth(bare).do(t, s.Site).refused(t, "a role with a scope that the token lacks", http.StatusForbidden, api.CodeNotGrantable)
	make.xAuth(fit).do(t, s.Site).ok(t, "a role within the token's scopes")
	for _, c := range []call{
		{method: http.MethodPut, path: "/api/roles/reader", body: levelsOf("reader", nil)},
		{method: http.MethodPut, path: "/api/roles/reader/users/bob"},
		{method: http.MethodDelete, path: "/api/roles/reader"},
	} {
		c.xAuth(bare).do(t, s.Site).refused(t, c.method+" "+c.path, http.StatusForbidden, api.CodeNotGrantable)
		c.xAuth(fit).do(t, s.Site).ok(t, c.method+" "+c.path)
		if c.method == http.MethodPut && c.body != nil {
			s.editRole(t, "reader", map[string]api.Level{"cve": api.LevelRead})
		}
		if strings.HasSuffix(c.path, "/users/bob") {
			call{method: http.MethodDelete, path: c.path}.xAuth(fit).do(t, s.Site).ok(t, "taking it again")
		}
	}
	every, err := s.Admin.GrantableScopes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := s.ScopeToken(s.Admin, every...).Secret
	give := call{method: http.MethodPut, path: "/api/roles/admin/users/bob"}
	give.xAuth(all).do(t, s.Site).refused(t, "admin by a token that holds everything", http.StatusForbidden, api.CodeNotGrantable)
	give.xAuth(s.session(t, "admin")).do(t, s.Site).ok(t, "admin by an admin who has signed in")
	take := call{method: http.MethodDelete, path: "/api/roles/admin/users/bob"}
	take.xAuth(all).do(t, s.Site).refused(t, "taking admin by a token", http.StatusForbidden, api.CodeNotGrantable)
	take.xAuth(s.session(t, "admin")).do(t, s.Site).ok(t, "taking admin")
}

func TestBuiltInRoles(t *testing.T) {
	s := newStage(t)
	admin := s.session(t, "admin")
	s.makeRole(t, "taken", nil)
	role := levelsOf
	for _, c := range []struct {
		what, method, path string
		body               any
		status             int
		code               api.Code
	}{
		{"admin stays", http.MethodPut, "/admin", role("admin", nil), http.StatusForbidden, api.CodeNotGrantable},
		{"admin is not deleted", http.MethodDelete, "/admin?force=true", nil, http.StatusConflict, api.CodeRoleBuiltIn},
		{"author is not deleted", http.MethodDelete, "/author?force=true", nil, http.StatusConflict, api.CodeRoleBuiltIn},
		{"everyone is not renamed", http.MethodPut, "/everyone", role("all", nil), http.StatusUnprocessableEntity, api.CodeInvalid},
		{"the name of a built-in role", http.MethodPost, "", role("author", nil), http.StatusConflict, api.CodeConflict},
		{"a second admin", http.MethodPost, "", role("admin", nil), http.StatusForbidden, api.CodeNotGrantable},
		{"a taken name", http.MethodPost, "", role("taken", nil), http.StatusConflict, api.CodeConflict},
		{"renaming to a built-in name", http.MethodPut, "/taken", role("author", nil), http.StatusConflict, api.CodeConflict},
		{"a capital letter", http.MethodPost, "", role("Cook", nil), http.StatusUnprocessableEntity, api.CodeInvalid},
		{"a digit first", http.MethodPost, "", role("1cook", nil), http.StatusUnprocessableEntity, api.CodeInvalid},
		{"a long name", http.MethodPost, "", role(strings.Repeat("a", 65), nil), http.StatusUnprocessableEntity, api.CodeInvalid},
		{"no such category", http.MethodPost, "", role("cook", map[string]api.Level{"kitchen": api.LevelRead}), http.StatusUnprocessableEntity, api.CodeInvalid},
		{"no such category, without a level", http.MethodPost, "", role("cook", map[string]api.Level{"kitchen": ""}), http.StatusUnprocessableEntity, api.CodeInvalid},
		{"no such level", http.MethodPost, "", role("cook", map[string]api.Level{"cve": "all"}), http.StatusUnprocessableEntity, api.CodeInvalid},
		{"a category of others", http.MethodPost, "", role("cook", map[string]api.Level{"channel.routes-filtered": api.LevelRead}), http.StatusUnprocessableEntity, api.CodeInvalid},
		{"no such role", http.MethodGet, "/cook", nil, http.StatusNotFound, api.CodeNotFound},
		{"nobody has no such role", http.MethodGet, "/cook/users", nil, http.StatusNotFound, api.CodeNotFound},
		{"giving no such role", http.MethodPut, "/cook/users/bob", nil, http.StatusNotFound, api.CodeNotFound},
		{"giving to nobody", http.MethodPut, "/taken/users/nobody", nil, http.StatusNotFound, api.CodeNotFound},
		{"everyone is not taken", http.MethodDelete, "/everyone/users/bob", nil, http.StatusUnprocessableEntity, api.CodeInvalid},
	} {
		call{method: c.method, path: "/api/roles" + c.path, body: c.body}.xAuth(admin).do(t, s.Site).refused(t, c.what, c.status, c.code)
	}
	// As a client of Anaconda Server reads and writes back a role.
	a := get("/api/roles/author").xAuth(admin).do(t, s.Site).ok(t, "read")
	var wire map[string]any
	if err := json.Unmarshal(a.body, &wire); err != nil {
		t.Fatal(err)
	}
	levels, _ := wire["permissions"].(map[string]any)
	if level, named := levels["role"]; !named || level != nil || levels["channel"] != "manage" || wire["persistent"] != true {
		t.Errorf("author = %s, want every category named, null for none", a.body)
	}
	levels["channel.routes-filtered"] = nil
	back := call{method: http.MethodPut, path: "/api/roles/author", body: wire}.xAuth(admin).do(t, s.Site).ok(t, "write back")
	if !slices.Equal(back.body, a.body) {
		t.Errorf("written back = %s, want %s", back.body, a.body)
	}
}

func TestRoleInUse(t *testing.T) {
	s := newStage(t)
	role := s.makeRole(t, "cook", map[string]api.Level{"cve": api.LevelRead})
	s.User("carol", "cook")
	if err := s.Admin.GiveRole(t.Context(), role.ID, "bob"); err != nil {
		t.Fatal(err)
	}
	if err := s.Admin.GiveRole(t.Context(), "cook", "bob"); err != nil {
		t.Errorf("giving it again: %v", err)
	}
	holders := func(want ...string) {
		t.Helper()
		list, err := s.Admin.RoleUsers(t.Context(), "cook", client.ListOptions{})
		var got []string
		for _, u := range list.Items {
			got = append(got, u.Username)
		}
		if err != nil || !slices.Equal(got, want) || list.TotalCount != int64(len(want)) {
			t.Errorf("holders = %v of %d, %v, want %v", got, list.TotalCount, err, want)
		}
	}
	holders("bob", "carol")
	admin := s.session(t, "admin")
	p := call{method: http.MethodDelete, path: "/api/roles/cook"}.xAuth(admin).do(t, s.Site).refused(t, "in use", http.StatusConflict, api.CodeRoleInUse)
	if !strings.Contains(p.Message, "2 account") {
		t.Errorf("message = %q, want how many have it", p.Message)
	}
	if err := s.Admin.TakeRole(t.Context(), "cook", "bob"); err != nil {
		t.Fatal(err)
	}
	holders("carol")
	renamed, err := s.Admin.UpdateRole(t.Context(), "cook", levelsOf("chef", map[string]api.Level{"cve": api.LevelRead}))
	if err != nil || renamed.ID != role.ID {
		t.Errorf("renamed = %+v, %v, want the same role", renamed, err)
	}
	carol, err := s.Admin.User(t.Context(), "carol")
	if err != nil || !slices.Equal(carol.Roles, []string{"chef"}) {
		t.Errorf("carol's roles = %v, %v, want that of the new name", carol.Roles, err)
	}
	if err := s.Admin.DeleteRole(t.Context(), "chef", true); err != nil {
		t.Fatal(err)
	}
	s.makeRole(t, "cook", map[string]api.Level{"cve": api.LevelManage})
	holders()
	everyone, err := s.Admin.RoleUsers(t.Context(), "everyone", client.ListOptions{})
	if err != nil || everyone.TotalCount != 4 {
		t.Errorf("%d have the role everyone, %v, want all 4 accounts", everyone.TotalCount, err)
	}
}

// TestBootstrapKeepsEdits: a server that starts leaves the built-in roles as administrators have set them.
func TestBootstrapKeepsEdits(t *testing.T) {
	s := newStage(t)
	want := map[string]map[string]api.Level{"everyone": {"channel": api.LevelRead}, "author": {"channel": api.LevelWrite, "cve": api.LevelManage}}
	for name, levels := range want {
		s.editRole(t, name, levels)
	}
	other, err := server.OpenSite(t.Context(), s.Config, server.Options{Log: slog.New(slog.DiscardHandler), Argon2: identity.Argon2{Memory: 64, Time: 1, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Store.Close(); err != nil {
			t.Error(err)
		}
	})
	made, err := other.Service.Accounts.Bootstrap(t.Context(), identity.Local(time.Now()), "")
	if err != nil || made != nil {
		t.Fatalf("bootstrap = %v, %v, want nothing to do", made, err)
	}
	for name, levels := range want {
		if diff := cmp.Diff(levels, s.given(t, name)); diff != "" {
			t.Errorf("role %s after a start (-want +got):\n%s", name, diff)
		}
	}
}
