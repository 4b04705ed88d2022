package storetest

import (
	"time"

	"kingsnake/internal/registry"
)

// trust is whom channels let publish, and what became of it.
func (s *suite) trust() {
	c, other := s.channel("team", private), s.channel("other", private)
	rule := func(id string, channel registry.Channel, issuer string) registry.TrustRule {
		r := registry.TrustRule{
			PublicID: id, ChannelID: channel.ID, Channel: channel.Path, Issuer: issuer, Claims: map[string]string{"repository_id": "1"},
			Level: registry.ParseLevel("write"), Packages: []string{"a*"}, Lifetime: 15 * time.Minute, Description: "d", CreatedBy: "ada",
			CreatedAt: at(0), UpdatedAt: at(0),
		}
		s.write(func(tx registry.Tx) (err error) {
			r.ID, err = s.InsertTrustRule(s.ctx(), tx, r)
			return err
		})
		return r
	}
	one, two, far := rule("r1", c, "https://a.test"), rule("r2", c, "https://b.test"), rule("r3", other, "https://a.test")
	list, total, err := s.ListTrustRules(s.ctx(), nil, c.ID, registry.Page{Limit: 1, Offset: 1})
	same(s, "the second rule of a channel", list, []registry.TrustRule{two})
	if err != nil || total != 2 {
		s.Errorf("%d rules, %v, want 2", total, err)
	}
	same(s, "the rules about an issuer", must[[]registry.TrustRule](s, "rules")(s.IssuerTrustRules(s.ctx(), nil, "https://a.test")), []registry.TrustRule{one, far})
	_, err = s.TrustRule(s.ctx(), nil, other.ID, "r1")
	s.fails("a rule of another channel", err, registry.ErrNoRecord)
	one.Claims, one.Packages, one.Level, one.Lifetime, one.UpdatedAt = map[string]string{"project_id": "2"}, nil, registry.ParseLevel("read"), time.Minute, at(2)
	s.write(func(tx registry.Tx) error {
		if err := s.UpdateTrustRule(s.ctx(), tx, one); err != nil {
			return err
		}
		return s.UseTrustRule(s.ctx(), tx, one.ID, at(3))
	})
	one.Uses, one.LastUsedAt = 1, at(3)
	same(s, "a changed rule", must[registry.TrustRule](s, "rule")(s.TrustRule(s.ctx(), nil, c.ID, "r1")), one)
	s.write(func(tx registry.Tx) error { return s.DeleteTrustRule(s.ctx(), tx, two.ID) })
	s.fails("deleting it again", s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.DeleteTrustRule(s.ctx(), tx, two.ID) }), registry.ErrNoRecord)
	s.minted()
}

// minted are tokens of jobs, and what is lent to their account.
func (s *suite) minted() {
	s.Helper()
	u := s.user("robot")
	var token, group int64
	s.write(func(tx registry.Tx) (err error) {
		if group, err = s.InsertGroup(s.ctx(), tx, registry.Group{PublicID: "g", Name: "robots", CreatedAt: at(0), UpdatedAt: at(0)}); err != nil {
			return err
		}
		token, err = s.InsertToken(s.ctx(), tx, registry.Token{PublicID: "t", OwnerID: u.ID, Kind: registry.ParseTokenKind("resource"), Name: "job", Metadata: []byte("{}"), CreatedAt: at(0), UpdatedAt: at(0)})
		if err != nil {
			return err
		}
		return s.InsertMinted(s.ctx(), tx, token, at(5))
	})
	lend := func(until time.Time) {
		s.Helper()
		s.write(func(tx registry.Tx) error { return s.LendMembership(s.ctx(), tx, group, u.ID, until) })
	}
	lend(at(9))
	lend(at(7))
	same(s, "what was lent", must[[]registry.Claimed](s, "groups")(s.ClaimGroups(s.ctx(), nil, u.ID, at(1))), []registry.Claimed{{ID: group, Name: "robots", ExpiresAt: at(9)}})
	remote := registry.Member{PrincipalID: u.ID, PublicID: u.PublicID, Name: u.Name, Level: registry.ParseLevel("read"), Remote: true}
	members := func(now time.Time, want ...registry.Member) {
		s.Helper()
		list, total, err := s.ListMembers(s.ctx(), group, now, registry.Page{Limit: 10})
		same(s, "the members", list, want)
		if err != nil || int(total) != len(want) {
			s.Errorf("%d members, %v, want %d", total, err, len(want))
		}
	}
	members(at(8), remote)
	members(at(9))
	s.write(func(tx registry.Tx) error {
		return s.SetMember(s.ctx(), tx, group, u.ID, registry.ParseLevel("manage"))
	})
	own := remote
	own.Level, own.Remote = registry.ParseLevel("manage"), false
	members(at(8), own)
	s.write(func(tx registry.Tx) error { return s.PruneMinted(s.ctx(), tx, at(5)) })
	if _, err := s.TokenByID(s.ctx(), nil, token); err != nil {
		s.Errorf("a job's token that has just ended: %v", err)
	}
	s.write(func(tx registry.Tx) error { return s.PruneMinted(s.ctx(), tx, at(6)) })
	_, err := s.TokenByID(s.ctx(), nil, token)
	s.fails("a job's token that ended long ago", err, registry.ErrNoRecord)
}
