package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kingsnake/internal/access"
)

// OwningStore tells what would be left behind without an account.
type OwningStore interface {
	SoleChannels(ctx context.Context, tx Tx, principal int64) ([]string, error)
	SoleGroups(ctx context.Context, tx Tx, principal int64) ([]Group, error)
}

// Ownings is what hangs on an account alone.
type Ownings struct {
	// Channels are the paths of those whose only owner it is. Others who are disabled do not count.
	Channels []string
	// Groups are those that nobody else manages.
	Groups []Group
	// Tokens are those that still work, at most maxPage of them.
	Tokens []Token
}

// Ownings tells what would be left behind, and what would end, if an account were deleted.
func (s *Accounts) Ownings(ctx context.Context, caller *access.Caller, ref string) (Ownings, error) {
	u, err := s.lookUp(ctx, nil, ref)
	for _, scope := range []access.Scope{access.UserView, access.UserTokenView} {
		if aerr := s.allow(ctx, caller, scope, access.OnAccount(u.ID)); aerr != nil {
			return Ownings{}, aerr
		}
	}
	if err != nil {
		return Ownings{}, err
	}
	var out Ownings
	if out.Channels, err = s.ownings.SoleChannels(ctx, nil, u.ID); err != nil {
		return out, err
	}
	if out.Groups, err = s.ownings.SoleGroups(ctx, nil, u.ID); err != nil {
		return out, err
	}
	if out.Tokens, _, err = s.tokens.tokens.ListTokens(ctx, TokenFilter{Owners: []int64{u.ID}, Now: s.now()}, Page{Limit: maxPage}); err != nil {
		return out, err
	}
	policy, err := s.tokens.PolicyFor(ctx, u.Kind)
	if err != nil {
		return out, err
	}
	out.Tokens = slices.DeleteFunc(out.Tokens, func(t Token) bool { return t.State(s.now(), policy.MaxLifetime) == TokenExpired })
	return out, nil
}

// keepOwners refuses to leave channels without an owner.
func (s *Accounts) keepOwners(ctx context.Context, w *work, u User) error {
	channels, err := s.ownings.SoleChannels(ctx, w.tx, u.ID)
	if err != nil || len(channels) == 0 {
		return err
	}
	const shown = 5
	names := strings.Join(channels[:min(shown, len(channels))], ", ")
	if more := len(channels) - shown; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	e := conflict("%s is the only owner of %s; add another owner there, or force the deletion, which leaves it to administrators", u.Name, names)
	e.Reason = "last_owner"
	return e
}
