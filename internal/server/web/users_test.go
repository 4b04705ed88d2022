package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/server/web/webtest"
	"kingsnake/internal/servertest"
)

// account gives the page of a user.
func account(t *testing.T, s *servertest.Site, name string) string {
	t.Helper()
	u, err := s.Admin.User(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return "/-/users/" + u.ID
}

func TestCreateAUserWithAMadePassword(t *testing.T) {
	s, _ := fixture(t)
	b := as(t, s, "admin")
	p := b.Get("/-/create-user").Form("form.card").Set("username", "bad name").Set("email", "kim@lab.test").Submit()
	if p.Status != http.StatusUnprocessableEntity || p.Find("#f-username-error").Text() == "" || p.Find("#f-email").Attr("value") != "kim@lab.test" {
		t.Fatalf("a bad name: status %d: %s", p.Status, p.Problems())
	}
	form := p.Form("form.card").Set("username", "kim")
	if got := form.Values["roles"]; len(got) != 1 || got[0] != "author" {
		t.Errorf("the roles to begin with are %q", got)
	}
	p = form.Submit()
	password := p.Find("#copy-password").Text()
	if p.Status != http.StatusOK || len(password) < 20 || p.Header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("status %d, password of %d letters: %s", p.Status, len(password), p.Problems())
	}
	if p = form.Submit(); p.Status != http.StatusConflict || strings.Contains(p.Source, password) {
		t.Errorf("sent again: status %d", p.Status)
	}
	page := account(t, s, "kim")
	if p = b.Get(page); strings.Contains(p.Source, password) || !strings.Contains(p.Find("dl.facts").Text(), "Made by the server") {
		t.Errorf("the page of the account: %s", p.Find("dl.facts").Text())
	}
	if p = webtest.SignIn(t, s.URL, "kim", password).Get("/-/channels"); !strings.HasPrefix(p.Path, "/-/password") {
		t.Errorf("the first visit leads to %s", p.Path)
	}
	p = b.Get(page + "/reset-password").Form("form.danger-card").Submit()
	second := p.Find("#copy-password").Text()
	if second == "" || second == password {
		t.Fatalf("the new password is %q", second)
	}
	if p = webtest.New(t, s.URL).Get("/-/sign-in").Form("form.card").Set("username", "kim").Set("password", password).Submit(); p.Status == http.StatusOK {
		t.Error("the old password still works")
	}
	webtest.SignIn(t, s.URL, "kim", second)
}

