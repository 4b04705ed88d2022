package storetest

import (
	"time"

	"kingsnake/internal/registry"
)

// tokenUses: uses of rights add up, the last time stays, there are no more rows than the limit, and they go with their
// token but stay when their channel is gone.
func (s *suite) tokenUses() {
	u := s.user("ada")
	c := s.channel("team", registry.Privacy("private"))
	t, other := s.token(u, "t", nil), s.token(u, "other", nil)
	add := func(token int64, use registry.TokenUse, limit int, want bool) {
		s.Helper()
		s.write(func(tx registry.Tx) error {
			stored, err := s.AddTokenUse(s.ctx(), tx, token, use, limit)
			if stored != want {
				s.Errorf("%+v with the limit %d: stored = %v, want %v", use, limit, stored, want)
			}
			return err
		})
	}
	use := func(scope string, channel int64, pkg string, n int64, minute int) registry.TokenUse {
		u := registry.TokenUse{Channel: channel, Package: pkg, Uses: n, LastUsedAt: at(minute)}
		u.DecodeScope(scope)
		return u
	}
	// 0 stands for no one channel and -1 for channels that are not noted one by one.
	add(t.ID, use("artifact:download", c.ID, "", 3, 5), 3, true)
	add(t.ID, use("artifact:download", c.ID, "", 2, 4), 3, true)
	add(t.ID, use("artifact:download", c.ID, "conda/numpy", 1, 6), 3, true)
	add(t.ID, use("channel:view", 0, "", 1, 1), 3, true)
	add(t.ID, use("channel:edit", c.ID, "", 1, 2), 3, false)
	add(t.ID, use("channel:view", 0, "", 1, 9), 3, true)
	add(other.ID, use("channel:view", -1, "", 7, 1), 1, true)
	add(t.ID+99, use("channel:view", 0, "", 1, 1), 3, false)

	sum := func(u registry.TokenUse, path string) registry.TokenUse { u.Path = path; return u }
	want := []registry.TokenUse{
		sum(use("artifact:download", c.ID, "", 5, 5), "team"), sum(use("artifact:download", c.ID, "conda/numpy", 1, 6), "team"),
		use("channel:view", 0, "", 2, 9),
	}
	same(s, "uses", must[[]registry.TokenUse](s, "uses")(s.TokenUses(s.ctx(), nil, t.ID)), want)
	s.write(func(tx registry.Tx) error { return s.DeleteChannel(s.ctx(), tx, c.ID) })
	want[0].Path, want[1].Path = "", ""
	same(s, "uses of a channel that is gone", must[[]registry.TokenUse](s, "uses")(s.TokenUses(s.ctx(), nil, t.ID)), want)
	s.write(func(tx registry.Tx) error { return s.PruneTokenUses(s.ctx(), tx, at(6)) })
	same(s, "uses that are not too old", must[[]registry.TokenUse](s, "uses")(s.TokenUses(s.ctx(), nil, t.ID)), want[1:])

	s.write(func(tx registry.Tx) error { return s.DeleteToken(s.ctx(), tx, t.ID) })
	same(s, "uses of a deleted token", must[[]registry.TokenUse](s, "uses")(s.TokenUses(s.ctx(), nil, t.ID)), nil)

	for minute := range 2 {
		s.write(func(tx registry.Tx) error {
			since, err := s.TokenUsesSince(s.ctx(), tx, at(minute))
			same(s, "since", since, at(0))
			return err
		})
	}
	other.DecodeScopes([]string{"channel:view"})
	s.write(func(tx registry.Tx) error { return s.SetTokenScopes(s.ctx(), tx, other) })
	same(s, "other scopes", must[registry.Token](s, "read")(s.TokenByID(s.ctx(), nil, other.ID)), other)
}

// lastUse: of two last uses of a string the later one stays, with where it came from.
func (s *suite) lastUse() {
	u := s.user("ada")
	t := s.token(u, "t", nil)
	for _, use := range []registry.SecretUse{
		{Uses: 2, At: at(5), Address: "192.0.2.9", Client: "pixi"}, {Uses: 1, At: at(4), Address: "192.0.2.1", Client: "conda"}, {Refusals: 3, At: time.Time{}},
	} {
		s.write(func(tx registry.Tx) error { return s.AddSecretUse(s.ctx(), tx, t.Secrets[0].ID, use) })
	}
	x := &t.Secrets[0]
	x.Uses, x.Refusals, x.LastUsedAt, x.LastUsedAddress, x.LastUsedClient = 3, 3, at(5), "192.0.2.9", "pixi"
	same(s, "last use", must[registry.Token](s, "read")(s.TokenByID(s.ctx(), nil, t.ID)), t)
}
