package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/oidctest"
	"kingsnake/internal/servertest"
)

// TestIDTokens: only a token that this provider made for this site and this sign-in, and not long ago, proves who came
// back. Each wrong one differs from the right one in a single respect.
func TestIDTokens(t *testing.T) {
	i, other := oidctest.NewIssuer(t), oidctest.NewIssuer(t)
	s := servertest.Open(t, inMemory(t), signsInAt(i))
	now := time.Now()
	set := func(name string, value any) func(oidctest.Claims) string {
		return func(c oidctest.Claims) string {
			c[name] = value
			return i.Sign(c)
		}
	}
	for name, tc := range map[string]struct {
		sign func(oidctest.Claims) string
		want string
	}{
		"the right one":         {i.Sign, ""},
		"the right one, ES256":  {i.SignES, ""},
		"an old clock":          {set("exp", now.Add(-30*time.Second).Unix()), ""},
		"several audiences":     {func(c oidctest.Claims) string { c["aud"], c["azp"] = []any{c["aud"], "x"}, c["aud"]; return i.Sign(c) }, ""},
		"no azp":                {func(c oidctest.Claims) string { c["aud"] = []any{c["aud"], "x"}; return i.Sign(c) }, "(azp)"},
		"another azp":           {set("azp", "another site"), "(azp)"},
		"another nonce":         {set("nonce", "another sign-in"), "(nonce)"},
		"no nonce":              {set("nonce", nil), "(nonce)"},
		"another audience":      {set("aud", "another site"), "(aud)"},
		"no audience":           {set("aud", nil), "(aud)"},
		"expired":               {set("exp", now.Add(-2*time.Minute).Unix()), "(exp)"},
		"without an end":        {set("exp", nil), "(exp)"},
		"from the future":       {set("iat", now.Add(2*time.Minute).Unix()), "(iat)"},
		"not yet good":          {set("nbf", now.Add(2*time.Minute).Unix()), "(nbf)"},
		"of another issuer":     {set("iss", "https://evil.test"), "(iss)"},
		"of nobody":             {set("sub", nil), "(sub)"},
		"signed by another":     {other.Sign, "not signed by a key of the provider"},
		"signed with no key":    {i.Unsigned, "not signed by a key of the provider"},
		"signed with a new key": {i.Forge, "not signed by a key of the provider"},
		"no token at all":       {func(oidctest.Claims) string { return "x.y.z" }, "not signed by a key of the provider"},
	} {
		sign := func(c oidctest.Claims) string {
			c["sub"] = "somebody"
			return tc.sign(c)
		}
		a := comeBack(t, s.URL, i, "", sign).do(t, s)
		if tc.want == "" {
			a.ok(t, name)
			continue
		}
		if p := a.refused(t, name, http.StatusUnauthorized, api.CodeIdentityInvalid); !strings.Contains(p.Message, tc.want) {
			t.Errorf("%s: %q, want it to say %s", name, p.Message, tc.want)
		}
	}
	users, err := s.Admin.Users(t.Context(), client.UserFilter{})
	if err != nil || len(users) != 2 {
		t.Errorf("accounts %+v, want those of the administrator and of somebody (%v)", users, err)
	}
}

// TestLoopback: a command line trades its code once, soon, and only with its own verifier.
func TestLoopback(t *testing.T) {
	w := &world{Site: nil}
	w.issuer = oidctest.NewIssuer(t)
	w.Site = servertest.Open(t, inMemory(t), signsInAt(w.issuer))
	exchange := signInOperations()[3]
	good := exchange.call(t, w, onTeam)
	in, ok := good.body.(api.CodeExchange)
	if !ok {
		t.Fatalf("the request's body is %T", good.body)
	}
	wrong := good
	wrong.body = api.CodeExchange{Code: in.Code, Verifier: strings.Repeat("x", 50)}
	wrong.do(t, w.Site).refused(t, "another verifier", http.StatusUnauthorized, api.CodeSignInState)
	wrong.body = api.CodeExchange{Code: in.Code + "x", Verifier: verifier}
	wrong.do(t, w.Site).refused(t, "another code", http.StatusUnauthorized, api.CodeSignInState)
	good.do(t, w.Site).ok(t, "the code")
	good.do(t, w.Site).refused(t, "the code again", http.StatusUnauthorized, api.CodeSignInReplayed)
	late := exchange.call(t, w, onTeam)
	w.Clock.Advance(3 * time.Minute)
	late.do(t, w.Site).refused(t, "too late", http.StatusUnauthorized, api.CodeSignInExpired)
	for _, query := range []string{"?loopback_port=80", "?code_challenge=" + strings.Repeat("x", 43), "?loopback_port=70000&code_challenge=" + strings.Repeat("x", 43), loopback() + "%00"} {
		if a := get("/api/auth/authorize"+query).do(t, w.Site); a.status != http.StatusUnprocessableEntity {
			t.Errorf("authorize%s: status %d, want 422", query, a.status)
		}
	}
	if session := good.path; strings.Contains(w.Log.String(), in.Code) {
		t.Errorf("the log of %s holds the code", session)
	}
}
