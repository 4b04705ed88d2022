package storetest

import (
	"errors"

	"kingsnake/internal/registry"
)

// losses counts what goes with a channel, and with its subchannel.
func (s *suite) losses() {
	c, other := s.channel("team", private), s.channel("other", public)
	sub := s.putChannel(registry.Channel{Name: "dev", Path: "team/dev", ParentID: c.ID, Privacy: private})
	one, two := s.file(c, "noarch", "a", "1.0", 0), s.file(c, "linux-64", "a", "2.0", 3)
	three := s.file(sub, "noarch", "b", "1.0", 0)
	s.file(other, "noarch", "c", "1.0", 0)
	s.write(func(tx registry.Tx) error {
		return errors.Join(s.AddChannelBytes(s.ctx(), tx, c.ID, one.Size+two.Size), s.AddChannelBytes(s.ctx(), tx, sub.ID, three.Size))
	})
	reaches := func(channels ...registry.Channel) func(*registry.Token) {
		return func(t *registry.Token) {
			t.Kind = registry.ParseTokenKind("resource")
			for _, c := range channels {
				t.Resources = append(t.Resources, registry.TokenResource{ChannelID: c.ID, Level: registry.ParseLevel("read")})
			}
		}
	}
	ada, robot := s.user("ada"), s.user("robot")
	s.token(ada, "both", reaches(c, sub))
	s.token(ada, "other", reaches(other))
	s.token(robot, "ci", reaches(sub))
	job := s.token(robot, "job", reaches(sub))
	v := s.channel("all", public)
	s.write(func(tx registry.Tx) error {
		group, err := s.InsertGroup(s.ctx(), tx, registry.Group{PublicID: "g", Name: "robots", CreatedAt: at(0), UpdatedAt: at(0)})
		if err != nil {
			return err
		}
		if err := s.InsertServiceAccount(s.ctx(), tx, registry.ServiceAccount{ID: robot.ID, ChannelID: sub.ID, GroupID: group}); err != nil {
			return err
		}
		if _, err := s.InsertTrustRule(s.ctx(), tx, registry.TrustRule{PublicID: "r", ChannelID: sub.ID, Issuer: "https://a.test", Level: registry.ParseLevel("read")}); err != nil {
			return err
		}
		if err := s.InsertMinted(s.ctx(), tx, job.ID, at(5)); err != nil {
			return err
		}
		return s.SetChannelSources(s.ctx(), tx, v.ID, []registry.Channel{c, other})
	})
	for what, x := range map[string]struct {
		channel registry.Channel
		want    registry.Losses
	}{
		"a channel": {c, registry.Losses{
			Packages: 2, Files: 3, Size: one.Size + two.Size + three.Size, Subchannels: 1, Tokens: 2, ServiceTokens: 1, TrustRules: 1, Virtual: 1,
		}},
		"its subchannel": {sub, registry.Losses{Packages: 1, Files: 1, Size: three.Size, Tokens: 2, ServiceTokens: 1, TrustRules: 1}},
		"an empty one":   {v, registry.Losses{}},
	} {
		same(s, what, must[registry.Losses](s, "losses")(s.ChannelLosses(s.ctx(), x.channel.ID)), x.want)
	}
}
