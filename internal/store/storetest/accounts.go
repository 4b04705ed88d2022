package storetest

import (
	"errors"
	"time"

	"kingsnake/internal/registry"
)

func newUser(name string) registry.User {
	return registry.User{
		PublicID: "id-" + name, Kind: registry.KindUser, Name: name, Email: name + "@example.org", PasswordHash: "hash", CreatedAt: at(0), UpdatedAt: at(1),
	}
}

// user makes an account with roles.
func (s *suite) user(name string, roles ...int64) registry.User {
	s.Helper()
	u := newUser(name)
	s.write(func(tx registry.Tx) (err error) {
		if u.ID, err = s.InsertUser(s.ctx(), tx, u); err != nil {
			return err
		}
		return s.SetRoles(s.ctx(), tx, u.ID, roles)
	})
	return u
}

// role makes a role.
func (s *suite) role(name string, levels map[string]string) registry.Role {
	s.Helper()
	r := registry.Role{PublicID: "role-" + name, Persistent: true, CreatedAt: at(0), UpdatedAt: at(0)}
	r.Name = name
	r.DecodeLevels(levels)
	s.write(func(tx registry.Tx) (err error) {
		r.ID, err = s.InsertRole(s.ctx(), tx, r)
		return err
	})
	return r
}

func (s *suite) accounts() {
	admin, author := s.role("admin", map[string]string{"user": "manage"}), s.role("author", map[string]string{"channel": "write", "user": "read"})
	same(s, "roles", must[[]registry.Role](s, "roles")(s.ListRoles(s.ctx(), nil)), []registry.Role{admin, author})
	ada, bob := s.user("ada", admin.ID, author.ID), s.user("bob")
	ada.Roles = []string{"admin", "author"}
	for what, read := range map[string]func() (registry.User, error){
		"by id":        func() (registry.User, error) { return s.UserByID(s.ctx(), nil, ada.ID) },
		"by name":      func() (registry.User, error) { return s.UserByName(s.ctx(), nil, "ada") },
		"by public id": func() (registry.User, error) { return s.UserByPublicID(s.ctx(), nil, "id-ada") },
	} {
		same(s, what, must[registry.User](s, what)(read()), ada)
	}
	list, total, err := s.ListUsers(s.ctx(), registry.UserFilter{Query: "ADA@"}, registry.Page{Limit: 10})
	same(s, "users found", list, []registry.User{ada})
	list, all, err2 := s.ListUsers(s.ctx(), registry.UserFilter{}, registry.Page{Limit: 1, Sort: []registry.Sort{{By: "username", Descending: true}}})
	same(s, "the last user by name", list, []registry.User{bob})
	if err != nil || err2 != nil || total != 1 || all != 2 {
		s.Errorf("totals %d and %d, %v %v, want 1 and 2", total, all, err, err2)
	}

	yes, no := true, false
	for what, c := range map[string]struct {
		filter registry.UserFilter
		want   []string
	}{
		"with a role":        {registry.UserFilter{Role: "author"}, []string{"ada"}},
		"with no such role":  {registry.UserFilter{Role: "auth"}, nil},
		"disabled":           {registry.UserFilter{Disabled: &yes}, nil},
		"not disabled":       {registry.UserFilter{Disabled: &no}, []string{"ada", "bob"}},
		"everything at once": {registry.UserFilter{Query: "a", Role: "admin", Disabled: &no}, []string{"ada"}},
	} {
		found, n, err := s.ListUsers(s.ctx(), c.filter, registry.Page{Limit: 10})
		var names []string
		for _, u := range found {
			names = append(names, u.Name)
		}
		same(s, "users "+what, names, c.want)
		if err != nil || n != int64(len(c.want)) {
			s.Errorf("users %s: total %d, %v, want %d", what, n, err, len(c.want))
		}
	}

	admins := func(except, want int64) {
		s.Helper()
		if got := must[int64](s, "count admins")(s.CountAdmins(s.ctx(), nil, except)); got != want {
			s.Errorf("%d admins besides %d, want %d", got, except, want)
		}
	}
	admins(0, 1)
	admins(ada.ID, 0)
	ada.Disabled, ada.Email, ada.LastLoginAt = true, "", at(3)
	s.write(func(tx registry.Tx) error { return s.UpdateUser(s.ctx(), tx, ada) })
	same(s, "an update", must[registry.User](s, "read")(s.UserByName(s.ctx(), nil, "ada")), ada)
	admins(0, 0)

	s.write(func(tx registry.Tx) error { return s.DeleteUser(s.ctx(), tx, bob.ID) })
	_, err = s.UserByID(s.ctx(), nil, bob.ID)
	s.fails("a deleted user", err, registry.ErrNoRecord)
	s.fails("deleting it again", s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.DeleteUser(s.ctx(), tx, bob.ID) }), registry.ErrNoRecord)
	if next := s.user("bob"); next.ID == bob.ID {
		s.Error("a user's number was given twice")
	}
}

