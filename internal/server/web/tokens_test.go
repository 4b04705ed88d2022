package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/config"
	"kingsnake/internal/server/web/webtest"
	"kingsnake/internal/servertest"
)

// generate fills in the form for a resource token.
func generate(b *webtest.Browser, name, channel, level string) *webtest.Form {
	return b.Get("/-/generate-token").Form("form.token-form").Set("name", name).Set("resources", channel).Set("permission", level)
}

// shown is the string on the page that shows it.
func shown(p *webtest.Page) string { return p.Find("#copy-token-string").Text() }

func TestGenerateResourceToken(t *testing.T) {
	s := servertest.New(t)
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	data, info := servertest.Package(1, random.Options{})
	s.Upload(s.Admin, "team", data, info.Filename)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	p := generate(b, "laptop", "team", "read").Submit()
	if p.Status != http.StatusOK || p.Header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("status %d, Cache-Control %q: %s", p.Status, p.Header.Get("Cache-Control"), p.Problems())
	}
	token := shown(p)
	if !strings.HasPrefix(token, "ks-r-") || strings.Contains(p.Path, token) {
		t.Errorf("the string is %q at %s", token, p.Path)
	}
	if got, want := p.Find("#copy-conda").Text(), "conda config --prepend channels "+s.URL+"/t/"+token+"/team"; got != want {
		t.Errorf("the line for conda is\n%s\nwant\n%s", got, want)
	}
	if _, err := s.Token(token).Channel(t.Context(), "team"); err != nil {
		t.Errorf("the string does not work: %v", err)
	}
	for _, path := range []string{"/-/tokens", "/-/", "/-/tokens?q=laptop"} {
		if p := b.Get(path); strings.Contains(p.Source, token) {
			t.Errorf("%s shows the string again", path)
		}
	}
	row := b.Get("/-/tokens").Find("tbody tr").Text()
	for _, want := range []string{"laptop", "Resources", "Read team", "just now", "in 3 months", "Active"} {
		if !strings.Contains(row, want) {
			t.Errorf("the list says %q, without %q", row, want)
		}
	}
}

func TestGenerateScopeToken(t *testing.T) {
	s := servertest.New(t)
	s.User("ada")
	b := webtest.SignIn(t, s.URL, "ada", servertest.UserPassword)
	p := b.Get("/-/generate-token").Form("form.token-form").Set("name", "reader").Set("type", "scopes").Set("add_set", "read").Submit()
	form := p.Form("form.token-form")
	delete(form.Values, "add_set")
	if got := form.Values["scopes"]; len(got) != 6 {
		t.Fatalf("the ready-made set fills in %q", got)
	}
	if hint := p.Find("#f-scopes-0-hint").Text(); !strings.Contains(hint, "Needs read on the ") {
		t.Errorf("a scope is explained by %q", hint)
	}
	for _, o := range p.All("#f-scopes-0 option") {
		if strings.HasPrefix(o.Attr("value"), "user:") || strings.HasPrefix(o.Attr("value"), "role:edit") {
			t.Errorf("an author is offered %s", o.Attr("value"))
		}
	}
	p = form.Submit()
	if token := shown(p); !strings.HasPrefix(token, "ks-s-") {
		t.Errorf("the string is %q", token)
	}
	if row := b.Get("/-/tokens").Find("tbody tr").Text(); !strings.Contains(row, "Read only, for conda") {
		t.Errorf("the list says %q", row)
	}
}

func TestRowsWithoutJavaScript(t *testing.T) {
	s := servertest.New(t)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	p := generate(b, "several", "one", "write").Set("add_resource", "1").Submit()
	if got := len(p.All("#resource-rows .row")); got != 2 || p.Status != http.StatusOK {
		t.Fatalf("%d rows (status %d), want 2", got, p.Status)
	}
	if p.Find("#f-resources-0").Attr("value") != "one" || p.Find("#f-name").Attr("value") != "several" {
		t.Error("what was typed is lost")
	}
	form := p.Form("form.token-form").Set("resources", "one", "two").Set("permission", "write", "manage")
	p = form.Set("remove_resource", "0").Submit()
	if got := p.Form("form.token-form").Values; got.Get("resources") != "two" || got.Get("permission") != "manage" || len(got["resources"]) != 1 {
		t.Errorf("after the first row is removed: %q %q", got["resources"], got["permission"])
	}
}

