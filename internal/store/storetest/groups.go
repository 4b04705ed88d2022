package storetest

import (
	"time"

	"kingsnake/internal/registry"
)

// membership goes on with the two groups of the test groups: ada alone in owners, bob alone in readers.
func (s *suite) membership(c registry.Channel, ada, bob registry.User, owners, readers int64) {
	read, manage := registry.ParseLevel("read"), registry.ParseLevel("manage")
	own := registry.Group{ID: owners, PublicID: "g1", Name: "team_owners", OwnersOf: c.ID, OwnersPath: "team", Members: 1, CreatedAt: at(0), UpdatedAt: at(0)}
	others := registry.Group{ID: readers, PublicID: "g2", Name: "readers", Members: 1, CreatedAt: at(0), UpdatedAt: at(0)}
	for ref, want := range map[string]registry.Group{"g1": own, "team_owners": own, "g2": others, "readers": others} {
		same(s, "group "+ref, must[registry.Group](s, "read")(s.GroupByRef(s.ctx(), nil, ref)), want)
	}
	_, err := s.GroupByRef(s.ctx(), nil, "READERS")
	s.fails("another spelling", err, registry.ErrNoRecord)
	first := registry.Page{Limit: 10}
	for what, f := range map[string]struct {
		filter registry.GroupFilter
		want   []registry.Group
	}{
		"all groups": {registry.GroupFilter{All: true}, []registry.Group{others, own}},
		"one":        {registry.GroupFilter{IDs: []int64{owners, 99}}, []registry.Group{own}},
		"none":       {registry.GroupFilter{}, nil},
		"by a word":  {registry.GroupFilter{All: true, Query: "READ"}, []registry.Group{others}},
	} {
		got, total, err := s.ListGroups(s.ctx(), f.filter, first)
		if err != nil || total != int64(len(f.want)) {
			s.Errorf("%s: %d, %v, want %d", what, total, err, len(f.want))
		}
		same(s, what, got, f.want)
	}
	s.channelGroups(c, own, others)

	members, total, err := s.ListMembers(s.ctx(), readers, at(0), first)
	if err != nil || total != 1 {
		s.Errorf("%d members, %v, want 1", total, err)
	}
	same(s, "members", members, []registry.Member{{PrincipalID: bob.ID, PublicID: bob.PublicID, Name: "bob", Level: read}})
	same(s, "principals", must[[]int64](s, "principals")(s.GroupPrincipals(s.ctx(), nil, readers)), []int64{bob.ID})
	s.ownersWhoSignIn(ada, bob, owners, manage)

	others.Name, others.Description, others.UpdatedAt = "guests", "Who only reads", at(3)
	s.write(func(tx registry.Tx) error { return s.UpdateGroup(s.ctx(), tx, others) })
	same(s, "renamed", must[registry.Group](s, "read")(s.GroupByRef(s.ctx(), nil, "guests")), others)
	own.Name = "guests"
	s.fails("a name that is taken", s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.UpdateGroup(s.ctx(), tx, own) }), registry.ErrTaken)
	s.write(func(tx registry.Tx) error { return s.RemoveMember(s.ctx(), tx, readers, bob.ID) })
	s.fails("removing nobody", s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.RemoveMember(s.ctx(), tx, readers, bob.ID) }), registry.ErrNoRecord)
	s.write(func(tx registry.Tx) error { return s.DeleteGroup(s.ctx(), tx, readers) })
	s.fails("deleting it again", s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.DeleteGroup(s.ctx(), tx, readers) }), registry.ErrNoRecord)
	same(s, "grants of a deleted group", must[map[int64]registry.Level](s, "levels")(s.GroupLevels(s.ctx(), nil, readers)), nil)
}

// channelGroups reads and removes what the two groups have on the channel.
func (s *suite) channelGroups(c registry.Channel, own, others registry.Group) {
	read, manage := registry.ParseLevel("read"), registry.ParseLevel("manage")
	first := registry.ChannelGroup{Group: others, Permission: read, CreatedAt: time.UnixMilli(1).UTC(), UpdatedAt: time.UnixMilli(2).UTC()}
	second := registry.ChannelGroup{Group: own, Permission: manage, Persistent: true, CreatedAt: time.UnixMilli(1).UTC(), UpdatedAt: time.UnixMilli(1).UTC()}
	list, total, err := s.ListChannelGroups(s.ctx(), c.ID, registry.Page{Limit: 10})
	if err != nil || total != 2 {
		s.Errorf("%d groups, %v, want 2", total, err)
	}
	same(s, "groups of the channel", list, []registry.ChannelGroup{first, second})
	for ref, want := range map[string]registry.ChannelGroup{"g1": second, "team_owners": second, "readers": first} {
		same(s, ref, must[registry.ChannelGroup](s, "read")(s.ChannelGroupByRef(s.ctx(), nil, c.ID, ref)), want)
	}
	other := s.channel("other", private)
	_, err = s.ChannelGroupByRef(s.ctx(), nil, other.ID, "readers")
	s.fails("a group of another channel", err, registry.ErrNoRecord)
	same(s, "channels of the group", must[map[int64]registry.Level](s, "levels")(s.GroupLevels(s.ctx(), nil, others.ID)), map[int64]registry.Level{c.ID: read})
	all := []registry.ChannelSet{{Top: true, Sub: true, All: true}}
	found, _, err := s.ListChannels(s.ctx(), registry.ChannelFilter{Visible: all, Group: others.ID}, registry.Page{Limit: 10})
	if err != nil {
		s.Fatal(err)
	}
	same(s, "channels with the group", found, []registry.Channel{c})
	s.write(func(tx registry.Tx) error { return s.RemoveChannelGroup(s.ctx(), tx, c.ID, others.ID) })
	s.fails("removing it again", s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.RemoveChannelGroup(s.ctx(), tx, c.ID, others.ID) }), registry.ErrNoRecord)
}

