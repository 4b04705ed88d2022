package server_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/internal/access"
)

// The channel's operations in the REST API, to keep the lines below readable.
const (
	oneChannel = "/api/channels/{channel}"
	onePackage = oneChannel + "/artifacts/{artifact_family}/{artifact_name}"
	oneToken   = "/api/account/tokens/{token_id}"
	oneUser    = "/api/users/{user_id}"
)

// opens is what each scope opens by itself, written by hand from the design. A scope that is not here is on the list of
// those whose feature is still to come, or in together.
func opens() map[string][]string {
	return map[string][]string{
		"artifact:create":   {"PUT <package>", "POST " + oneChannel + "/artifacts", "POST " + oneChannel + "/upload/{file}", "POST /api/v1/upload/{channel}"},
		"artifact:delete":   {"DELETE " + onePackage, "DELETE " + onePackage + "/files/{ckey...}"},
		"artifact:download": {"GET <package>"},
		"artifact:view": {
			"GET /api/artifacts", "GET " + oneChannel + "/artifacts", "GET " + onePackage, "GET " + onePackage + "/files", "GET " + onePackage + "/files/{ckey...}",
		},
		"channel:create": {"POST /api/channels"},
		"channel:delete": {"DELETE " + oneChannel},
		"channel:edit":   {"PUT " + oneChannel},
		"channel:view": {
			"GET /api/channels", "GET /api/account/channels", "GET " + oneChannel, "GET " + oneChannel + "/permissions", "GET /<channel>", "GET /<channel>/channeldata.json",
		},
		"channel:view-artifacts": {
			"GET /<channel>/noarch/repodata.json", "GET /<channel>/noarch/repodata.json.zst", "GET /<channel>/noarch/repodata_shards.msgpack.zst", "GET <shard>",
			"GET /<channel>/noarch/run_exports.json", "GET /<channel>/noarch/run_exports.json.zst",
		},
		"role:edit":       {"PUT " + oneUser + "/roles"},
		"role:view":       {"GET /api/roles"},
		"user:edit":       {"POST /api/users", "PUT " + oneUser, "DELETE " + oneUser},
		"user:view":       {"GET /api/users", "GET " + oneUser},
		"access:explain":  {"POST /api/access/explain"},
		"user.token:edit": {"POST /api/account/tokens", "PUT " + oneToken, "PUT " + oneToken + "/metadata", "DELETE " + oneToken},
		"user.token:view": {"GET /api/account/tokens", "GET " + oneToken},
	}
}

// together are the operations that take two scopes.
func together() map[string][]string {
	return map[string][]string{"PUT <package>?force=true": {"artifact:create", "artifact:edit"}}
}

// anybody are the operations that are about the caller itself or open to all: any token will do.
func anybody() []string {
	return []string{
		"GET /api/account", "GET /api/account/scopes", "GET /api/account/permissions", "GET /api/account/token-info", "GET /api/system",
		"GET /api/system/scopes", "GET /api/system/resource_types", "POST /api/auth/login",
	}
}

// signedIn are the operations that no token does, each with the scope that is asked before that.
func signedIn() map[string]string {
	return map[string]string{"POST /api/auth/logout": "", "PUT /api/account/password": "", "PUT " + oneUser + "/password": "user:edit"}
}

// levels is what a resource token opens on its channel with each level, beyond what the level below does.
func levels() map[api.Level][]string {
	o := opens()
	return map[api.Level][]string{
		api.LevelRead:   slices.Concat(o["artifact:view"], o["artifact:download"], o["channel:view"], o["channel:view-artifacts"]),
		api.LevelWrite:  o["artifact:create"],
		api.LevelManage: slices.Concat(o["artifact:delete"], o["channel:edit"], o["channel:delete"], []string{"PUT <package>?force=true"}),
	}
}

// revealing are the scopes that are asked of a channel: who holds one may know that the channel exists, and is told so.
func revealing() []string {
	return []string{
		"artifact:create", "artifact:delete", "artifact:download", "artifact:edit", "artifact:view", "channel:delete", "channel:edit", "channel:history",
		"channel:view", "channel:view-artifacts", "channel.group:edit", "channel.group:view", "channel.mirror:edit", "channel.mirror:view",
		"subchannel:create", "subchannel.mirror:edit", "cve:view", "service-account:edit", "trust:edit", "access:explain",
	}
}

