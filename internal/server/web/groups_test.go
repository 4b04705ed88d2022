package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestGroupFromCreatingToDeleting(t *testing.T) {
	s, ada := fixture(t)
	b := as(t, s, "ada")
	if p := b.Get("/-/groups"); !strings.Contains(p.Find("nav.side").Text(), "Groups") || strings.Contains(p.Find("main").Text(), "readers") {
		t.Errorf("ada, who is in her channel's owners only, sees: %s", p.Find("main").Text())
	}
	p := b.Get("/-/create-group").Form("form.card").Set("name", "a_owners").Set("description", "kept").Submit()
	if p.Status != http.StatusUnprocessableEntity || p.Find("#f-name-error").Text() == "" || p.Find("#f-description").Text() != "kept" {
		t.Fatalf("a name that is the system's: status %d: %s", p.Status, p.Problems())
	}
	p = p.Form("form.card").Set("name", "lab").Submit()
	if p.Find("h1").Text() != "lab" || len(p.All("tbody tr")) != 1 || !strings.Contains(p.Find("tbody tr").Text(), "You") {
		t.Fatalf("after creating: at %s: %s", p.Path, p.Find("main").Text())
	}
	page := p.Path
	if p = b.Get(page).Form("section form").Set("user", "nobody").Submit(); p.Status != http.StatusUnprocessableEntity || p.Find("#f-user-error").Text() == "" {
		t.Errorf("an unknown user: status %d: %s", p.Status, p.Problems())
	}
	p = b.Get(page).Form("section form").Set("user", "bob").Submit()
	if got := strings.Join(texts(p, "tbody th"), " "); !strings.Contains(got, "bob") {
		t.Fatalf("members are %q", got)
	}
	bob := as(t, s, "bob")
	if p = bob.Get(page); len(p.All("section form")) != 0 || len(p.All("tbody select")) != 0 || strings.Contains(p.Find("nav.tabs").Text(), "Settings") {
		t.Errorf("bob, who may only see the group, is offered to change it: %s", p.Find("main").Text())
	}
	for _, path := range []string{page + "/edit", page + "/delete", page + "/members/ada/remove"} {
		if got := bob.Get(path).Status; got != http.StatusNotFound {
			t.Errorf("bob at %s: status %d", path, got)
		}
	}
	if p = b.Get(page).Form("form[action$=/bob]").Set("level", "manage").Submit(); p.Status != http.StatusOK || p.Find("form[action$=/bob] option[selected]").Attr("value") != "manage" {
		t.Errorf("raising bob: status %d: %s", p.Status, p.Problems())
	}
	p = b.Get(page+"/edit").Form("form.card").Set("name", "laboratory").Submit()
	if p.Find("h1").Text() != "laboratory" {
		t.Errorf("after renaming: %s", p.Find("main").Text())
	}
	if err := ada.AddChannelGroup(t.Context(), "team", "laboratory", "write"); err != nil {
		t.Fatal(err)
	}
	if got := b.Get(page + "/channels").Find("tbody tr").Text(); !strings.Contains(got, "team") || !strings.Contains(got, "Write") {
		t.Errorf("channels: %q", got)
	}
	p = b.Get(page + "/delete")
	if got := p.Find(".danger-card").Text(); !strings.Contains(got, "Write on team") || !strings.Contains(got, "2 members") {
		t.Errorf("before deleting: %q", got)
	}
	if p = p.Form("form.danger-card").Submit(); p.Path != "/-/groups" || strings.Contains(p.Find("tbody").Text(), "laboratory") {
		t.Errorf("after deleting: at %s: %s", p.Path, p.Find("main").Text())
	}
}

func TestMembersLeaveAGroup(t *testing.T) {
	s, _ := fixture(t)
	readers, err := s.Admin.Group(t.Context(), "readers")
	if err != nil {
		t.Fatal(err)
	}
	bob, page := as(t, s, "bob"), "/-/groups/"+readers.ID
	p := bob.Get(page).Follow("tbody .tools a")
	if p.Find(".danger-card .lead").Text() != "Leave readers?" {
		t.Fatalf("at %s: %s", p.Path, p.Find("main").Text())
	}
	if p = p.Form("form.danger-card").Submit(); p.Path != "/-/groups" || p.Find(".empty h2").Text() != "No groups yet" {
		t.Errorf("after leaving: at %s: %s", p.Path, p.Find("main").Text())
	}
	if got := bob.Get("/-/channels/team").Status; got != http.StatusNotFound {
		t.Errorf("a channel of the group, after leaving: status %d", got)
	}
}

func TestGroupsOfOthersDoNotExist(t *testing.T) {
	s, _ := fixture(t)
	readers, err := s.Admin.Group(t.Context(), "readers")
	if err != nil {
		t.Fatal(err)
	}
	eve, page := as(t, s, "eve"), "/-/groups/"+readers.ID
	unknown := eve.Get("/-/groups/no-such-group")
	for _, path := range []string{page, page + "/channels", page + "/edit", page + "/delete", page + "/members/bob/remove"} {
		p := eve.Get(path)
		if p.Status != http.StatusNotFound || p.Find("main").Text() != unknown.Find("main").Text() {
			t.Errorf("%s: status %d: %s", path, p.Status, p.Find("main").Text())
		}
	}
	for _, path := range []string{page, page + "/edit", page + "/delete", page + "/members/bob", page + "/members/bob/remove"} {
		if got := eve.Post(path, url.Values{"name": {"x"}, "user": {"eve"}, "level": {"manage"}, "permission": {"manage"}}).Status; got != http.StatusNotFound {
			t.Errorf("POST %s: status %d", path, got)
		}
	}
	if p := as(t, s, "admin").Get("/-/groups?q=owners"); len(p.All("tbody tr")) != 1 || !strings.Contains(p.Find("tbody").Text(), "team_owners") {
		t.Errorf("an admin finds: %s", p.Find("main").Text())
	}
}
