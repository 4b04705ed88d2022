package web_test

import (
	"net/http"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

func TestSubchannels(t *testing.T) {
	s, _ := fixture(t)
	b := as(t, s, "ada")
	p := b.Get("/-/channels/team/subchannels")
	if p.Find(".empty h2").Text() != "No subchannels yet" {
		t.Errorf("an empty list: %s", p.Find("main").Text())
	}
	form := p.Follow(".heading a.button").Form("form.card")
	if p = form.Set("name", "Not A Name").Set("description", "kept").Submit(); p.Status != http.StatusUnprocessableEntity || p.Find("#f-name-error").Text() == "" || p.Find("#f-description").Text() != "kept" {
		t.Fatalf("a bad name: status %d: %s", p.Status, p.Find("main").Text())
	}
	p = p.Form("form.card").Set("name", "dev").Set("privacy", "public").Submit()
	if p.Path != "/-/channels/team:dev" || p.Find("h1").Text() != "team/dev" || strings.Join(texts(p, "nav.crumbs a"), " ") != "Channels team" {
		t.Fatalf("at %s: %s", p.Path, p.Find("main").Text())
	}
	if got := strings.Join(texts(p, "nav.tabs a"), " "); strings.Contains(got, "Subchannels") {
		t.Errorf("a subchannel has the tabs %s", got)
	}
	if got := p.Find("#copy-conda").Text(); !strings.HasSuffix(got, "/team/dev") {
		t.Errorf("the line for conda is %q", got)
	}
	if p = b.Get("/-/channels/team:dev/subchannels"); p.Status != http.StatusNotFound {
		t.Errorf("subchannels of a subchannel: status %d", p.Status)
	}
	p = b.Get("/-/channels/team/subchannels")
	if row := p.Find("tbody tr").Text(); !strings.Contains(row, "team/dev") || !strings.Contains(row, "Public") {
		t.Errorf("the line is %q", row)
	}
	if p = as(t, s, "bob").Get("/-/channels/team/subchannels"); len(p.All("tbody tr")) != 1 || len(p.All(".tools a")) != 0 || len(p.All(".heading a.button")) != 0 {
		t.Errorf("a reader is offered: %s", p.Find("main").Text())
	}
	if p = as(t, s, "bob").Get("/-/channels/team/subchannels/new"); p.Status != http.StatusNotFound {
		t.Errorf("a reader opens the form: status %d", p.Status)
	}
	p = b.Get("/-/channels/team/subchannels").Follow(".tools a").Form("form.danger-card").Set("typed", "team/dev").Submit()
	if p.Path != "/-/channels" || b.Get("/-/channels/team:dev").Status != http.StatusNotFound {
		t.Errorf("deleting leads to %s: %s", p.Path, p.Find("main").Text())
	}
}

func TestDeletingAChannelSaysWhatIsLost(t *testing.T) {
	s, ada := fixture(t)
	for i, name := range []string{"alpha", "beta"} {
		data, info := servertest.Package(uint64(i), random.Options{Name: name, Version: "1.0", Subdir: "noarch"})
		s.Upload(ada, "team", data, info.Filename)
	}
	if _, err := ada.CreateSubchannel(t.Context(), "team", api.ChannelCreate{Name: "dev", Privacy: api.PrivacyPrivate}); err != nil {
		t.Fatal(err)
	}
	s.ResourceToken(ada, "team", api.LevelRead)
	s.ResourceToken(ada, "team", api.LevelWrite)
	for name, want := range map[string]int{"bob": http.StatusNotFound, "eve": http.StatusNotFound, "admin": http.StatusOK} {
		if p := as(t, s, name).Get("/-/channels/team/delete"); p.Status != want {
			t.Errorf("%s: status %d, want %d", name, p.Status, want)
		}
	}
	b := as(t, s, "ada")
	p := b.Get("/-/channels/team/delete")
	losses := strings.Join(texts(p, ".danger-card li"), "; ")
	for _, want := range []string{"2 packages", "Access to it by 2 tokens", "1 subchannel"} {
		if !strings.Contains(losses, want) {
			t.Errorf("the page says %q and not %s", losses, want)
		}
	}
	if p = p.Form("form.danger-card").Set("typed", "tean").Submit(); p.Status != http.StatusUnprocessableEntity || p.Find("#f-typed-error").Text() == "" {
		t.Errorf("without confirmation: status %d: %s", p.Status, p.Find("main").Text())
	}
	if b.Get("/-/channels/team").Status != http.StatusOK {
		t.Fatal("the channel is gone without confirmation")
	}
	if p = as(t, s, "bob").Post("/-/channels/team/delete", map[string][]string{"typed": {"team"}}); p.Status != http.StatusNotFound {
		t.Errorf("a reader deletes: status %d", p.Status)
	}
	p = b.Get("/-/channels/team/delete").Form("form.danger-card").Set("typed", "team").Submit()
	if p.Path != "/-/channels" || b.Get("/-/channels/team").Status != http.StatusNotFound {
		t.Errorf("deleting leads to %s: %s", p.Path, p.Find("main").Text())
	}
}

func TestChannelsByPrivacy(t *testing.T) {
	s, ada := fixture(t)
	s.Channel(ada, "open", api.PrivacyPublic)
	b := as(t, s, "ada")
	for query, want := range map[string]string{"": "open team", "?privacy=public": "open", "?privacy=private": "team", "?privacy=nonsense": "open team"} {
		if got := strings.Join(texts(b.Get("/-/channels"+query), "tbody th a"), " "); got != want {
			t.Errorf("%q shows %q, want %q", query, got, want)
		}
	}
}