// revealingUsers are the scopes that are asked of an account.
func revealingUsers() []string {
	return []string{"user:edit", "user.token:edit", "user.token:view", "channel.default-channel:edit", "access:explain"}
}

func allOperations() []operation {
	return slices.Concat(condaOperations(), channelOperations(), accountOperations())
}

// onChannel tells the operations that name a channel from the others.
func (o operation) onChannel() bool {
	return strings.Contains(o.name, "{channel}") || strings.Contains(o.name, "<")
}

// conda tells the conda protocol from REST.
func (o operation) conda() bool { return !strings.Contains(o.name, " /api/") }

// TestTableIsComplete: every declared operation stands in the table with the scopes that it declares, and the list of
// scopes whose feature is still to come is exact.
func TestTableIsComplete(t *testing.T) {
	w := newWorld(t)
	want := map[string][]string{}
	for scope, names := range opens() {
		for _, name := range names {
			want[name] = append(want[name], scope)
		}
	}
	for name, scope := range signedIn() {
		want[name] = []string{scope}
	}
	known := map[string]bool{}
	for _, o := range allOperations() {
		known[o.name] = true
	}
	for _, o := range w.Server.Operations() {
		name := o.Method + " " + o.Path
		if !known[name] {
			t.Errorf("%s: no request in the table", name)
		}
		delete(known, name)
		var got []string
		for _, s := range o.Scopes {
			got = append(got, s.String())
		}
		if o.Open || o.Self {
			if _, session := signedIn()[name]; !session && !slices.Contains(anybody(), name) && name != "GET /api/account/channels" {
				t.Errorf("%s: asks for no scope and is not among those that anybody may call", name)
			}
			continue
		}
		if diff := cmp.Diff(want[name], got); diff != "" {
			t.Errorf("%s: declared scopes (-table +declared):\n%s", name, diff)
		}
	}
	for name := range known {
		if strings.Contains(name, " /api/") {
			t.Errorf("%s: in the table and not declared", name)
		}
	}
}

