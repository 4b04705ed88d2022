package web

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEventFacts(t *testing.T) {
	for data, want := range map[string][]string{
		`{"name":"ci","type":"resource","resources":{"team":"write","science/dev":"read"}}`: {"name: ci", "resources: read science/dev; write team", "type: resource"},
		`{"restrictions":{"CIDRs":["10.0.0.0/8"],"Channels":null,"MaxUses":3,"NotBefore":"0001-01-01T00:00:00Z","Packages":null,"Uses":0}}`: {
			"restrictions: networks: 10.0.0.0/8; max uses: 3",
		},
		`{"name":"helper","from":{"artifact":"read","channel":"read"},"to":{"artifact":"write","channel":"read"}}`: {"changed: artifact: read → write", "name: helper"},
		`{"name":"numpy","from":["main"],"to":[]}`:                              {"changed: main → nothing", "name: numpy"},
		`{"from":"ada","to":"service-account-channel-team"}`:                    {"from: ada", "to: service-account-channel-team"},
		`{"privacy":{"from":"private","to":"public"}}`:                          {"privacy: private → public"},
		`{"quota_bytes":{"from":0,"to":1048576}}`:                               {"quota bytes: no bound → 1.0 MiB"},
		`{"levels":{"channel":"manage","artifact":"write"},"holders":2}`:        {"holders: 2", "levels: artifact write; channel manage"},
		`{"claims":{"repository_id":"7","environment":"release"},"minutes":15}`: {"claims: environment = release; repository_id = 7", "minutes: 15"},
		`{"filters":{"from":{"Conda":{"ExcludeSpecs":null}},"to":{"Conda":{"ExcludeSpecs":["numpy","python<3.9"]}}}}`: {
			"filters: conda: nothing → exclude specs: numpy, python<3.9",
		},
		`{"expires_at":"2026-12-01T10:20:30.123456Z","sha256":"0123456789abcdef","size":2048,"disabled":true}`: {
			"disabled: yes", "expires at: 2026-12-01 10:20:30 UTC", "sha256: 0123456789ab…", "size: 2.0 KiB",
		},
		`{"patch":{}}`: nil,
		`no facts`:     nil,
	} {
		if diff := cmp.Diff(want, eventFacts(data)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", data, diff)
		}
	}
}
