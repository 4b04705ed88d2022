package storetest

import (
	"time"

	"kingsnake/internal/registry"
)

// identities are what an account is called elsewhere, and what it has by claims.
func (s *suite) identities() {
	author := s.role("author", map[string]string{"channel": "write"})
	ada, bob := s.user("ada"), s.user("bob")
	one := registry.Identity{PublicID: "i1", PrincipalID: ada.ID, Issuer: "https://a.test", Subject: "x", CreatedAt: at(0), LastLoginAt: at(0)}
	two := registry.Identity{PublicID: "i2", PrincipalID: ada.ID, Issuer: "https://b.test", Subject: "x", CreatedAt: at(0), LastLoginAt: at(1)}
	insert := func(i *registry.Identity) error {
		return s.Store.Write(s.ctx(), func(tx registry.Tx) (err error) {
			i.ID, err = s.InsertIdentity(s.ctx(), tx, *i)
			return err
		})
	}
	if err, err2 := insert(&one), insert(&two); err != nil || err2 != nil {
		s.Fatal(err, err2)
	}
	again := registry.Identity{PublicID: "i3", PrincipalID: bob.ID, Issuer: one.Issuer, Subject: one.Subject, CreatedAt: at(0), LastLoginAt: at(0)}
	s.fails("a subject twice", insert(&again), registry.ErrTaken)
	same(s, "an identity", must[registry.Identity](s, "read")(s.IdentityBySubject(s.ctx(), nil, "https://b.test", "x")), two)
	same(s, "all identities", must[[]registry.Identity](s, "read")(s.Identities(s.ctx(), nil, ada.ID)), []registry.Identity{one, two})
	_, err := s.IdentityBySubject(s.ctx(), nil, "https://b.test", "X")
	s.fails("another subject", err, registry.ErrNoRecord)
	s.write(func(tx registry.Tx) error { return s.UpdateIdentity(s.ctx(), tx, one.ID, at(9)) })
	one.LastLoginAt = at(9)
	same(s, "a later login", must[registry.Identity](s, "read")(s.IdentityBySubject(s.ctx(), nil, one.Issuer, one.Subject)), one)
	s.write(func(tx registry.Tx) error { return s.DeleteIdentity(s.ctx(), tx, two.ID) })
	same(s, "the identity that is left", must[[]registry.Identity](s, "read")(s.Identities(s.ctx(), nil, ada.ID)), []registry.Identity{one})

	s.claims(ada, author)
	s.write(func(tx registry.Tx) error { return s.DeleteUser(s.ctx(), tx, ada.ID) })
	_, err = s.IdentityBySubject(s.ctx(), nil, one.Issuer, one.Subject)
	s.fails("an identity of a deleted account", err, registry.ErrNoRecord)
}

// claims are held for a while, beside what people gave, and replaced as a whole.
func (s *suite) claims(u registry.User, role registry.Role) {
	s.Helper()
	c := s.channel("team", private)
	var devs, owners int64
	s.write(func(tx registry.Tx) (err error) {
		if devs, err = s.InsertGroup(s.ctx(), tx, registry.Group{PublicID: "g1", Name: "devs", CreatedAt: at(0), UpdatedAt: at(0)}); err != nil {
			return err
		}
		if owners, err = s.InsertGroup(s.ctx(), tx, registry.Group{PublicID: "g2", Name: "owners", OwnersOf: c.ID, CreatedAt: at(0), UpdatedAt: at(0)}); err != nil {
			return err
		}
		if err := s.SetChannelGroup(s.ctx(), tx, c.ID, devs, registry.ParseLevel("write"), 1); err != nil {
			return err
		}
		if err := s.SetClaimRoles(s.ctx(), tx, u.ID, []int64{role.ID}, at(10)); err != nil {
			return err
		}
		return s.SetClaimGroups(s.ctx(), tx, u.ID, []int64{devs}, at(10))
	})
	found := must[[]registry.Group](s, "groups")(s.GroupsByName(s.ctx(), nil, []string{"devs", "owners", "none"}))
	same(s, "groups by name", found, []registry.Group{{ID: devs, Name: "devs"}, {ID: owners, Name: "owners", OwnersOf: c.ID}})
	held := func(now time.Time, roles, groups []registry.Claimed, grants []registry.ChannelGrant) {
		s.Helper()
		same(s, "roles by claims", must[[]registry.Claimed](s, "roles")(s.ClaimRoles(s.ctx(), nil, u.ID, now)), roles)
		same(s, "groups by claims", must[[]registry.Claimed](s, "groups")(s.ClaimGroups(s.ctx(), nil, u.ID, now)), groups)
		same(s, "grants by claims", must[[]registry.ChannelGrant](s, "grants")(s.ClaimGrants(s.ctx(), u.ID, now)), grants)
	}
	roles, groups := []registry.Claimed{{ID: role.ID, Name: "author", ExpiresAt: at(10)}}, []registry.Claimed{{ID: devs, Name: "devs", ExpiresAt: at(10)}}
	grants := []registry.ChannelGrant{{ChannelID: c.ID, Level: registry.ParseLevel("write"), Group: "devs"}}
	held(at(9), roles, groups, grants)
	held(at(10), nil, nil, nil)
	same(s, "who holds the channel", must[[]int64](s, "principals")(s.ChannelPrincipals(s.ctx(), nil, c.ID)), []int64{u.ID})
	same(s, "who is in the group", must[[]int64](s, "principals")(s.GroupPrincipals(s.ctx(), nil, devs)), []int64{u.ID})
	same(s, "grants by people", must[[]registry.ChannelGrant](s, "grants")(s.PrincipalGrants(s.ctx(), u.ID)), nil)
	s.write(func(tx registry.Tx) error { return s.PruneClaims(s.ctx(), tx, at(10)) })
	held(at(9), roles, groups, grants)
	s.write(func(tx registry.Tx) error { return s.PruneClaims(s.ctx(), tx, at(11)) })
	held(at(9), nil, nil, nil)
	s.write(func(tx registry.Tx) error {
		if err := s.SetClaimRoles(s.ctx(), tx, u.ID, []int64{role.ID}, at(20)); err != nil {
			return err
		}
		return s.SetClaimRoles(s.ctx(), tx, u.ID, nil, at(20))
	})
	held(at(9), nil, nil, nil)
}

// spent is remembered until it does not matter.
func (s *suite) spent() {
	spend := func(what string, until time.Time) error {
		return s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.InsertSpent(s.ctx(), tx, []byte(what), until) })
	}
	if err, err2 := spend("one", at(5)), spend("two", at(6)); err != nil || err2 != nil {
		s.Fatal(err, err2)
	}
	s.fails("the same again", spend("one", at(9)), registry.ErrTaken)
	s.write(func(tx registry.Tx) error { return s.PruneSpent(s.ctx(), tx, at(6)) })
	s.fails("the same that is still remembered", spend("two", at(9)), registry.ErrTaken)
	if err := spend("one", at(9)); err != nil {
		s.Errorf("what was forgotten: %v", err)
	}
}
