package web_test

import (
	"net/http"
	"strings"
	"testing"

	"kingsnake/api"
)

func TestAccessToAChannel(t *testing.T) {
	s, ada := fixture(t)
	s.ResourceToken(ada, "team", api.LevelWrite)
	b := as(t, s, "ada")
	page := "/-/channels/team/access"
	names := func(query string) string { return strings.Join(texts(b.Get(page+query), "tbody th"), "; ") }
	for query, want := range map[string][]string{
		"": {"admin", "ada", "bob", "for team"}, "?kind=token": {"for team of ada"}, "?level=manage&kind=user": {"admin", "ada"}, "?q=bob": {"bob"},
	} {
		got := names(query)
		for _, name := range want {
			if !strings.Contains(got, name) {
				t.Errorf("%q shows %q, not %s", query, got, name)
			}
		}
		if strings.Contains(got, "eve") || query != "" && strings.Count(got, ";") != len(want)-1 {
			t.Errorf("%q shows %q, want only %q", query, got, want)
		}
	}
	if p := b.Get(page + "?kind=token"); !strings.Contains(p.Find("tbody tr").Text(), "Write Because it names the channel") {
		t.Errorf("the line of the token: %s", p.Find("tbody tr").Text())
	}
	if p := b.Get(page + "?q=nothing-like-it&kind=nonsense"); p.Status != http.StatusOK || p.Find(".empty h2").Text() != "Nothing found" {
		t.Errorf("an empty search: status %d: %s", p.Status, p.Find("main").Text())
	}
	for _, name := range []string{"bob", "eve"} {
		if got := as(t, s, name).Get(page).Status; got != http.StatusNotFound {
			t.Errorf("%s: status %d", name, got)
		}
	}
}
