package storetest

import (
	"errors"
	"slices"

	"kingsnake/internal/registry"
)

// reach: whoever could reach a channel is found, with the roles, grants and tokens by which they do.
func (s *suite) reach() {
	team, other := s.channel("team", private), s.channel("other", private)
	sub := s.putChannel(registry.Channel{Name: "dev", Path: "team/dev", ParentID: team.ID, Privacy: private})
	admin, cook := s.role("admin", nil), s.role("cook", nil)
	boss, member, lent := s.user("boss", admin.ID), s.user("member", cook.ID), s.user("lent")
	late, claimed, holder, stranger := s.user("late"), s.user("claimed"), s.user("holder"), s.user("stranger", cook.ID)
	s.write(func(tx registry.Tx) error {
		read, write, manage := registry.ParseLevel("read"), registry.ParseLevel("write"), registry.ParseLevel("manage")
		own, err := s.InsertGroup(s.ctx(), tx, registry.Group{PublicID: "g1", Name: "team_owners", OwnersOf: team.ID})
		devs, err2 := s.InsertGroup(s.ctx(), tx, registry.Group{PublicID: "g2", Name: "devs"})
		return errors.Join(
			err, err2,
			s.SetMember(s.ctx(), tx, own, member.ID, manage), s.SetMember(s.ctx(), tx, devs, member.ID, read),
			s.SetClaimGroups(s.ctx(), tx, lent.ID, []int64{devs}, at(9)), s.SetClaimGroups(s.ctx(), tx, late.ID, []int64{devs}, at(5)),
			s.SetClaimRoles(s.ctx(), tx, claimed.ID, []int64{admin.ID, cook.ID}, at(9)), s.SetClaimRoles(s.ctx(), tx, late.ID, []int64{admin.ID}, at(5)),
			s.SetChannelGroup(s.ctx(), tx, team.ID, own, manage, 1), s.SetChannelGroup(s.ctx(), tx, sub.ID, devs, write, 1),
			s.SetChannelGroup(s.ctx(), tx, other.ID, devs, read, 1),
		)
	})
	named := s.token(holder, "named", func(t *registry.Token) {
		t.Kind, t.Scopes = registry.ParseTokenKind("resource"), 0
		t.Resources = []registry.TokenResource{
			{ChannelID: other.ID, Path: "other", Level: registry.ParseLevel("read")},
			{ChannelID: sub.ID, Path: "team/dev", Package: "conda/a", Level: registry.ParseLevel("write")},
		}
	})
	ids := []int64{team.ID, sub.ID}
	people := func(what string, f registry.ReachAccountFilter, want ...registry.User) {
		s.Helper()
		f.Channels = ids
		same(s, what, must[[]registry.User](s, what)(s.ReachAccounts(s.ctx(), f, at(5))), want)
	}
	boss.Roles, member.Roles, claimed.Roles, stranger.Roles = []string{"admin"}, []string{"cook"}, []string{"admin", "cook"}, []string{"cook"}
	people("who was given something there", registry.ReachAccountFilter{}, boss, member, lent, claimed)
	people("whose tokens name it", registry.ReachAccountFilter{Naming: true}, holder)
	people("two of them", registry.ReachAccountFilter{IDs: []int64{boss.ID, stranger.ID}}, boss, stranger)
	people("everybody", registry.ReachAccountFilter{Every: true}, boss, member, lent, late, claimed, holder, stranger)

	grant := func(who registry.User, c registry.Channel, level, group string) registry.ReachGrant {
		return registry.ReachGrant{PrincipalID: who.ID, ChannelGrant: registry.ChannelGrant{ChannelID: c.ID, Level: registry.ParseLevel(level), Group: group}}
	}
	owns, until := grant(member, team, "manage", "team_owners"), grant(lent, sub, "write", "devs")
	owns.Owners, until.Until = true, at(9)
	same(s, "what groups give", must[[]registry.ReachGrant](s, "grants")(s.ReachGrants(s.ctx(), ids, at(5))),
		[]registry.ReachGrant{owns, grant(member, sub, "write", "devs"), until})
	s.reachBounds(ids, holder, stranger)
	s.reachTokens(ids, named, boss, stranger)
}

