package server_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/internal/config"
	"kingsnake/internal/oidctest"
)

// signsInAt lets people sign in at an issuer of the test's.
func signsInAt(i *oidctest.Issuer) func(*config.Config) {
	return func(cfg *config.Config) {
		cfg.PublicURL = "http://" + cfg.Listen
		cfg.TrustedIssuers = []string{i.URL}
		cfg.OIDCIssuer, cfg.OIDCClientID, cfg.OIDCClientSecret = i.URL, oidctest.ClientID, oidctest.ClientSecret
	}
}

// placed gives the rows of some tables a place, and their twins on subchannels.
func placed(tables ...[]operation) []operation {
	var all []operation
	for _, o := range slices.Concat(tables...) {
		o.at = onTeam
		all = append(all, o)
		if o.both {
			all = append(all, o.onSubchannel())
		}
	}
	return all
}

// verifier is what a command line keeps to itself.
const verifier = "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijkl"

// loopback is how a command line begins a sign-in.
func loopback() string {
	sum := sha256.Sum256([]byte(verifier))
	return "?loopback_port=9&client_state=mine&code_challenge=" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// signInOperations are those of the sign-in by OpenID Connect.
func signInOperations() []operation {
	return []operation{
		{name: "GET /api/auth/methods", open: true, call: request(http.MethodGet, "/api/auth/methods", nil)},
		{name: "GET /api/auth/authorize", open: true, call: request(http.MethodGet, "/api/auth/authorize?redirect=false", nil)},
		{name: "GET /api/auth/callback/kc", open: true, call: func(t testing.TB, w *world, _ place) call { return w.comeBack(t, "", nil) }},
		{name: "POST /api/auth/exchange", open: true, call: func(t testing.TB, w *world, _ place) call {
			a := w.comeBack(t, loopback(), nil).do(t, w.Site)
			to, err := url.Parse(a.header.Get("Location"))
			if err != nil || a.status != http.StatusFound || to.Host != "127.0.0.1:9" || to.Query().Get("state") != "mine" {
				t.Fatalf("status %d to %v: %s", a.status, to, a.body)
			}
			return call{method: http.MethodPost, path: "/api/auth/exchange", body: api.CodeExchange{Code: to.Query().Get("code"), Verifier: verifier}}
		}},
		{name: "GET /api/auth/logout", session: true, call: request(http.MethodGet, "/api/auth/logout", nil)},
	}
}

// comeBack signs somebody in at the issuer and gives the request with which the browser comes back. The claims change
// what the issuer says.
func (w *world) comeBack(t testing.TB, query string, claims oidctest.Claims) call {
	t.Helper()
	return comeBack(t, w.URL, w.issuer, query, func(asked oidctest.Claims) string {
		asked["sub"] = "somebody"
		maps.Copy(asked, claims)
		return w.issuer.Sign(asked)
	})
}

// comeBack begins a sign-in at a site and gives the request that ends it, with the ID token that sign makes.
func comeBack(t testing.TB, site string, i *oidctest.Issuer, query string, sign func(oidctest.Claims) string) call {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site+"/api/auth/authorize"+query, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := plain.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var begun api.Authorization
	if err := json.NewDecoder(resp.Body).Decode(&begun); err != nil {
		t.Fatal(err)
	}
	asked, _, _ := oidctest.Asked(t, begun.RedirectURL)
	cookie, _, _ := strings.Cut(resp.Header.Get("Set-Cookie"), ";")
	return get(strings.TrimPrefix(i.Answer(begun.RedirectURL, sign(asked)), site)).with("Cookie", cookie)
}