func (s *suite) roles() {
	cook, waiter := s.role("cook", map[string]string{"channel": "write"}), s.role("waiter", map[string]string{"cve": "read"})
	s.user("ada", cook.ID, waiter.ID)
	s.user("bob", cook.ID)
	for name, until := range map[string]int{"carol": 10, "dora": 5} { // Carol's claims hold still, and dora's have lapsed.
		s.write(func(tx registry.Tx) error {
			return s.SetClaimRoles(s.ctx(), tx, s.nobody(tx, name), []int64{cook.ID}, at(until))
		})
	}
	holders := func(r registry.Role, want int64) {
		s.Helper()
		if got := must[int64](s, "count holders")(s.CountHolders(s.ctx(), nil, r.ID, at(5))); got != want {
			s.Errorf("%d hold %s, want %d", got, r.Name, want)
		}
	}
	holders(cook, 3)
	holders(waiter, 1)
	found, n, err := s.ListUsers(s.ctx(), registry.UserFilter{Role: "cook", Now: at(5)}, registry.Page{Limit: 10})
	var names []string
	for _, u := range found {
		names = append(names, u.Name)
	}
	same(s, "who has the role", names, []string{"ada", "bob", "carol"})
	if err != nil || n != 3 {
		s.Errorf("%d have the role, %v, want 3", n, err)
	}
	cook.Name, cook.UpdatedAt = "chef", at(5)
	cook.DecodeLevels(map[string]string{"channel": "manage", "artifact": "read"})
	s.write(func(tx registry.Tx) error { return s.UpdateRole(s.ctx(), tx, cook) })
	same(s, "an edited role", must[[]registry.Role](s, "roles")(s.ListRoles(s.ctx(), nil)), []registry.Role{cook, waiter})
	holders(cook, 3)
	waiter.Name = "chef"
	s.fails("a taken name", s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.UpdateRole(s.ctx(), tx, waiter) }), registry.ErrTaken)
	s.write(func(tx registry.Tx) error { return s.DeleteRole(s.ctx(), tx, cook.ID) })
	same(s, "what is left to somebody who lost a role", must[registry.User](s, "read")(s.UserByName(s.ctx(), nil, "ada")).Roles, []string{"waiter"})
	for what, write := range map[string]func(registry.Tx) error{
		"deleting it again":    func(tx registry.Tx) error { return s.DeleteRole(s.ctx(), tx, cook.ID) },
		"editing what is gone": func(tx registry.Tx) error { return s.UpdateRole(s.ctx(), tx, cook) },
	} {
		s.fails(what, s.Store.Write(s.ctx(), write), registry.ErrNoRecord)
	}
	if next := s.role("chef", nil); next.ID == cook.ID {
		s.Error("a role's number was given twice")
	} else {
		holders(next, 0)
	}
}

// nobody makes an account without roles.
func (s *suite) nobody(tx registry.Tx, name string) int64 {
	s.Helper()
	return must[int64](s, "make "+name)(s.InsertUser(s.ctx(), tx, newUser(name)))
}

