package cli

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kingsnake/internal/config"
	"kingsnake/internal/oidctest"
	"kingsnake/internal/servertest"
)

// TestLoginOIDC signs in as people do: the command starts a browser, somebody fills in the provider's forms, and the
// command has a session. The browser is a script that writes down which page it was to open.
func TestLoginOIDC(t *testing.T) {
	var provider *oidctest.Provider
	site := servertest.New(t, func(cfg *config.Config) {
		cfg.PublicURL = "http://" + cfg.Listen
		provider = oidctest.Start(t, cfg.PublicURL+"/api/auth/callback/kc")
		cfg.OIDCIssuer, cfg.OIDCClientID, cfg.OIDCClientSecret = provider.Issuer, oidctest.ClientID, oidctest.ClientSecret
	})
	provider.Account("alice", map[string]any{"preferred_username": "alice"})
	home := isolate(t)
	opened, script := filepath.Join(home, "opened"), filepath.Join(home, "browser")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho \"$1\" > "+opened+".part && mv "+opened+".part "+opened+"\n"), 0o700); err != nil { //nolint:gosec // A script of the test's own.
		t.Fatal(err)
	}
	t.Setenv("BROWSER", script)
	done := make(chan result)
	go func() { done <- run(t, "", "login", site.URL, "--oidc") }()
	var page string
	for page == "" {
		select {
		case r := <-done:
			t.Fatalf("the command ended with %d before anybody signed in: %s", r.code, r.stderr)
		default:
		}
		if text, err := os.ReadFile(opened); err == nil {
			page = strings.TrimSpace(string(text))
		}
	}
	b := oidctest.NewBrowser(t)
	back := b.Open(b.SignIn(provider, page, "alice").String())
	if back.Status != http.StatusFound || back.Location == nil || back.Location.Hostname() != "127.0.0.1" {
		t.Fatalf("the callback: status %d to %v: %s", back.Status, back.Location, back.Body)
	}
	stray := *back.Location
	stray.RawQuery = "code=x&state=y"
	if p := b.Open(stray.String()); p.Status != http.StatusBadRequest {
		t.Errorf("a page of somebody else's: status %d, want 400", p.Status)
	}
	if p := b.Open(back.Location.String()); p.Status != http.StatusOK || !strings.Contains(string(p.Body), "signed in") {
		t.Errorf("the last page: status %d: %s", p.Status, p.Body)
	}
	if r := <-done; r.code != 0 || !strings.Contains(r.stderr, "as alice") {
		t.Fatalf("login: %d: %s", r.code, r.stderr)
	}
	if r := run(t, "", "whoami"); r.code != 0 || !strings.Contains(r.stdout, "alice") {
		t.Errorf("whoami: %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if strings.Contains(site.Log.String(), back.Location.Query().Get("code")) {
		t.Error("the server's log holds the code")
	}
}

// TestLoginOIDCWithout: a server without a provider says so, and how to log in instead.
func TestLoginOIDCWithout(t *testing.T) {
	site := servertest.New(t)
	isolate(t)
	r := run(t, "", "login", site.URL, "--oidc", "--no-browser")
	if r.code == 0 || !strings.Contains(r.stderr, "no sign-in by OpenID Connect") || !strings.Contains(r.stderr, "kingsnake login "+site.URL) {
		t.Errorf("login: %d: %s", r.code, r.stderr)
	}
}
