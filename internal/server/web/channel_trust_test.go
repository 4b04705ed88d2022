package web_test

import (
	"net/http"
	"strings"
	"testing"

	"kingsnake/internal/config"
	"kingsnake/internal/servertest"
)

func TestTrustedPublishers(t *testing.T) {
	s := servertest.New(t, func(c *config.Config) {
		c.PublicURL, c.TrustedIssuers = "http://conda.test", []string{"https://token.actions.githubusercontent.com"}
	})
	ada := s.User("ada")
	s.User("eve")
	s.Channel(ada, "team", "authenticated")
	b := as(t, s, "ada")
	page := "/-/channels/team/trust"
	p := b.Get(page)
	if p.Find(".empty h2").Text() != "Nobody is trusted yet" {
		t.Errorf("at first: %s", p.Find("main").Text())
	}
	form := p.Follow(".heading a.button").Form("form.card")
	if p = form.Set("claims", "repository = team/tools").Submit(); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Find("#f-claims-error").Text(), "repository_id") {
		t.Errorf("claims that change hands: status %d: %s", p.Status, p.Problems())
	}
	if p = p.Form("form.card").Set("claims", "repository_id").Submit(); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Find("#f-claims-error").Text(), "name = value") {
		t.Errorf("a claim without a value: status %d: %s", p.Status, p.Problems())
	}
	p = p.Form("form.card").Set("claims", "repository_id = 123\r\nenvironment = release").Set("packages", "team-* tools").Set("minutes", "20").Submit()
	if p.Path != page {
		t.Fatalf("at %s: %s", p.Path, p.Problems())
	}
	row := p.Find("tbody tr").Text()
	for _, want := range []string{"githubusercontent", "environment = release", "repository_id = 123", "Write", "20 minutes", "team-*", "by ada", "Never"} {
		if !strings.Contains(row, want) {
			t.Errorf("the line %q has no %s", row, want)
		}
	}
	p = p.Follow("tbody .tools a")
	if !strings.Contains(p.Find(".danger-card").Text(), "repository_id = 123") {
		t.Errorf("before deleting: %s", p.Find(".danger-card").Text())
	}
	if p = p.Form("form.danger-card").Submit(); p.Path != page || len(p.All("tbody tr")) != 0 {
		t.Errorf("after deleting: at %s: %s", p.Path, p.Find("main").Text())
	}
	for _, path := range []string{page, page + "/new"} {
		if got := as(t, s, "eve").Get(path).Status; got != http.StatusNotFound {
			t.Errorf("a reader opens %s: status %d", path, got)
		}
	}
}
