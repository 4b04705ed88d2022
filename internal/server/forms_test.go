package server_test

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"kingsnake/api"
	"kingsnake/internal/config"
	"kingsnake/internal/identity"
	"kingsnake/internal/server"
	"kingsnake/internal/servertest"
)

// headerForms are the ways in which a token stands in a header.
func headerForms(token string) map[string][2]string {
	return map[string][2]string{
		"X-Auth":                 {"X-Auth", token},
		"X-API-Key":              {"X-API-Key", token},
		"Bearer":                 {"Authorization", "Bearer " + token},
		"bearer in lower case":   {"Authorization", "bearer " + token},
		"token":                  {"Authorization", "token " + token},
		"Basic, token as user":   {"Authorization", basicAuth(token, "x-auth-token")},
		"Basic, token as secret": {"Authorization", basicAuth("anybody", token)},
		"Basic, without a user":  {"Authorization", basicAuth("", token)},
	}
}

// urlForms are the places of a token in a URL.
func urlForms(token, rest string) []string {
	return []string{
		"/t/" + token + rest, "/api/repo/t/" + token + rest, "/t/" + token + "/api/repo" + rest, "/repo/t/" + token + rest, "/t/" + token + "/repo" + rest,
		"/conda/t/" + token + rest, "/t/" + token + "/conda" + rest,
	}
}

func TestFormsOfTokens(t *testing.T) {
	s := newStage(t)
	token, rotten := s.ResourceToken(s.ada, "team", api.LevelRead).Secret, foreignToken(t)
	file := "/team/noarch/" + s.file
	for _, url := range urlForms(token, file) {
		if a := get(url).do(t, s.Site).ok(t, url); string(a.body) != string(s.data) {
			t.Errorf("%s: %d bytes, want the package", url, len(a.body))
		}
	}
	for _, url := range urlForms(rotten, file) {
		get(url).do(t, s.Site).refused(t, url, http.StatusUnauthorized, api.CodeTokenUnknown)
	}
	for _, mount := range []string{"", "/api/repo", "/repo", "/conda"} {
		get(mount+file).xAuth(token).do(t, s.Site).ok(t, mount)
	}
	for form, h := range headerForms(token) {
		get(file).with(h[0], h[1]).do(t, s.Site).ok(t, form)
		get("/api/channels/team").with(h[0], h[1]).do(t, s.Site).ok(t, form+" by REST")
	}
	for form, h := range headerForms(rotten) {
		get(file).with(h[0], h[1]).do(t, s.Site).refused(t, form, http.StatusUnauthorized, api.CodeTokenUnknown)
		get("/api/channels/team").with(h[0], h[1]).do(t, s.Site).refused(t, form+" by REST", http.StatusUnauthorized, api.CodeTokenUnknown)
	}
}

// TestFirstCredentialDecides: the URL, X-Auth, X-API-Key, Authorization, in that order; the first that is there decides,
// even if it is bad and the next would be good.
func TestFirstCredentialDecides(t *testing.T) {
	s := newStage(t)
	good, rotten := s.ResourceToken(s.ada, "team", api.LevelRead).Secret, foreignToken(t)
	forms := []func(c call, token string) call{
		func(c call, token string) call { c.path = "/t/" + token + c.path; return c },
		func(c call, token string) call { return c.with("X-Auth", token) },
		func(c call, token string) call { return c.with("X-API-Key", token) },
		func(c call, token string) call { return c.with("Authorization", "Bearer "+token) },
	}
	names := []string{"URL", "X-Auth", "X-API-Key", "Authorization"}
	for i, first := range forms {
		for j := i + 1; j < len(forms); j++ {
			what := names[i] + " before " + names[j]
			second := forms[j]
			first(second(index("team", ""), rotten), good).do(t, s.Site).ok(t, what)
			first(second(index("team", ""), good), rotten).do(t, s.Site).refused(t, what, http.StatusUnauthorized, api.CodeTokenUnknown)
		}
	}
	for what, c := range map[string]call{
		"empty X-Auth":    index("team", "").with("X-Auth", "").with("Authorization", "Bearer "+good),
		"unknown scheme":  index("team", "").with("Authorization", "Negotiate "+strings.Repeat("A", 40)),
		"no Basic at all": index("team", "").with("Authorization", "Basic ???"),
	} {
		if a := c.do(t, s.Site); a.status != http.StatusUnauthorized {
			t.Errorf("%s = %d, want 401", what, a.status)
		}
	}
}

