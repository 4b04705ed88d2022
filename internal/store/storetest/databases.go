package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"kingsnake/internal/registry"
)

// beside opens the database once more, as another process does.
func (s *suite) beside() Store {
	s.Helper()
	other := s.open(s.T, "site")
	s.Cleanup(func() {
		if err := other.Close(); err != nil {
			s.Error(err)
		}
	})
	return other
}

// twoWriters: writes of two processes that read first do not overtake one another, in whatever order they touch records,
// and the feed has them in the order in which they became durable.
func (s *suite) twoWriters() {
	const goroutines, each = 3, 8
	names := []string{"one", "two"}
	s.write(func(tx registry.Tx) error { return errors.Join(s.set(tx, "one", "0"), s.set(tx, "two", "0")) })
	var all sync.WaitGroup
	for i, db := range []Store{s.Store, s.beside()} {
		order := slices.Clone(names)
		if i == 1 {
			slices.Reverse(order)
		}
		for range goroutines {
			all.Go(func() {
				for range each {
					if err := db.Write(s.ctx(), func(tx registry.Tx) error { return s.count(db, tx, order) }); err != nil {
						s.Errorf("write: %v", err)
					}
				}
			})
		}
	}
	all.Wait()
	want := fmt.Sprint(2 * goroutines * each)
	s.hasSettings(map[string]string{"one": want, "two": want})
	changes := must[[]registry.Change](s, "feed")(s.ChangesAfter(s.ctx(), 0, 1000))
	for i, c := range changes {
		if c.Ref != int64(i+1) {
			s.Fatalf("change %d is that of write %d", i+1, c.Ref)
		}
	}
}

// count adds one to each of some settings, and tells the feed what the first one is then.
func (s *suite) count(db Store, tx registry.Tx, names []string) error {
	for _, name := range names {
		text, err := db.Setting(s.ctx(), tx, name)
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return err
		}
		if err := db.SetSetting(s.ctx(), tx, name, strconv.FormatInt(n+1, 10), at(0)); err != nil {
			return err
		}
		if name == names[0] {
			if err := db.InsertChange(s.ctx(), tx, registry.Change{Kind: registry.ChangedSetting, Ref: n + 1}, at(0)); err != nil {
				return err
			}
		}
	}
	return nil
}

// twoRunners: each job is claimed once, however many processes look for one.
func (s *suite) twoRunners() {
	const jobs = 20
	for i := range jobs {
		s.job(fmt.Sprintf("j%d", i), 1, 0, at(1))
	}
	var mu sync.Mutex
	claimed := map[string]int{}
	var all sync.WaitGroup
	for _, db := range []Store{s.Store, s.beside()} {
		for range 3 {
			all.Go(func() {
				for {
					var j registry.Job
					err := db.Write(s.ctx(), func(tx registry.Tx) (err error) {
						j, err = db.ClaimJob(s.ctx(), tx, at(2), at(5))
						return err
					})
					if errors.Is(err, registry.ErrNoRecord) {
						return
					}
					if err != nil {
						s.Errorf("claim: %v", err)
						return
					}
					mu.Lock()
					claimed[j.PublicID]++
					mu.Unlock()
				}
			})
		}
	}
	all.Wait()
	for i := range jobs {
		if n := claimed[fmt.Sprintf("j%d", i)]; n != 1 {
			s.Errorf("job j%d was claimed %d times", i, n)
		}
	}
}

// textOrder: texts are ordered by their bytes, and what was never used comes before what was.
func (s *suite) textOrder() {
	want := []string{"B-a", "_a", "a", "a-b", "a.b", "a0", "aa", "ä"}
	for _, i := range []int{3, 7, 0, 5, 1, 6, 2, 4} {
		s.channel(want[i], public)
	}
	all := []registry.ChannelSet{{Top: true, Sub: true, All: true}}
	list, _, err := s.ListChannels(s.ctx(), registry.ChannelFilter{Visible: all}, registry.Page{Limit: 100})
	var got []string
	for _, c := range list {
		got = append(got, c.Path)
	}
	if same(s, "order of channels", got, want); err != nil {
		s.Error(err)
	}

	u := s.user("ada")
	used, unused := s.token(u, "used", nil), s.token(u, "unused", nil)
	none := s.token(u, "none", nil)
	s.write(func(tx registry.Tx) error {
		return errors.Join(s.KillSecret(s.ctx(), tx, none.Secrets[0], none, "revoked", at(1)),
			s.AddSecretUse(s.ctx(), tx, used.Secrets[0].ID, registry.SecretUse{Uses: 1, At: at(5)}))
	})
	tokens, _, err := s.ListTokens(s.ctx(), registry.TokenFilter{Owners: []int64{u.ID}}, registry.Page{Limit: 10, Sort: []registry.Sort{{By: "last_used_at"}}})
	got = nil
	for _, t := range tokens {
		got = append(got, t.Name)
	}
	if same(s, "tokens by their last use", got, []string{unused.Name, none.Name, used.Name}); err != nil {
		s.Error(err)
	}
}

// badTexts: texts that not every database takes fail no write and no question.
func (s *suite) badTexts() {
	s.write(func(tx registry.Tx) error { return s.set(tx, "bad", "a\x00b\xffc") })
	s.write(func(tx registry.Tx) error { return s.set(tx, "bad", `{"a":"\u0000"}`) })
	s.hasSettings(map[string]string{"bad": `{"a":"\u0000"}`})
	all := []registry.ChannelSet{{Top: true, Sub: true, All: true}}
	c := s.channel("team", public)
	list, total, err := s.ListChannels(s.ctx(), registry.ChannelFilter{Visible: all, PublicIDs: []string{"x\x00\xff", c.PublicID}}, registry.Page{Limit: 9})
	if err != nil || total != 1 || list[0].ID != c.ID {
		s.Errorf("%d channels, %v, want the one that there is", total, err)
	}
	_, _, err = s.ListChannels(s.ctx(), registry.ChannelFilter{Visible: all, Query: "\x00\xff"}, registry.Page{Limit: 9})
	s.fails("a question with a zero", err, nil)
	_, err = s.ChannelByPath(s.ctx(), nil, "te\x00am")
	s.fails("a path with a zero", err, registry.ErrNoRecord)
}