func TestUsersAreFound(t *testing.T) {
	s, _ := fixture(t)
	b := as(t, s, "admin")
	if p := b.Get(account(t, s, "eve") + "/disable").Form("form.danger-card").Submit(); !strings.Contains(p.Find(".heading").Text(), "Disabled") {
		t.Fatalf("after disabling: %s", p.Find("main").Text())
	}
	for query, want := range map[string]string{"": "ada admin bob eve", "state=disabled": "eve", "state=active": "ada admin bob", "role=admin": "admin", "q=ev": "eve", "q=zz": ""} {
		if got := strings.Join(texts(b.Get("/-/users?"+query), "tbody th"), " "); got != want {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
	if p := webtest.New(t, s.URL).Get("/-/sign-in").Form("form.card").Set("username", "eve").Set("password", servertest.UserPassword).Submit(); p.Status == http.StatusOK {
		t.Error("a disabled account signs in")
	}
	if p := b.Get(account(t, s, "eve")).Form("form[action$=/enable]").Submit(); !strings.Contains(p.Find(".heading").Text(), "Active") {
		t.Errorf("after enabling: %s", p.Find("main").Text())
	}
	as(t, s, "eve")
}

func TestRolesAndAddressOfAUser(t *testing.T) {
	s, _ := fixture(t)
	if _, err := s.Admin.CreateRole(t.Context(), api.Role{Name: "auditor", Permissions: map[string]*api.Level{"audit-logs": new(api.LevelRead)}}); err != nil {
		t.Fatal(err)
	}
	b, page := as(t, s, "admin"), account(t, s, "bob")
	p := b.Get(page).Form("form[action$=/roles]").Set("roles", "author", "auditor").Submit()
	if got := strings.Join(texts(p, ".heading .badge"), " "); got != "Active auditor author" {
		t.Errorf("badges are %q: %s", got, p.Problems())
	}
	p = b.Get(page).Form("form[action="+page+"]").Set("email", "no address").Submit()
	if p.Status != http.StatusUnprocessableEntity || p.Find("#f-email-error").Text() == "" || len(p.All("#f-roles input[checked]")) != 2 {
		t.Errorf("a bad address: status %d, %d roles ticked: %s", p.Status, len(p.All("#f-roles input[checked]")), p.Problems())
	}
	if p = p.Form("form[action="+page+"]").Set("email", "bob@lab.test").Submit(); p.Find("#f-email").Attr("value") != "bob@lab.test" {
		t.Errorf("the address is %q", p.Find("#f-email").Attr("value"))
	}
	admin := account(t, s, "admin")
	p = b.Get(admin).Form("form[action$=/roles]").Set("roles", "author").Submit()
	if p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Problems(), "last admin") {
		t.Errorf("taking the last admin's role: status %d: %s", p.Status, p.Problems())
	}
}

func TestDeleteAUserWhoOwnsThings(t *testing.T) {
	s, ada := fixture(t)
	token := s.ResourceToken(ada, "team", api.LevelWrite)
	b, page := as(t, s, "admin"), account(t, s, "ada")
	p := b.Get(page+"/hand-over").Form("form.card").Set("tokens", token.ID).Set("channel", "nothing-like-it").Submit()
	if p.Status != http.StatusUnprocessableEntity || p.Find("#f-channel-error").Text() == "" {
		t.Errorf("an unknown channel: status %d: %s", p.Status, p.Problems())
	}
	p = p.Form("form.card").Set("channel", "team").Submit()
	fresh := p.Find("pre").Text()
	if p.Status != http.StatusOK || !strings.HasPrefix(fresh, "ks-a-") {
		t.Fatalf("status %d, string %q: %s", p.Status, fresh, p.Problems())
	}
	for text, works := range map[string]bool{token.Secret: false, fresh: true} {
		if _, err := s.Token(text).Artifacts(t.Context(), "team", client.ArtifactFilter{}); (err == nil) != works {
			t.Errorf("after handing over: %v, want working: %v", err, works)
		}
	}
	left := s.ResourceToken(ada, "team", api.LevelRead)
	if p = b.Get(page + "/tokens").Follow("tbody .tools a"); !strings.Contains(p.Find(".danger-card").Text(), "Read team") {
		t.Errorf("before revoking: %s", p.Find(".danger-card").Text())
	}
	if p = p.Form("form.danger-card").Submit(); p.Path != page+"/tokens" || p.Find(".empty h2").Text() != "No tokens" {
		t.Errorf("after revoking: at %s: %s", p.Path, p.Find("main").Text())
	}
	if _, err := s.Token(left.Secret).Artifacts(t.Context(), "team", client.ArtifactFilter{}); err == nil {
		t.Error("the revoked token still works")
	}
	p = b.Get(page + "/delete")
	if got := p.Find(".danger-card").Text(); !strings.Contains(got, "only owner of channel team") {
		t.Errorf("before deleting: %q", got)
	}
	if p = p.Form("form.danger-card").Submit(); p.Status != http.StatusUnprocessableEntity || p.Find("#f-typed-error").Text() == "" {
		t.Errorf("without the name: status %d: %s", p.Status, p.Problems())
	}
	if got := b.Post(page+"/delete", url.Values{"typed": {"ada"}}); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Problems(), "only owner") {
		t.Errorf("by somebody who was not told of the channels: status %d: %s", got.Status, got.Problems())
	}
	if p = b.Get(page+"/delete").Form("form.danger-card").Set("typed", "ada").Submit(); p.Path != "/-/users" || strings.Contains(p.Find("tbody").Text(), "ada") {
		t.Errorf("after deleting: at %s: %s", p.Path, p.Find("main").Text())
	}
}

func TestAdministrationDoesNotExistForOthers(t *testing.T) {
	s, _ := fixture(t)
	b, page := as(t, s, "ada"), account(t, s, "ada")
	if got := b.Get("/-/").Find("nav.side").Text(); strings.Contains(got, "Users") || strings.Contains(got, "Roles") || strings.Contains(got, "Administration") {
		t.Errorf("an author's navigation: %q", got)
	}
	unknown := b.Get("/-/no-such-page").Find("main").Text()
	for _, path := range []string{"/-/users", "/-/create-user", page, page + "/tokens", page + "/delete", page + "/hand-over", "/-/roles", "/-/create-role", "/-/roles/author", "/-/suggest/users"} {
		if p := b.Get(path); p.Status != http.StatusNotFound || p.Find("main").Text() != unknown {
			t.Errorf("%s: status %d: %s", path, p.Status, p.Find("main").Text())
		}
	}
	for _, path := range []string{"/-/create-user", page, page + "/roles", page + "/disable", page + "/enable", page + "/reset-password", page + "/delete", page + "/hand-over", "/-/create-role", "/-/roles/author", "/-/roles/author/delete"} {
		if p := b.Post(path, url.Values{"username": {"x"}, "name": {"x"}, "roles": {"admin"}, "typed": {"ada"}}); p.Status != http.StatusNotFound || p.Find("main").Text() != unknown {
			t.Errorf("POST %s: status %d", path, p.Status)
		}
	}
	if got := as(t, s, "admin").Get("/-/").Find("nav.side").Text(); !strings.Contains(got, "Administration") || !strings.Contains(got, "Users") || !strings.Contains(got, "Roles") {
		t.Errorf("an admin's navigation: %q", got)
	}
}

func TestHandedOverTokensKeepOtherChannels(t *testing.T) {
	s, ada := fixture(t)
	s.Channel(ada, "tools", api.PrivacyPrivate)
	token := s.ResourceToken(ada, "tools", api.LevelRead)
	p := as(t, s, "admin").Get(account(t, s, "ada")+"/hand-over").Form("form.card").Set("tokens", token.ID).Set("channel", "team").Submit()
	fresh := p.Find("pre").Text()
	if _, err := s.Token(fresh).Artifacts(t.Context(), "tools", client.ArtifactFilter{}); err != nil {
		t.Errorf("the token does not reach its channel any more: %v: %s", err, p.Problems())
	}
}
