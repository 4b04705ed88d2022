package web

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEventFacts(t *testing.T) {
	for data, want := range map[string][]string{
		`{"name":"ci","type":"resource","resources":{"team":"write","science/dev":"read"}}`: {"Name: ci", "Resources: read science/dev; write team", "Type: resource"},
		`{"restrictions":{"CIDRs":["10.0.0.0/8"],"Channels":null,"MaxUses":3,"NotBefore":"0001-01-01T00:00:00Z","Packages":null,"Uses":0}}`: {
			"Restrictions: networks: 10.0.0.0/8; max uses: 3",
		},
		`{"name":"helper","from":{"artifact":"read","channel":"read"},"to":{"artifact":"write","channel":"read"}}`: {"Changed: artifact: read → write", "Name: helper"},
		`{"name":"numpy","from":["main"],"to":[]}`:                              {"Changed: main → nothing", "Name: numpy"},
		`{"from":"ada","to":"service-account-channel-team"}`:                    {"From: ada", "To: service-account-channel-team"},
		`{"privacy":{"from":"private","to":"public"}}`:                          {"Privacy: Private → Public"},
		`{"quota_bytes":{"from":0,"to":1048576}}`:                               {"Quota: no limit → 1.0 MiB"},
		`{"levels":{"channel":"manage","artifact":"write"},"holders":2}`:        {"Holders: 2", "Levels: artifact write; channel manage"},
		`{"claims":{"repository_id":"7","environment":"release"},"minutes":15}`: {"Claims: environment = release; repository_id = 7", "Minutes: 15"},
		`{"filters":{"from":{"Conda":{"ExcludeSpecs":null}},"to":{"Conda":{"ExcludeSpecs":["numpy","python<3.9"]}}}}`: {
			"Filters: conda: nothing → exclude specs: numpy, python<3.9",
		},
		`{"expires_at":"2026-12-01T10:20:30.123456Z","sha256":"0123456789abcdef","size":2048,"disabled":true}`: {
			"Disabled: yes", "Expires: 2026-12-01 10:20:30 UTC", "SHA-256: 0123456789ab…", "Size: 2.0 KiB",
		},
		`{"patch":{}}`: nil,
		`no facts`:     nil,
	} {
		_, got := eventFacts("", data)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", data, diff)
		}
	}
}

// TestEventTargets looks that what an event was done to is named once, and never by an id if it has a name.
func TestEventTargets(t *testing.T) {
	const id = "c08bd05b-0174-4667-b257-ec4953ed8cdd"
	for _, x := range []struct {
		target, data, shown string
		facts               []string
	}{
		{id, `{"name":"ci","type":"scope"}`, "ci", []string{"Type: scope"}},
		{id, `{"type":"scope"}`, id, []string{"Type: scope"}},
		{"team", `{"group":"builders","group_id":"` + id + `","permission":"write"}`, "team", []string{"Group: builders", "Permission: write"}},
		{"builders", `{"group":"` + id + `"}`, "builders", nil},
		{"builders", `{"group":"builders"}`, "builders", nil},
		{"team/noarch/alpha-1.0-0.conda", `{"name":"alpha","size":1}`, "team/noarch/alpha-1.0-0.conda", []string{"Size: 1 B"}},
		{"author", `{"name":"writer"}`, "author", []string{"Name: writer"}},
	} {
		shown, facts := eventFacts(x.target, x.data)
		if diff := cmp.Diff(x.facts, facts); shown != x.shown || diff != "" {
			t.Errorf("%s %s: shown as %q, want %q (-want +got)\n%s", x.target, x.data, shown, x.shown, diff)
		}
	}
}

// TestBreaks looks that an address is whole when its parts are put together.
func TestBreaks(t *testing.T) {
	for text, want := range map[string][]string{
		"":                           {""},
		"/":                          {"/"},
		"https://a.host/t/<TOKEN>/b": {"https://", "a.", "host/", "t/", "<TOKEN>/", "b"},
	} {
		if diff := cmp.Diff(want, breaks(text, "/.")); diff != "" {
			t.Errorf("%q: (-want +got)\n%s", text, diff)
		}
	}
}
