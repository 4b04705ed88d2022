package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/servertest"
)

func TestFindUsers(t *testing.T) {
	s := newStage(t)
	s.makeRole(t, "cook", nil)
	s.User("carol", "author", "cook")
	s.User("adam", "cook")
	if _, err := s.Admin.UpdateUser(t.Context(), "adam", api.UserUpdate{Disabled: new(true), Email: new("cook@example.org")}); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		filter client.UserFilter
		want   []string
	}{
		"all":                 {client.UserFilter{}, []string{"ada", "adam", "admin", "bob", "carol"}},
		"by name":             {client.UserFilter{ListOptions: client.ListOptions{Query: "AD"}}, []string{"ada", "adam", "admin"}},
		"by e-mail address":   {client.UserFilter{ListOptions: client.ListOptions{Query: "cook@"}}, []string{"adam"}},
		"by role":             {client.UserFilter{Role: "cook"}, []string{"adam", "carol"}},
		"by no such role":     {client.UserFilter{Role: "coo"}, nil},
		"disabled":            {client.UserFilter{Disabled: new(true)}, []string{"adam"}},
		"enabled with a role": {client.UserFilter{Role: "cook", Disabled: new(false)}, []string{"carol"}},
		"a page, backwards":   {client.UserFilter{ListOptions: client.ListOptions{Sort: "-username", Offset: 1, Limit: 2}}, []string{"bob", "admin"}},
	} {
		users, err := s.Admin.Users(t.Context(), c.filter)
		var got []string
		for _, u := range users {
			got = append(got, u.Username)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("users %s = %v, %v, want %v", what, got, err, c.want)
		}
	}
	a := get("/api/users?role=cook&limit=1").xAuth(s.session(t, "admin")).do(t, s.Site).ok(t, "a page")
	if got := a.header.Get("X-Total-Count"); got != "2" {
		t.Errorf("X-Total-Count = %q, want 2", got)
	}
}

func TestAccountWithoutRoles(t *testing.T) {
	s := newStage(t)
	u, err := s.Admin.CreateUser(t.Context(), api.UserCreate{Username: "carol", Password: servertest.UserPassword, Roles: []string{}})
	if err != nil || len(u.Roles) != 0 {
		t.Errorf("roles of a user made with none = %v, %v", u.Roles, err)
	}
}

func TestOwnings(t *testing.T) {
	s := newStage(t)
	token, expired := s.ResourceToken(s.ada, "team", api.LevelRead), s.mintUntil(t, time.Hour)
	s.Clock.Advance(2 * time.Hour)
	got, err := s.Admin.Ownings(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"open", "staff", "team"}; !slices.Equal(got.Channels, want) {
		t.Errorf("channels = %v, want %v", got.Channels, want)
	}
	if len(got.Tokens) != 1 || got.Tokens[0].ID != token.ID {
		t.Errorf("tokens = %+v, want %s alone and not %s, which is expired", got.Tokens, token.ID, expired.ID)
	}
	if got.Groups == nil || len(got.Groups) != 0 {
		t.Errorf("groups = %v, want an empty list", got.Groups)
	}
	for who, status := range map[string]int{"ada": http.StatusForbidden, "bob": http.StatusNotFound} {
		a := get("/api/users/ada/ownings").xAuth(s.session(t, who)).do(t, s.Site)
		if a.status != status {
			t.Errorf("as %s: %d %s, want %d", who, a.status, a.body, status)
		}
	}

	admin := s.session(t, "admin")
	remove := call{method: http.MethodDelete, path: "/api/users/ada"}.xAuth(admin)
	p := remove.do(t, s.Site).refused(t, "the only owner", http.StatusConflict, api.CodeLastOwner)
	if !strings.Contains(p.Message, "open, staff, team") {
		t.Errorf("message = %q, want the channels in it", p.Message)
	}
	index("team", token.Secret).do(t, s.Site).ok(t, "a refused deletion ends nothing")
	remove.path += "?force=true"
	remove.do(t, s.Site).ok(t, "with force")
	index("team", token.Secret).do(t, s.Site).refused(t, "deleted", http.StatusUnauthorized, api.CodeTokenRevoked)
	c, err := s.Admin.Channel(t.Context(), "team")
	if err != nil || len(c.Owners) != 0 {
		t.Errorf("the channel = %+v, %v, want it there without an owner", c, err)
	}
}

// mintUntil makes a scope token of ada's that ends soon.
func (s *stage) mintUntil(t testing.TB, life time.Duration) api.TokenCreated {
	t.Helper()
	made, err := s.ada.CreateToken(t.Context(), api.TokenCreate{
		Name: "short", Scopes: []string{"channel:view"}, ExpiresAt: s.Clock.Now().Add(life).UTC().Format(time.RFC3339),
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestLastAdmin: whoever is the last to administer the site stays, signed in as themselves or as another administrator who
// cannot sign in.
func TestLastAdmin(t *testing.T) {
	s := newStage(t)
	admin := s.session(t, "admin")
	attempts := []call{
		{method: http.MethodDelete, path: "/api/users/admin?force=true"},
		{method: http.MethodPut, path: "/api/users/admin", body: api.UserUpdate{Disabled: new(true)}},
		{method: http.MethodPut, path: "/api/users/admin/roles", body: api.RolesUpdate{Roles: []string{"author"}}},
		{method: http.MethodDelete, path: "/api/roles/admin/users/admin"},
	}
	stays := func(when string) {
		t.Helper()
		for _, c := range attempts {
			c.xAuth(admin).do(t, s.Site).refused(t, when+": "+c.method+" "+c.path, http.StatusConflict, api.CodeLastAdmin)
		}
		if u, err := s.Admin.User(t.Context(), "admin"); err != nil || u.Disabled || !cmp.Equal(u.Roles, []string{"admin", "author"}) {
			t.Errorf("%s: admin = %+v, %v, want it unchanged", when, u, err)
		}
	}
	stays("alone")
	s.User("boss", "admin")
	s.as(t, "admin", http.MethodPut, "/api/users/boss", api.UserUpdate{Disabled: new(true)})
	stays("beside a disabled one")
	s.as(t, "admin", http.MethodPut, "/api/users/boss", api.UserUpdate{Disabled: new(false)})
	attempts[3].xAuth(admin).do(t, s.Site).ok(t, "beside another")
	attempts[0].xAuth(s.session(t, "boss")).do(t, s.Site).ok(t, "one who is no admin any more")
}