// ownings: what nobody but an account owns or manages.
func (s *suite) ownings() {
	ada, bob := s.user("ada"), s.user("bob")
	robot := newUser("robot")
	robot.Kind = registry.ParsePrincipalKind("service account")
	s.write(func(tx registry.Tx) (err error) { robot.ID, err = s.InsertUser(s.ctx(), tx, robot); return err })
	group := func(name string, ownersOf int64, members map[int64]string) registry.Group {
		g := registry.Group{PublicID: "group-" + name, Name: name, OwnersOf: ownersOf, CreatedAt: at(0), UpdatedAt: at(0)}
		s.write(func(tx registry.Tx) (err error) {
			if g.ID, err = s.InsertGroup(s.ctx(), tx, g); err != nil {
				return err
			}
			for principal, level := range members {
				err = errors.Join(err, s.SetMember(s.ctx(), tx, g.ID, principal, registry.ParseLevel(level)))
			}
			return err
		})
		return g
	}
	own := func(path string, members map[int64]string) {
		group(path+"_owners", s.channel(path, private).ID, members)
	}
	own("alone", map[int64]string{ada.ID: "manage"})
	own("shared", map[int64]string{ada.ID: "manage", bob.ID: "read"})
	own("with-robot", map[int64]string{ada.ID: "manage", robot.ID: "manage"})
	own("foreign", map[int64]string{bob.ID: "manage"})
	alone := group("cooks", 0, map[int64]string{ada.ID: "manage", bob.ID: "read"})
	group("waiters", 0, map[int64]string{ada.ID: "manage", bob.ID: "manage"})
	group("guests", 0, map[int64]string{ada.ID: "read"})
	look := func(what string, channels []string, groups ...string) {
		s.Helper()
		same(s, what+": channels", must[[]string](s, what)(s.SoleChannels(s.ctx(), nil, ada.ID)), channels)
		var names []string
		for _, g := range must[[]registry.Group](s, what)(s.SoleGroups(s.ctx(), nil, ada.ID)) {
			names = append(names, g.Name)
			if g.Name == "cooks" && (g.ID != alone.ID || g.PublicID != alone.PublicID) {
				s.Errorf("%s: group = %+v, want %+v", what, g, alone)
			}
		}
		same(s, what+": groups", names, groups)
	}
	look("ada", []string{"alone", "with-robot"}, "cooks")
	bob.Disabled = true
	s.write(func(tx registry.Tx) error { return s.UpdateUser(s.ctx(), tx, bob) })
	look("with bob disabled", []string{"alone", "shared", "with-robot"}, "cooks", "waiters")
}

func (s *suite) sessions() {
	u := s.user("ada")
	put := func(id string, expires time.Time) registry.Session {
		x := registry.Session{PublicID: id, PrincipalID: u.ID, Address: "192.0.2.1", Client: "conda", CreatedAt: at(0), ExpiresAt: expires}
		s.write(func(tx registry.Tx) (err error) {
			x.ID, err = s.InsertSession(s.ctx(), tx, x)
			return err
		})
		return x
	}
	gone := func(id string) {
		s.Helper()
		_, err := s.SessionByPublicID(s.ctx(), nil, id)
		s.fails("session "+id, err, registry.ErrNoRecord)
	}
	one := put("one", at(60))
	put("two", at(5))
	put("three", at(60))
	same(s, "a session", must[registry.Session](s, "read")(s.SessionByPublicID(s.ctx(), nil, "one")), one)
	s.write(func(tx registry.Tx) error { return s.PruneSessions(s.ctx(), tx, at(10)) })
	gone("two")
	s.write(func(tx registry.Tx) error { return s.DeleteSession(s.ctx(), tx, "three") })
	gone("three")
	s.write(func(tx registry.Tx) error {
		ended, err := s.DeleteSessions(s.ctx(), tx, u.ID)
		same(s, "the sessions that ended", ended, []string{"one"})
		return err
	})
	gone("one")
	put("four", at(60))
	s.write(func(tx registry.Tx) error { return s.DeleteUser(s.ctx(), tx, u.ID) })
	gone("four")
}

// token makes a token with one string.
func (s *suite) token(owner registry.User, name string, change func(*registry.Token)) registry.Token {
	s.Helper()
	t := registry.Token{
		PublicID: "token-" + name, OwnerID: owner.ID, OwnerPublicID: owner.PublicID, Owner: owner.Name, OwnerKind: owner.Kind, Kind: registry.ParseTokenKind("scope"), Name: name, Metadata: []byte(`{"a":1}`),
		CreatedAt: at(0), UpdatedAt: at(0),
	}
	t.DecodeScopes([]string{"artifact:download", "channel:view"})
	if change != nil {
		change(&t)
	}
	s.write(func(tx registry.Tx) (err error) {
		if t.ID, err = s.InsertToken(s.ctx(), tx, t); err != nil {
			return err
		}
		if err := s.SetTokenResources(s.ctx(), tx, t.ID, t.Resources); err != nil {
			return err
		}
		x := registry.Secret{TokenID: t.ID, MAC: []byte("mac of " + name), Fingerprint: "f-" + name, CreatedAt: at(0)}
		x.ID, err = s.InsertSecret(s.ctx(), tx, x)
		t.Secrets = []registry.Secret{x}
		return err
	})
	return t
}

