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
	"kingsnake/internal/servertest"
)

// levels says which level of a resource token opens a scope by itself, written by hand from the design. No resource token
// opens a scope that is not here.
func levels() map[api.Level][]string {
	return map[api.Level][]string{
		api.LevelRead: {
			"artifact:download", "artifact:view", "channel:view", "channel:view-artifacts", "channel.group:view",
			"subchannel:view", "subchannel:view-artifacts", "subchannel.group:view",
		},
		api.LevelWrite: {"artifact:create"},
		api.LevelManage: {
			"artifact:delete", "artifact:edit", "channel:delete", "channel:edit", "channel:history", "channel.group:edit", "channel.mirror:edit", "channel.mirror:view",
			"subchannel:create", "subchannel:delete", "subchannel:edit", "subchannel:history", "subchannel.group:edit", "subchannel.mirror:edit", "subchannel.mirror:view",
		},
	}
}

// revealing are the scopes that are asked of a channel, or of a subchannel: who holds one may know that it exists, and is
// told so.
func revealing(at place) []string {
	of := []string{
		"artifact:create", "artifact:delete", "artifact:download", "artifact:edit", "artifact:view", "cve:view", "service-account:edit", "trust:edit",
		"access:explain", "subchannel.mirror:edit",
	}
	if at == onPart {
		return append(of, "subchannel:delete", "subchannel:edit", "subchannel:history", "subchannel:view", "subchannel:view-artifacts",
			"subchannel.group:edit", "subchannel.group:view", "subchannel.mirror:view")
	}
	return append(of, "channel:delete", "channel:edit", "channel:history", "channel:view", "channel:view-artifacts", "channel.group:edit",
		"channel.group:view", "channel.mirror:edit", "channel.mirror:view", "subchannel:create")
}

// revealingUsers are the scopes that are asked of an account.
func revealingUsers() []string {
	return []string{"user:edit", "user:view", "user.token:edit", "user.token:view", "channel.default-channel:edit", "access:explain"}
}

// onChannel tells the operations that name a channel from the others.
func (o operation) onChannel() bool {
	return strings.Contains(o.name, "{channel}") || strings.Contains(o.name, "<")
}

// onAccount tells the operations that are asked of one account, or of accounts in particular, and so tell nobody else that
// they exist.
func (o operation) onAccount() bool {
	return o.name == "GET "+oneUser || strings.Contains(o.name, " /api/users/tokens") || strings.Contains(o.name, oneUser+"/tokens") ||
		strings.HasSuffix(o.name, oneUser+"/ownings")
}

// conda tells the conda protocol from REST.
func (o operation) conda() bool {
	return !strings.Contains(o.name, " /api/") && !strings.Contains(o.name, " binstar:")
}

// anybody tells the operations that any good token may call.
func (o operation) anybody() bool { return len(o.scopes) == 0 && !o.session }

// opens tells whether a token with exactly these scopes opens the operation.
func (o operation) opens(scopes ...string) bool {
	return !o.session && !slices.ContainsFunc(slices.Concat(o.scopes, o.carries), func(s string) bool { return !slices.Contains(scopes, s) })
}

// TestTableIsComplete: every declared operation stands in the table, with the scopes that it declares.
func TestTableIsComplete(t *testing.T) {
	w := newWorld(t)
	rows := map[string]operation{}
	for _, o := range allOperations() {
		if _, twice := rows[o.name]; twice {
			t.Errorf("%s: twice in the table", o.name)
		}
		rows[o.name] = o
	}
	for _, o := range w.Server.Operations() {
		name := o.Method + " " + o.Path
		row, known := rows[name]
		if !known {
			t.Errorf("%s: no request in the table", name)
			continue
		}
		delete(rows, name)
		var got []string
		for _, s := range o.Scopes {
			got = append(got, s.String())
		}
		if row.open != o.Open {
			t.Errorf("%s: declared as open to all = %v, in the table %v", name, o.Open, row.open)
		}
		if o.Self && row.self {
			continue // A list of what is the caller's own: the scopes say what it shows.
		}
		if diff := cmp.Diff(row.scopes, got); diff != "" {
			t.Errorf("%s: declared scopes (-table +declared):\n%s", name, diff)
		}
		if open := o.Open || o.Self; open == (len(row.scopes) > 0) {
			t.Errorf("%s: open to all or about the caller = %v, and the table says that it needs %q", name, open, row.scopes)
		}
	}
	for name := range rows {
		if strings.Contains(name, " /api/") {
			t.Errorf("%s: in the table and not declared", name)
		}
	}
	t.Logf("%d operations and conda requests", len(allOperations()))
}

