package cli

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
)

func at(d time.Duration) *time.Time {
	t := now.Add(d)
	return &t
}

func TestChannelList(t *testing.T) {
	isolate(t)
	page := api.List[api.Channel]{TotalCount: 2, Items: []api.Channel{
		{Name: "team", Privacy: api.PrivacyPrivate, ArtifactCount: 12, DownloadCount: 3456, Updated: *at(-2 * time.Hour), Description: "Our builds"},
		{Name: "dev", Parent: "team", Privacy: api.PrivacyPublic, Updated: *at(-40 * 24 * time.Hour)},
	}}
	serve(t, map[string]any{"GET /api/channels": page})
	run(t, "", "channel", "list").expect(t, exitOK, `NAME      PRIVACY  PACKAGES  DOWNLOADS  UPDATED      DESCRIPTION
team      private  12        3456       2 hours ago  Our builds
team/dev  public   0         0          40 days ago  -
`)
	run(t, "", "channel", "list", "--wide").expect(t, exitOK, `NAME      PRIVACY  PACKAGES  DOWNLOADS  UPDATED               DESCRIPTION
team      private  12        3456       2026-11-21T10:00:00Z  Our builds
team/dev  public   0         0          2026-10-12T12:00:00Z  -
`)
	r := run(t, "", "channel", "list", "--json")
	var got api.List[api.Channel]
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page, got); diff != "" {
		t.Errorf("JSON is not the wire's (-want +got):\n%s", diff)
	}
}

// TestListReadsEveryPage also proves that --limit asks for no more than it prints.
func TestListReadsEveryPage(t *testing.T) {
	isolate(t)
	var asked []string
	w := serve(t, nil)
	w.answers = map[string]any{"GET /api/channels": http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		page := api.List[api.Channel]{TotalCount: 3, Items: []api.Channel{{Name: "a"}, {Name: "b"}}}
		if r.URL.Query().Get("offset") == "2" {
			page.Items = []api.Channel{{Name: "c"}}
		}
		w.encode(rw, page)
	})}
	r := run(t, "", "channel", "list")
	if got := strings.Count(r.stdout, "\n"); got != 4 {
		t.Errorf("printed %d lines, want a head and three channels:\n%s", got, r.stdout)
	}
	r = run(t, "", "channel", "list", "--limit", "2", "--sort", "-name")
	r.says(t, "1 more; use a larger --limit.")
	if diff := cmp.Diff([]string{"", "offset=2", "limit=2&sort=-name"}, asked); diff != "" {
		t.Errorf("queries (-want +got):\n%s", diff)
	}
}

// exampleToken is a token with two living strings.
func exampleToken() api.Token {
	return api.Token{
		ID: "6b39b019", Name: "ci", Description: "Build server", Type: api.TokenTypeResource, State: api.TokenStateActive, Owner: "ada",
		CreatedAt: *at(-30 * 24 * time.Hour), ExpiresAt: at(60 * 24 * time.Hour), Fingerprint: "aaaaaaaaaaaa",
		Resources: []api.TokenResource{
			{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelWrite},
			{ResourceType: api.ResourceTypeSubchannel, ResourceID: "team/dev", Permission: api.LevelRead},
		},
		Secrets: []api.TokenSecret{
			{Fingerprint: "aaaaaaaaaaaa", Current: true, TokenUsage: api.TokenUsage{Uses: 1, LastUsedAt: at(-time.Hour), LastUsedAddress: "10.1.2.3", LastUsedClient: "conda/26.7"}},
			{Fingerprint: "bbbbbbbbbbbb", RetiresAt: at(5 * time.Hour)},
		},
	}
}

func TestTokenListAndShow(t *testing.T) {
	isolate(t)
	many := api.Token{
		ID: "2", Name: "everything", Type: api.TokenTypeScope, State: api.TokenStateExpired,
		Scopes: []string{"artifact:view", "channel:view", "channel:edit"},
	}
	serve(t, map[string]any{
		"GET /api/account/tokens":          api.List[api.Token]{TotalCount: 2, Items: []api.Token{exampleToken(), many}},
		"GET /api/account/tokens/6b39b019": exampleToken(),
	})
	run(t, "", "token", "list").expect(t, exitOK, `NAME        TYPE      STATE    GRANTS                           EXPIRES     LAST USED  ID
ci          resource  active   team:write, team/dev:read        in 60 days  never      6b39b019
everything  scope     expired  artifact:view, channel:view, +1  never       never      2
`)
	run(t, "", "token", "show", "6b39b019").expect(t, exitOK, `Name         ci
Description  Build server
ID           6b39b019
Type         resource
State        active
Owner        ada
Grant        write on channel team
Grant        read on subchannel team/dev
Created      30 days ago
Expires      in 60 days
String       aaaaaaaaaaaa, 1 use, last used 1 hour ago from 10.1.2.3 by conda/26.7
Old string   bbbbbbbbbbbb, 0 uses, last used never; ends in 5 hours
`)
}

func TestTokenByName(t *testing.T) {
	isolate(t)
	missing := refusal{404, api.Problem{Code: api.CodeNotFound}}
	one, two := api.Token{ID: "1", Name: "ci"}, api.Token{ID: "2", Name: "ci"}
	revoked := api.Token{ID: "3", Name: "ci", State: api.TokenStateRevoked}
	for _, tc := range []struct {
		name  string
		items []api.Token
		code  int
		want  string
	}{
		{"one and a revoked one", []api.Token{one, revoked}, exitOK, ""},
		{"two", []api.Token{one, two}, exitUsage, "2 tokens have the name ci"},
		{"none", []api.Token{{ID: "4", Name: "ci-2"}}, exitNotFound, "there is no token ci"},
	} {
		serve(t, map[string]any{
			"GET /api/account/tokens/ci": missing,
			"GET /api/account/tokens":    api.List[api.Token]{TotalCount: int64(len(tc.items)), Items: tc.items},
		})
		r := run(t, "", "token", "show", "ci")
		if r.code != tc.code {
			t.Errorf("%s: exit code %d, want %d", tc.name, r.code, tc.code)
		}
		r.says(t, tc.want)
	}
}