// reachBounds goes on with the order in which tokens can stand at most.
func (s *suite) reachBounds(ids []int64, holder, stranger registry.User) {
	s.Helper()
	resource := func(name string, levels ...string) registry.Token {
		return s.token(holder, name, func(t *registry.Token) {
			t.Kind, t.Scopes = registry.ParseTokenKind("resource"), 0
			for i, l := range levels {
				t.Resources = append(t.Resources, registry.TokenResource{ChannelID: ids[i], Level: registry.ParseLevel(l)})
			}
		})
	}
	manages, both, late := resource("m", "manage"), resource("b", "read", "write"), resource("Ärger", "read")
	scoped := s.token(stranger, "s", func(*registry.Token) {})
	over := s.token(stranger, "over", func(t *registry.Token) { t.ExpiresAt = at(1) })
	level := registry.ParseLevel("write")
	f := registry.ReachBoundFilter{Top: func([]string) registry.Level { return level }, Floor: registry.ParseLevel("manage")}
	f.Channels, f.Owners = ids, []int64{stranger.ID}
	look := func(what string, f registry.ReachBoundFilter, p registry.Page, want ...string) {
		s.Helper()
		var got []string
		for _, b := range must[[]registry.ReachBound](s, what)(s.ReachBounds(s.ctx(), f, p)) {
			got = append(got, b.Name+" "+b.Top.String())
		}
		same(s, what, got, want)
	}
	all := registry.Page{Limit: 100}
	look("in their order", f, all, "m manage", "b write", "named write", "over write", "s write", "Ärger read")
	look("a part of them", f, registry.Page{Offset: 1, Limit: 2}, "b write", "named write")
	level = registry.ParseLevel("read")
	look("with scopes for less", f, all, "m manage", "b write", "named write", "over read", "s read", "Ärger read")
	f.Tops = map[registry.Level][]int64{registry.ParseLevel("write"): {holder.ID}}
	look("of an owner who has less", f, all, "b write", "m write", "named write", "over read", "s read", "Ärger read")
	f.Tops, f.Floor = map[registry.Level][]int64{registry.ParseLevel("manage"): {holder.ID}}, 0
	look("of one who has nothing", f, all, "m manage", "b write", "named write", "Ärger read", "over none", "s none")
	f.Floor = registry.ParseLevel("manage")
	f.Alive = at(1)
	look("but for what is over", f, all, "m manage", "b write", "named write", "s read", "Ärger read")
	f.Level = registry.ParseLevel("manage")
	look("of a level", f, all, "m manage")
	f.Level, f.Query = 0, "b"
	look("with a letter, or with what only the program can tell", f, all, "b write", "Ärger read")
	f.Query = "r"
	look("with a letter of the owner", f, all, "m manage", "b write", "named write", "s read", "Ärger read")
	s.write(func(tx registry.Tx) error {
		return errors.Join(s.DeleteToken(s.ctx(), tx, manages.ID), s.DeleteToken(s.ctx(), tx, both.ID), s.DeleteToken(s.ctx(), tx, late.ID),
			s.DeleteToken(s.ctx(), tx, scoped.ID), s.DeleteToken(s.ctx(), tx, over.ID))
	})
}

