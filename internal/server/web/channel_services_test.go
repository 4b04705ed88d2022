package web_test

import (
	"net/http"
	"strings"
	"testing"

	"kingsnake/client"
)

func TestServiceAccountOfAChannel(t *testing.T) {
	s, ada := fixture(t)
	b := as(t, s, "ada")
	page := "/-/channels/team/service-accounts"
	if got := b.Get(page + "/generate-token").Status; got != http.StatusNotFound {
		t.Errorf("a token of no account: status %d", got)
	}
	p := b.Get(page).Form("form.card").Set("description", "for CI").Submit()
	if p.Path != page || !strings.Contains(p.Find(".facts").Text(), "service-account-channel-team") || p.Find(".empty h2").Text() != "No tokens yet" {
		t.Fatalf("at %s: %s", p.Path, p.Find("main").Text())
	}
	form := p.Follow(".heading a.button").Form("form.card")
	if got := form.Values.Get("resources"); got != "team" {
		t.Errorf("the form begins with the channel %q", got)
	}
	if p = form.Set("name", "").Submit(); p.Status != http.StatusUnprocessableEntity || p.Find("#f-name-error").Text() == "" {
		t.Errorf("without a name: status %d: %s", p.Status, p.Problems())
	}
	p = b.Get(page+"/generate-token").Form("form.card").Set("name", "ci").Set("permission", "write").Submit()
	first := p.Find("#copy-token-string").Text()
	if p.Status != http.StatusOK || !strings.HasPrefix(first, "ks-a-") || p.Header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("status %d, string %q: %s", p.Status, first, p.Problems())
	}
	if _, err := s.Token(first).Artifacts(t.Context(), "team", client.ArtifactFilter{}); err != nil {
		t.Errorf("the string does not work: %v", err)
	}
	p = b.Get(page)
	if row := p.Find("tbody tr").Text(); !strings.Contains(row, "ci") || !strings.Contains(row, "Active") || strings.Contains(p.Source, first) {
		t.Errorf("the list: %s", row)
	}
	links := p.All("tbody .tools a")
	p = b.Get(links[0].Attr("href")).Form("form.card").Submit()
	second := p.Find("#copy-token-string").Text()
	if second == first || !strings.HasPrefix(second, "ks-a-") {
		t.Fatalf("the new string is %q: %s", second, p.Problems())
	}
	if _, err := s.Token(first).Artifacts(t.Context(), "team", client.ArtifactFilter{}); err == nil {
		t.Error("the old string still works")
	}
	p = b.Get(links[1].Attr("href"))
	if !strings.Contains(p.Find(".danger-card").Text(), "Read and upload to team") {
		t.Errorf("before deleting: %s", p.Find(".danger-card").Text())
	}
	if p = p.Form("form.danger-card").Submit(); p.Path != page || len(p.All("tbody tr")) != 0 {
		t.Errorf("after deleting: at %s: %s", p.Path, p.Find("main").Text())
	}
	if p = b.Get(page + "/delete").Form("form.danger-card").Submit(); p.Path != page || len(p.All("form.card")) != 1 {
		t.Errorf("after deleting the account: at %s: %s", p.Path, p.Find("main").Text())
	}
	if list, err := ada.ServiceAccounts(t.Context(), "team"); err != nil || len(list.Items) != 0 {
		t.Errorf("%d accounts, %v", len(list.Items), err)
	}
	for _, name := range []string{"bob", "eve"} {
		if got := as(t, s, name).Get(page).Status; got != http.StatusNotFound {
			t.Errorf("%s: status %d", name, got)
		}
	}
}
