package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestSettingsOfTheSite(t *testing.T) {
	s, ada := fixture(t)
	outsider := as(t, s, "ada")
	if p := outsider.Get("/-/settings"); p.Status != http.StatusNotFound || strings.Contains(p.Find("nav").Text(), "Settings") {
		t.Errorf("ada: status %d, navigation %q", p.Status, p.Find("nav").Text())
	}
	if p := outsider.Post("/-/settings", url.Values{"show_intro": {"1"}}); p.Status != http.StatusNotFound {
		t.Errorf("ada changes the settings: status %d", p.Status)
	}
	b := as(t, s, "admin")
	const form = "form[action=/-/settings]"
	if p := b.Get("/-/settings").Form(form).Submit(); p.Path != "/-/settings" || p.Find(".notice.info").Text() == "" {
		t.Fatalf("saved as it was: %s: %s", p.Path, p.Problems())
	}
	before, err := s.Admin.Settings(t.Context())
	if err != nil || before.Kingsnake.TokenMaxDays != -1 || !before.Kingsnake.AuthorByDefault || before.AnacondaIdent != nil {
		t.Errorf("a form that changes nothing changed %+v, %v", before, err)
	}
	p := b.Get("/-/settings").Form(form).Set("kingsnake.token_max_days", "90").Set("show_intro", "1").Set("kingsnake.leaked_tokens", "notify").
		Set("cve_channel_id", "team").Set("anaconda_ident_settings.enabled", "1").Set("anaconda_ident_settings.selected_tokens", "username, hostname").Submit()
	if p.Path != "/-/settings" || len(p.All(".notice.success")) != 1 {
		t.Fatalf("at %s: %s", p.Path, p.Problems())
	}
	got, err := s.Admin.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if k := got.Kingsnake; k.TokenMaxDays != 90 || k.LeakedTokens != "notify" || !got.ShowIntro || got.CVEChannelID == nil ||
		got.AnacondaIdent == nil || strings.Join(got.AnacondaIdent.SelectedTokens, " ") != "hostname username" {
		t.Errorf("the settings are %+v", got)
	}
	if value := p.Find("#f-cve_channel_id").Attr("value"); value != "team" {
		t.Errorf("the channel with CVEs is shown as %q", value)
	}
	if !strings.Contains(p.Find("main").Text(), "Now: 90 days.") {
		t.Error("the page does not say what holds now")
	}
	if _, err := ada.Settings(t.Context()); err == nil {
		t.Error("ada reads the settings")
	}
}

func TestWrongSettingsStandBesideTheirFields(t *testing.T) {
	s, _ := fixture(t)
	b := as(t, s, "admin")
	for field, value := range map[string]string{
		"kingsnake.token_max_days": "soon", "kingsnake.token_default_days": "99999", "kingsnake.service_token_max_days": "-1", "kingsnake.leaked_tokens": "ignore",
		"cve_channel_id": "none", "anaconda_ident_settings.enable_from": "tomorrow", "anaconda_ident_settings.selected_tokens": "shoe_size",
	} {
		p := b.Get("/-/settings").Form("form[action=/-/settings]").Set(field, value).Set("show_intro", "1").Submit()
		links := p.All(".notice.error a[href]")
		if p.Status != http.StatusUnprocessableEntity || len(links) != 1 || links[0].Attr("href") != "#f-"+field {
			t.Errorf("%s = %q: status %d, %q", field, value, p.Status, p.Problems())
		}
		if !p.Find("#f-show_intro").Has("checked") {
			t.Errorf("%s: what was typed elsewhere is lost", field)
		}
	}
	if got, err := s.Admin.Settings(t.Context()); err != nil || got.ShowIntro {
		t.Errorf("a refused form changed %+v, %v", got, err)
	}
}