func TestTokenFormErrors(t *testing.T) {
	s := servertest.New(t, func(c *config.Config) { c.TokenMaxLifetime = config.Duration(60 * 24 * time.Hour) })
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	form := generate(b, "x", "", "read")
	if got := form.Submit().Find("#f-resources .error-text").Text(); !strings.Contains(got, "at least one channel") {
		t.Errorf("no resource: %q", got)
	}
	p := generate(b, "x", "absent", "read").Submit()
	if p.Status != http.StatusUnprocessableEntity || p.Problems() == "" || p.Find("#f-resources-0").Attr("value") != "absent" {
		t.Errorf("an unknown channel: status %d, %q", p.Status, p.Problems())
	}
	p = generate(b, "x", "absent", "read").Set("expires", "date").Set("expires_at", "2999-01-01").Submit()
	if got := p.Find("#f-expires_at-error").Text(); !strings.Contains(got, "at most 60 days") {
		t.Errorf("a date beyond the site's limit: %q", got)
	}
	for _, o := range p.All("#f-expires option") {
		if v := o.Attr("value"); v == "never" || v == "90" {
			t.Errorf("a site with a limit of 60 days offers %s", v)
		}
	}
	if hint := p.Find("#f-expires-hint").Text(); !strings.Contains(hint, "at most 60 days") {
		t.Errorf("the limit is shown as %q", hint)
	}
}

func TestResendOfATokenShowsNoString(t *testing.T) {
	s := servertest.New(t)
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	form := generate(b, "once", "team", "read")
	token := shown(form.Submit())
	p := form.Submit()
	if p.Status != http.StatusConflict || !strings.Contains(p.Text(), "sent before") || strings.Contains(p.Source, token) {
		t.Errorf("a resend: status %d: %s", p.Status, p.Text())
	}
	if n := len(b.Get("/-/tokens").All("tbody tr")); n != 1 {
		t.Errorf("there are %d tokens, want 1", n)
	}
}

func TestEditAndReissue(t *testing.T) {
	s := servertest.New(t)
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	old := shown(generate(b, "ci", "team", "read").Submit())
	edit := b.Get("/-/tokens").Find("tbody th a").Attr("href")

	p := b.Get(edit).Form("form.token-form").Set("name", "build").Set("permission", "write").Set("expires", "7").Submit()
	if p.Path != "/-/tokens" {
		t.Fatalf("edit: %d at %s: %s", p.Status, p.Path, p.Problems())
	}
	if row := p.Find("tbody tr").Text(); !strings.Contains(row, "build") || !strings.Contains(row, "Read and upload to team") || !strings.Contains(row, "Expires soon") {
		t.Errorf("after the edit the list says %q", row)
	}
	if _, err := s.Token(old).Channel(t.Context(), "team"); err != nil {
		t.Errorf("an edit ends the string: %v", err)
	}

	p = b.Get(edit).Form("form.token-form").Set("reissue", "1").Set("overlap", "24h").Submit()
	fresh := shown(p)
	for _, token := range []string{old, fresh} {
		if _, err := s.Token(token).Channel(t.Context(), "team"); err != nil {
			t.Errorf("within the overlap %s… does not work: %v", token[:8], err)
		}
	}
	if fresh == old {
		t.Error("the new string is the old one")
	}
	s.Clock.Advance(25 * time.Hour)
	b = webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	if _, err := s.Token(old).Channel(t.Context(), "team"); err == nil {
		t.Error("the old string works after its overlap")
	}
	p = b.Get(edit).Form("form.token-form").Set("reissue", "1").Set("overlap", "0s").Submit()
	if _, err := s.Token(fresh).Channel(t.Context(), "team"); err == nil || shown(p) == fresh {
		t.Error("a string that was replaced at once still works")
	}
}

func TestDeleteToken(t *testing.T) {
	s := servertest.New(t)
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	token := shown(generate(b, "gone", "team", "read").Submit())
	p := b.Get("/-/tokens").Follow("tbody a[href$=delete]")
	if !strings.Contains(p.Find("form.card").Text(), "It has never been used.") {
		t.Errorf("the question says %q", p.Find("form.card").Text())
	}
	if p = p.Form("form.card").Submit(); p.Path != "/-/tokens" || len(p.All("tbody tr")) != 0 {
		t.Errorf("after deleting: %s %s", p.Path, p.Text())
	}
	if _, err := s.Token(token).Channel(t.Context(), "team"); err == nil {
		t.Error("the string works after its token was deleted")
	}
}