// TestTokenCreateKeepsTheStringApart proves that scripts can capture the string whatever else is printed.
func TestTokenCreateKeepsTheStringApart(t *testing.T) {
	isolate(t)
	var sent api.TokenCreate
	w := serve(t, nil)
	w.answers = map[string]any{"POST /api/account/tokens": http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		w.encode(rw, api.TokenCreated{Secret: "ks-r-new", Token: exampleToken()})
	})}
	args := []string{"token", "create", "--name", "ci", "--resource", "team:write", "--expires", "30d", "--description", "d"}
	r := run(t, "", args...)
	r.expect(t, exitOK, "ks-r-new\n")
	r.says(t, "the only time", "kingsnake conda setup team --url "+w.URL+" --token-stdin", "expires in 60 days")
	if strings.Contains(r.stderr, "ks-r-new") {
		t.Errorf("the string is on standard error too:\n%s", r.stderr)
	}
	want := api.TokenCreate{
		Name: "ci", Description: "d", ExpiresAt: "2026-12-21T12:00:00Z",
		Resources: []api.TokenResource{{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelWrite}},
	}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if r := run(t, "", append(args, "--quiet")...); r.stdout != "ks-r-new\n" || r.stderr != "" {
		t.Errorf("quietly: %+v", r)
	}
	run(t, "", "token", "create", "--name", "laptop", "--read-only", "--quiet").expect(t, exitOK, "ks-r-new\n")
	wantScopes := []string{"channel:view", "channel:view-artifacts", "subchannel:view", "subchannel:view-artifacts", "artifact:view", "artifact:download"}
	if diff := cmp.Diff(wantScopes, sent.Scopes); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
}

func TestTokenReissue(t *testing.T) {
	isolate(t)
	var query string
	fresh := "ks-r-fresh"
	w := serve(t, nil)
	w.answers = map[string]any{
		"GET /api/account/tokens/6b39b019": exampleToken(),
		"PUT /api/account/tokens/6b39b019": http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			query = r.URL.RawQuery
			w.encode(rw, api.TokenUpdated{Secret: &fresh, Token: exampleToken()})
		}),
	}
	run(t, "", "token", "reissue", "6b39b019", "--overlap", "1d", "-q").expect(t, exitOK, fresh+"\n")
	if want := "overlap=24h0m0s&reissue_token=true"; query != want {
		t.Errorf("query %q, want %q", query, want)
	}
	run(t, "", "token", "edit", "6b39b019", "--name", "new")
	if want := "reissue_token=false"; query != want {
		t.Errorf("an edit sends %q, want %q", query, want)
	}
}

func TestAccessExplain(t *testing.T) {
	isolate(t)
	answer := api.Explanation{
		Action: "artifact:create", Resource: "channel team", As: "user ada",
		Gates: []api.Gate{
			{Gate: "role", Passed: true, Asked: "write on artifact", Held: "manage", Reason: "role author"},
			{Gate: "resource", Asked: "write", Held: "read", Reason: "the channel is public"},
		},
		Advice: "A manager of team can add ada to a group with write.",
	}
	serve(t, map[string]any{"POST /api/access/explain": answer})
	want := `NOT ALLOWED: artifact:create on channel team as user ada

GATE      PASSED  ASKED              HELD    BECAUSE
role      yes     write on artifact  manage  role author
resource  no      write              read    the channel is public

A manager of team can add ada to a group with write.
`
	run(t, "", "access", "explain", "artifact:create", "team", "--user", "ada").expect(t, exitOK, want)
	run(t, "", "access", "explain", "artifact:create", "team", "--exit-code").expect(t, exitForbidden, want)
}

func TestRolesAndUsers(t *testing.T) {
	isolate(t)
	var set api.RolesUpdate
	ada := api.User{ID: "u1", Username: "ada", Roles: []string{"author", "auditor"}, CreatedAt: *at(-time.Hour)}
	w := serve(t, nil)
	w.answers = map[string]any{
		"GET /api/roles": api.List[api.Role]{TotalCount: 1, Items: []api.Role{{
			Name: "auditor", Permissions: map[string]*api.Level{"channel": new(api.LevelRead), "artifact": new(api.LevelRead), "audit-logs": new(api.LevelManage), "role": nil},
		}}},
		"GET /api/users":    []api.User{{ID: "u0", Username: "adam"}, ada},
		"GET /api/users/u1": ada,
		"PUT /api/users/u1/roles": http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if err := json.NewDecoder(r.Body).Decode(&set); err != nil {
				t.Error(err)
			}
			w.encode(rw, ada)
		}),
	}
	run(t, "", "role", "list").expect(t, exitOK, `ROLE     LEVEL   CATEGORIES
auditor  manage  audit-logs
-        read    artifact, channel
`)
	if r := run(t, "", "user", "roles", "ada", "--add", "admin,author", "--remove", "auditor"); r.code != exitOK {
		t.Errorf("roles: %+v", r)
	}
	if diff := cmp.Diff([]string{"admin", "author"}, set.Roles); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	r := run(t, "", "user", "show", "bob")
	r.expect(t, exitNotFound, "")
	r.says(t, "there is no user bob")
}
