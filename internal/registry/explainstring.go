package registry

import (
	"context"

	"kingsnake/conda/channel"
	"kingsnake/internal/access"
)

// holder makes the caller that a string of a token would come in as, with what is wrong with the string now, and tells
// whose it is or was: 0 where nobody's. It is no use of the string: nothing is counted and nothing recorded.
func (s *Access) holder(ctx context.Context, text string, c *access.Caller) (owner int64, err error) {
	if c.Principal = c.Fallback; c.Principal == nil {
		c.Principal = access.Anonymous()
	}
	c.Via = access.ViaToken
	m, ok := s.mint.Recognize(text)
	switch {
	case !ok && channel.IsMasked(text):
		c.Problem = access.ProblemMasked
		return 0, nil
	case !ok:
		c.Problem = access.ProblemMalformed
		return 0, nil
	}
	x, err := s.directory.Secret(ctx, m.MAC)
	if errorIsGone(err) {
		return s.deadHolder(ctx, m.MAC, c)
	}
	if err != nil {
		return 0, err
	}
	t, err := s.directory.Token(ctx, x.TokenID)
	if errorIsGone(err) {
		return s.deadHolder(ctx, m.MAC, c)
	}
	if err != nil {
		return 0, err
	}
	c.Token = t.Access()
	if c.Problem, err = s.problem(ctx, c, t, x); err != nil {
		return 0, err
	}
	c.Principal, err = s.directory.Principal(ctx, t.OwnerID)
	return t.OwnerID, err
}

// deadHolder is holder for a string that works no more, or never did.
func (s *Access) deadHolder(ctx context.Context, mac []byte, c *access.Caller) (int64, error) {
	d, err := s.directory.Dead(ctx, mac)
	if errorIsGone(err) {
		c.Problem = access.ProblemUnknown
		return 0, nil
	}
	c.Problem = d.Reason
	return d.OwnerID, err
}

// problem tells what is wrong with a string of a token that there is.
func (s *Access) problem(ctx context.Context, c *access.Caller, t Token, x Secret) (access.Problem, error) {
	policies, err := s.settings.Policies(ctx)
	if err != nil {
		return access.ProblemNone, err
	}
	life, problem := x.Span().Life(c.Now, t.ExpiresAt, policies.For(t.OwnerKind).MaxLifetime)
	if c.String = life; problem != access.ProblemNone {
		return problem, nil
	}
	line, err := s.directory.Ancestors(ctx, t)
	if err != nil {
		return access.ProblemNone, err
	}
	return Inherited(line, t.OwnerID, c.Now, policies.People.MaxLifetime, func(account int64) (bool, error) {
		p, err := s.directory.Principal(ctx, account)
		return err == nil && p.Active, err
	})
}
