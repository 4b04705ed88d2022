package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kingsnake/internal/oidctest"
)

// TestSignInForAPage signs in by OpenID Connect from the pages: the browser ends where it wanted to go, with a cookie.
func TestSignInForAPage(t *testing.T) {
	s := newSingle(t)
	b := oidctest.NewBrowser(t)
	page := b.Open(s.URL + "/-/sign-in?return_to=" + url.QueryEscape("/-/channels"))
	if !strings.Contains(string(page.Body), `href="/api/auth/authorize?page=%2F-%2Fchannels&amp;redirect=true"`) {
		t.Fatalf("the page for signing in does not lead to the provider: %s", page.Body)
	}
	begin := s.begin() + "?redirect=true&page=" + url.QueryEscape("/-/channels")
	back := b.Open(b.SignIn(s.Provider, begin, "grace").String())
	if back.Status != http.StatusSeeOther || back.Location == nil || back.Location.Path != "/-/channels" {
		t.Fatalf("back from the provider: status %d to %v: %s", back.Status, back.Location, back.Body)
	}
	var session string
	for _, line := range back.Header["Set-Cookie"] {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(c.Name, "kingsnake_session") {
			session = c.Value
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("the cookie is %s", line)
			}
		}
	}
	if session == "" || len(back.Body) > 0 && strings.Contains(string(back.Body), session) {
		t.Errorf("the session is in the body or nowhere: %q", back.Body)
	}
	if page = b.Open(s.URL + "/-/channels"); page.Status != http.StatusOK || !strings.Contains(string(page.Body), "<h1>Channels</h1>") {
		t.Errorf("the page that was wanted: status %d", page.Status)
	}

	for _, elsewhere := range []string{"https://evil.example/", "//evil.example/", "/-//evil.example", `/-/\evil.example`, "/api/docs"} {
		if page = b.Open(s.begin() + "?redirect=true&page=" + url.QueryEscape(elsewhere)); page.Status != http.StatusUnprocessableEntity {
			t.Errorf("a sign-in for the page %s: status %d, want 422", elsewhere, page.Status)
		}
	}
}
