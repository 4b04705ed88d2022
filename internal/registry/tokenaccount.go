package registry

import (
	"context"
	"errors"

	"kingsnake/internal/access"
)

// UserFinder finds accounts.
type UserFinder interface {
	UserByName(ctx context.Context, tx Tx, name string) (User, error)
	UserByPublicID(ctx context.Context, tx Tx, publicID string) (User, error)
}

// account is whose tokens a call is about.
type account struct {
	id             int64
	publicID, name string
	// other is the account's principal where it is not the caller's own: then what is given must lie within its rights too.
	other *access.Principal
	// home is the channel that a service account belongs to, nil for people. What its tokens carry is asked of the caller.
	home *access.Channel
	// levels brings the levels of a service account in line with its tokens; nil for people.
	levels func(context.Context, *work) error
}

// kind tells whose account it is.
func (a account) kind() access.PrincipalKind {
	if a.home != nil {
		return access.KindServiceAccount
	}
	return access.KindUser
}

// settle ends a change of the account's tokens.
func (a account) settle(ctx context.Context, w *work) error {
	if a.levels == nil {
		return nil
	}
	return a.levels(ctx, w)
}

func (a account) canMint(caller *access.Caller, d access.Draft) access.Verdict {
	if a.home != nil {
		return access.CanMintForService(caller, *a.home, d)
	}
	return access.CanMint(caller, a.other, d)
}

func (a account) canReissue(caller *access.Caller, d access.Draft) access.Verdict {
	if a.home != nil {
		return access.CanMintForService(caller, *a.home, d)
	}
	return access.CanReissue(caller, a.other, d)
}

func (a account) canRevoke(caller *access.Caller, d access.Draft) access.Verdict {
	if a.home != nil {
		return access.CanRevokeForService(caller, *a.home, d)
	}
	return access.CanRevoke(caller, a.other, d)
}

// account finds whose tokens are meant, by public id or name, and asks for a scope on them. An empty ref means the
// caller's own account.
func (s *Tokens) account(ctx context.Context, caller *access.Caller, scope access.Scope, ref string) (account, error) {
	own := account{id: caller.Principal.ID, name: caller.Principal.Name}
	if ref == "" {
		return own, s.allow(ctx, caller, scope, access.OnAccount(own.id))
	}
	u, err := s.people.UserByPublicID(ctx, nil, ref)
	if errors.Is(err, ErrNoRecord) {
		u, err = s.people.UserByName(ctx, nil, ref)
	}
	if aerr := s.allow(ctx, caller, scope, access.OnAccount(u.ID)); aerr != nil {
		return account{}, aerr
	}
	if errors.Is(err, ErrNoRecord) || err == nil && u.Kind != access.KindUser {
		return account{}, notFound("there is no user %s", clip(ref, 100))
	}
	if err != nil {
		return account{}, err
	}
	out := account{id: u.ID, publicID: u.PublicID, name: u.Name}
	if u.ID != own.id {
		out.other, err = s.directory.Principal(ctx, u.ID)
	}
	return out, err
}

// record writes an event about a token. It stands on the account of the token's owner, who is told so of what others do.
func (t Token) record(ctx context.Context, w *work, event EventType, facts map[string]any) error {
	return w.recordAbout(ctx, t.OwnerID, event, 0, t.PublicID, facts)
}