func (s *suite) tokens() {
	u := s.user("ada")
	c := s.channel("team", private)
	plain := s.token(u, "plain", nil)
	bound := s.token(u, "bound", func(t *registry.Token) {
		t.Kind, t.Scopes, t.ExpiresAt = registry.ParseTokenKind("resource"), 0, at(60)
		t.Resources = []registry.TokenResource{{ChannelID: c.ID, Path: "team", Level: registry.ParseLevel("write")}}
		t.MintedBy = plain.Secrets[0].ID
	})
	for _, want := range []registry.Token{plain, bound} {
		same(s, "by id", must[registry.Token](s, "read")(s.TokenByID(s.ctx(), nil, want.ID)), want)
		same(s, "by public id", must[registry.Token](s, "read")(s.TokenByPublicID(s.ctx(), nil, want.PublicID)), want)
		same(s, "its string", must[registry.Secret](s, "read")(s.SecretByMAC(s.ctx(), want.Secrets[0].MAC)), want.Secrets[0])
	}
	same(s, "children", must[[]int64](s, "children")(s.ChildTokens(s.ctx(), nil, plain.Secrets[0].ID)), []int64{bound.ID})
	same(s, "orphans are no children", must[[]int64](s, "children")(s.ChildTokens(s.ctx(), nil, 0)), nil)
	same(s, "of an owner", must[[]int64](s, "owned")(s.OwnedTokens(s.ctx(), nil, u.ID)), []int64{plain.ID, bound.ID})
	for what, f := range map[string]registry.TokenFilter{
		"by kind":     {Owners: []int64{u.ID}, Kind: registry.ParseTokenKind("resource")},
		"by name":     {Owners: []int64{u.ID}, Query: "BOU"},
		"expiring":    {Owners: []int64{u.ID}, State: registry.TokenExpiring, Now: at(0)},
		"expired":     {Owners: []int64{u.ID}, State: registry.TokenExpired, Now: at(60)},
		"too old":     {Owners: []int64{u.ID}, Query: "bound", State: registry.TokenExpired, Now: at(50), MaxLifetime: time.Minute},
		"aging":       {Owners: []int64{u.ID}, Query: "bound", State: registry.TokenExpiring, Now: at(50), MaxLifetime: 10 * 24 * time.Hour},
		"of any name": {Owners: []int64{u.ID}, Query: "bound"},
	} {
		list, total, err := s.ListTokens(s.ctx(), f, registry.Page{Limit: 5})
		if err != nil || total != 1 {
			s.Errorf("%s: %d tokens, %v, want 1", what, total, err)
		}
		same(s, what, list, []registry.Token{bound})
	}

	plain.Name, plain.ExpiresAt, plain.UpdatedAt = "renamed", at(90), at(2)
	s.write(func(tx registry.Tx) error { return s.UpdateToken(s.ctx(), tx, plain) })
	s.write(func(tx registry.Tx) error {
		return s.AddSecretUse(s.ctx(), tx, plain.Secrets[0].ID, registry.SecretUse{Uses: 3, Refusals: 1, At: at(5), Address: "192.0.2.9", Client: "pixi"})
	})
	x := &plain.Secrets[0]
	x.Uses, x.Refusals, x.LastUsedAt, x.LastUsedAddress, x.LastUsedClient = 3, 1, at(5), "192.0.2.9", "pixi"
	x.RetiresAt = at(30)
	s.write(func(tx registry.Tx) error { return s.RetireSecret(s.ctx(), tx, x.ID, at(30)) })
	same(s, "after an update", must[registry.Token](s, "read")(s.TokenByID(s.ctx(), nil, plain.ID)), plain)
	s.write(func(tx registry.Tx) error { return s.DeleteToken(s.ctx(), tx, plain.ID) })
	_, err := s.SecretByMAC(s.ctx(), x.MAC)
	s.fails("a deleted token's string", err, registry.ErrNoRecord)
}

