package storetest

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"sync"
	"time"

	"kingsnake/internal/registry"
)

// record records events in one write.
func (s *suite) record(events ...registry.Event) {
	s.Helper()
	s.write(func(tx registry.Tx) error {
		for _, e := range events {
			if err := s.InsertAudit(s.ctx(), tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *suite) audit() {
	want := []registry.Event{
		{At: at(0), Type: registry.EventLogin, Outcome: registry.Done, PrincipalID: 3, Principal: "ada", Data: "{}"},
		{
			At: at(1), Type: registry.EventDenied, Outcome: registry.Denial, PrincipalID: 3, Principal: "ada", Via: "token", TokenID: "t", SubjectID: 5,
			ChannelID: 4, Target: "team", Scope: "channel:view", Reason: "no_grant", Address: "192.0.2.1", Client: "conda", RequestID: "r", Data: `{"a":1}`,
		},
	}
	s.record(want...)
	want[0] = want[0].Chained(1, registry.Link{})
	want[1] = want[1].Chained(2, want[0].Hash)
	same(s, "events", must[[]registry.Event](s, "audit")(s.ListAudit(s.ctx(), 0, 10)), want)
	same(s, "the first", must[[]registry.Event](s, "audit")(s.ListAudit(s.ctx(), 0, 1)), want[:1])
	same(s, "the rest", must[[]registry.Event](s, "audit")(s.ListAudit(s.ctx(), 1, 10)), want[1:])
	same(s, "the end", must[registry.AuditState](s, "state")(s.AuditState(s.ctx(), nil)), registry.AuditState{Seq: 2, Hash: want[1].Hash, Last: 2})
	if err := s.InsertAudit(s.ctx(), nil, want[0]); err == nil {
		s.Error("an event can be recorded outside of a write")
	}
	// What a client sends is kept as text that every database takes.
	s.record(registry.Event{At: at(2), Type: registry.EventLogin, Client: "a\xffb\x00c", Data: "{}"})
	odd := must[[]registry.Event](s, "audit")(s.ListAudit(s.ctx(), 2, 10))
	if len(odd) != 1 || odd[0].Client != "a\uFFFDb\uFFFDc" {
		s.Errorf("odd bytes came back as %v", odd)
	}
	s.sound(3)
}

// sound verifies the whole audit, of which there are to be so many rows.
func (s *suite) sound(rows int64) {
	s.Helper()
	all := must[[]registry.Event](s, "audit")(s.ListAudit(s.ctx(), 0, 10_000))
	state := must[registry.AuditState](s, "state")(s.AuditState(s.ctx(), nil))
	r, err := registry.VerifyAudit(registry.AuditEvidence{Rows: each(all), Heads: each[registry.Head](nil), State: &state})
	if err != nil || !r.Sound() || r.Rows != rows {
		s.Errorf("verification of %d rows: %v, %d rows, faults %v", rows, err, r.Rows, r.Faults)
	}
}

func each[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// auditChain records from many writers at once, through two connections, some of whom fail or panic.
func (s *suite) auditChain() {
	other := s.open(s.T, "site")
	defer func() {
		if err := other.Close(); err != nil {
			s.Error(err)
		}
	}()
	broken := errors.New("broken")
	var mu sync.Mutex
	var all sync.WaitGroup
	var want []string
	for i := range 90 {
		store := []Store{s.Store, other}[i%2]
		all.Go(func() {
			defer func() {
				if v := recover(); (v != nil) != (i%9 == 4) {
					s.Errorf("write %d panicked with %v", i, v)
				}
			}()
			err := store.Write(s.ctx(), func(tx registry.Tx) error {
				for n := range 1 + i%3 {
					e := registry.Event{At: at(i), Type: registry.EventLogin, Target: fmt.Sprintf("%d.%d", i, n), Data: "{}"}
					if err := store.InsertAudit(s.ctx(), tx, e); err != nil {
						return err
					}
				}
				switch i % 9 {
				case 3:
					return broken
				case 4:
					panic("on purpose")
				}
				return nil
			})
			if i%9 == 3 {
				s.fails("a write that fails", err, broken)
				return
			}
			if err != nil {
				s.Errorf("write %d: %v", i, err)
			}
			mu.Lock()
			defer mu.Unlock()
			for n := range 1 + i%3 {
				want = append(want, fmt.Sprintf("%d.%d", i, n))
			}
		})
	}
	all.Wait()
	s.sound(int64(len(want)))
	var got []string
	for _, e := range must[[]registry.Event](s, "audit")(s.ListAudit(s.ctx(), 0, 1000)) {
		got = append(got, e.Target)
	}
	slices.Sort(got)
	slices.Sort(want)
	same(s, "what was recorded", got, want)
}

func (s *suite) auditHeads() {
	_, err := s.LastHead(s.ctx(), nil)
	s.fails("the last of no heads", err, registry.ErrNoRecord)
	var heads []registry.Head
	for i := range 3 {
		h := registry.Head{
			Number: int64(i + 1), Day: "2026-11-2" + fmt.Sprint(i), Seq: int64(10 * i), Hash: registry.Link{1, byte(i)}, Rows: 10, SignedAt: at(i),
			Prev: registry.Link{2, byte(i)}, Key: "key", Signature: []byte{3, byte(i)},
		}
		s.write(func(tx registry.Tx) error { return s.InsertHead(s.ctx(), tx, h) })
		heads = append(heads, h)
	}
	same(s, "heads", must[[]registry.Head](s, "heads")(s.ListHeads(s.ctx(), 0, 10)), heads)
	same(s, "one", must[[]registry.Head](s, "heads")(s.ListHeads(s.ctx(), 1, 1)), heads[1:2])
	same(s, "the last", must[registry.Head](s, "last")(s.LastHead(s.ctx(), nil)), heads[2])
	err = s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.InsertHead(s.ctx(), tx, heads[0]) })
	s.fails("a number that is taken", err, registry.ErrTaken)
}

// auditQueries asks for events by each filter.
func (s *suite) auditQueries() {
	team, other := s.channel("team", private), s.channel("other", private)
	by := func(e registry.Event) registry.Event {
		e.Data = `{"fact":"A_b","channels":{"hidden":"read"}}`
		if e.Type == "" {
			e.Type = registry.EventLogin
		}
		if e.Outcome == "" {
			e.Outcome = registry.Done
		}
		return e
	}
	s.record(
		by(registry.Event{At: at(1), PrincipalID: 1, Principal: "ada", ChannelID: team.ID, Target: "team"}),
		by(registry.Event{At: at(2), PrincipalID: 1, Principal: "ada", TokenID: "t", ChannelID: other.ID, Target: "other/noarch/x"}),
		by(registry.Event{At: at(3), PrincipalID: 2, Principal: "bob", SubjectID: 1, Address: "192.0.2.1", Outcome: registry.Denial}),
		by(registry.Event{At: at(4), PrincipalID: 1, Principal: "ada", ChannelID: 99, Target: "gone", Client: "Conda"}),
		by(registry.Event{At: at(5), PrincipalID: 2, Principal: "bob", ChannelID: team.ID, Target: "team/part", Type: registry.EventUserCreated}),
		by(registry.Event{At: at(6), PrincipalID: 1, Principal: "ada", TokenID: "t", Outcome: registry.Denial, Type: registry.EventDeadTokenUsed}),
	)
	only := func(ids ...int64) []registry.ChannelSet {
		return []registry.ChannelSet{{Top: true, Sub: true, IDs: ids}}
	}
	login := []registry.EventType{registry.EventLogin, registry.EventLogout}
	for name, test := range map[string]struct {
		f    registry.AuditFilter
		want []int64
	}{
		"all":                     {registry.AuditFilter{}, []int64{6, 5, 4, 3, 2, 1}},
		"oldest first":            {registry.AuditFilter{OldestFirst: true, After: 2, Before: 6}, []int64{3, 4, 5}},
		"of a time":               {registry.AuditFilter{From: at(2), Until: at(4)}, []int64{3, 2}},
		"of types":                {registry.AuditFilter{Types: login}, []int64{4, 3, 2, 1}},
		"refused":                 {registry.AuditFilter{Outcome: registry.Denial}, []int64{6, 3}},
		"by name":                 {registry.AuditFilter{User: "bob"}, []int64{5, 3}},
		"by number":               {registry.AuditFilter{PrincipalID: 2}, []int64{5, 3}},
		"by token":                {registry.AuditFilter{Token: "t"}, []int64{6, 2}},
		"from an address":         {registry.AuditFilter{Address: "192.0.2.1"}, []int64{3}},
		"of a channel":            {registry.AuditFilter{ChannelID: team.ID}, []int64{5, 1}},
		"of a path":               {registry.AuditFilter{ChannelID: other.ID, Channel: "other"}, []int64{2}},
		"of a path that is gone":  {registry.AuditFilter{Channel: "gone"}, []int64{4}},
		"by a fact":               {registry.AuditFilter{Query: "a_B"}, []int64{6, 5, 4, 3, 2, 1}},
		"by a client":             {registry.AuditFilter{Query: "conda"}, []int64{4}},
		"by a fact that is shown": {registry.AuditFilter{Query: "a_B", Shown: []string{"fact"}}, []int64{6, 5, 4, 3, 2, 1}},
		"by a fact that is not":   {registry.AuditFilter{Query: "hidden", Shown: []string{"fact"}}, nil},
		"by a client that is not": {registry.AuditFilter{Query: "conda", Shown: []string{"fact"}}, nil},
		"by a client of one's own": {
			registry.AuditFilter{Query: "conda", Shown: []string{"fact"}, Reach: &registry.AccountReach{Account: 1, Visible: only(team.ID), Gone: true}}, []int64{4},
		},
		"by a client of another's": {
			registry.AuditFilter{Query: "conda", Shown: []string{"fact"}, Reach: &registry.AccountReach{Account: 2, Visible: only(team.ID), Gone: true}}, nil,
		},
		"by a target that is shown": {registry.AuditFilter{Query: "noarch", Shown: []string{"fact"}}, []int64{2}},
		"by no pattern":             {registry.AuditFilter{Query: "a%b"}, nil},
		"of an account, what is seen": {
			registry.AuditFilter{Reach: &registry.AccountReach{Account: 1, Visible: only(team.ID)}}, []int64{1},
		},
		"of an account, with what is gone and the site": {
			registry.AuditFilter{Reach: &registry.AccountReach{
				Account: 1, Visible: only(team.ID), Gone: true, Site: true, Warnings: []registry.EventType{registry.EventDeadTokenUsed},
			}}, []int64{6, 4, 1},
		},
		"of an account, by its token": {
			registry.AuditFilter{Reach: &registry.AccountReach{Account: 1, Token: "t", TokenVisible: only(other.ID)}}, []int64{2},
		},
		"of an account that sees nothing": {registry.AuditFilter{Reach: &registry.AccountReach{Account: 1}}, nil},
	} {
		var got []int64
		for _, e := range must[[]registry.Event](s, name)(s.FindAudit(s.ctx(), test.f, 0, 10)) {
			got = append(got, e.ID)
		}
		same(s, name, got, test.want)
		same(s, name+", counted", must[int64](s, name)(s.CountAudit(s.ctx(), test.f)), int64(len(test.want)))
	}
	page := must[[]registry.Event](s, "a page")(s.FindAudit(s.ctx(), registry.AuditFilter{}, 1, 2))
	if len(page) != 2 || page[0].ID != 5 || page[1].ID != 4 {
		s.Errorf("a page of two after the first = %v", page)
	}
	s.auditBounds()
}

// auditBounds asks how far some rows go, of the events that auditQueries recorded.
func (s *suite) auditBounds() {
	for name, test := range map[string]struct {
		f    registry.AuditFilter
		rows int
		want int64
	}{
		"behind two of all":       {registry.AuditFilter{Before: 6}, 2, 3},
		"behind more than all":    {registry.AuditFilter{Before: 6}, 9, 0},
		"behind two of a name":    {registry.AuditFilter{Before: 7, User: "ada"}, 2, 2},
		"behind all of a name":    {registry.AuditFilter{Before: 7, User: "bob"}, 2, 0},
		"behind one of a token":   {registry.AuditFilter{Before: 7, Token: "t"}, 1, 2},
		"behind none of a token":  {registry.AuditFilter{Before: 6, Token: "t"}, 0, 2},
		"behind one of no number": {registry.AuditFilter{Before: 1, User: "ada"}, 1, 0},
	} {
		same(s, name, must[int64](s, name)(s.AuditFloor(s.ctx(), test.f, test.rows)), test.want)
	}
	// The rows that indexes find by a number are those that a search finds.
	for name, f := range map[string]registry.AuditFilter{
		"of an account": {PrincipalID: 1}, "of a channel": {ChannelID: 1}, "of an account's reach": {Reach: &registry.AccountReach{Account: 1}},
	} {
		f.Before = math.MaxInt64
		all := must[[]registry.Event](s, name)(s.FindAudit(s.ctx(), f, 0, 100))
		if f.Reach != nil {
			all = nil // It sees fewer than are looked at, and those have their own test in the domain.
		}
		for i, e := range all {
			same(s, name, must[int64](s, name)(s.AuditFloor(s.ctx(), f, i)), e.ID)
		}
		same(s, name+" behind all", must[int64](s, name)(s.AuditFloor(s.ctx(), f, 100)), 0)
	}
	same(s, "the latest of none", must[time.Time](s, "latest")(s.AuditLatest(s.ctx(), 0, 10)), time.Time{})
	span := func(from, until time.Time, wantFirst, wantLast int64) {
		s.Helper()
		first, last, err := s.AuditSpan(s.ctx(), from, until, 2)
		if err != nil || first != wantFirst || last != wantLast {
			s.Errorf("from %s until %s: %d to %d, %v, want %d to %d", from, until, first, last, err, wantFirst, wantLast)
		}
	}
	span(time.Time{}, time.Time{}, 1, math.MaxInt64)
	span(at(3), time.Time{}, 3, math.MaxInt64)
	span(at(3), at(5), 3, 4)
	span(at(9), at(0), math.MaxInt64, 0)
}
