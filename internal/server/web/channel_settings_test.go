package web_test

import (
	"net/http"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

func TestGroupsOfAChannel(t *testing.T) {
	s, ada := fixture(t)
	if _, err := ada.CreateGroup(t.Context(), api.GroupRequest{Name: "builders"}); err != nil {
		t.Fatal(err)
	}
	page := "/-/channels/team/groups"
	if p := as(t, s, "admin").Get(page).Form("section form[action="+page+"]").Set("group", "nobody-knows-it").Submit(); !strings.Contains(p.Find("#f-group-error").Text(), "nobody-knows-it") {
		t.Errorf("an administrator names an unknown group: status %d: %s", p.Status, p.Problems())
	}
	b := as(t, s, "ada")
	p := b.Get(page).Form("section form[action="+page+"]").Set("group", "nobody-knows-it").Submit()
	if p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Find("#f-group-error").Text(), "nobody-knows-it") || p.Find("#f-group").Attr("value") != "nobody-knows-it" {
		t.Errorf("an unknown group: status %d: %s", p.Status, p.Problems())
	}
	p = b.Get(page).Form("section form[action="+page+"]").Set("group", "builders").Set("permission", "write").Submit()
	if p.Path != page || !strings.Contains(p.Find("tbody").Text(), "builders") {
		t.Fatalf("at %s: %s", p.Path, p.Find("main").Text())
	}
	levels := func() map[string]api.Level {
		list, err := ada.ChannelGroups(t.Context(), "team", client.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]api.Level{}
		for _, g := range list.Items {
			out[g.Name] = g.Permission
		}
		return out
	}
	if got := levels()["builders"]; got != api.LevelWrite {
		t.Errorf("builders has %q, want write", got)
	}
	if p = p.Form("tbody form").Set("level", "manage").Submit(); p.Path != page || levels()["builders"] != api.LevelManage {
		t.Errorf("after the change: at %s: %v", p.Path, levels())
	}
	p = p.Follow("tbody .tools a")
	if !strings.Contains(p.Find(".danger-card").Text(), "1 member") {
		t.Errorf("before removing: %s", p.Find(".danger-card").Text())
	}
	if p = p.Form("form.danger-card").Submit(); p.Path != page || levels()["builders"] != "" {
		t.Errorf("after removing: at %s: %v", p.Path, levels())
	}
	p = as(t, s, "bob").Get(page)
	if p.Status != http.StatusOK || len(p.All("main form")) != 0 || !strings.Contains(p.Find("tbody").Text(), "readers") {
		t.Errorf("a reader: status %d: %s", p.Status, p.Find("main").Text())
	}
	for name, want := range map[string]int{"bob": http.StatusForbidden, "eve": http.StatusNotFound} {
		if p := as(t, s, name).Post(page, map[string][]string{"group": {"readers"}, "permission": {"manage"}}); p.Status != want {
			t.Errorf("%s gives a permission: status %d, want %d", name, p.Status, want)
		}
	}
}

func TestOwnersOfAChannel(t *testing.T) {
	s, _ := fixture(t)
	b := as(t, s, "ada")
	page, owners := "/-/channels/team/groups", "form[action=/-/channels/team/owners]"
	if p := b.Get(page).Form(owners).Set("user", "nobody").Submit(); p.Status != http.StatusUnprocessableEntity || p.Find("#f-user-error").Text() != "There is no user nobody." {
		t.Errorf("an unknown user: status %d: %s", p.Status, p.Problems())
	}
	p := b.Get(page).Form(owners).Set("user", "eve").Submit()
	if p.Path != page || !strings.Contains(p.Find(".people").Text(), "eve") || len(p.All(".people li")) != 2 {
		t.Fatalf("at %s: %s", p.Path, p.Find("main").Text())
	}
	if got := as(t, s, "eve").Get("/-/channels/team/settings").Status; got != http.StatusOK {
		t.Errorf("the new owner opens the settings: status %d", got)
	}
	p = b.Get("/-/channels/team/owners/eve/remove").Form("form.danger-card").Submit()
	if p.Path != page || len(p.All(".people li")) != 1 {
		t.Errorf("after removing: at %s: %s", p.Path, p.Find("main").Text())
	}
	p = b.Get("/-/channels/team/owners/ada/remove").Form("form.danger-card").Submit()
	if p.Status != http.StatusUnprocessableEntity || p.Problems() == "" {
		t.Errorf("the last owner leaves: status %d: %s", p.Status, p.Find("main").Text())
	}
}

