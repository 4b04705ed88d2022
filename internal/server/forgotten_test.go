package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/servertest"
)

// intruder is a caller who must not be served, with what it gets for an operation; skip where the operation is not
// forbidden to it.
type intruder struct {
	name string
	// send puts the credential into a call.
	send func(call) call
	// gets is the answer that the law demands for an operation.
	gets func(o operation) expectation
}

// skip says that the caller may have what it asks for.
var skip = expectation{opened: true}

func refuse(status int, code api.Code) expectation { return expectation{status: status, code: code} }

// TestNoForgottenCheck sends every operation, with a valid body and on something that exists, as every kind of caller
// who must not be served, and wants the status and the code of the law and nothing changed. Then it sends each one as
// the least caller that may, and once more without each scope that this one has.
func TestNoForgottenCheck(t *testing.T) {
	w := newWorld(t)
	w.Clock.Advance(2 * time.Minute)
	all, cells := w.intruders(t), map[string]int{}
	state := newState(t, w.Site)
	for _, o := range sample(allOperations()) {
		request := o.call(t, w, o.at)
		before := state.look(t)
		for _, who := range all {
			want := who.gets(o)
			if want == skip {
				continue
			}
			cells[who.name]++
			if o.session {
				w.Clock.Advance(10 * time.Second) // Passwords are limited whoever sends them.
			}
			what := who.name + ": " + o.name
			a := who.send(request).do(t, w.Site)
			switch {
			case want.status == http.StatusOK:
				if a.status != http.StatusOK || strings.Contains(string(a.body), o.finds) {
					t.Errorf("%s = %d %s, want a list without %s", what, a.status, a.body, o.finds)
				}
			default:
				a.refused(t, what, want.status, want.code)
			}
			if request.method == http.MethodGet {
				continue // What reads is looked at once, after all of them.
			}
			after := state.look(t)
			if changed := changes(before, after); len(changed) > 0 {
				t.Errorf("%s: it was refused and changed %v", what, changed)
			}
			before = after
		}
		if changed := changes(before, state.look(t)); len(changed) > 0 {
			t.Errorf("%s: refusals changed %v", o.name, changed)
		}
		w.Clock.Advance(time.Minute) // Lest the bad tokens be slowed down.
	}
	total := 0
	for _, n := range cells {
		total += n
	}
	t.Logf("no-forgotten-check: %d operations, %d kinds of wrong callers, %d cells", len(sample(allOperations())), len(all), total)
	w.leastCallers(t)
}

// leastCallers sends each operation with a token of just its scopes, and with all scopes but one of them.
func (w *world) leastCallers(t *testing.T) {
	t.Helper()
	served, refused := 0, 0
	// The clock has moved by hours, and sessions end.
	w.Admin, w.admin = w.Login("admin", servertest.AdminPassword), ""
	for _, o := range sample(allOperations()) {
		if len(o.scopes) == 0 || o.session {
			continue
		}
		w.Clock.Advance(time.Minute)
		a := o.call(t, w, o.at).xAuth(w.ScopeToken(w.Admin, slices.Concat(o.scopes, o.carries)...).Secret).do(t, w.Site).ok(t, "least caller: "+o.name)
		if !strings.Contains(string(a.body), o.finds) {
			t.Errorf("least caller: %s = %s, want %s in it", o.name, a.body, o.finds)
		}
		served++
		if strings.HasPrefix(o.name, "DELETE ") {
			w.destroyed()
		}
		for _, taken := range o.scopes {
			rest := slices.DeleteFunc(slices.Clone(o.scopes), func(s string) bool { return s == taken })
			if len(rest) == 0 {
				// A token must hold something: another scope of the same channel, which shows that the channel exists.
				rest = []string{otherScope(o, taken)}
			}
			a := o.call(t, w, o.at).xAuth(w.ScopeToken(w.Admin, rest...).Secret).do(t, w.Site)
			refused++
			if o.finds != "" {
				if strings.Contains(string(a.body), o.finds) {
					t.Errorf("%s without %s = %s, want no %s in it", o.name, taken, a.body, o.finds)
				}
				continue
			}
			want := refuse(http.StatusForbidden, api.CodeTokenScope)
			if o.namesGroup || o.onChannel() && !slices.ContainsFunc(rest, func(s string) bool { return slices.Contains(revealing(o.at), s) }) {
				want = unseen(o) // It may not see the channel, or not the group.
			}
			a.refused(t, o.name+" without "+taken, want.status, want.code)
		}
	}
	t.Logf("no-forgotten-check: %d least callers were served, and refused in %d ways of taking one scope away", served, refused)
}

