package web_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestRoleFromCreatingToDeleting(t *testing.T) {
	s, _ := fixture(t)
	b := as(t, s, "admin")
	p := b.Get("/-/create-role?from=author")
	form := p.Form("form.card")
	if got := form.Values.Get("level.channel") + " " + form.Values.Get("level.role"); got != "manage none" {
		t.Errorf("a copy of author begins with %q", got)
	}
	if p = form.Set("name", "Not A Name").Set("level.role", "read").Submit(); p.Status != http.StatusUnprocessableEntity || p.Find("#f-name-error").Text() == "" {
		t.Fatalf("a bad name: status %d: %s", p.Status, p.Problems())
	}
	form = p.Form("form.card")
	if got := form.Values.Get("level.role"); got != "read" {
		t.Errorf("the level was not kept: %q", got)
	}
	p = form.Set("name", "lead").Submit()
	if p.Path != "/-/roles/lead" || p.Find("h1").Text() != "lead" || !strings.Contains(p.Find("section[aria-labelledby=holders-title]").Text(), "Nobody") {
		t.Fatalf("after creating: at %s: %s", p.Path, p.Problems())
	}
	p = p.Form("form.card").Set("level.channel", "read").Submit()
	if got := p.Form("form.card").Values.Get("level.channel"); got != "read" {
		t.Errorf("after editing, the level is %q", got)
	}
	grid := b.Get("/-/roles")
	if got := strings.Join(texts(grid, "td[data-label=lead]"), " "); !strings.HasPrefix(got, "Read Manage") {
		t.Errorf("in the grid: %q", got)
	}
	if got := strings.Join(texts(grid, "th[data-label=Role] a"), " "); got != "admin author everyone lead" {
		t.Errorf("the roles are %q", got)
	}
	bob := account(t, s, "bob")
	b.Get(bob).Form("form[action$=/roles]").Set("roles", "lead").Submit()
	if got := as(t, s, "bob").Get("/-/roles/lead"); len(got.All("form.card")) != 0 || len(got.All(".levels input")) != 0 || len(got.All(".levels .held")) == 0 {
		t.Errorf("bob, who may only read roles: %s", got.Find("main").Text())
	}
	p = b.Get("/-/roles/lead/delete")
	if got := p.Find(".danger-card").Text(); !strings.Contains(got, "1 account") || !strings.Contains(got, "bob") {
		t.Errorf("before deleting: %q", got)
	}
	if p = p.Form("form.danger-card").Submit(); p.Path != "/-/roles" || strings.Contains(p.Find("tbody").Text(), "lead") {
		t.Errorf("after deleting: at %s: %s", p.Path, p.Problems())
	}
}

func TestBuiltInRoles(t *testing.T) {
	s, _ := fixture(t)
	b := as(t, s, "admin")
	if p := b.Get("/-/roles/admin"); len(p.All("form.card")) != 0 || !strings.Contains(p.Find("section[aria-labelledby=holders-title]").Text(), "admin") {
		t.Errorf("the role admin: %s", p.Find("main").Text())
	}
	if p := b.Get("/-/roles/author"); len(p.All("#f-name")) != 0 || len(p.All("form.card")) != 1 {
		t.Errorf("the role author: %s", p.Find("main").Text())
	}
	for _, role := range []string{"admin", "author", "everyone"} {
		if got := b.Get("/-/roles/" + role + "/delete").Status; got != http.StatusNotFound {
			t.Errorf("deleting %s: status %d", role, got)
		}
	}
}
