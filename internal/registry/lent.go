package registry

import (
	"context"
	"slices"
	"time"
)

// lent is what a principal has by claims, for a while only.
type lent struct {
	roles, groups []Claimed
	grants        []ChannelGrant
}

// lent reads what claims give a principal now.
func (d *Directory) lent(ctx context.Context, principal int64) (l lent, err error) {
	now := d.now()
	if l.roles, err = d.store.ClaimRoles(ctx, nil, principal, now); err != nil {
		return l, err
	}
	if l.groups, err = d.store.ClaimGroups(ctx, nil, principal, now); err != nil || len(l.groups) == 0 {
		return l, err
	}
	l.grants, err = d.store.ClaimGrants(ctx, principal, now)
	return l, err
}

// withRoles adds the roles to those that the principal has anyway, sorted.
func (l lent) withRoles(own []string) []string {
	all := slices.Concat(own, claimedNames(l.roles))
	slices.Sort(all)
	return slices.Compact(all)
}

// lapses is when the first of it ends, the zero time for nothing.
func (l lent) lapses() (first time.Time) {
	for _, c := range slices.Concat(l.roles, l.groups) {
		if first.IsZero() || c.ExpiresAt.Before(first) {
			first = c.ExpiresAt
		}
	}
	return first
}