// TestBasicWithPassword: a real password is refused everywhere but at the login, and without being hashed, which on this
// site would take far longer than the answers do.
func TestBasicWithPassword(t *testing.T) {
	s := slowHashes(t)
	began := time.Now()
	call{method: http.MethodPost, path: "/api/auth/login", body: api.LoginRequest{Username: "admin", Password: servertest.AdminPassword}}.do(t, s).ok(t, "login")
	hash := time.Since(began)
	for _, path := range []string{"/team/noarch/repodata.json", "/api/channels", "/api/account"} {
		best := hash
		for range 5 {
			began := time.Now()
			get(path).with("Authorization", basicAuth("admin", servertest.AdminPassword)).do(t, s).refused(t, path, http.StatusUnauthorized, "password_refused")
			best = min(best, time.Since(began))
		}
		if best > hash/4 {
			t.Errorf("%s: refused after %s at best, and a hash takes %s: was it hashed?", path, best, hash)
		}
	}
}

// slowHashes is a site whose password hashes cost much.
func slowHashes(t *testing.T) *servertest.Site {
	t.Helper()
	cfg := config.Default()
	cfg.DataDir, cfg.AdminPassword = t.TempDir(), servertest.AdminPassword
	srv, err := server.New(t.Context(), cfg, server.Options{
		Log: slog.New(slog.DiscardHandler), Argon2: identity.Argon2{Memory: 64 << 10, Time: 6, Threads: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(func() {
		web.Close()
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return &servertest.Site{URL: web.URL, Server: srv}
}

// TestForgedSessions: a session is good only with this site's signature, by the one method, and while its row lives.
func TestForgedSessions(t *testing.T) {
	s := newStage(t)
	genuine := s.session(t, "ada")
	get("/api/account").xAuth(genuine).do(t, s.Site).ok(t, "genuine")
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(genuine, &claims); err != nil {
		t.Fatal(err)
	}
	sign := func(m jwt.SigningMethod, key any) string {
		out, err := jwt.NewWithClaims(m, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	keys := s.Server.Site().Keys
	issue := func(id string, expires time.Time) string {
		out, err := keys.SignSession(id, "ada", expires)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	head, rest, _ := strings.Cut(genuine, ".")
	_, signature, _ := strings.Cut(rest, ".")
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"kingsnake","jti":"` + claims.ID + `","sub":"admin","exp":99999999999}`))
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	for what, bearer := range map[string]string{
		"method none":       sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType),
		"method none, kept": none + "." + rest,
		"method NONE":       base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"NONE","typ":"JWT"}`)) + "." + payload + ".",
		"another key":       sign(jwt.SigningMethodHS256, []byte(strings.Repeat("k", 32))),
		"no key":            sign(jwt.SigningMethodHS256, []byte{}),
		"another method":    sign(jwt.SigningMethodHS512, []byte(strings.Repeat("k", 64))),
		"another payload":   head + "." + payload + "." + signature,
		"no signature":      strings.TrimSuffix(genuine, signature),
		"expired":           issue(claims.ID, s.Clock.Now().Add(-time.Second)),
		"no such session":   issue("00000000-0000-0000-0000-000000000000", s.Clock.Now().Add(time.Hour)),
		"no session at all": issue("", s.Clock.Now().Add(time.Hour)),
		"only dots":         "..",
	} {
		for _, c := range []call{get("/api/account"), index("team", "")} {
			c.with("Authorization", "Bearer "+bearer).do(t, s.Site).refused(t, what, http.StatusUnauthorized, "session_ended")
		}
	}
	get("/t/"+genuine+"/team/noarch/repodata.json").do(t, s.Site).refused(t, "a session in a URL", http.StatusUnauthorized, api.CodeTokenMalformed)
	s.Clock.Advance(13 * time.Hour)
	get("/api/account").xAuth(genuine).do(t, s.Site).refused(t, "grown old", http.StatusUnauthorized, "session_ended")
}
