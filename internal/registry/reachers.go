package registry

import (
	"context"
	"errors"
	"slices"
	"time"

	"kingsnake/internal/access"
)

// Reachers lists everybody and every token that can reach a channel, by which path and when last used, to who may ask
// why somebody may or may not do something there. What is not active, and who reaches the channel only because of its
// privacy, is listed when the filter says so.
//
// The store finds those who could reach the channel; what each of them may do there the decision itself says, as it
// would if they came in now.
func (s *Access) Reachers(ctx context.Context, caller *access.Caller, path string, in ReachInput, p Page) ([]Reacher, int64, error) {
	c, err := s.lookup.on(ctx, s.core, caller, access.AccessExplain, path)
	if err != nil {
		return nil, 0, err
	}
	if err := p.Validate(reachSortColumns...); err != nil {
		return nil, 0, err
	}
	f, err := in.filter()
	if err != nil {
		return nil, 0, err
	}
	if f.open {
		if err := s.seesEverybody(ctx, caller); err != nil {
			return nil, 0, err
		}
	}
	v, err := s.survey(ctx, caller, c, f)
	if err != nil {
		return nil, 0, err
	}
	l := reachList{filter: f}
	v.classes(l.add)
	v.accounts(l.add)
	if err := v.trusted(ctx, l.add); err != nil {
		return nil, 0, err
	}
	total, err := v.addTokens(ctx, &l, p)
	if err != nil {
		return nil, 0, err
	}
	found, err := v.whole(ctx, l, l.page(p))
	return found, total, err
}

// survey is what is known of a channel and of those who could reach it.
type survey struct {
	*Access
	caller *access.Caller
	filter reachFilter
	now    time.Time
	// policies are what the site demands of tokens.
	policies TokenPolicies

	channel Channel
	// above is the channel above a subchannel, and parent tells whether the caller may know its groups, once that was asked.
	above  access.Channel
	parent *bool
	// ids are the numbers of the channel, of the one above it and, of a virtual one, of its sources.
	ids []int64
	// people are those who could reach the channel, and owners of tokens that could, by number. In order are the former.
	people map[int64]*candidate
	order  []*candidate
	// roles are those of the site, grants what groups give on the channels, by account.
	roles  []Role
	grants map[int64][]ReachGrant
	// everyone stands for callers without a credential, everybody is what they may do on the channel, and signedIn what an
	// account without any group may do at most, whatever its roles.
	everyone            *access.Principal
	everybody, signedIn access.ScopeSet
}

// candidate is an account that could reach the channel.
type candidate struct {
	User
	grants    []ReachGrant
	principal *access.Principal
}

