package identity

import (
	"context"
	"errors"
	"fmt"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// Again makes the caller of an earlier request as of now, for work that goes on after the request is answered: its
// principal and its token as they are by now, from the address that it came from. A token that ended meanwhile is a
// problem of the caller's, as it would be of a request. The end of a session is none: people log out and expect their
// jobs to be done.
func (r *Resolver) Again(ctx context.Context, a registry.Asker) (*access.Caller, error) {
	c := &access.Caller{Address: a.Address, Client: a.Client, RequestID: a.RequestID, Now: r.now(), SecretID: a.SecretID}
	if err := r.feed.Fresh(ctx, c.Now); err != nil {
		return nil, err
	}
	everyone, err := r.anonymous(ctx)
	if err != nil {
		return nil, err
	}
	c.Principal, c.Fallback = everyone, everyone
	switch a.Via {
	case access.ViaSystem.String(), access.ViaLocal.String():
		c.Principal, c.Via = access.System(a.Principal), access.ViaSystem
		return c, nil
	case access.ViaSession.String():
		c.Via = access.ViaSession
		return c, r.again(ctx, c, a.PrincipalID)
	case access.ViaToken.String():
		return c, r.tokenAgain(ctx, c, a)
	}
	return nil, fmt.Errorf("a caller by way of %q cannot be made again", a.Via)
}

// again sets the caller to a principal, or notes that it is disabled.
func (r *Resolver) again(ctx context.Context, c *access.Caller, principal int64) error {
	p, err := r.principal(ctx, principal, c.Now)
	if err != nil {
		return err
	}
	if !p.Active {
		c.Problem = access.ProblemDisabled
		return nil
	}
	c.Principal = p
	return nil
}

// tokenAgain sets the caller to the owner of a token, or notes why the token's string works no longer.
func (r *Resolver) tokenAgain(ctx context.Context, c *access.Caller, a registry.Asker) error {
	t, err := r.token(ctx, a.TokenID)
	if errors.Is(err, registry.ErrNoRecord) {
		c.Problem = access.ProblemRevoked
		return nil
	}
	if err != nil {
		return err
	}
	if c.String, c.Problem, err = r.lifeOf(ctx, t, a.SecretID, c.Now); c.Problem != access.ProblemNone || err != nil {
		return err
	}
	if c.Problem, err = r.inherited(ctx, c.Now, t); c.Problem != access.ProblemNone || err != nil {
		return err
	}
	// Where uses are counted, the request has paid for all that it asked for.
	c.Token, c.Via, c.Spent = t.access, access.ViaToken, true
	return r.again(ctx, c, t.owner)
}
