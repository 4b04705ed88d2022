package server_test

import (
	"net/http"
	"testing"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/oidctest"
)

const oneRule = oneChannel + "/trust/{rule_id}"

// trustOperations are those of trusted publishing.
func trustOperations() []operation {
	edit := needs("trust:edit")
	on := func(method string, body bool) func(testing.TB, *world, place) call {
		return func(t testing.TB, w *world, at place) call {
			c := call{method: method, path: at.rest + "/trust/" + w.rule(t, at)}
			if body {
				c.body = w.trusted(at)
			}
			return c
		}
	}
	return []operation{
		{name: "GET " + oneChannel + "/trust", scopes: edit, both: true, call: func(_ testing.TB, _ *world, at place) call { return get(at.rest + "/trust") }},
		{name: "POST " + oneChannel + "/trust", scopes: edit, session: true, both: true, call: func(_ testing.TB, w *world, at place) call {
			return call{method: http.MethodPost, path: at.rest + "/trust", body: w.trusted(at)}
		}},
		{name: "GET " + oneRule, scopes: edit, both: true, call: on(http.MethodGet, false)},
		{name: "PUT " + oneRule, scopes: edit, session: true, both: true, call: on(http.MethodPut, true)},
		{name: "DELETE " + oneRule, scopes: edit, both: true, call: on(http.MethodDelete, false)},
		{name: "POST /api/oidc/mint_token", open: true, call: func(t testing.TB, w *world, _ place) call {
			w.rule(t, onTeam)
			return mint(w.issuer.Sign(oidctest.Claims{"aud": "127.0.0.1", "sub": "job of team", "jti": w.fresh("job")}))
		}},
	}
}

// trusted is a rule about the jobs of a channel.
func (w *world) trusted(at place) api.TrustRuleWrite {
	return api.TrustRuleWrite{Issuer: w.issuer.URL, Claims: map[string]string{"sub": "job of " + at.path}, Permission: api.LevelWrite}
}

// rule gives the id of a rule of a channel.
func (w *world) rule(t testing.TB, at place) string {
	t.Helper()
	return w.spare(t, "rule of "+at.path, func(string) string {
		r, err := w.Admin.CreateTrustRule(t.Context(), at.path, w.trusted(at))
		if err != nil {
			t.Fatal(err)
		}
		return r.ID
	})
}

// distrust removes the rules of a channel, which keep its service account from being deleted.
func (w *world) distrust(t testing.TB, at place) {
	t.Helper()
	rules, err := w.Admin.TrustRules(t.Context(), at.path, client.ListOptions{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules.Items {
		if err := w.Admin.DeleteTrustRule(t.Context(), at.path, r.ID); err != nil {
			t.Fatal(err)
		}
	}
	delete(w.doomed, "rule of "+at.path)
}
