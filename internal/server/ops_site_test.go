package server_test

import (
	"net/http"
	"testing"

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
