package server_test

import (
	"net/http"
	"testing"
	"time"

	"kingsnake/api"
)

const oneRole = "/api/roles/{role_id}"

// role is a role to be destroyed.
func (w *world) role(t testing.TB) string {
	return w.spare(t, "role", func(name string) string {
		if _, err := w.Admin.CreateRole(t.Context(), api.Role{Name: name, Permissions: map[string]*api.Level{}}); err != nil {
			t.Fatal(err)
		}
		return name
	})
}

// leftover makes a user's resource token that reaches nothing any more, so that no further right is asked of who takes it
// over: its channel was deleted.
func (w *world) leftover(t testing.TB) (user, token string) {
	t.Helper()
	user, _ = w.theirs(t)
	gone := w.fresh("gone")
	w.Channel(w.Admin, gone, api.PrivacyPublic)
	made, err := w.Admin.TokensOf(user).Create(t.Context(), api.TokenCreate{Name: gone, ExpiresAt: w.Clock.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339), Resources: []api.TokenResource{
		{ResourceType: api.ResourceTypeChannel, ResourceID: gone, Permission: api.LevelRead},
	}})
	if err == nil {
		err = w.Admin.DeleteChannel(t.Context(), gone)
	}
	if err != nil {
		t.Fatal(err)
	}
	return user, made.ID
}

// siteOperations are those of roles and settings in the REST API.
func siteOperations() []operation {
	on := func(method, below string) func(testing.TB, *world, place) call {
		return func(t testing.TB, w *world, _ place) call {
			return call{method: method, path: "/api/roles/" + w.role(t) + below}
		}
	}
	empty := func(name string) api.Role { return api.Role{Name: name, Permissions: map[string]*api.Level{}} }
	view, edit := needs("role:view"), needs("role:edit")
	return []operation{
		{name: "GET /api/system/settings", scopes: needs("system.settings:view"), call: request(http.MethodGet, settingsPath, nil)},
		{name: "PUT /api/system/settings", scopes: needs("system.settings:edit"), call: request(http.MethodPut, settingsPath, map[string]any{"show_intro": true})},
		{name: "PUT /api/account", scopes: needs("channel.default-channel:edit"), call: request(http.MethodPut, "/api/account", api.AccountUpdate{})},
		{name: "GET " + oneUser + "/ownings", hides: true, scopes: needs("user:view", "user.token:view"), call: func(_ testing.TB, w *world, _ place) call {
			return get("/api/users/" + w.userID + "/ownings")
		}},
		{
			name: "POST " + oneUser + "/tokens/hand-over", hides: true, namesGroup: true, scopes: needs("user.token:edit", "service-account:edit"),
			call: func(t testing.TB, w *world, _ place) call {
				user, token := w.leftover(t)
				return call{method: http.MethodPost, path: "/api/users/" + user + "/tokens/hand-over", body: api.HandOver{Channel: "team", Tokens: []string{token}}}
			},
		},
		{name: "GET /api/roles", scopes: view, call: request(http.MethodGet, "/api/roles", nil)},
		{name: "POST /api/roles", scopes: edit, call: func(_ testing.TB, w *world, _ place) call {
			return call{method: http.MethodPost, path: "/api/roles", body: empty(w.fresh("role"))}
		}},
		{name: "GET " + oneRole, scopes: view, call: request(http.MethodGet, "/api/roles/author", nil)},
		{name: "PUT " + oneRole, scopes: edit, call: func(t testing.TB, w *world, _ place) call {
			name := w.role(t)
			return call{method: http.MethodPut, path: "/api/roles/" + name, body: empty(name)}
		}},
		{name: "DELETE " + oneRole, scopes: edit, call: on(http.MethodDelete, "")},
		{name: "GET " + oneRole + "/users", scopes: view, call: request(http.MethodGet, "/api/roles/author/users", nil)},
		{name: "PUT " + oneRole + "/users/{user_id}", scopes: edit, call: on(http.MethodPut, "/users/subject")},
		{name: "DELETE " + oneRole + "/users/{user_id}", scopes: edit, call: on(http.MethodDelete, "/users/subject")},
	}
}
