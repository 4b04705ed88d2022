package registry

import (
	"context"
	"iter"
	"slices"
	"time"

	"kingsnake/internal/access"
)

// endingPage is how many tokens are read at a time, and maxEndings bounds how many are told of on one day in all.
const (
	endingPage = 1000
	maxEndings = 100_000
)

// filter chooses the tokens that end in a span of time and of which notice can be given.
func (s *Notifications) filter(ctx context.Context, from, until time.Time, limit int) (EndingFilter, error) {
	p, err := s.settings.Policies(ctx)
	return EndingFilter{
		From: from, Until: until, MinLife: minNoticed, Limit: limit, MaxPeople: p.People.MaxLifetime, MaxServices: p.Services.MaxLifetime,
	}, err
}

// Soonest gives the tokens that end first, among those that ended within the last day or for which the time of notices has
// come. It asks nobody.
func (s *Notifications) Soonest(ctx context.Context, limit int) ([]Ending, error) {
	now := s.now()
	f, err := s.filter(ctx, now.Add(-day), now.Add(NoticeWithin), limit)
	if err != nil {
		return nil, err
	}
	return s.digests.EndingTokens(ctx, f)
}

// pages gives the tokens that end in a span of time, a page at a time, the first to end first.
func (s *Notifications) pages(ctx context.Context, from, until time.Time) iter.Seq2[[]Ending, error] {
	return func(yield func([]Ending, error) bool) {
		f, err := s.filter(ctx, from, until, endingPage)
		if err != nil {
			yield(nil, err)
			return
		}
		for range maxEndings / endingPage {
			page, err := s.digests.EndingTokens(ctx, f)
			if len(page) == 0 && err == nil || !yield(page, err) || err != nil || len(page) < endingPage {
				return
			}
			f.After = &page[len(page)-1]
		}
	}
}

// audience gives, by the number of the account, the tokens of whose end each is to know now.
func (s *Notifications) audience(ctx context.Context, now time.Time) (map[int64][]Ending, error) {
	a := &audience{Notifications: s, now: now, told: map[int64][]Ending{}, managers: map[string][]int64{}, people: map[int64]*access.Principal{}}
	for page, err := range s.pages(ctx, now.Add(-endedWithin), now.Add(NoticeWithin)) {
		if err != nil {
			return nil, err
		}
		due := page[:0]
		for _, e := range page {
			if e.Lead = leadOf(e.Since, e.Ends, now); e.Lead != noLead {
				due = append(due, e)
			}
		}
		if err := a.add(ctx, due); err != nil {
			return nil, err
		}
	}
	return a.told, nil
}

// audience is who is told of what, while it is found out.
type audience struct {
	*Notifications
	now  time.Time
	told map[int64][]Ending
	// managers are those of channels, by path, and people who may be some, by number.
	managers map[string][]int64
	people   map[int64]*access.Principal
}

// add finds out who is told of some tokens.
func (a *audience) add(ctx context.Context, page []Ending) error {
	ids := make([]int64, len(page))
	for i, e := range page {
		ids[i] = e.TokenID
	}
	reached, err := a.digests.TokenChannels(ctx, ids)
	if err != nil {
		return err
	}
	channels := map[int64][]string{}
	for _, r := range reached {
		channels[r.TokenID] = append(channels[r.TokenID], r.Path)
	}
	for _, e := range page {
		if err := a.addOne(ctx, e, channels[e.TokenID]); err != nil {
			return err
		}
	}
	return nil
}

// addOne finds out who is told of one token: its owner of all of it, and whoever manages a channel that it reaches of that.
// A scope token reaches wherever its owner may go, and is its owner's business alone.
func (a *audience) addOne(ctx context.Context, e Ending, channels []string) error {
	theirs := map[int64][]string{}
	if e.Home != "" && !slices.Contains(channels, e.Home) {
		channels = append(channels, e.Home)
	}
	for _, path := range channels {
		managers, err := a.managersOf(ctx, path)
		if err != nil {
			return err
		}
		for _, id := range managers {
			theirs[id] = append(theirs[id], path)
		}
	}
	if e.OwnerKind == access.KindUser {
		theirs[e.OwnerID] = channels
	}
	for id, paths := range theirs {
		one := e
		one.Channels = paths
		a.told[id] = append(a.told[id], one)
	}
	return nil
}

// managersOf gives the people who manage a channel now by a group, be it the owners' or another. Administrators manage all
// channels, and are told only of those that are theirs besides.
func (a *audience) managersOf(ctx context.Context, path string) ([]int64, error) {
	if known, ok := a.managers[path]; ok {
		return known, nil
	}
	c, err := a.lookup.find(ctx, path)
	if err != nil || c.ID == 0 {
		return nil, err
	}
	var managers []int64
	for _, channel := range []int64{c.ID, c.ParentID} {
		if channel == 0 {
			continue
		}
		members, err := a.digests.ChannelPrincipals(ctx, nil, channel)
		if err != nil {
			return nil, err
		}
		managers = append(managers, members...)
	}
	slices.Sort(managers)
	managers = slices.Compact(managers)
	kept := managers[:0]
	for _, id := range managers {
		p, err := a.principal(ctx, id)
		if err != nil {
			return nil, err
		}
		person := &access.Caller{Principal: p, Via: access.ViaSession, Now: a.now}
		if p.Kind == access.KindUser && p.Active && a.may(person, access.ServiceAccountEdit, access.OnChannel(c.Access())) {
			kept = append(kept, id)
		}
	}
	a.managers[path] = kept
	return kept, nil
}

// principal gives an account, which may have to do with many channels, as it was when it was first asked for.
func (a *audience) principal(ctx context.Context, id int64) (*access.Principal, error) {
	if p := a.people[id]; p != nil {
		return p, nil
	}
	p, err := a.directory.Principal(ctx, id)
	if err == nil {
		a.people[id] = p
	}
	return p, err
}
