package storetest

import (
	"kingsnake/internal/blob"
	"kingsnake/internal/index"
	"kingsnake/internal/registry"
)

// Privacies as the store keeps them.
const (
	private registry.Privacy = "private"
	public  registry.Privacy = "public"
)

// channel makes a channel of the first level.
func (s *suite) channel(name string, privacy registry.Privacy) registry.Channel {
	s.Helper()
	return s.putChannel(registry.Channel{Name: name, Path: name, Privacy: privacy})
}

func (s *suite) putChannel(c registry.Channel) registry.Channel {
	s.Helper()
	c.PublicID, c.Type, c.Indexing, c.CreatedAt, c.UpdatedAt = "channel-"+c.Path, registry.DefaultChannel, registry.DefaultIndexing, at(0), at(0)
	s.write(func(tx registry.Tx) (err error) {
		c.ID, err = s.InsertChannel(s.ctx(), tx, c)
		return err
	})
	return c
}

func (s *suite) channels() {
	open, team := s.channel("open", public), s.channel("team", private)
	sub := s.putChannel(registry.Channel{Name: "dev", Path: "team/dev", ParentID: team.ID, Privacy: private, Description: "Nightly"})
	same(s, "by path", must[registry.Channel](s, "read")(s.ChannelByPath(s.ctx(), nil, "team/dev")), sub)
	same(s, "subchannels", must[[]registry.Channel](s, "read")(s.Subchannels(s.ctx(), nil, team.ID)), []registry.Channel{sub})
	same(s, "of no parent", must[[]registry.Channel](s, "read")(s.Subchannels(s.ctx(), nil, 0)), nil)
	_, err := s.ChannelByPath(s.ctx(), nil, "TEAM")
	s.fails("another spelling", err, registry.ErrNoRecord)
	err = s.Store.Write(s.ctx(), func(tx registry.Tx) error {
		_, err := s.InsertChannel(s.ctx(), tx, registry.Channel{PublicID: "x", Name: "open", Path: "open"})
		return err
	})
	s.fails("a path that is taken", err, registry.ErrTaken)

	all := registry.ChannelSet{Top: true, Sub: true, All: true}
	for what, c := range map[string]struct {
		filter registry.ChannelFilter
		want   []registry.Channel
	}{
		"all of the first level":  {registry.ChannelFilter{Visible: []registry.ChannelSet{all}}, []registry.Channel{open, team}},
		"all":                     {registry.ChannelFilter{Visible: []registry.ChannelSet{all}, IncludeSubchannels: true}, []registry.Channel{open, team, sub}},
		"below one":               {registry.ChannelFilter{Visible: []registry.ChannelSet{all}, Parent: team.ID}, []registry.Channel{sub}},
		"nothing visible":         {registry.ChannelFilter{IncludeSubchannels: true}, nil},
		"a set of no kind":        {registry.ChannelFilter{Visible: []registry.ChannelSet{{All: true}}, IncludeSubchannels: true}, nil},
		"open ones":               {registry.ChannelFilter{Visible: []registry.ChannelSet{{Top: true, Sub: true, Open: []string{"public"}}}}, []registry.Channel{open}},
		"by number":               {registry.ChannelFilter{Visible: []registry.ChannelSet{{Top: true, Sub: true, IDs: []int64{team.ID}}}, IncludeSubchannels: true}, []registry.Channel{team}},
		"by parent":               {registry.ChannelFilter{Visible: []registry.ChannelSet{{Sub: true, Parents: []int64{team.ID}}}, IncludeSubchannels: true}, []registry.Channel{sub}},
		"all, within few":         {registry.ChannelFilter{Visible: []registry.ChannelSet{{Top: true, Sub: true, All: true, Limited: true, Within: []int64{sub.ID}}}, IncludeSubchannels: true}, []registry.Channel{sub}},
		"all, within none":        {registry.ChannelFilter{Visible: []registry.ChannelSet{{Top: true, Sub: true, All: true, Limited: true}}, IncludeSubchannels: true}, nil},
		"two sets":                {registry.ChannelFilter{Visible: []registry.ChannelSet{{Top: true, Privacies: []string{"private"}}, {Top: true, IDs: []int64{open.ID}}}, IncludeSubchannels: true}, []registry.Channel{open, team}},
		"by a word of the text":   {registry.ChannelFilter{Visible: []registry.ChannelSet{all}, IncludeSubchannels: true, Query: "NIGHT"}, []registry.Channel{sub}},
		"by privacy":              {registry.ChannelFilter{Visible: []registry.ChannelSet{all}, IncludeSubchannels: true, Privacy: private}, []registry.Channel{team, sub}},
		"by its path":             {registry.ChannelFilter{Visible: []registry.ChannelSet{all}, IncludeSubchannels: true, Path: sub.Path}, []registry.Channel{sub}},
		"by its path, hidden":     {registry.ChannelFilter{Visible: []registry.ChannelSet{{Top: true, Privacies: []string{"private"}}}, Path: open.Path}, nil},
		"by their public numbers": {registry.ChannelFilter{Visible: []registry.ChannelSet{all}, PublicIDs: []string{"channel-team"}}, []registry.Channel{team}},
	} {
		got, total, err := s.ListChannels(s.ctx(), c.filter, registry.Page{Limit: 10})
		if err != nil || total != int64(len(c.want)) {
			s.Errorf("%s: %d channels, %v, want %d", what, total, err, len(c.want))
		}
		same(s, what, got, c.want)
	}
	team.Description, team.Privacy, team.Indexing, team.UpdatedAt = "Ours", registry.Privacy("authenticated"), registry.FrozenIndexing, at(9)
	s.write(func(tx registry.Tx) error { return s.UpdateChannel(s.ctx(), tx, team) })
	same(s, "an update", must[registry.Channel](s, "read")(s.ChannelByPath(s.ctx(), nil, "team")), team)
}

