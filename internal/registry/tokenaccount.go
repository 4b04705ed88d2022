package registry

import (
	"context"
	"errors"

	"kingsnake/internal/access"
)

// EventTokenForeign stands on an account, beside the event of the token, when somebody else did it.
const EventTokenForeign EventType = "user_token_changed_by_admin"

// UserFinder finds accounts.
type UserFinder interface {
	UserByName(ctx context.Context, tx Tx, name string) (User, error)
	UserByPublicID(ctx context.Context, tx Tx, publicID string) (User, error)
}

// account is whose tokens a call is about.
type account struct {
	id             int64
	publicID, name string
	// other is the account's principal where it is not the caller's own: then what is given must lie within its rights
	// too, and it is told.
	other *access.Principal
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

// record writes an event about a token of the account, and tells the account of what somebody else did.
func (a account) record(ctx context.Context, w *work, event EventType, t Token, facts map[string]any) error {
	if err := w.recordAbout(ctx, t.OwnerID, event, 0, t.PublicID, facts); err != nil {
		return err
	}
	return a.tell(ctx, w, event, t)
}

// tell notes on somebody else's account what was done to its tokens.
func (a account) tell(ctx context.Context, w *work, event EventType, t Token) error {
	if a.other == nil {
		return nil
	}
	return w.record(ctx, EventTokenForeign, 0, a.name, map[string]any{"event": event, "token": t.PublicID, "name": t.Name})
}