func TestHistoryOfAChannel(t *testing.T) {
	s, ada := fixture(t)
	data, info := servertest.Package(1, random.Options{Name: "alpha", Version: "1.0", Subdir: "noarch"})
	s.Upload(ada, "team", data, info.Filename)
	b := as(t, s, "ada")
	if p := b.Get("/-/channels/team/history"); !strings.Contains(p.Find("tbody").Text(), "File uploaded") || !strings.Contains(p.Find("tbody").Text(), "Channel created") {
		t.Errorf("all: %s", p.Find("main").Text())
	}
	p := b.Get("/-/channels/team/history").Form("form.filter").Set("type", "artifact_registered").Submit()
	if rows := p.All("tbody tr"); len(rows) != 1 || !strings.Contains(rows[0].Text(), info.Filename) || !p.Find("option[value=artifact_registered]").Has("selected") {
		t.Errorf("uploads: %s", p.Find("main").Text())
	}
	if p = b.Get("/-/channels/team/history?q=nothing-like-it"); p.Find(".empty h2").Text() != "Nothing found" {
		t.Errorf("an empty search: %s", p.Find("main").Text())
	}
	for _, name := range []string{"bob", "eve"} {
		if p := as(t, s, name).Get("/-/channels/team/history"); p.Status != http.StatusNotFound {
			t.Errorf("%s: status %d", name, p.Status)
		}
	}
}

func TestSettingsOfAChannel(t *testing.T) {
	s, ada := fixture(t)
	b := as(t, s, "ada")
	page := "/-/channels/team/settings"
	p := b.Get(page)
	if len(p.All("form[action="+page+"/quota]")) != 0 {
		t.Error("the quota, which only an administrator sets, is offered to an owner")
	}
	if p = p.Form("form[action="+page+"]").Set("description", strings.Repeat("x", 5000)).Submit(); p.Status != http.StatusUnprocessableEntity || p.Find("#f-description-error").Text() == "" {
		t.Errorf("too long a description: status %d: %s", p.Status, p.Problems())
	}
	p = b.Get(page).Form("form[action="+page+"]").Set("description", "New words").Set("privacy", "public").Submit()
	if p.Path != page || p.Find(".lead").Text() != "New words" || !strings.Contains(p.Find(".heading").Text(), "Public") {
		t.Errorf("at %s: %s", p.Path, p.Find("main").Text())
	}
	if p = p.Form("form[action=" + page + "/freeze]").Submit(); strings.Contains(b.Get(page).Find(".heading").Text(), "Frozen") || !strings.Contains(p.Find("form.card").Text(), "Uploads to it are refused") {
		t.Errorf("before freezing: at %s: %s", p.Path, p.Find("main").Text())
	}
	if p = p.Form("form.card").Submit(); p.Path != page || !strings.Contains(p.Find(".heading").Text(), "Frozen") {
		t.Errorf("frozen: %s", p.Find("main").Text())
	}
	if p = p.Form("form[action="+page+"/freeze]").Set("unfreeze", "1").Submit(); strings.Contains(p.Find(".heading").Text(), "Frozen") {
		t.Errorf("unfrozen: %s", p.Find("main").Text())
	}
	if p = p.Form("form[action=" + page + "/reindex]").Submit(); len(p.All(".notice.success")) != 0 || !strings.Contains(p.Find("form.card").Text(), "the last index is served") {
		t.Errorf("before re-indexing: %s", p.Find("main").Text())
	}
	if p = p.Form("form.card").Submit(); p.Path != page || !strings.Contains(p.Find(".notice.success").Text(), "rebuilt") {
		t.Errorf("re-indexed: %s", p.Find("main").Text())
	}
	admin := as(t, s, "admin")
	if p = admin.Get(page).Form("form[action="+page+"/quota]").Set("quota_bytes", "a lot").Submit(); p.Status != http.StatusUnprocessableEntity || p.Find("#f-quota_bytes-error").Text() == "" {
		t.Errorf("a quota that is none: status %d: %s", p.Status, p.Problems())
	}
	admin.Get(page).Form("form[action="+page+"/quota]").Set("quota_bytes", "2GiB").Submit()
	if c, err := ada.Channel(t.Context(), "team"); err != nil || c.QuotaBytes != 2<<30 {
		t.Errorf("the quota is %v, %v", c.QuotaBytes, err)
	}
	if got := admin.Get(page).Find("#f-quota_bytes").Attr("value"); got != "2GiB" {
		t.Errorf("the form shows the quota %q", got)
	}
	for _, path := range []string{page, page + "/filters", page + "/notices"} {
		if got := as(t, s, "bob").Get(path).Status; got != http.StatusNotFound {
			t.Errorf("a reader opens %s: status %d", path, got)
		}
	}
}

