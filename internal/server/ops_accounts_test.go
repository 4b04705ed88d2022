package server_test

import (
	"net/http"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/internal/servertest"
)

const (
	oneToken = "/api/account/tokens/{token_id}"
	oneUser  = "/api/users/{user_id}"
)

// accountOperations are those of tokens, users and the site in the REST API.
func accountOperations() []operation {
	on := func(method, below string, body any) func(testing.TB, *world, place) call {
		return func(t testing.TB, w *world, _ place) call {
			return call{method: method, path: "/api/account/tokens/" + w.token(t) + below, body: body}
		}
	}
	onUser := func(method, below string, body any) func(testing.TB, *world, place) call {
		return func(_ testing.TB, w *world, _ place) call {
			return call{method: method, path: "/api/users/" + w.userID + below, body: body}
		}
	}
	tokenView, tokenEdit := needs("user.token:view"), needs("user.token:edit")
	return []operation{
		{name: "GET /api/account/tokens", scopes: tokenView, call: request(http.MethodGet, "/api/account/tokens", nil)},
		{name: "POST /api/account/tokens", scopes: tokenEdit, call: request(http.MethodPost, "/api/account/tokens", api.TokenCreate{Name: "child", Scopes: []string{"user.token:edit"}})},
		{name: "GET " + oneToken, hides: true, scopes: tokenView, call: on(http.MethodGet, "", nil)},
		{name: "PUT " + oneToken, hides: true, scopes: tokenEdit, call: on(http.MethodPut, "", api.TokenUpdate{Name: new("renamed")})},
		{name: "PUT " + oneToken + "/metadata", hides: true, scopes: tokenEdit, call: on(http.MethodPut, "/metadata", map[string]any{"team": "x"})},
		{name: "DELETE " + oneToken, hides: true, scopes: tokenEdit, call: on(http.MethodDelete, "", nil)},
		{name: "GET /api/users", scopes: needs("user:view"), call: request(http.MethodGet, "/api/users", nil)},
		{name: "POST /api/users", scopes: needs("user:edit"), call: func(_ testing.TB, w *world, _ place) call {
			return call{method: http.MethodPost, path: "/api/users", body: map[string]any{"username": w.fresh("made"), "roles": []string{}}}
		}},
		{name: "GET " + oneUser, hides: true, scopes: needs("user:view"), call: onUser(http.MethodGet, "", nil)},
		{name: "PUT " + oneUser, scopes: needs("user:edit"), call: onUser(http.MethodPut, "", api.UserUpdate{Email: new("subject@example.org")})},
		{name: "DELETE " + oneUser, scopes: needs("user:edit"), call: func(t testing.TB, w *world, _ place) call {
			return call{method: http.MethodDelete, path: "/api/users/" + w.user(t)}
		}},
		{name: "PUT " + oneUser + "/password", scopes: needs("user:edit"), session: true, call: onUser(http.MethodPut, "/password", api.PasswordReset{Password: servertest.UserPassword})},
		{name: "PUT " + oneUser + "/roles", scopes: needs("role:edit"), call: onUser(http.MethodPut, "/roles", api.RolesUpdate{Roles: []string{}})},
		{name: "POST /api/access/explain", scopes: needs("access:explain"), call: request(http.MethodPost, "/api/access/explain", api.ExplainRequest{Action: "channel:view", Channel: "team"})},
		{name: "GET /api/account", call: request(http.MethodGet, "/api/account", nil)},
		{name: "GET /api/account/scopes", call: request(http.MethodGet, "/api/account/scopes", nil)},
		{name: "GET /api/account/permissions", call: request(http.MethodGet, "/api/account/permissions", nil)},
		{name: "GET /api/account/token-info", call: request(http.MethodGet, "/api/account/token-info", nil)},
		{name: "GET /api/system", open: true, call: request(http.MethodGet, "/api/system", nil)},
		{name: "GET /api/system/scopes", call: request(http.MethodGet, "/api/system/scopes", nil)},
		{name: "GET /api/system/resource_types", call: request(http.MethodGet, "/api/system/resource_types", nil)},
		{name: "GET /api/openapi.json", open: true, call: request(http.MethodGet, "/api/openapi.json", nil)},
		{name: "GET /api/docs", open: true, call: request(http.MethodGet, "/api/docs", nil)},
		{name: "GET /api/docs.css", open: true, call: request(http.MethodGet, "/api/docs.css", nil)},
		{name: "GET /api/system/metrics", open: true, call: request(http.MethodGet, "/api/system/metrics", nil)},
		{name: "GET /api/system/stats", scopes: needs("system.settings:view"), call: request(http.MethodGet, "/api/system/stats", nil)},
		{name: "GET /api/system/pprof/{profile}", scopes: needs("system.settings:edit"), call: request(http.MethodGet, "/api/system/pprof/threadcreate", nil)},
		{name: "DELETE /api/system/blob_cleanup", scopes: needs("system:delete-blobs"), call: request(http.MethodDelete, "/api/system/blob_cleanup", nil)},
		{name: "POST /api/system/blob_cleanup", scopes: needs("system:delete-blobs"), call: request(http.MethodPost, "/api/system/blob_cleanup", []string{strings.Repeat("ab", 32)})},
		{name: "POST /api/auth/login", open: true, call: request(http.MethodPost, "/api/auth/login", api.LoginRequest{Username: "subject", Password: servertest.UserPassword})},
		{name: "POST /api/auth/logout", session: true, call: request(http.MethodPost, "/api/auth/logout", nil)},
		{name: "PUT /api/account/password", session: true, call: request(http.MethodPut, "/api/account/password", api.PasswordChange{CurrentPassword: servertest.AdminPassword, NewPassword: "another long password"})},
	}
}
