package storetest

import (
	"time"

	"kingsnake/internal/registry"
)

func (s *suite) endings() {
	u, c := s.user("ada"), s.channel("team", "private")
	never := s.token(u, "never", nil)
	soon := s.token(u, "soon", func(t *registry.Token) {
		t.Kind, t.Scopes, t.ExpiresAt = registry.ParseTokenKind("resource"), 0, at(60)
		t.Resources = []registry.TokenResource{{ChannelID: c.ID, Path: "team", Level: registry.ParseLevel("write")}}
	})
	later := s.token(u, "later", func(t *registry.Token) { t.ExpiresAt = at(90) })
	ending := func(t registry.Token, ends time.Time) registry.Ending {
		return registry.Ending{
			TokenID: t.ID, PublicID: t.PublicID, Name: t.Name, OwnerID: u.ID, OwnerPublicID: u.PublicID, Owner: u.Name, OwnerKind: u.Kind, Kind: t.Kind,
			Since: t.Secrets[0].CreatedAt, Ends: ends,
		}
	}
	list := func(f registry.EndingFilter) []registry.Ending {
		if f.Limit == 0 {
			f.Limit = 10
		}
		return must[[]registry.Ending](s, "endings")(s.EndingTokens(s.ctx(), f))
	}
	first, second := ending(soon, at(60)), ending(later, at(90))
	same(s, "all", list(registry.EndingFilter{From: at(0), Until: at(100)}), []registry.Ending{first, second})
	same(s, "from the end of one on", list(registry.EndingFilter{From: at(60), Until: at(90)}), []registry.Ending{second})
	same(s, "until before the end", list(registry.EndingFilter{From: at(0), Until: at(89)}), []registry.Ending{first})
	same(s, "a page", list(registry.EndingFilter{From: at(0), Until: at(100), Limit: 1}), []registry.Ending{first})
	same(s, "the next page", list(registry.EndingFilter{From: at(0), Until: at(100), After: &first}), []registry.Ending{second})

	life := at(90).Sub(later.Secrets[0].CreatedAt)
	same(s, "of a long life", list(registry.EndingFilter{From: at(0), Until: at(100), MinLife: life}), []registry.Ending{second})

	age := never.Secrets[0].CreatedAt.Add(70 * time.Minute)
	aged := func(t registry.Token) registry.Ending { return ending(t, t.Secrets[0].CreatedAt.Add(70*time.Minute)) }
	got := list(registry.EndingFilter{From: at(-1000), Until: age.Add(time.Hour), MaxPeople: 70 * time.Minute})
	want := []registry.Ending{first, aged(never), aged(later)}
	same(s, "by age", got, want)
	same(s, "by the age of others", list(registry.EndingFilter{From: at(0), Until: at(100), MaxServices: time.Minute}), []registry.Ending{first, second})

	same(s, "channels", must[[]registry.TokenChannel](s, "channels")(s.TokenChannels(s.ctx(), []int64{soon.ID, later.ID})), []registry.TokenChannel{{TokenID: soon.ID, Path: "team"}})
	u.Disabled = true
	s.write(func(tx registry.Tx) error { return s.UpdateUser(s.ctx(), tx, u) })
	same(s, "of a disabled account", list(registry.EndingFilter{From: at(0), Until: at(100)}), nil)
}

func (s *suite) digests() {
	u := s.user("ada")
	t := s.token(u, "t", nil)
	begin := func(day int64) error {
		return s.Write(s.ctx(), func(tx registry.Tx) error { return s.BeginDigest(s.ctx(), tx, u.ID, "mail", day, at(0)) })
	}
	end := func(state registry.DigestState) {
		s.write(func(tx registry.Tx) error { return s.EndDigest(s.ctx(), tx, u.ID, "mail", state, at(1)) })
	}
	for _, step := range []struct {
		what  string
		day   int64
		taken bool
		end   registry.DigestState
	}{
		{"the first", 7, false, ""},
		{"one that is being sent", 7, true, registry.DigestFailed},
		{"one that failed", 7, false, registry.DigestSent},
		{"one that was sent", 7, true, ""},
		{"the day before", 6, true, ""},
		{"the next day", 8, false, registry.DigestSent},
	} {
		if err := begin(step.day); step.taken {
			s.fails(step.what, err, registry.ErrNoRecord)
		} else if err != nil {
			s.Errorf("%s: %v", step.what, err)
		}
		if step.end != "" {
			end(step.end)
		}
	}

	told := func() []registry.Told { return must[[]registry.Told](s, "told")(s.ToldNotices(s.ctx(), u.ID, "mail")) }
	same(s, "nothing told", told(), nil)
	for _, want := range []registry.Told{{TokenID: t.ID, Ends: at(5), Lead: 30}, {TokenID: t.ID, Ends: at(6), Lead: 7}} {
		s.write(func(tx registry.Tx) error { return s.SetTold(s.ctx(), tx, u.ID, "mail", want) })
		same(s, "told", told(), []registry.Told{want})
	}
	s.write(func(tx registry.Tx) error {
		return s.SetTold(s.ctx(), tx, u.ID, "mail", registry.Told{TokenID: t.ID + 1000, Ends: at(5)})
	})
	same(s, "another way", must[[]registry.Told](s, "told")(s.ToldNotices(s.ctx(), u.ID, "webhook")), nil)
	s.write(func(tx registry.Tx) error { return s.DeleteToken(s.ctx(), tx, t.ID) })
	same(s, "of a token that is gone", told(), nil)

	_, err := s.DigestDayOf(s.ctx(), nil, 7)
	s.fails("a day without digests", err, registry.ErrNoRecord)
	for _, want := range []registry.DigestDay{{Day: 7, Attempts: 1}, {Day: 7, Attempts: 2, DueAt: at(9)}} {
		s.write(func(tx registry.Tx) error { return s.SetDigestDay(s.ctx(), tx, want) })
		same(s, "the day", must[registry.DigestDay](s, "the day")(s.DigestDayOf(s.ctx(), nil, 7)), want)
	}
	s.write(func(tx registry.Tx) error { return s.PruneDigestDays(s.ctx(), tx, 8) })
	_, err = s.DigestDayOf(s.ctx(), nil, 7)
	s.fails("a day that was forgotten", err, registry.ErrNoRecord)
}
