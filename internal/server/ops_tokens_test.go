package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
)

// userTokenOperations are those by which administrators manage the tokens of other accounts.
func userTokenOperations() []operation {
	const all, one = oneUser + "/tokens", oneUser + "/tokens/{token_id}"
	on := func(method, below string, body any) func(testing.TB, *world, place) call {
		return func(t testing.TB, w *world, _ place) call {
			user, token := w.theirs(t)
			return call{method: method, path: "/api/users/" + user + "/tokens/" + token + below, body: body}
		}
	}
	onAll := func(method string, body any) func(testing.TB, *world, place) call {
		return func(t testing.TB, w *world, _ place) call {
			user, _ := w.theirs(t)
			return call{method: method, path: "/api/users/" + user + "/tokens", body: body}
		}
	}
	view, edit := needs("user.token:view"), needs("user.token:edit")
	return []operation{
		{name: "GET " + all, hides: true, scopes: view, call: onAll(http.MethodGet, nil)},
		{name: "POST " + all, hides: true, scopes: edit, call: onAll(http.MethodPost, api.TokenCreate{Name: "child", Scopes: []string{"user.token:edit"}})},
		{name: "GET " + one, hides: true, scopes: view, call: on(http.MethodGet, "", nil)},
		{name: "PUT " + one, hides: true, scopes: edit, call: on(http.MethodPut, "", api.TokenUpdate{Name: new("renamed")})},
		{name: "PUT " + one + "/metadata", hides: true, scopes: edit, call: on(http.MethodPut, "/metadata", map[string]any{"team": "x"})},
		{name: "DELETE " + one, hides: true, scopes: edit, call: on(http.MethodDelete, "", nil)},
		{name: "POST /api/users/tokens", hides: true, scopes: view, call: func(t testing.TB, w *world, _ place) call {
			user, _ := w.theirs(t)
			return call{method: http.MethodPost, path: "/api/users/tokens", body: api.UsersTokens{UsersIDs: []string{user}}}
		}},
		{name: "PUT /api/users/tokens", hides: true, scopes: edit, call: func(t testing.TB, w *world, _ place) call {
			_, token := w.theirs(t)
			return call{method: http.MethodPut, path: "/api/users/tokens", body: api.UsersTokensUpdate{TokenIDs: []string{token}}}
		}},
	}
}

// theirs gives another account and a token of it.
func (w *world) theirs(t testing.TB) (user, token string) {
	t.Helper()
	both := w.spare(t, "their", func(name string) string {
		if _, err := w.Admin.CreateUser(t.Context(), api.UserCreate{Username: name, Roles: []string{"author"}}); err != nil {
			t.Fatal(err)
		}
		made, err := w.Admin.TokensOf(name).Create(t.Context(), api.TokenCreate{
			Name: name, Scopes: []string{"user.token:edit"}, ExpiresAt: w.Clock.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339),
		})
		if err != nil {
			t.Fatal(err)
		}
		return name + " " + made.ID
	})
	user, token, _ = strings.Cut(both, " ")
	return user, token
}
