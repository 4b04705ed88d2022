package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
)

// tokenUseOperations are those that tell what tokens use of what they hold, and take the rest from them.
func tokenUseOperations() []operation {
	const ofUser = oneUser + "/tokens/{token_id}"
	own := func(method, below string) func(testing.TB, *world, place) call {
		return func(t testing.TB, w *world, _ place) call {
			return call{method: method, path: "/api/account/tokens/" + w.wideToken(t, "") + below}
		}
	}
	theirs := func(method, below string) func(testing.TB, *world, place) call {
		return func(t testing.TB, w *world, _ place) call {
			user, _ := w.theirs(t)
			return call{method: method, path: "/api/users/" + user + "/tokens/" + w.wideToken(t, user) + below}
		}
	}
	service := func(method, below string) func(testing.TB, *world, place) call {
		return func(t testing.TB, w *world, at place) call {
			return call{method: method, path: w.wideService(t, at) + below}
		}
	}
	view, edit, manage := needs("user.token:view"), needs("user.token:edit"), needs("service-account:edit")
	// Who changes a token by another one holds what it does.
	held := needs("user.token:view")
	carried := needs("channel:view", "channel:view-artifacts", "channel.group:view", "artifact:view", "artifact:download", "artifact:create")
	return []operation{
		{name: "GET " + oneToken + "/usage", scopes: view, call: own(http.MethodGet, "/usage")},
		{name: "GET " + oneToken + "/advice", scopes: view, call: own(http.MethodGet, "/advice?days=30")},
		{name: "POST " + oneToken + "/narrow", scopes: edit, carries: held, call: own(http.MethodPost, "/narrow")},
		{name: "GET " + ofUser + "/usage", hides: true, scopes: view, call: theirs(http.MethodGet, "/usage")},
		{name: "GET " + ofUser + "/advice", hides: true, scopes: view, call: theirs(http.MethodGet, "/advice")},
		{name: "POST " + ofUser + "/narrow", hides: true, scopes: edit, carries: held, call: theirs(http.MethodPost, "/narrow")},
		{name: "GET " + serviceToken + "/usage", both: true, scopes: manage, call: service(http.MethodGet, "/usage")},
		{name: "GET " + serviceToken + "/advice", both: true, scopes: manage, call: service(http.MethodGet, "/advice")},
		{name: "POST " + serviceToken + "/narrow", both: true, scopes: manage, carries: carried, call: service(http.MethodPost, "/narrow")},
	}
}

// wideToken gives a token of an account, the administrator's where it is empty, that holds two scopes and used one.
func (w *world) wideToken(t testing.TB, user string) string {
	t.Helper()
	return w.spare(t, "wide token of "+user, func(string) string {
		made, err := w.Admin.TokensOf(user).Create(t.Context(), api.TokenCreate{
			Name: w.fresh("wide"), Scopes: []string{"user.token:view", "user.token:edit"}, ExpiresAt: w.Clock.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339),
		})
		if err != nil {
			t.Fatal(err)
		}
		get("/api/account/tokens").xAuth(made.Secret).do(t, w.Site).ok(t, "use of a wide token")
		return made.ID
	})
}

// wideService gives the address of a token of a service account that holds write and used read.
func (w *world) wideService(t testing.TB, at place) string {
	t.Helper()
	account := w.service(t, at)
	id := w.spare(t, "wide token of "+account, func(name string) string {
		kind := api.ResourceTypeChannel
		if strings.Contains(at.path, "/") {
			kind = api.ResourceTypeSubchannel
		}
		made, err := w.Admin.CreateServiceToken(t.Context(), at.path, account, api.TokenCreate{Name: name, Resources: []api.TokenResource{
			{ResourceType: kind, ResourceID: at.path, Permission: api.LevelWrite},
		}})
		if err != nil {
			t.Fatal(err)
		}
		get("/"+at.path+"/noarch/repodata.json").xAuth(made.Secret).do(t, w.Site).ok(t, "use of a wide token")
		return made.ID
	})
	return at.rest + "/service-accounts/" + account + "/tokens/" + id
}