// reachTokens goes on with the tokens: one that names a package, those of an account, and those that they minted.
func (s *suite) reachTokens(ids []int64, named registry.Token, boss, stranger registry.User) {
	s.Helper()
	scoped := s.token(boss, "scoped", func(t *registry.Token) { t.ExpiresAt, t.Restrictions.MaxUses = at(90), 3 })
	child := s.token(boss, "child", func(t *registry.Token) { t.MintedBy = scoped.Secrets[0].ID })
	s.token(stranger, "not asked for", func(*registry.Token) {})
	s.write(func(tx registry.Tx) error {
		_, err := s.DebitToken(s.ctx(), tx, child.ID)
		return errors.Join(err, s.InsertMinted(s.ctx(), tx, named.ID, at(5)))
	})
	var found []registry.ReachToken
	look := func(what string, f registry.ReachTokenFilter, want ...registry.ReachToken) {
		s.Helper()
		found = nil
		if err := s.ReachTokens(s.ctx(), f, func(t registry.ReachToken) { found = append(found, t) }); err != nil {
			s.Fatal(err)
		}
		same(s, what, found, want)
	}
	// Long texts are left out, and so is what only the one who presents a string needs.
	slim := func(t registry.Token, minted bool) registry.ReachToken {
		t.Description, t.Metadata, t.Secrets = "", []byte("{}"), slices.Clone(t.Secrets)
		for i, x := range t.Secrets {
			t.Secrets[i] = registry.Secret{ID: x.ID, TokenID: x.TokenID, CreatedAt: x.CreatedAt}
		}
		return registry.ReachToken{Token: t, Minted: minted}
	}
	job := slim(named, true)
	job.Resources = named.Resources[1:]
	used := slim(scoped, false)
	used.Restrictions.Uses = 1
	look("tokens that name the channel", registry.ReachTokenFilter{Channels: ids}, job)
	look("and those of an account", registry.ReachTokenFilter{Channels: ids, Owners: []int64{boss.ID}}, job, used, slim(child, false))
	look("one of them", registry.ReachTokenFilter{Channels: ids, Owners: []int64{boss.ID}, IDs: []int64{child.ID}}, slim(child, false))

	line := map[int64][]registry.LineToken{child.ID: {{
		Ancestor: registry.Ancestor{TokenID: scoped.ID, OwnerID: boss.ID, ExpiresAt: at(90), SecretCreated: at(0), MaxUses: 3}, PublicID: scoped.PublicID, Uses: 1,
	}}}
	same(s, "by what it was minted", must[map[int64][]registry.LineToken](s, "lines")(s.TokenLines(s.ctx(), []int64{named.ID, scoped.ID, child.ID})), line)
	use := func(token, channel int64, scope string, n int64, minute int) {
		u := registry.TokenUse{Channel: channel, Uses: n, LastUsedAt: at(minute)}
		u.DecodeScope(scope)
		s.write(func(tx registry.Tx) error { _, err := s.AddTokenUse(s.ctx(), tx, token, u, 10); return err })
	}
	use(scoped.ID, ids[0], "channel:view", 2, 4)
	use(scoped.ID, ids[0], "artifact:download", 3, 2)
	use(scoped.ID, ids[1], "artifact:download", 1, 9)
	use(child.ID, ids[0], "artifact:download", 1, 9)
	same(s, "what was used there", must[map[int64]registry.ReachUse](s, "uses")(s.ReachUses(s.ctx(), ids[0], []int64{named.ID, scoped.ID})),
		map[int64]registry.ReachUse{scoped.ID: {Uses: 5, LastUsedAt: at(4)}})
	boss.Disabled = true
	s.write(func(tx registry.Tx) error { return s.UpdateUser(s.ctx(), tx, boss) })
	line[child.ID][0].Disabled = true
	same(s, "with a disabled owner", must[map[int64][]registry.LineToken](s, "lines")(s.TokenLines(s.ctx(), []int64{child.ID})), line)
	s.write(func(tx registry.Tx) error {
		return s.KillSecret(s.ctx(), tx, scoped.Secrets[0], scoped, registry.Problem("revoked"), at(1))
	})
	same(s, "a line that has ended", must[map[int64][]registry.LineToken](s, "lines")(s.TokenLines(s.ctx(), []int64{child.ID})), map[int64][]registry.LineToken{child.ID: {{}}})
}
