package web_test

import (
	"strings"
	"testing"

	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// TestSuggestPackages completes names of packages for who may see them, and tells nobody else of any.
func TestSuggestPackages(t *testing.T) {
	s, ada := fixture(t)
	for i, name := range []string{"alpha", "alpine", "beta"} {
		data, info := servertest.Package(uint64(i), random.Options{Name: name, Version: "1.0", Subdir: "noarch"})
		s.Upload(ada, "team", data, info.Filename)
	}
	for name, want := range map[string]bool{"ada": true, "bob": true, "eve": false, "admin": true} {
		b := as(t, s, name)
		for path, values := range map[string][]string{
			"/-/suggest/packages?channel=team&q=alp":       {`"conda/alpha"`, `"conda/alpine"`},
			"/-/suggest/packages?channel=team&q=conda/alp": {`"conda/alpha"`, `"conda/alpine"`},
			"/-/suggest/resources?q=team/conda/alp":        {`"team/conda/alpha"`, `"team/conda/alpine"`},
			"/-/suggest/resources?q=tea":                   {`"team"`},
		} {
			p := b.Get(path)
			for _, v := range values {
				if got := strings.Contains(p.Source, v); got != want {
					t.Errorf("%s, %s: %s suggested: %t, want %t", name, path, v, got, want)
				}
			}
			if strings.Contains(p.Source, "beta") || p.Status != 200 {
				t.Errorf("%s, %s: status %d: %s", name, path, p.Status, p.Source)
			}
		}
		if hidden, unknown := b.Get("/-/suggest/packages?channel=team&q=zzz").Source, b.Get("/-/suggest/packages?channel=absent&q=zzz").Source; hidden != unknown {
			t.Errorf("%s: of a channel %s, of one that does not exist %s", name, hidden, unknown)
		}
	}
	// Typing is no attempt to get in.
	log, err := s.Admin.Audit(t.Context(), client.AuditFilter{Outcome: "denied", User: "eve"}, client.AuditCursor{})
	if err != nil || len(log.Items) != 0 {
		t.Errorf("the audit has %d refusals, %v", len(log.Items), err)
	}
}

// TestSuggestFields has type-ahead where names are typed; people are suggested only to who may list them.
func TestSuggestFields(t *testing.T) {
	s, _ := fixture(t)
	for name, people := range map[string]string{"ada": "", "admin": "/-/suggest/users"} {
		b := as(t, s, name)
		check := b.Get("/-/check-access")
		if got := check.Find("#f-user").Attr("data-suggest"); got != people {
			t.Errorf("%s: the person in Check access is suggested by %q, want %q", name, got, people)
		}
		if got := check.Find("#f-package"); got.Attr("data-suggest") != "/-/suggest/packages" || got.Attr("data-within") != "f-channel" {
			t.Errorf("%s: the package in Check access is suggested by %+v", name, got.Node.Attr)
		}
		if got := b.Get("/-/channels/team/groups").Find("#f-user").Attr("data-suggest"); got != people {
			t.Errorf("%s: an owner is suggested by %q, want %q", name, got, people)
		}
		if got := b.Get("/-/generate-token").Find("#f-resources-0").Attr("data-suggest"); got != "/-/suggest/resources" {
			t.Errorf("%s: a resource is suggested by %q", name, got)
		}
	}
}