// otherScope is a scope that reveals what the operation is about and does not open it.
func otherScope(o operation, taken string) string {
	of := revealingUsers()
	switch {
	case o.onChannel():
		of = revealing(o.at)
	case o.onGroup():
		of = revealingGroups()
	}
	for _, s := range of {
		if s != taken && !o.opens(s) {
			return s
		}
	}
	return "channel:view"
}

// intruders makes every kind of wrong caller.
func (w *world) intruders(t *testing.T) []intruder {
	t.Helper()
	return slices.Concat(w.nobodies(t), w.strangers(t), w.lesserMembers(t), w.narrowTokens(t), w.restrictedTokens(t))
}

// nobodies are callers without a credential, or with one that is no good.
func (w *world) nobodies(t *testing.T) []intruder {
	t.Helper()
	all := []intruder{{"without a credential", func(c call) call { return c }, func(o operation) expectation {
		switch {
		case o.open:
			return skip
		case o.finds != "" && !o.self:
			return expectation{status: http.StatusOK}
		}
		return refuse(http.StatusUnauthorized, api.CodeAuthRequired)
	}}}
	s := &stage{Site: w.Site, ada: w.User("ada"), bob: w.Admin}
	w.Channel(s.ada, "adas", api.PrivacyPrivate)
	for name, b := range s.badTokensFor(t, "adas") {
		all = append(all, intruder{"a token that is " + name, with("X-Auth", b.token), badCredential(b.code)})
	}
	session := s.session(t, "ada")
	call{method: http.MethodPost, path: "/api/auth/logout"}.xAuth(session).do(t, w.Site).ok(t, "log out")
	return append(all,
		intruder{"a session that was ended", with("Authorization", "Bearer "+session), badCredential(api.CodeSessionEnded)},
		intruder{"a session with a broken signature", with("Authorization", "Bearer "+session[:len(session)-4]+"AAAA"), badCredential(api.CodeSessionEnded)},
		intruder{"a password where none is taken", with("Authorization", basicAuth("admin", servertest.AdminPassword)), func(o operation) expectation {
			if o.password {
				return skip
			}
			return badCredential(api.CodeBadCredentials)(o)
		}},
	)
}

func with(header, value string) func(call) call {
	return func(c call) call { return c.with(header, value) }
}

// badCredential is what every operation that asks who calls answers to a bad credential.
func badCredential(code api.Code) func(operation) expectation {
	return func(o operation) expectation {
		if o.open {
			return skip
		}
		return refuse(http.StatusUnauthorized, code)
	}
}

// unseen is what somebody gets who may not know that the thing exists.
func unseen(o operation) expectation {
	if o.conda() {
		return refuse(http.StatusForbidden, api.CodeNotFound)
	}
	return refuse(http.StatusNotFound, api.CodeNotFound)
}

// strangers are people and tokens who are somebody, and nobody here.
func (w *world) strangers(t *testing.T) []intruder {
	t.Helper()
	s := &stage{Site: w.Site}
	eve := w.User("eve")
	w.Channel(eve, "eves", api.PrivacyPrivate)
	demoted := w.demoted(t)
	w.account(t, "loafer")
	return []intruder{
		{"a stranger", with("X-Auth", s.session(t, "eve")), strange},
		{"a stranger's token with every scope that it can hold", with("X-Auth", w.everyScope(t, eve)), func(o operation) expectation {
			if o.session {
				return skip // It is refused for being a token, which the tables of scopes show.
			}
			return strange(o)
		}},
		{"a stranger's resource token", with("X-Auth", w.ResourceToken(eve, "eves", api.LevelManage).Secret), func(o operation) expectation {
			want := ofOtherResources(o)
			if own := strange(o); want.code == api.CodeTokenScope && own != skip && !o.hides {
				return own // Its owner may not do it either, and that is said first.
			}
			return want
		}},
		{"the admin's resource token for another channel", with("X-Auth", w.ResourceToken(w.Admin, w.otherChannel(t), api.LevelManage).Secret), ofOtherResources},
		{"a token of somebody who was an admin when it was made", with("X-Auth", demoted), func(o operation) expectation {
			if o.session {
				return skip
			}
			return powerless(o)
		}},
		{"somebody without any role", with("X-Auth", s.session(t, "loafer")), powerless},
	}
}

// otherChannel makes a channel of the admin's that no operation is about.
func (w *world) otherChannel(t *testing.T) string {
	t.Helper()
	w.Channel(w.Admin, "elsewhere", api.PrivacyPrivate)
	return "elsewhere"
}