// TestPendingIsExact: the list of scopes whose feature is still to come is exact.
func TestPendingIsExact(t *testing.T) {
	used := map[string]bool{}
	for _, o := range allOperations() {
		for _, s := range o.scopes {
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
	cells := 0
	for _, i := range access.Catalogue() {
		w.Clock.Advance(2 * time.Minute) // Lest the logins of this test be slowed down.
		token := w.ScopeToken(w.Admin, i.Name).Secret
		opened := w.try(t, i.Name, token, func(o operation) expectation { return ofScope(i.Name, o) })
		cells += len(sample(allOperations()))
		slices.Sort(opened)
		if len(opened) > 0 {
			t.Logf("%-24s %s", i.Name, strings.Join(opened, "; "))
		}
	}
	t.Logf("%d scopes and operations tried", cells)
}

// TestScopesTogether: what takes several scopes is opened by all of them and by none alone, which TestEachScope shows.
func TestScopesTogether(t *testing.T) {
	w := newWorld(t)
	for _, o := range allOperations() {
		if all := slices.Concat(o.scopes, o.carries); len(all) > 1 && !o.session {
			o.call(t, w, o.at).xAuth(w.ScopeToken(w.Admin, all...).Secret).do(t, w.Site).ok(t, o.name)
		}
	}
}

// TestEachLevel makes resource tokens for the channel and its subchannel and tries everything with them.
func TestEachLevel(t *testing.T) {
	w := newWorld(t)
	var open []string
	for _, level := range []api.Level{api.LevelRead, api.LevelWrite, api.LevelManage} {
		w.Clock.Advance(2 * time.Minute)
		open = append(open, levels()[level]...)
		var resources []api.TokenResource
		for _, path := range []string{onTeam.path, onPart.path, w.doomedAt(t, onTeam).path, w.doomedAt(t, onPart).path} {
			kind := api.ResourceTypeChannel
			if strings.Contains(path, "/") {
				kind = api.ResourceTypeSubchannel
			}
			resources = append(resources, api.TokenResource{ResourceType: kind, ResourceID: path, Permission: level})
		}
		made, err := w.Admin.CreateToken(t.Context(), api.TokenCreate{Name: string(level), Resources: resources})
		if err != nil {
			t.Fatal(err)
		}
		opened := w.try(t, string(level), made.Secret, func(o operation) expectation {
			switch {
			case o.opens(open...):
				return expectation{opened: true}
			case o.onChannel():
				return refusedLevel(o, open)
			case o.onGroup():
				return unseen(o)
			case o.session || o.anybody() || o.onAccount():
				return ofScope("", o)
			}
			return expectation{status: http.StatusForbidden, code: api.CodeTokenScope}
		})
		t.Logf("%-7s %s", level, strings.Join(opened, "; "))
	}
}

// refusedLevel is what a resource token gets on its channel: the level is too low, or no level would do.
func refusedLevel(o operation, open []string) expectation {
	for _, s := range o.scopes {
		switch {
		case slices.Contains(open, s):
			continue
		case o.namesGroup && s == "group:view":
			return expectation{status: http.StatusNotFound, code: api.CodeNotFound}
		case slices.ContainsFunc(slices.Collect(maps.Values(levels())), func(of []string) bool { return slices.Contains(of, s) }):
			return expectation{status: http.StatusForbidden, code: api.CodeTokenLevel}
		}
		break
	}
	return expectation{status: http.StatusForbidden, code: api.CodeTokenScope}
}

// openTo lists what a resource token with a level opens.
func openTo(held access.Level) []string {
	var open []string
	for name, scopes := range levels() {
		if level, ok := access.ParseLevel(string(name)); ok && level <= held {
			open = append(open, scopes...)
		}
	}
	return open
}

// TestSessionOpensAll: with an administrator's login every request in the table succeeds, so that no refusal above was
// the fault of the request.
func TestSessionOpensAll(t *testing.T) {
	w := newWorld(t)
	session, err := w.Anonymous().Login(t.Context(), "admin", servertest.AdminPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range allOperations() {
		a := answer{}
		switch o.name {
		case "POST /api/auth/logout", "GET /api/auth/logout", "PUT /api/account/password":
			continue // They would end the session.
		case "GET /api/account/token-info", "GET binstar:/authentication":
			o.call(t, w, o.at).xAuth(session.Token).do(t, w.Site).refused(t, o.name, http.StatusForbidden, api.CodeTokenRequired)
			continue
		default:
			a = o.call(t, w, o.at).xAuth(session.Token).do(t, w.Site).ok(t, o.name)
		}
		if !strings.Contains(string(a.body), o.finds) {
			t.Errorf("%s = %s, want %s in it", o.name, a.body, o.finds)
		}
		if strings.HasPrefix(o.name, "DELETE ") {
			w.destroyed()
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
	switch {
	case o.opens(scope):
		return expectation{opened: true}
	case o.session && (len(o.scopes) == 0 || slices.Equal(o.scopes, []string{scope})):
		return expectation{status: http.StatusForbidden, code: api.CodeSessionRequired}
	case o.onChannel() && !slices.Contains(revealing(o.at), scope) && o.conda():
		return expectation{status: http.StatusForbidden, code: api.CodeNotFound}
	case o.onChannel() && !slices.Contains(revealing(o.at), scope):
		return expectation{status: http.StatusNotFound, code: api.CodeNotFound}
	case len(o.carries) > 0 && scope == o.scopes[0]:
		return expectation{status: http.StatusForbidden, code: api.CodeNotGrantable}
	case o.namesGroup && scope == o.scopes[0], o.onGroup() && !slices.Contains(revealingGroups(), scope):
		return expectation{status: http.StatusNotFound, code: api.CodeNotFound}
	case o.onAccount() && !slices.Contains(revealingUsers(), scope):
		return expectation{status: http.StatusNotFound, code: api.CodeNotFound}
	}
	return expectation{status: http.StatusForbidden, code: api.CodeTokenScope}
}

// try sends every request with a token and gives the names of those that were served.
func (w *world) try(t *testing.T, who, token string, expect func(operation) expectation) []string {
	t.Helper()
	var opened []string
	for _, o := range sample(allOperations()) {
		what := who + ": " + o.name
		want, a := expect(o), o.call(t, w, o.at).xAuth(token).do(t, w.Site)
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
		if want.opened && !o.anybody() {
			opened = append(opened, o.name)
		}
		if a.status < 300 && strings.HasPrefix(o.name, "DELETE ") {
			w.destroyed()
		}
	}
	return opened
}

// TestTablesAgree: what is said of scopes is said of scopes that there are.
func TestTablesAgree(t *testing.T) {
	all := slices.Concat(revealing(onTeam), revealing(onPart), revealingUsers(), revealingGroups(), slices.Concat(slices.Collect(maps.Values(levels()))...))
	for _, o := range allOperations() {
		all = append(all, o.scopes...)
	}
	for channel, sub := range subchannelScope {
		all = append(all, channel, sub)
	}
	for _, name := range all {
		if _, ok := access.ParseScope(name); !ok {
			t.Errorf("there is no scope %s", name)
		}
	}
}