// TestUseOfAStringBefore: a token that was used, and then got a new string, is not said to have never been used.
func TestUseOfAStringBefore(t *testing.T) {
	s := servertest.New(t)
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	generate(b, "ci", "team", "read").Submit()
	s.Clock.Advance(time.Hour)
	p := b.Get("/-/tokens")
	edit := p.Find("tbody th a").Attr("href")
	b.Get(edit).Form("form.token-form").Set("reissue", "1").Set("overlap", "0s").Submit()
	if got := b.Get("/-/tokens").Find("tbody tr").Text(); !strings.Contains(got, "Not since its new string") {
		t.Errorf("the list says it was last used %q", got)
	}
	want := "Its present string was issued just now and has not been used yet."
	if got := b.Get(edit + "/delete").Find("form.card").Text(); !strings.Contains(got, want) || strings.Contains(got, "never been used") {
		t.Errorf("the question says %q, want %q", got, want)
	}
}

func TestTokensOfOthersAreNotThere(t *testing.T) {
	s := servertest.New(t)
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	theirs := s.ResourceToken(s.Admin, "team", api.LevelRead)
	s.User("eve")
	b := webtest.SignIn(t, s.URL, "eve", servertest.UserPassword)
	for _, path := range []string{"/-/tokens/" + theirs.ID, "/-/tokens/" + theirs.ID + "/delete"} {
		if p := b.Get(path); p.Status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, p.Status)
		}
		if p := b.Post(path, url.Values{"name": {"mine"}, "expires": {"keep"}, "resources": {"team"}, "permission": {"read"}}); p.Status != http.StatusNotFound {
			t.Errorf("POST %s: status %d", path, p.Status)
		}
	}
	p := generate(b, "greedy", "team", "read").Submit()
	if p.Status != http.StatusUnprocessableEntity || strings.Contains(p.Source, "ks-r-") {
		t.Errorf("a token for a channel of others: status %d", p.Status)
	}
}

func TestNarrowToken(t *testing.T) {
	s := servertest.New(t)
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	s.Channel(s.Admin, "tools", api.PrivacyPrivate)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	token := shown(generate(b, "wide", "team", "read").Set("resources", "team", "tools").Set("permission", "read", "manage").Submit())
	if _, err := s.Token(token).Channel(t.Context(), "team"); err != nil {
		t.Fatal(err)
	}
	p := b.Get("/-/tokens").Follow("tbody th a").Follow("a[href$=narrow]")
	if got := p.Find("form.card ul").Text(); !strings.Contains(got, "Manage tools") || strings.Contains(got, "team") {
		t.Errorf("to be taken away: %q", got)
	}
	p = p.Form("form.card").Submit()
	if got := p.Form("form.token-form").Values["resources"]; len(got) != 1 || got[0] != "team" {
		t.Errorf("after narrowing the token holds %q: %s", got, p.Problems())
	}
	if _, err := s.Token(token).Channel(t.Context(), "tools"); err == nil {
		t.Error("the string still reaches what was taken away")
	}
}

// TestATokenWithoutAChannel: whoever can see no channel is told where the form asks for one, and whoever can is not.
func TestATokenWithoutAChannel(t *testing.T) {
	s := servertest.New(t)
	s.User("ada")
	b := as(t, s, "ada")
	p := b.Get("/-/generate-token")
	if got := p.Find(".notice.info").Text(); !strings.Contains(got, "Create a channel") {
		t.Errorf("without a channel the form says %q", got)
	}
	if _, links := b.Get("/-/").First(`ol.steps a[href="/-/channels"]`); links {
		t.Error("the first steps lead to an upload before there is a channel")
	}
	if p := p.Follow(".notice.info a").Form("form.channel-form").Set("name", "mine").Submit(); p.Path != "/-/channels/mine" {
		t.Fatalf("the way to a channel ends at %s: %s", p.Path, p.Problems())
	}
	if _, says := b.Get("/-/generate-token").First(".notice.info"); says {
		t.Error("the form still says that there is no channel")
	}
}