func TestFiltersOfAChannel(t *testing.T) {
	s, ada := fixture(t)
	for i, name := range []string{"alpha", "beta"} {
		data, info := servertest.Package(uint64(i), random.Options{Name: name, Version: "1.0", Subdir: "noarch"})
		s.Upload(ada, "team", data, info.Filename)
	}
	b := as(t, s, "ada")
	page := "/-/channels/team/settings/filters"
	form := b.Get(page).Form("form.card")
	if got := form.Values.Get("filters.conda"); got != "all" {
		t.Errorf("at first the mode is %q", got)
	}
	if p := form.Set("filters.conda", "only").Submit(); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Problems(), "Tick at least one licence") {
		t.Errorf("no licence: status %d: %s", p.Status, p.Problems())
	}
	p := b.Get(page).Form("form.card").Set("filters.conda.exclude_specs", "a spec = that [is none").Submit()
	if p.Status != http.StatusUnprocessableEntity || len(p.All("[id=f-filters.conda.exclude_specs-error]")) != 1 {
		t.Errorf("a bad spec: status %d: %s", p.Status, p.Find("main").Text())
	}
	p = b.Get(page).Form("form.card").Set("filters.conda.exclude_specs", "alpha\r\n\r\n").Set("filters.conda", "except").Set("licenses", "proprietary", "none").Submit()
	if p.Path != "/-/channels/team/settings" {
		t.Fatalf("at %s: %s", p.Path, p.Problems())
	}
	form = b.Get(page).Form("form.card")
	if got := form.Values; got.Get("filters.conda") != "except" || strings.Join(got["licenses"], " ") != "proprietary none" || got.Get("filters.conda.exclude_specs") != "alpha" {
		t.Errorf("the form holds %v", got)
	}
	c, err := ada.Channel(t.Context(), "team")
	if err != nil || c.Filters.Conda == nil || len(c.Filters.Conda.ExcludeSpecs) != 1 {
		t.Errorf("the filters are %+v, %v", c.Filters, err)
	}
}

func TestNoticesOfAChannel(t *testing.T) {
	s, ada := fixture(t)
	b := as(t, s, "ada")
	page := "/-/channels/team/settings/notices"
	form := b.Get(page).Form("form.card")
	if p := form.Set("message", "We move").Set("expires_at", "2001-01-01").Submit(); p.Status != http.StatusUnprocessableEntity || p.Find("#f-expires_at-error").Text() == "" || p.Find("#f-message").Text() != "We move" {
		t.Errorf("an end before its beginning: status %d: %s", p.Status, p.Find("main").Text())
	}
	p := b.Get(page).Form("form.card").Set("message", "We move on <Friday>").Set("level", "warning").Submit()
	if p.Path != page || p.Find(".notice-card .prose").Text() != "We move on <Friday>" || p.Find(".notice-card .badge").Text() != "Warning" {
		t.Fatalf("at %s: %s", p.Path, p.Find("main").Text())
	}
	if list, err := ada.Notices(t.Context(), "team"); err != nil || len(list) != 1 {
		t.Errorf("%d notices, %v", len(list), err)
	}
	if p = p.Form(".notice-card form").Submit(); len(b.Get(page).All(".notice-card")) != 1 || !strings.Contains(p.Find("form.danger-card").Text(), "We move on <Friday>") {
		t.Errorf("before removing: at %s: %s", p.Path, p.Find("main").Text())
	}
	if p = p.Form("form.danger-card").Submit(); p.Path != page || len(p.All(".notice-card")) != 0 {
		t.Errorf("after removing: at %s: %s", p.Path, p.Find("main").Text())
	}
}
