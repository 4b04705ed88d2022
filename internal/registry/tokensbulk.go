package registry

import (
	"context"

	"kingsnake/internal/access"
)

// maxBulkTokens bounds how many accounts or tokens one call may name.
const maxBulkTokens = 100

// Reissued is what became of one token of a bulk edit.
type Reissued struct {
	// ID is the public id that was asked for.
	ID string
	Issued
	// Err is why this token stayed as it was; the others do not depend on it.
	Err error
}

// ListOf gives the tokens of several accounts, named by public id or name. It is for administrators.
func (s *Tokens) ListOf(ctx context.Context, caller *access.Caller, users []string, p Page) ([]Token, int64, error) {
	if err := s.allow(ctx, caller, access.UserTokenView, access.OnAccount(0)); err != nil {
		return nil, 0, err
	}
	if len(users) == 0 || len(users) > maxBulkTokens {
		return nil, 0, invalid("users_ids", "name between 1 and %d users", maxBulkTokens)
	}
	if err := p.Validate(tokenSortColumns...); err != nil {
		return nil, 0, err
	}
	f := TokenFilter{Now: s.now()}
	for _, ref := range users {
		acc, err := s.account(ctx, caller, access.UserTokenView, ref)
		if err != nil {
			return nil, 0, err
		}
		f.Owners = append(f.Owners, acc.id)
	}
	return s.tokens.ListTokens(ctx, f, p)
}

// EditMany makes one change to several tokens, whoever they belong to, each in a transaction of its own. It is for
// administrators.
func (s *Tokens) EditMany(ctx context.Context, caller *access.Caller, ids []string, change TokenChange) ([]Reissued, error) {
	if err := s.allow(ctx, caller, access.UserTokenEdit, access.OnAccount(0)); err != nil {
		return nil, err
	}
	if len(ids) == 0 || len(ids) > maxBulkTokens {
		return nil, invalid("token_ids", "name between 1 and %d tokens", maxBulkTokens)
	}
	out := make([]Reissued, 0, len(ids))
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if seen[id] {
			return nil, invalid("token_ids", "token %s is named twice", clip(id, 64))
		}
		seen[id] = true
	}
	for _, id := range ids {
		// Each new string costs a use of its own.
		once := *caller
		issued, err := s.editAny(ctx, &once, id, change)
		out = append(out, Reissued{ID: id, Issued: issued, Err: err})
	}
	return out, nil
}

// editAny edits a token of whichever account it belongs to.
func (s *Tokens) editAny(ctx context.Context, caller *access.Caller, id string, change TokenChange) (Issued, error) {
	t, err := s.tokens.TokenByPublicID(ctx, nil, id)
	if errorIsGone(err) {
		return Issued{}, notFound("there is no token %s", clip(id, 64))
	}
	if err != nil {
		return Issued{}, err
	}
	return s.Edit(ctx, caller, t.OwnerPublicID, id, change)
}