// leaks: what is known of a leak comes back as it was, and only a token without strings counts as leaked.
func (s *suite) leaks() {
	u := s.user("ada")
	t := s.token(u, "found", func(t *registry.Token) { t.ExpiresAt = at(60) })
	other := s.token(u, "other", nil)
	t.Leak = &registry.Leak{At: at(3), Fingerprint: "f-found", URL: "https://example.org/x", Source: "commit", Address: "192.0.2.1", LastUsedAt: at(2), LastUsedAddress: "192.0.2.2"}
	s.write(func(tx registry.Tx) error { return s.UpdateToken(s.ctx(), tx, t) })
	same(s, "a leak", must[registry.Token](s, "read")(s.TokenByID(s.ctx(), nil, t.ID)), t)
	count := func(state registry.TokenState, want ...registry.Token) {
		s.Helper()
		list, total, err := s.ListTokens(s.ctx(), registry.TokenFilter{Owners: []int64{u.ID}, State: state, Now: at(0)}, registry.Page{Limit: 5})
		if err != nil || total != int64(len(want)) {
			s.Errorf("%s: %d tokens, %v, want %d", state, total, err, len(want))
		}
		same(s, string(state), list, want)
	}
	count(registry.TokenLeaked)
	count(registry.TokenExpiring, t)
	s.write(func(tx registry.Tx) error {
		return s.KillSecret(s.ctx(), tx, t.Secrets[0], t, registry.Problem("leaked"), at(4))
	})
	t.Secrets = nil
	count(registry.TokenLeaked, t)
	count(registry.TokenExpiring)
	count(registry.TokenActive, other)
	t.Leak = nil
	s.write(func(tx registry.Tx) error { return s.UpdateToken(s.ctx(), tx, t) })
	count(registry.TokenLeaked)
}

func (s *suite) deadStrings() {
	u := s.user("ada")
	t := s.token(u, "t", nil)
	mac := t.Secrets[0].MAC
	_, err := s.DeadSecretByMAC(s.ctx(), mac)
	s.fails("a live string", err, registry.ErrNoRecord)
	leads := func(what string, secret, token int64) {
		gotSecret, gotToken, err := s.StringByMAC(s.ctx(), mac)
		s.fails(what, err, nil)
		same(s, what, []int64{gotSecret, gotToken}, []int64{secret, token})
		others := [][]byte{[]byte("no mac"), mac, {0, 0xff, '"'}}
		places := must[map[string]registry.StringPlace](s, what+", asked for with others")(s.StringsByMAC(s.ctx(), others))
		same(s, what+", asked for with others", places, map[string]registry.StringPlace{string(mac): {Secret: secret, Token: token, Ended: secret == 0}})
	}
	leads("a live string leads to its token", t.Secrets[0].ID, t.ID)
	_, _, err = s.StringByMAC(s.ctx(), []byte("no mac"))
	s.fails("a string that never was", err, registry.ErrNoRecord)
	s.write(func(tx registry.Tx) error {
		return s.KillSecret(s.ctx(), tx, t.Secrets[0], t, registry.Problem("revoked"), at(4))
	})
	_, err = s.SecretByMAC(s.ctx(), mac)
	s.fails("a killed string", err, registry.ErrNoRecord)
	leads("a killed string leads nowhere", 0, 0)
	want := registry.DeadSecret{TokenPublicID: t.PublicID, OwnerID: u.ID, Reason: registry.Problem("revoked"), DiedAt: at(4)}
	same(s, "a dead string", must[registry.DeadSecret](s, "read")(s.DeadSecretByMAC(s.ctx(), mac)), want)
	report := func(mac []byte) (err error) {
		s.write(func(tx registry.Tx) error { err = s.MarkDeadReported(s.ctx(), tx, mac, at(6)); return nil })
		return err
	}
	s.fails("a report of a string that never was", report([]byte("no mac")), registry.ErrNoRecord)
	s.fails("the first report", report(mac), nil)
	s.fails("a second one", report(mac), registry.ErrNoRecord)
	want.ReportedAt = at(6)
	same(s, "a reported one", must[registry.DeadSecret](s, "read")(s.DeadSecretByMAC(s.ctx(), mac)), want)
	s.write(func(tx registry.Tx) error { return s.PruneDeadSecrets(s.ctx(), tx, at(4)) })
	same(s, "a young one is kept", must[registry.DeadSecret](s, "read")(s.DeadSecretByMAC(s.ctx(), mac)), want)
	s.write(func(tx registry.Tx) error { return s.PruneDeadSecrets(s.ctx(), tx, at(5)) })
	_, err = s.DeadSecretByMAC(s.ctx(), mac)
	s.fails("a forgotten string", err, registry.ErrNoRecord)
}