// seesEverybody asks whether the caller may see the site's accounts and tokens, which is what including those lists to
// whom a channel is open does.
func (s *Access) seesEverybody(ctx context.Context, caller *access.Caller) error {
	for _, scope := range []access.Scope{access.UserView, access.UserTokenView} {
		err := s.allow(ctx, caller, scope, access.OnAccount(0))
		if e, known := AsError(err); known && e.Denied != nil {
			return invalid("include", "including open would list the accounts and tokens of the site; that takes user:view and user.token:view, which administrators have")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// survey reads all that is needed but for the tokens and such of their owners as were given nothing on the channel.
func (s *Access) survey(ctx context.Context, caller *access.Caller, c Channel, f reachFilter) (*survey, error) {
	v := &survey{Access: s, caller: caller, filter: f, now: s.now(), channel: c, people: map[int64]*candidate{}, grants: map[int64][]ReachGrant{}}
	if err := v.findSources(ctx); err != nil {
		return nil, err
	}
	var err error
	if v.policies, err = s.settings.Policies(ctx); err != nil {
		return nil, err
	}
	if v.roles, err = s.directory.store.ListRoles(ctx, nil); err != nil {
		return nil, err
	}
	v.judgeClasses(v.roles)
	grants, err := s.reach.ReachGrants(ctx, v.ids, v.now)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		v.grants[g.PrincipalID] = append(v.grants[g.PrincipalID], g)
	}
	v.order, err = v.meet(ctx, ReachAccountFilter{Channels: v.ids, Every: f.open})
	return v, err
}

// meet reads accounts.
func (v *survey) meet(ctx context.Context, f ReachAccountFilter) ([]*candidate, error) {
	users, err := v.reach.ReachAccounts(ctx, f, v.now)
	met := make([]*candidate, 0, len(users))
	for _, u := range users {
		who := &candidate{User: u, grants: v.grants[u.ID]}
		plain := make([]ChannelGrant, len(who.grants))
		for i, g := range who.grants {
			plain[i] = g.ChannelGrant
		}
		who.principal = u.principal(heldRoles(v.roles, u.Roles), plain)
		v.people[u.ID], met = who, append(met, who)
	}
	return met, err
}

// findSources brings the sources of a virtual channel up to date, and numbers all channels that the answer hangs on.
func (v *survey) findSources(ctx context.Context) error {
	v.ids = []int64{v.channel.ID, v.channel.ParentID}
	if name := v.channel.Parent(); name != "" {
		above, err := v.lookup.find(ctx, name)
		if err != nil {
			return err
		}
		v.above = above.Access()
	}
	sources := slices.Clone(v.channel.Sources)
	for i, src := range sources {
		now, err := v.lookup.find(ctx, src.Path)
		if err != nil {
			return err
		}
		if now.ID != src.ID {
			now = unknownChannel(src.Path)
		}
		sources[i] = now
		v.ids = append(v.ids, now.ID, now.ParentID)
	}
	v.channel.Sources = sources
	v.ids = slices.DeleteFunc(v.ids, func(id int64) bool { return id <= 0 })
	slices.Sort(v.ids)
	v.ids = slices.Compact(v.ids)
	return nil
}

// judgeClasses finds what the channel's privacy gives to everybody and to every account.
func (v *survey) judgeClasses(roles []Role) {
	v.everyone = access.Anonymous()
	v.everyone.Ceiling = access.CeilingOf(heldRoles(roles, nil)...)
	v.everybody, _ = v.opened(&access.Caller{Principal: v.everyone, Fallback: v.everyone, Now: v.now})
	var most []access.Role
	for _, r := range roles {
		if r.Name != access.RoleAdmin {
			most = append(most, r.Role)
		}
	}
	account := &access.Principal{ID: noAccount, Kind: access.KindUser, Active: true, Ceiling: access.CeilingOf(most...)}
	v.signedIn, _ = v.opened(v.session(account))
}

// session is a caller who has signed in.
func (v *survey) session(p *access.Principal) *access.Caller {
	return &access.Caller{Principal: p, Via: access.ViaSession, Fallback: v.everyone, Now: v.now}
}

// classes lists whom the channel's privacy lets in.
func (v *survey) classes(keep func(Reacher)) {
	if v.everybody != 0 {
		keep(Reacher{
			Kind: ReacherEverybody, State: ReachActive, Name: "everybody", Level: v.everybody.Level(), Scopes: v.everybody,
			Paths: []ReachPath{{Via: ViaPublic, Level: access.Read}},
		})
	}
	if v.signedIn.Without(v.everybody) != 0 {
		keep(Reacher{
			Kind: ReacherSignedIn, State: ReachActive, Name: "every signed-in account", Level: v.signedIn.Level(), Scopes: v.signedIn,
			Paths: v.privacyPath(),
		})
	}
}

// privacyPath is what the channel's privacy gives to an account.
func (v *survey) privacyPath() []ReachPath {
	switch v.channel.Privacy {
	case access.Public:
		return []ReachPath{{Via: ViaPublic, Level: access.Read}}
	case access.Authenticated:
		return []ReachPath{{Via: ViaAuthenticated, Level: access.Read}}
	}
	return nil
}

// accounts lists the users and service accounts. Who was given nothing on the channel and is no administrator may do no more
// there than signedIn, so that owners of tokens need not be asked.
func (v *survey) accounts(keep func(Reacher)) {
	for _, who := range v.order {
		r := Reacher{Kind: ReacherUser, State: ReachActive, ID: who.PublicID, Name: who.Name, LastUsedAt: who.LastLoginAt}
		if who.Kind == access.KindServiceAccount {
			r.Kind = ReacherServiceAccount
		}
		p := who.principal
		if !p.Active {
			r.State, p = ReachDisabled, enabled(p)
		}
		r.Scopes, _ = v.opened(v.session(p))
		if !v.listed(r, v.given(who)) {
			continue
		}
		r.Level, r.Paths = r.Scopes.Level(), v.paths(who)
		r.Roles = v.held(who, r.Level)
		keep(r)
	}
}

// enabled is an account as it would be, were it not disabled.
func enabled(p *access.Principal) *access.Principal {
	again := *p
	again.Active = true
	return &again
}

// listed tells whether something that may do r.Scopes has a line of its own: where it was given anything, or reaches
// more than the channel's privacy gives to all.
func (v *survey) listed(r Reacher, given bool) bool {
	switch {
	case r.Scopes == 0, r.State != ReachActive && !v.filter.inactive:
		return false
	}
	return given || v.filter.open || r.Scopes.Without(v.signedIn) != 0
}

// trusted lists the rules by which CI jobs get tokens: what such a token could do.
func (v *survey) trusted(ctx context.Context, keep func(Reacher)) error {
	if !v.filter.wants(ReacherTrustRule) {
		return nil
	}
	a, err := v.services.ServiceAccountOf(ctx, nil, v.channel.ID)
	if errors.Is(err, ErrNoRecord) {
		return nil // Without an account, rules give nothing.
	}
	if err != nil {
		return err
	}
	rules, _, err := v.rules.ListTrustRules(ctx, nil, v.channel.ID, Page{Limit: maxTrustRules})
	if err != nil {
		return err
	}
	who := v.people[a.ID]
	if who == nil {
		return nil // The account was made after the others were read.
	}
	for _, rule := range rules {
		t := Token{Kind: access.ResourceToken, Resources: []TokenResource{{ChannelID: v.channel.ID, Level: rule.Level}}}
		t.Restrictions.Packages = rule.Packages
		r := Reacher{
			Kind: ReacherTrustRule, State: ReachActive, ID: rule.PublicID, Name: rule.title(), OwnerID: a.PublicID, Owner: a.Name,
			Packages: rule.Packages, LastUsedAt: rule.LastUsedAt,
		}
		if !slices.Contains(v.issuers, rule.Issuer) {
			r.State = ReachUntrusted
		}
		v.fill(&r, v.tokenCaller(enabled(who.principal), t.Access()))
		if v.listed(r, true) {
			r.Paths = append([]ReachPath{{Via: ViaTrust, Level: rule.Level}}, v.paths(who)...)
			keep(r)
		}
	}
	return nil
}

// fill sets what a caller may do.
func (v *survey) fill(r *Reacher, caller *access.Caller) {
	whole, part := v.opened(caller)
	r.Scopes, r.Partly = whole.Union(part), part.Without(whole)
	r.Level = r.Scopes.Level()
}