func (s *suite) groups() {
	ada, bob := s.user("ada"), s.user("bob")
	c := s.channel("team", private)
	var owners, readers int64
	s.write(func(tx registry.Tx) (err error) {
		if owners, err = s.InsertGroup(s.ctx(), tx, registry.Group{PublicID: "g1", Name: "team_owners", OwnersOf: c.ID, CreatedAt: at(0), UpdatedAt: at(0)}); err != nil {
			return err
		}
		readers, err = s.InsertGroup(s.ctx(), tx, registry.Group{PublicID: "g2", Name: "readers", CreatedAt: at(0), UpdatedAt: at(0)})
		return err
	})
	s.write(func(tx registry.Tx) error {
		for _, step := range []error{
			s.SetMember(s.ctx(), tx, owners, ada.ID, registry.ParseLevel("manage")), s.SetMember(s.ctx(), tx, readers, bob.ID, registry.ParseLevel("write")),
			s.SetMember(s.ctx(), tx, readers, bob.ID, registry.ParseLevel("read")),
			s.SetChannelGroup(s.ctx(), tx, c.ID, owners, registry.ParseLevel("manage"), 1), s.SetChannelGroup(s.ctx(), tx, c.ID, readers, registry.ParseLevel("manage"), 1),
			s.SetChannelGroup(s.ctx(), tx, c.ID, readers, registry.ParseLevel("read"), 2),
		} {
			if step != nil {
				return step
			}
		}
		return nil
	})
	same(s, "owners", must[[]string](s, "owners")(s.ChannelOwners(s.ctx(), c.ID)), []string{"ada"})
	same(s, "everybody", must[[]int64](s, "principals")(s.ChannelPrincipals(s.ctx(), nil, c.ID)), []int64{ada.ID, bob.ID})
	same(s, "ada's grants", must[[]registry.ChannelGrant](s, "grants")(s.PrincipalGrants(s.ctx(), ada.ID)), []registry.ChannelGrant{{ChannelID: c.ID, Level: registry.ParseLevel("manage"), Group: "team_owners"}})
	same(s, "bob's grants", must[[]registry.ChannelGrant](s, "grants")(s.PrincipalGrants(s.ctx(), bob.ID)), []registry.ChannelGrant{{ChannelID: c.ID, Level: registry.ParseLevel("read"), Group: "readers"}})
	same(s, "bob's groups", must[map[int64]registry.Level](s, "groups")(s.PrincipalGroups(s.ctx(), bob.ID)), map[int64]registry.Level{readers: registry.ParseLevel("read")})
	s.membership(c, ada, bob, owners, readers)
	s.write(func(tx registry.Tx) error { return s.DeleteOwnersGroup(s.ctx(), tx, c.ID) })
	same(s, "without owners", must[[]string](s, "owners")(s.ChannelOwners(s.ctx(), c.ID)), nil)
	same(s, "ada's groups", must[map[int64]registry.Level](s, "groups")(s.PrincipalGroups(s.ctx(), ada.ID)), nil)
}