func TestPendingIsExact(t *testing.T) {
	used := map[string]bool{}
	for scope := range opens() {
		used[scope] = true
	}
	for _, scopes := range together() {
		for _, s := range scopes {
			used[s] = true
		}
	}
	var want, got []string
	for _, i := range access.Catalogue() {
		if !used[i.Name] {
			want = append(want, i.Name)
		}
	}
	for _, s := range access.Pending() {
		got = append(got, s.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pending scopes (-those that open nothing +listed):\n%s", diff)
	}
	t.Logf("%d of %d scopes open nothing yet: %s", len(want), len(access.Catalogue()), strings.Join(want, ", "))
	if n := len(access.Documented()); n != 37 {
		t.Errorf("%d scopes are documented, want 37", n)
	}
}

// TestEachScope makes a token of an admin with exactly one scope and tries everything with it.
func TestEachScope(t *testing.T) {
	w := newWorld(t)
	for _, i := range access.Catalogue() {
		w.Clock.Advance(2 * time.Minute) // Lest the logins of this test be slowed down.
		token := w.ScopeToken(w.Admin, i.Name).Secret
		opened := w.try(t, i.Name, token, func(o operation) expectation { return ofScope(i.Name, o) })
		slices.Sort(opened)
		if len(opened) > 0 {
			t.Logf("%-24s %s", i.Name, strings.Join(opened, "; "))
		}
	}
}

// TestScopesTogether: what takes two scopes is opened by both and by neither alone, which TestEachScope shows.
func TestScopesTogether(t *testing.T) {
	w := newWorld(t)
	for _, o := range allOperations() {
		if scopes := together()[o.name]; scopes != nil {
			o.call(t, w).xAuth(w.ScopeToken(w.Admin, scopes...).Secret).do(t, w.Site).ok(t, o.name)
		}
	}
}

// TestEachLevel makes resource tokens for the channel and tries everything with them.
func TestEachLevel(t *testing.T) {
	w := newWorld(t)
	var open []string
	for _, level := range []api.Level{api.LevelRead, api.LevelWrite, api.LevelManage} {
		w.Clock.Advance(2 * time.Minute)
		open = append(open, levels()[level]...)
		made, err := w.Admin.CreateToken(t.Context(), api.TokenCreate{Name: string(level), Resources: []api.TokenResource{
			{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: level},
			{ResourceType: api.ResourceTypeChannel, ResourceID: w.channel(t), Permission: level},
		}})
		if err != nil {
			t.Fatal(err)
		}
		opened := w.try(t, string(level), made.Secret, func(o operation) expectation {
			switch _, session := signedIn()[o.name]; {
			case slices.Contains(open, o.name):
				return expectation{opened: true}
			case o.onChannel():
				return expectation{status: http.StatusForbidden, code: api.CodeTokenLevel}
			case session || slices.Contains(anybody(), o.name) || o.name == "GET "+oneUser:
				return ofScope("", o)
			}
			return expectation{status: http.StatusForbidden, code: api.CodeTokenScope}
		})
		t.Logf("%-7s %s", level, strings.Join(opened, "; "))
	}
}

// TestSessionOpensAll: with an administrator's login every request in the table succeeds, so that no refusal above was
// the fault of the request.
func TestSessionOpensAll(t *testing.T) {
	w := newWorld(t)
	session, err := w.Anonymous().Login(t.Context(), "admin", "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range allOperations() {
		a := answer{}
		switch o.name {
		case "POST /api/auth/logout", "PUT /api/account/password":
			continue // They would end the session.
		case "GET /api/account/token-info":
			o.call(t, w).xAuth(session.Token).do(t, w.Site).refused(t, o.name, http.StatusForbidden, api.CodeTokenRequired)
			continue
		default:
			a = o.call(t, w).xAuth(session.Token).do(t, w.Site).ok(t, o.name)
		}
		if !strings.Contains(string(a.body), o.finds) {
			t.Errorf("%s = %s, want %s in it", o.name, a.body, o.finds)
		}
		if strings.HasPrefix(o.name, "DELETE ") {
			clear(w.doomed)
		}
	}
}

// expectation is how an operation is to be answered.
type expectation struct {
	opened bool
	status int
	code   api.Code
}

// ofScope is what a scope token of an admin with just that scope is to get.
func ofScope(scope string, o operation) expectation {
	asked, session := signedIn()[o.name]
	switch {
	case slices.Contains(opens()[scope], o.name) || slices.Contains(anybody(), o.name):
		return expectation{opened: true}
	case session && (asked == "" || asked == scope):
		return expectation{status: http.StatusForbidden, code: api.CodeSessionRequired}
	case o.onChannel() && !slices.Contains(revealing(), scope) && o.conda():
		return expectation{status: http.StatusForbidden, code: api.CodeNotFound}
	case o.onChannel() && !slices.Contains(revealing(), scope):
		return expectation{status: http.StatusNotFound, code: api.CodeNotFound}
	case o.name == "GET "+oneUser && !slices.Contains(revealingUsers(), scope):
		return expectation{status: http.StatusNotFound, code: api.CodeNotFound}
	}
	return expectation{status: http.StatusForbidden, code: api.CodeTokenScope}
}

// try sends every request with a token and gives the names of those that were served.
func (w *world) try(t *testing.T, who, token string, expect func(operation) expectation) []string {
	t.Helper()
	var opened []string
	for _, o := range allOperations() {
		what := who + ": " + o.name
		want, a := expect(o), o.call(t, w).xAuth(token).do(t, w.Site)
		switch {
		case o.finds != "":
			if got := strings.Contains(string(a.body), o.finds); a.status != http.StatusOK || got != want.opened {
				t.Errorf("%s = %d %s; the private channel is in it: %v, want %v", what, a.status, a.body, got, want.opened)
			}
		case want.opened:
			if a.status < 200 || a.status > 299 {
				t.Errorf("%s = %d %s, want success", what, a.status, a.body)
			}
		default:
			a.refused(t, what, want.status, want.code)
		}
		if want.opened && !slices.Contains(anybody(), o.name) {
			opened = append(opened, o.name)
		}
		if a.status < 300 && strings.HasPrefix(o.name, "DELETE ") {
			clear(w.doomed)
		}
	}
	return opened
}

// TestTablesAgree: what is said of scopes is said of scopes that there are.
func TestTablesAgree(t *testing.T) {
	for _, name := range slices.Concat(slices.Collect(maps.Keys(opens())), revealing(), revealingUsers()) {
		if _, ok := access.ParseScope(name); !ok {
			t.Errorf("there is no scope %s", name)
		}
	}
}
