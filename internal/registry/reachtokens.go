package registry

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"kingsnake/internal/access"
)

// tokens lists tokens with what they are found and ordered by, or with all that is told of them.
func (v *survey) tokens(ctx context.Context, f ReachTokenFilter, whole bool, keep func(Reacher)) error {
	var children []ReachToken
	var minted []int64
	err := v.reach.ReachTokens(ctx, f, func(t ReachToken) {
		if t.MintedBy != 0 {
			children, minted = append(children, t), append(minted, t.ID)
			return
		}
		v.token(t, nil, whole, keep)
	})
	if err != nil || len(children) == 0 {
		return err
	}
	lines, err := v.reach.TokenLines(ctx, minted)
	for _, t := range children {
		v.token(t, lines[t.ID], whole, keep)
	}
	return err
}

// token lists one token, if it reaches the channel; line are those that it was minted by.
func (v *survey) token(t ReachToken, line []LineToken, whole bool, keep func(Reacher)) {
	owner := v.people[t.OwnerID]
	if owner == nil {
		return // It was made, or its owner came to reach the channel, after the accounts were read.
	}
	r := Reacher{Kind: ReacherToken, number: t.ID, ID: t.PublicID, Name: t.Name, Owner: t.Owner, State: v.stateOf(t.Token, owner, line)}
	if r.State != ReachActive && !v.filter.inactive {
		return
	}
	k, p := t.Access(), owner.principal
	spend(k, line)
	if r.State != ReachActive {
		k.ExpiresAt, k.Restrictions.NotBefore, p = time.Time{}, time.Time{}, enabled(p)
	}
	v.fill(&r, v.tokenCaller(p, k))
	names, packages := v.names(t.Token)
	given := names || len(packages) > 0 || t.Kind == access.ScopeToken && v.given(owner)
	if !v.listed(r, given) {
		return
	}
	last := lastUse(t.Token)
	r.LastUsedAt = last.LastUsedAt
	if !whole {
		keep(r)
		return
	}
	if len(line) > 0 {
		r.MintedBy = line[0].PublicID
	}
	r.OwnerID, r.TokenKind, r.OneTime, r.Minted, r.ExpiresAt = t.OwnerPublicID, t.Kind, t.OneTime(), t.Minted, v.endOf(t.Token, line)
	r.Packages, r.Restrictions = packages, v.bearing(t.Restrictions)
	r.Paths = append(v.ownPaths(t.Token, names, packages), v.paths(owner)...)
	if v.seesUse(t.Token) {
		r.LastUsedAddress, r.LastUsedClient = last.LastUsedAddress, last.LastUsedClient
	}
	keep(r)
}

// stateOf tells whether a token works now, and what keeps it from doing so.
func (v *survey) stateOf(t Token, owner *candidate, line []LineToken) ReachState {
	problem := access.ProblemRevoked
	for _, s := range t.Secrets {
		// The best of its strings counts. Those behind the current one are over or in their overlap.
		if _, problem = s.Span().Life(v.now, t.ExpiresAt, v.policies.For(t.OwnerKind).MaxLifetime); problem == access.ProblemNone {
			break
		}
	}
	if problem == access.ProblemNone {
		above, disabled := make([]Ancestor, len(line)), map[int64]bool{}
		for i, a := range line {
			above[i], disabled[a.OwnerID] = a.Ancestor, a.Disabled
		}
		// Whether an account is disabled is known here, so that asking cannot fail.
		problem, _ = Inherited(above, t.OwnerID, v.now, v.policies.People.MaxLifetime, func(id int64) (bool, error) { return !disabled[id], nil })
	}
	switch {
	case problem == access.ProblemDisabled, problem == access.ProblemNone && owner.Disabled:
		return ReachDisabled
	case problem == access.ProblemExpired, problem == access.ProblemTooOld:
		return ReachExpired
	case problem != access.ProblemNone:
		return ReachRevoked
	case v.now.Before(t.Restrictions.NotBefore):
		return ReachNotYet
	}
	return ReachActive
}

// endOf is when a token stops working, by itself or with what it was minted by; the zero time for never.
func (v *survey) endOf(t Token, line []LineToken) time.Time {
	ends := []time.Time{t.End(v.policies.For(t.OwnerKind).MaxLifetime)}
	for _, a := range line {
		ends = append(ends, a.ExpiresAt, a.SecretRetires)
		if limit := v.policies.People.MaxLifetime; limit > 0 {
			ends = append(ends, a.SecretCreated.Add(limit))
		}
	}
	ends = slices.DeleteFunc(ends, time.Time.IsZero)
	if len(ends) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(ends, time.Time.Compare)
}

// spend makes a token as good as used up if one that it was minted by is: a use is debited from all of them.
func spend(k *access.Token, line []LineToken) {
	for _, a := range line {
		if a.MaxUses > 0 && a.Uses >= a.MaxUses {
			k.Restrictions.MaxUses, k.Restrictions.Uses = a.MaxUses, a.MaxUses
		}
	}
}

// tokenCaller is a caller who comes with a token, from an address that it allows.
func (v *survey) tokenCaller(p *access.Principal, k *access.Token) *access.Caller {
	c := &access.Caller{Principal: p, Token: k, Via: access.ViaToken, Fallback: v.everyone, Now: v.now}
	if len(k.Restrictions.CIDRs) > 0 {
		c.Address = k.Restrictions.CIDRs[0].Addr()
	}
	return c
}

// names tells whether a token names the channel, and which packages of it, or of a source of a virtual one.
func (v *survey) names(t Token) (channel bool, packages []string) {
	if t.Kind != access.ResourceToken {
		return false, nil
	}
	for _, r := range t.Resources {
		switch {
		case r.ChannelID != v.channel.ID:
		case r.Package == "":
			channel = true
		default:
			packages = append(packages, r.Package)
		}
	}
	slices.Sort(packages)
	return channel, packages
}

// bearing are the restrictions that bear on this channel: of patterns for channels those that it matches, since the
// others are no business of whoever manages it.
func (v *survey) bearing(r access.Restrictions) access.Restrictions {
	r.Channels = slices.DeleteFunc(slices.Clone(r.Channels), func(p string) bool { return !access.MatchPattern(p, v.channel.Path) })
	return r
}

// lastUse is the string of a token that was used last.
func lastUse(t Token) (last Secret) {
	for _, s := range t.Secrets {
		if s.LastUsedAt.After(last.LastUsedAt) {
			last = s
		}
	}
	return last
}

// seesUse tells whether the caller may know from where and by which client a token was used: who may see the token itself.
func (v *survey) seesUse(t Token) bool {
	if t.OwnerKind == access.KindServiceAccount && t.Owner == ServiceAccountName(v.channel.Path) {
		return v.may(v.caller, access.ServiceAccountEdit, access.OnChannel(v.channel.Access()))
	}
	return v.may(v.caller, access.UserTokenView, access.OnAccount(t.OwnerID))
}

// title is what a rule is called: its description or, without one, what it demands.
func (r TrustRule) title() string {
	if r.Description != "" {
		return clip(r.Description, maxTokenName)
	}
	var claims []string
	for _, name := range slices.Sorted(maps.Keys(r.Claims)) {
		claims = append(claims, name+"="+r.Claims[name])
	}
	return clip(strings.Join(claims, ", "), maxTokenName)
}
