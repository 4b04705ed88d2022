package server_test

import (
	"net/http"
	"strings"
	"testing"

	"kingsnake/api"
)

const (
	allServices  = oneChannel + "/service-accounts"
	oneService   = allServices + "/{account_id}"
	serviceToken = oneService + "/tokens/{token_id}"
)

// service gives the service account of a channel, and makes it where there is none.
func (w *world) service(t testing.TB, at place) string {
	t.Helper()
	w.last = ""
	accounts, err := w.Admin.ServiceAccounts(t.Context(), at.path)
	if err != nil {
		t.Fatal(err)
	}
	if len(accounts.Items) > 0 {
		return accounts.Items[0].ID
	}
	a, err := w.Admin.CreateServiceAccount(t.Context(), at.path, api.ServiceAccountCreate{})
	if err != nil {
		t.Fatal(err)
	}
	return a.ID
}

// serviceToken gives the address of a token of the service account that reaches nothing any more, so that no further
// right is asked of who changes it: its channel was deleted.
func (w *world) serviceToken(t testing.TB, at place) string {
	t.Helper()
	account := w.service(t, at)
	gone := w.fresh("gone")
	w.Channel(w.Admin, gone, api.PrivacyPrivate)
	made, err := w.Admin.CreateServiceToken(t.Context(), at.path, account, api.TokenCreate{Name: gone, Resources: []api.TokenResource{
		{ResourceType: api.ResourceTypeChannel, ResourceID: gone, Permission: api.LevelRead},
	}})
	if err == nil {
		err = w.Admin.DeleteChannel(t.Context(), gone)
	}
	if err != nil {
		t.Fatal(err)
	}
	return at.rest + "/service-accounts/" + account + "/tokens/" + made.ID
}

// serviceOperations are those of service accounts and their tokens.
func serviceOperations() []operation {
	edit := needs("service-account:edit")
	on := func(method, below string) func(testing.TB, *world, place) call {
		return func(t testing.TB, w *world, at place) call {
			if method == http.MethodDelete {
				// Those before may have left a token that asks for more rights of who ends it.
				w.distrust(t, at)
				if err := w.Admin.DeleteServiceAccount(t.Context(), at.path, w.service(t, at)); err != nil {
					t.Fatal(err)
				}
			}
			return call{method: method, path: at.rest + "/service-accounts/" + w.service(t, at) + below}
		}
	}
	onToken := func(method string, body any) func(testing.TB, *world, place) call {
		return func(t testing.TB, w *world, at place) call {
			return call{method: method, path: w.serviceToken(t, at), body: body}
		}
	}
	return []operation{
		{name: "GET " + allServices, both: true, scopes: edit, call: below(http.MethodGet, "/service-accounts", nil)},
		{name: "POST " + allServices, both: true, scopes: edit, call: func(t testing.TB, w *world, at place) call {
			w.distrust(t, at)
			if err := w.Admin.DeleteServiceAccount(t.Context(), at.path, w.service(t, at)); err != nil {
				t.Fatal(err)
			}
			return call{method: http.MethodPost, path: at.rest + "/service-accounts", body: api.ServiceAccountCreate{Description: "for CI"}}
		}},
		{name: "DELETE " + oneService, both: true, scopes: edit, call: on(http.MethodDelete, "")},
		{name: "GET " + oneService + "/tokens", both: true, scopes: edit, call: on(http.MethodGet, "/tokens")},
		{
			name: "POST " + oneService + "/tokens", both: true, scopes: edit,
			// A token that gives read on a channel is one that can do all this there.
			carries: []string{"channel:view", "channel:view-artifacts", "channel.group:view", "artifact:view", "artifact:download"},
			call: func(t testing.TB, w *world, at place) call {
				kind := api.ResourceTypeChannel
				if strings.Contains(at.path, "/") {
					kind = api.ResourceTypeSubchannel
				}
				return call{method: http.MethodPost, path: at.rest + "/service-accounts/" + w.service(t, at) + "/tokens", body: api.TokenCreate{
					Name: "ci", Resources: []api.TokenResource{{ResourceType: kind, ResourceID: at.path, Permission: api.LevelRead}},
				}}
			},
		},
		{name: "PUT " + serviceToken, both: true, scopes: edit, call: onToken(http.MethodPut, api.TokenUpdate{Name: new("renamed")})},
		{name: "DELETE " + serviceToken, both: true, scopes: edit, call: onToken(http.MethodDelete, nil)},
	}
}
