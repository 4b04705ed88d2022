package registry

import (
	"context"
	"iter"
	"maps"
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

// audience finds the tokens of whose end each account is to know now, and reads these accounts.
func (s *Notifications) audience(ctx context.Context, now time.Time) (*audience, error) {
	roles, err := s.directory.store.ListRoles(ctx, nil)
	if err != nil {
		return nil, err
	}
	a := &audience{Notifications: s, now: now, told: map[int64][]Ending{}, managers: map[string][]int64{}, people: map[int64]User{}, roles: roles}
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
	return a, a.meet(ctx, slices.Sorted(maps.Keys(a.told)))
}

// audience is who is told of what, while it is found out.
type audience struct {
	*Notifications
	now  time.Time
	told map[int64][]Ending
	// managers are those of channels, by path, and people who may be some, by number.
	managers map[string][]int64
	people   map[int64]User
	roles    []Role
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
	var paths []string
	for _, e := range page {
		if e.Home != "" && !slices.Contains(channels[e.TokenID], e.Home) {
			channels[e.TokenID] = append(channels[e.TokenID], e.Home)
		}
		paths = append(paths, channels[e.TokenID]...)
	}
	slices.Sort(paths)
	if err := a.findManagers(ctx, slices.Compact(paths)); err != nil {
		return err
	}
	for _, e := range page {
		a.addOne(e, channels[e.TokenID])
	}
	return nil
}

// addOne finds out who is told of one token: its owner of all of it, and whoever manages a channel that it reaches of that.
// A scope token reaches wherever its owner may go, and is its owner's business alone.
func (a *audience) addOne(e Ending, channels []string) {
	theirs := map[int64][]string{}
	for _, path := range channels {
		for _, id := range a.managers[path] {
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
}

// findManagers finds the people who manage some channels now by a group, be it the owners' or another. Administrators manage
// all channels, and are told only of those that are theirs besides.
func (a *audience) findManagers(ctx context.Context, paths []string) error {
	var found []Channel
	var ids []int64
	for _, path := range paths {
		if _, known := a.managers[path]; known {
			continue
		}
		c, err := a.lookup.find(ctx, path)
		if err != nil {
			return err
		}
		if a.managers[path] = nil; c.ID != 0 {
			found, ids = append(found, c), append(ids, c.ID, c.ParentID)
		}
	}
	if len(found) == 0 {
		return nil
	}
	grants, err := a.reach.ReachGrants(ctx, ids, a.now)
	if err != nil {
		return err
	}
	members, has := map[int64][]int64{}, map[int64][]ChannelGrant{}
	for _, g := range grants {
		members[g.ChannelID] = append(members[g.ChannelID], g.PrincipalID)
		has[g.PrincipalID] = append(has[g.PrincipalID], g.ChannelGrant)
	}
	if err := a.meet(ctx, slices.Sorted(maps.Keys(has))); err != nil {
		return err
	}
	for _, c := range found {
		some := slices.Concat(members[c.ID], members[c.ParentID])
		slices.Sort(some)
		for _, id := range slices.Compact(some) {
			u := a.people[id]
			p := u.principal(heldRoles(a.roles, u.Roles), has[id])
			person := &access.Caller{Principal: p, Via: access.ViaSession, Now: a.now}
			if p.Kind == access.KindUser && p.Active && a.may(person, access.ServiceAccountEdit, access.OnChannel(c.Access())) {
				a.managers[c.Path] = append(a.managers[c.Path], id)
			}
		}
	}
	return nil
}

// meet reads such of some accounts as were not read before. One that is gone by now stays the zero User.
func (a *audience) meet(ctx context.Context, ids []int64) error {
	ids = slices.DeleteFunc(ids, func(id int64) bool { return a.people[id].ID != 0 })
	if len(ids) == 0 {
		return nil
	}
	users, err := a.reach.ReachAccounts(ctx, ReachAccountFilter{IDs: ids}, a.now)
	for _, u := range users {
		a.people[u.ID] = u
	}
	return err
}