// ownersWhoSignIn counts owners with and without one, and those who cannot sign in.
func (s *suite) ownersWhoSignIn(ada, bob registry.User, owners int64, manage registry.Level) {
	count := func(except, want int64) {
		s.Helper()
		if got := must[int64](s, "count")(s.CountOwners(s.ctx(), nil, owners, except)); got != want {
			s.Errorf("%d owners besides %d, want %d", got, except, want)
		}
	}
	count(0, 1)
	count(ada.ID, 0)
	s.write(func(tx registry.Tx) error { return s.SetMember(s.ctx(), tx, owners, bob.ID, manage) })
	count(ada.ID, 1)
	bob.Disabled = true
	s.write(func(tx registry.Tx) error { return s.UpdateUser(s.ctx(), tx, bob) })
	count(ada.ID, 0)
	s.write(func(tx registry.Tx) error { return s.RemoveMember(s.ctx(), tx, owners, bob.ID) })
}

// serviceAccounts is about the account of a channel, which goes with the channel's row.
func (s *suite) serviceAccounts() {
	c, other := s.channel("team", private), s.channel("other", private)
	u := newUser("robot")
	u.Kind = registry.ParsePrincipalKind("service account")
	var group int64
	s.write(func(tx registry.Tx) (err error) {
		if u.ID, err = s.InsertUser(s.ctx(), tx, u); err != nil {
			return err
		}
		group, err = s.InsertGroup(s.ctx(), tx, registry.Group{PublicID: "g1", Name: "robots", CreatedAt: at(0), UpdatedAt: at(0)})
		return err
	})
	_, err := s.ServiceAccountOf(s.ctx(), nil, c.ID)
	s.fails("a channel without an account", err, registry.ErrNoRecord)
	want := registry.ServiceAccount{
		ID: u.ID, PublicID: u.PublicID, Name: "robot", Description: "for CI", ChannelID: c.ID, ChannelPath: "team", GroupID: group, CreatedBy: "ada",
		CreatedAt: at(0), UpdatedAt: at(1), Tokens: 2,
	}
	s.write(func(tx registry.Tx) error { return s.InsertServiceAccount(s.ctx(), tx, want) })
	s.fails("a second one", s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.InsertServiceAccount(s.ctx(), tx, want) }), registry.ErrTaken)
	read, write := registry.ParseLevel("read"), registry.ParseLevel("write")
	for name, level := range map[string]registry.Level{"one": read, "two": write} {
		s.token(u, name, func(t *registry.Token) {
			t.Kind, t.Scopes = registry.ParseTokenKind("resource"), 0
			t.Resources = []registry.TokenResource{{ChannelID: c.ID, Path: "team", Level: level}}
			if level == read {
				t.Resources = append(t.Resources, registry.TokenResource{ChannelID: other.ID, Path: "other", Level: read})
			}
		})
	}
	same(s, "the account", must[registry.ServiceAccount](s, "read")(s.ServiceAccountOf(s.ctx(), nil, c.ID)), want)
	same(s, "its tokens' levels", must[map[int64]registry.Level](s, "levels")(s.TokenLevels(s.ctx(), nil, u.ID)), map[int64]registry.Level{c.ID: write, other.ID: read})
	if g := must[registry.Group](s, "group")(s.GroupByRef(s.ctx(), nil, "robots")); g.AccountID != u.ID {
		s.Errorf("the group is that of account %d, want %d", g.AccountID, u.ID)
	}
	s.write(func(tx registry.Tx) error { return s.DeleteUser(s.ctx(), tx, u.ID) })
	_, err = s.ServiceAccountOf(s.ctx(), nil, c.ID)
	s.fails("a deleted account", err, registry.ErrNoRecord)
}