// everyScope is a token with all that its owner may grant.
func (w *world) everyScope(t *testing.T, c *client.Client) string {
	t.Helper()
	scopes, err := c.GrantableScopes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return w.ScopeToken(c, scopes...).Secret
}

// demoted is a token with every scope whose owner has lost all roles since.
func (w *world) demoted(t *testing.T) string {
	t.Helper()
	token := w.everyScope(t, w.User("exadmin", "admin", "author"))
	call{method: http.MethodPut, path: "/api/users/exadmin/roles", body: api.RolesUpdate{Roles: []string{}}}.
		xAuth((&stage{Site: w.Site}).session(t, "admin")).do(t, w.Site).ok(t, "demote")
	return token
}

// ofAuthors are the scopes that every author may exercise somewhere: on what is the account's own.
var ofAuthors = []string{"channel:create", "user.token:edit", "user.token:view", "channel.default-channel:edit", "access:explain", "group:edit", "group:view"}

// own tells the operations on what is the caller's own: the roles are asked about, and no secret, before the thing is.
func (o operation) own() bool { return strings.Contains(o.name, "/api/account/") }

// strange is what an author gets who has nothing to do with the thing.
func strange(o operation) expectation {
	switch {
	case o.finds != "":
		return expectation{status: http.StatusOK}
	case o.onChannel() || o.hides:
		return unseen(o)
	case !slices.ContainsFunc(o.scopes, func(s string) bool { return !slices.Contains(ofAuthors, s) }):
		return skip
	}
	return ofSite(o)
}

// powerless is what an account without any role gets.
func powerless(o operation) expectation {
	switch {
	case o.finds != "":
		return expectation{status: http.StatusOK}
	case o.onChannel():
		return unseen(o)
	case len(o.scopes) == 0 || slices.Equal(o.scopes, []string{"access:explain"}):
		return skip
	case o.hides && !o.own():
		return unseen(o)
	}
	return ofSite(o)
}

// ofSite is what those get whose roles do not reach: the site itself is no secret.
func ofSite(o operation) expectation {
	for _, s := range o.scopes {
		scope, _ := access.ParseScope(s)
		if slices.Contains(adminScopes, scope.String()) {
			return refuse(http.StatusForbidden, api.CodeAdminOnly)
		}
	}
	return refuse(http.StatusForbidden, api.CodeRoleLevel)
}

// adminScopes are those that no role but admin opens.
var adminScopes = []string{"user:edit", "user:view"}

// ofOtherResources is what a resource token for other channels gets.
func ofOtherResources(o operation) expectation {
	switch {
	case o.finds != "":
		return expectation{status: http.StatusOK}
	case o.onChannel():
		return unseen(o)
	case len(o.scopes) == 0 || o.session:
		return skip
	case o.hides && !o.own():
		return unseen(o)
	}
	return refuse(http.StatusForbidden, api.CodeTokenScope)
}

// asList is how a list refuses: by showing nothing.
func asList(o operation, e expectation) expectation {
	if o.finds != "" && e != skip {
		return expectation{status: http.StatusOK}
	}
	return e
}

// member makes an account with a level on team and its subchannel, before it ever signs in.
func (w *world) member(t *testing.T, name string, level access.Level, roles []string) {
	t.Helper()
	w.account(t, name, roles...)
	db, places := w.Server.Site().Store, []place{onTeam, onPart, w.doomedAt(t, onTeam), w.doomedAt(t, onPart)}
	err := db.Write(t.Context(), func(tx registry.Tx) error {
		u, err := db.UserByName(t.Context(), tx, name)
		if err != nil {
			return err
		}
		group, err := db.InsertGroup(t.Context(), tx, registry.Group{PublicID: name, Name: name})
		if err != nil {
			return err
		}
		for _, at := range places {
			c, err := db.ChannelByPath(t.Context(), tx, at.path)
			if err != nil {
				return err
			}
			if err := db.SetChannelGroup(t.Context(), tx, c.ID, group, level, 1); err != nil {
				return err
			}
		}
		return db.SetMember(t.Context(), tx, group, u.ID, access.Read)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// account makes an account with exactly these roles, which may be none.
func (w *world) account(t *testing.T, name string, roles ...string) {
	t.Helper()
	if roles == nil {
		roles = []string{}
	}
	call{method: http.MethodPost, path: "/api/users", body: map[string]any{"username": name, "password": servertest.UserPassword, "roles": roles}}.
		xAuth((&stage{Site: w.Site}).session(t, "admin")).do(t, w.Site).ok(t, "create "+name)
}
