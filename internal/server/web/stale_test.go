package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/internal/server/web/webtest"
	"kingsnake/internal/servertest"
)

// TestAStaleFormOfAChannelUndoesNothing has a form stand open while somebody else changes the channel.
func TestAStaleFormOfAChannelUndoesNothing(t *testing.T) {
	s, ada := fixture(t)
	b := as(t, s, "ada")
	page := "/-/channels/team/settings"
	edit := func(c api.ChannelUpdate) {
		t.Helper()
		if _, err := ada.UpdateChannel(t.Context(), "team", c); err != nil {
			t.Fatal(err)
		}
	}
	is := func() string {
		t.Helper()
		c, err := ada.Channel(t.Context(), "team")
		if err != nil {
			t.Fatal(err)
		}
		return string(c.Privacy) + ", " + c.Description
	}
	form := b.Get(page).Form("form[action=" + page + "]")
	edit(api.ChannelUpdate{Privacy: new(api.PrivacyAuthenticated)})
	if p := form.Set("description", "Mine").Submit(); p.Path != page || is() != "authenticated, Mine" {
		t.Errorf("a description by a form opened before the privacy changed: at %s, the channel is %s", p.Path, is())
	}

	form = b.Get(page).Form("form[action=" + page + "]")
	edit(api.ChannelUpdate{Privacy: new(api.PrivacyPublic), Description: new("Theirs")})
	p := form.Set("description", "Ours").Set("privacy", "private").Submit()
	if p.Status != http.StatusUnprocessableEntity || is() != "public, Theirs" {
		t.Fatalf("both changed the same: status %d, the channel is %s", p.Status, is())
	}
	for field, want := range map[string][]string{"description": {"“Mine”", "“Theirs”", "“Ours”"}, "privacy": {"“Signed in”", "“Public”", "“Private”"}} {
		text := p.Find("#f-" + field + "-error").Text()
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("beside %s stands %q, without %s", field, text, w)
			}
		}
	}
	form = p.Form("form[action=" + page + "]")
	if got := form.Values.Get("description") + ", " + form.Values.Get("privacy"); got != "Ours, private" {
		t.Errorf("the form holds %q", got)
	}
	if p = form.Submit(); p.Path != page || is() != "private, Ours" {
		t.Errorf("sent again: at %s, the channel is %s: %s", p.Path, is(), p.Problems())
	}
	if p = b.Get(page).Form("form[action=" + page + "]").Submit(); p.Path != page || !strings.Contains(p.Find(".notice.info").Text(), "nothing was saved") {
		t.Errorf("nothing changed: at %s: %s", p.Path, p.Find("main").Text())
	}
}

func TestAStaleFormOfAQuota(t *testing.T) {
	s, ada := fixture(t)
	b := as(t, s, "admin")
	page := "/-/channels/team/settings"
	form := b.Get(page).Form("form[action="+page+"/quota]").Set("quota_bytes", "1GiB")
	b.Get(page).Form("form[action="+page+"/quota]").Set("quota_bytes", "2GiB").Submit()
	p := form.Submit()
	c, err := ada.Channel(t.Context(), "team")
	if err != nil || p.Status != http.StatusUnprocessableEntity || c.QuotaBytes != 2<<30 || !strings.Contains(p.Find("#f-quota_bytes-error").Text(), "“2GiB”") {
		t.Errorf("status %d, quota %d, %v: %s", p.Status, c.QuotaBytes, err, p.Problems())
	}
}

// TestAStaleFormOfTheSettingsUndoesNothing has two administrators change the settings of the site.
func TestAStaleFormOfTheSettingsUndoesNothing(t *testing.T) {
	s := servertest.New(t)
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	open := func() *webtest.Form { return b.Get("/-/settings").Form("main form") }
	first, second := open(), open()
	if p := first.Set("kingsnake.token_max_days", "90").Set("show_intro", "1").Submit(); p.Path != "/-/settings" {
		t.Fatalf("the first form: %s", p.Problems())
	}
	if p := second.Set("kingsnake.token_default_days", "30").Submit(); p.Path != "/-/settings" {
		t.Fatalf("the second form: %s", p.Problems())
	}
	now := open().Values
	if got := now.Get("kingsnake.token_max_days") + " " + now.Get("kingsnake.token_default_days") + " " + now.Get("show_intro"); got != "90 30 1" {
		t.Errorf("after both the settings are %q, want those of both", got)
	}
	first, second = open(), open()
	first.Set("kingsnake.token_max_days", "80").Submit()
	p := second.Set("kingsnake.token_max_days", "70").Set("kingsnake.leaked_tokens", "notify").Submit()
	text := p.Find("[id=f-kingsnake.token_max_days-error]").Text()
	if p.Status != http.StatusUnprocessableEntity || !strings.Contains(text, "“90”") || !strings.Contains(text, "“80”") || !strings.Contains(text, "“70”") {
		t.Errorf("the same setting by both: status %d: %q", p.Status, text)
	}
	if now = open().Values; now.Get("kingsnake.token_max_days") != "80" || now.Get("kingsnake.leaked_tokens") != "revoke" {
		t.Errorf("a form with a conflict saved a part: %v", now)
	}
	p.Form("main form").Submit()
	if now = open().Values; now.Get("kingsnake.token_max_days") != "70" || now.Get("kingsnake.leaked_tokens") != "notify" {
		t.Errorf("sent again it saved %v", now)
	}
}

