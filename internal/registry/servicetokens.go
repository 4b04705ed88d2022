package registry

import (
	"context"

	"kingsnake/internal/access"
)

// account is a channel's service account as the service for tokens knows accounts.
func (s *ServiceAccounts) account(c Channel, a ServiceAccount) account {
	home := c.Access()
	return account{
		id: a.ID, publicID: a.PublicID, name: a.Name, home: &home,
		levels: func(ctx context.Context, w *work) error { return s.settle(ctx, w, a) },
	}
}

// find asks for the right over a channel's service account and gives it.
func (s *ServiceAccounts) find(ctx context.Context, caller *access.Caller, path, ref string) (account, error) {
	c, err := s.on(ctx, caller, path)
	if err != nil {
		return account{}, err
	}
	a, err := s.of(ctx, nil, c, ref)
	return s.account(c, a), err
}

// Tokens lists the tokens of a channel's service account.
func (s *ServiceAccounts) Tokens(ctx context.Context, caller *access.Caller, path, ref string, f TokenFilter, p Page) ([]Token, int64, error) {
	acc, err := s.find(ctx, caller, path, ref)
	if err != nil {
		return nil, 0, err
	}
	if err := p.Validate(tokenSortColumns...); err != nil {
		return nil, 0, err
	}
	return s.tokens.listOf(ctx, acc, f, p)
}

// Token gives one token of a channel's service account.
func (s *ServiceAccounts) Token(ctx context.Context, caller *access.Caller, path, ref, publicID string) (Token, error) {
	acc, err := s.find(ctx, caller, path, ref)
	if err != nil {
		return Token{}, err
	}
	return s.tokens.of(ctx, nil, acc, publicID)
}

// CreateToken makes a resource token for a channel's service account. It takes, now, every right that the token carries.
func (s *ServiceAccounts) CreateToken(ctx context.Context, caller *access.Caller, path, ref string, in TokenInput) (Issued, error) {
	acc, err := s.find(ctx, caller, path, ref)
	if err != nil {
		return Issued{}, err
	}
	if len(in.Scopes) > 0 {
		return Issued{}, invalid("scopes", "service accounts hold resource tokens only; name channels as resources")
	}
	return s.tokens.createOf(ctx, caller, acc, in)
}

// EditToken changes a token of a channel's service account, and makes a new string for it when asked to. Whoever does that
// needs every right that the token carries.
func (s *ServiceAccounts) EditToken(ctx context.Context, caller *access.Caller, path, ref, publicID string, change TokenChange) (Issued, error) {
	acc, err := s.find(ctx, caller, path, ref)
	if err != nil {
		return Issued{}, err
	}
	return s.tokens.editOf(ctx, caller, acc, publicID, change)
}

// DeleteToken ends a token of a channel's service account at once.
func (s *ServiceAccounts) DeleteToken(ctx context.Context, caller *access.Caller, path, ref, publicID string) error {
	acc, err := s.find(ctx, caller, path, ref)
	if err != nil {
		return err
	}
	return s.tokens.deleteOf(ctx, caller, acc, publicID)
}

// lower takes from an account's tokens what is above a level on a channel, all of it where the level is none. What an
// owner takes from a service account is gone for good: no later token of the account brings it back to an older one.
func (s *Tokens) lower(ctx context.Context, w *work, owner, channel int64, level access.Level) error {
	ids, err := s.tokens.OwnedTokens(ctx, w.tx, owner)
	if err != nil {
		return err
	}
	for _, id := range ids {
		t, err := s.tokens.TokenByID(ctx, w.tx, id)
		if err != nil {
			return err
		}
		kept, changed := []TokenResource{}, false
		for _, r := range t.Resources {
			if r.ChannelID == channel && r.Level > level {
				r.Level, changed = level, true
			}
			if r.Level != access.None {
				kept = append(kept, r)
			}
		}
		if !changed {
			continue
		}
		t.Resources = kept
		if err := s.tokens.SetTokenResources(ctx, w.tx, id, kept); err != nil {
			return err
		}
		if err := s.touch(ctx, w, id); err != nil {
			return err
		}
		if err := w.recordAbout(ctx, owner, EventTokenUpdated, channel, t.PublicID, t.facts()); err != nil {
			return err
		}
	}
	return nil
}
