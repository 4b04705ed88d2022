package registry

import (
	"context"
	"errors"
	"strings"

	"kingsnake/internal/access"
)

// Access is the service that explains decisions.
type Access struct {
	*core
	accounts  AccountStore
	tokens    TokenStore
	directory *Directory
	lookup    *channelLookup
	mint      Mint

	reach    ReachStore
	rules    TrustStore
	services ServiceAccountStore
	settings *Settings
	issuers  []string
}

// Question is what somebody wants to know: may this one take that action there?
type Question struct {
	// User names an account by name or public id, TokenID a token; String is a token's string, which is used for nothing
	// else. All empty: the caller itself.
	User, TokenID, String string
	Action                string
	// Channel is a path, Package "family/name"; both may be empty for what is asked of the site.
	Channel, Package string
}

// Answer is a decision in words.
type Answer struct {
	Allowed     bool
	Scope       access.Scope
	Resource    string
	As          string
	Explanation access.Explanation
}

// Explain answers a question with each gate's reason. Everybody may ask about themselves, a channel's managers about
// their channel, admins about everything.
func (s *Access) Explain(ctx context.Context, caller *access.Caller, q Question) (Answer, error) {
	scope, ok := access.ParseScope(q.Action)
	if !ok {
		return Answer{}, invalid("action", "there is no action %q; GET /api/system/scopes lists them", clip(q.Action, 64))
	}
	target, err := s.target(ctx, caller, scope, q)
	if err != nil {
		return Answer{}, err
	}
	subject, err := s.subject(ctx, caller, q, target)
	if err != nil {
		return Answer{}, err
	}
	if scope.Info().On == access.PlaceAccount && target.Kind == access.TargetSystem {
		target = access.OnAccount(subject.Principal.ID)
	}
	d := access.Decide(subject, scope, target)
	a := Answer{Allowed: d.Allowed, Scope: scope, Resource: resourceName(q), As: subjectName(subject), Explanation: d.Explanation()}
	return s.throughSources(ctx, caller, subject, q, a)
}

// throughSources asks the sources of a virtual channel as reading it does.
func (s *Access) throughSources(ctx context.Context, caller, subject *access.Caller, q Question, a Answer) (Answer, error) {
	if onVirtual(a.Scope) != onEverySource || !a.Allowed || q.Channel == "" {
		return a, nil
	}
	c, err := s.lookup.find(ctx, q.Channel)
	if err != nil {
		return a, err
	}
	for _, src := range c.Sources {
		if src, err = s.lookup.find(ctx, src.Path); err != nil {
			return a, err
		}
		on := target(&src, q.Package)
		d := access.Decide(subject, a.Scope.For(on.Channel), on)
		if !d.Allowed {
			a.Allowed = false
			a.Explanation = access.SourceExplanation(a.Explanation, c.Access(), d, access.MayRead(caller, access.OnChannel(on.Channel)))
			return a, nil
		}
	}
	return a, nil
}

func resourceName(q Question) string {
	switch {
	case q.Channel == "":
		return "system"
	case q.Package != "":
		return q.Channel + "/" + q.Package
	}
	return q.Channel
}

func subjectName(c *access.Caller) string {
	switch {
	case c.Token != nil:
		return "token " + c.Token.Name + " of " + c.Principal.Name
	case c.Problem != access.ProblemNone:
		return "a token that does not work"
	}
	return c.Principal.Name
}

// target finds what is asked about. A channel that the caller may not see is one that does not exist.
func (s *Access) target(ctx context.Context, caller *access.Caller, scope access.Scope, q Question) (access.Target, error) {
	if q.Channel == "" {
		return access.OnSystem(), nil
	}
	c, err := s.lookup.find(ctx, q.Channel)
	if err != nil {
		return access.Target{}, err
	}
	target := access.OnChannel(c.Access())
	if !access.MayRead(caller, target) {
		target.Channel = unknownChannel(q.Channel).Access()
	}
	if family, name, ok := strings.Cut(q.Package, "/"); ok {
		target = access.OnPackage(target.Channel, family, name)
	}
	return target, nil
}

// subject gives whom the question is about, after asking whether the caller may know.
func (s *Access) subject(ctx context.Context, caller *access.Caller, q Question, target access.Target) (*access.Caller, error) {
	if q.User == "" && q.TokenID == "" && q.String == "" {
		return caller, s.allow(ctx, caller, access.AccessExplain, access.OnAccount(caller.Principal.ID))
	}
	about, account, err := s.find(ctx, q, caller.Fallback)
	// What nobody holds is nobody else's either.
	nobodys := q.String != "" && account == 0 && err == nil
	if caller.Principal.ID == account && account != 0 || nobodys {
		if err := s.allow(ctx, caller, access.AccessExplain, access.OnAccount(caller.Principal.ID)); err != nil {
			return nil, err
		}
		return about, err
	}
	place := target
	if place.Kind == access.TargetPackage {
		place = access.OnChannel(target.Channel)
	}
	if err := s.allow(ctx, caller, access.AccessExplain, place); err != nil {
		return nil, err
	}
	return about, err
}

// find makes the caller that the question is about, as if it came in now, and tells whose account it is. It holds the
// site's role everyone, as the one who asks does.
func (s *Access) find(ctx context.Context, q Question, fallback *access.Principal) (c *access.Caller, principal int64, err error) {
	c = &access.Caller{Via: access.ViaSession, Now: s.now(), Fallback: fallback}
	switch {
	case q.String != "":
		principal, err = s.holder(ctx, q.String, c)
		return c, principal, err
	case q.TokenID != "":
		t, err := s.tokens.TokenByPublicID(ctx, nil, q.TokenID)
		if errors.Is(err, ErrNoRecord) {
			return nil, 0, notFound("there is no token %s", clip(q.TokenID, 64))
		}
		if err != nil {
			return nil, 0, err
		}
		principal, c.Token, c.Via = t.OwnerID, t.Access(), access.ViaToken
	default:
		u, err := s.accounts.UserByName(ctx, nil, q.User)
		if errors.Is(err, ErrNoRecord) {
			u, err = s.accounts.UserByPublicID(ctx, nil, q.User)
		}
		if errors.Is(err, ErrNoRecord) {
			return nil, 0, notFound("there is no user %s", clip(q.User, 100))
		}
		if err != nil {
			return nil, 0, err
		}
		principal = u.ID
	}
	c.Principal, err = s.directory.Principal(ctx, principal)
	return c, principal, err
}