// TestAStaleFormOfATokenUndoesNothing changes resources of a token while its form stands open.
func TestAStaleFormOfATokenUndoesNothing(t *testing.T) {
	s := servertest.New(t)
	for _, name := range []string{"one", "two", "three", "four"} {
		s.Channel(s.Admin, name, api.PrivacyPrivate)
	}
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	generate(b, "ci", "", "").Set("resources", "one", "two").Set("permission", "read", "read").Submit()
	address := b.Get("/-/tokens").Find("tbody th a").Attr("href")
	open := func() *webtest.Form { return b.Get(address).Form("form.token-form") }
	has := func() string {
		v := open().Values
		var out []string
		for i, name := range v["resources"] {
			out = append(out, name+":"+v["permission"][i])
		}
		slices.Sort(out)
		return v.Get("name") + " " + strings.Join(out, " ")
	}
	form := open()
	open().Set("resources", "one", "three").Set("permission", "write", "read").Set("name", "build").Submit()
	if p := form.Set("resources", "one", "two", "four").Set("permission", "read", "read", "manage").Submit(); p.Path != "/-/tokens" || has() != "build four:manage one:write three:read" {
		t.Errorf("at %s, the token is %s: %s", p.Path, has(), p.Problems())
	}
	form = open()
	open().Set("resources", "one").Set("permission", "manage").Set("name", "theirs").Submit()
	p := form.Set("resources", "one", "three", "four").Set("permission", "read", "read", "read").Set("name", "mine").Submit()
	if text := p.Find("#f-resources .error-text").Text(); p.Status != http.StatusUnprocessableEntity || !strings.Contains(text, "one: write at first, manage by now, read here") || !strings.Contains(text, "four: manage at first, not there by now, read here") {
		t.Errorf("status %d: %q", p.Status, text)
	}
	if has() != "theirs one:manage" {
		t.Errorf("a form with a conflict changed the token to %s", has())
	}
	p = p.Form("form.token-form").Submit()
	if p.Status == http.StatusUnprocessableEntity {
		// The name is judged when the rest is in order.
		if text := p.Find("#f-name-error").Text(); !strings.Contains(text, "“theirs”") || !strings.Contains(text, "“mine”") {
			t.Errorf("the name: %q", text)
		}
		p = p.Form("form.token-form").Submit()
	}
	if p.Path != "/-/tokens" || has() != "mine four:read one:read" {
		t.Errorf("sent again: at %s, the token is %s: %s", p.Path, has(), p.Problems())
	}
}

// TestATokenWithManyResourcesKeepsThem edits a token with more resources than a person would type.
func TestATokenWithManyResourcesKeepsThem(t *testing.T) {
	s := servertest.New(t)
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	in := api.TokenCreate{Name: "wide"}
	for i := range 320 {
		in.Resources = append(in.Resources, api.TokenResource{ResourceType: api.ResourceTypeArtifact, ResourceID: fmt.Sprintf("team/conda/package-%d", i), Permission: api.LevelRead})
	}
	made, err := s.Admin.CreateToken(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	count := func() int {
		t.Helper()
		token, err := s.Admin.TokenByID(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		return len(token.Resources)
	}
	b := webtest.SignIn(t, s.URL, "admin", servertest.AdminPassword)
	p := b.Get("/-/tokens/" + made.ID)
	if n := len(p.All("#resource-rows .row")); n != 320 {
		t.Errorf("the form shows %d of 320 resources", n)
	}
	if p = p.Form("form.token-form").Set("description", "Wide").Submit(); p.Path != "/-/tokens" || count() != 320 {
		t.Errorf("after another field was changed: at %s, %d resources: %s", p.Path, count(), p.Problems())
	}
	form := b.Get("/-/tokens/" + made.ID).Form("form.token-form")
	form.Values["permission"] = form.Values["permission"][:5]
	if p = form.Submit(); p.Status != http.StatusUnprocessableEntity || count() != 320 {
		t.Errorf("half a form: status %d, %d resources", p.Status, count())
	}
}