func (s *suite) deletedChannel() {
	u := s.user("ada")
	c := s.channel("team", private)
	f := s.file(c, "noarch", "a", "1.0", 0)
	t := s.token(u, "t", func(t *registry.Token) {
		t.Kind, t.Resources = registry.ParseTokenKind("resource"), []registry.TokenResource{{ChannelID: c.ID, Level: registry.ParseLevel("read")}}
	})
	old := blob.Sum([]byte("an index"))
	s.write(func(tx registry.Tx) error {
		if err := s.HoldBlobs(s.ctx(), tx, c.ID, "noarch", "shard", at(0), old); err != nil {
			return err
		}
		return s.SetPointer(s.ctx(), tx, c.ID, "noarch", registry.IndexRepodata, index.Pointer{Generation: 1, Hash: old, BuiltAt: at(0)})
	})
	s.write(func(tx registry.Tx) error { return s.DeleteChannel(s.ctx(), tx, c.ID) })
	s.fails("deleting it again", s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.DeleteChannel(s.ctx(), tx, c.ID) }), registry.ErrNoRecord)
	_, err := s.FileByKey(s.ctx(), nil, c.ID, "noarch", f.Filename)
	s.fails("its file", err, registry.ErrNoRecord)
	_, err = s.Pointer(s.ctx(), c.ID, "noarch", registry.IndexRepodata)
	s.fails("its index", err, registry.ErrNoRecord)
	if got := must[registry.Token](s, "token")(s.TokenByID(s.ctx(), nil, t.ID)); len(got.Resources) != 0 {
		s.Errorf("a token still reaches %v", got.Resources)
	}
	// Its blobs may go at once; a build that comes too late brings nothing back.
	s.write(func(tx registry.Tx) error {
		if err := s.SetPointer(s.ctx(), tx, c.ID, "noarch", registry.IndexRepodata, index.Pointer{Generation: 2, Hash: old, BuiltAt: at(0)}); err != nil {
			return err
		}
		return s.LapseBlobs(s.ctx(), tx, true, at(0))
	})
	_, err = s.Pointer(s.ctx(), c.ID, "noarch", registry.IndexRepodata)
	s.fails("an index built too late", err, registry.ErrNoRecord)
	for _, h := range []blob.Hash{old, f.SHA256} {
		if must[bool](s, "named")(s.BlobNamed(s.ctx(), nil, h)) {
			s.Errorf("blob %s is still named", h)
		}
	}
	if again := s.channel("team", private); again.ID == c.ID {
		s.Error("a channel's number was given twice")
	}
}

func (s *suite) likes() {
	all := []registry.ChannelSet{{Top: true, Sub: true, All: true}}
	for _, name := range []string{"a_b", "axb", "a!b", "a%b"} {
		s.channel(name, public)
	}
	for _, query := range []string{"a_b", "a!b", "a%b"} {
		got, total, err := s.ListChannels(s.ctx(), registry.ChannelFilter{Visible: all, Query: query}, registry.Page{Limit: 10})
		if err != nil || total != 1 || got[0].Name != query {
			s.Errorf("%q finds %d, %v, %v", query, total, got, err)
		}
	}
}
