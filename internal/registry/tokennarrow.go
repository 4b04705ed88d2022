package registry

import (
	"context"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// NarrowInput says how a token is to be narrowed to what it used.
type NarrowInput struct {
	// Days is how far back uses are looked at, 0 for the default.
	Days int
	// New asks for another token with less, with a string of its own; the token itself stays as it is.
	New bool
	// Overlap ends the token that stays that much later, 0 leaves its end alone. It has a meaning only with New.
	Overlap time.Duration
}

// Narrow takes from a token of an account what it did not use in the last days, or makes another token that holds only
// what it used; an empty user means the caller's own. The answer has a string only for another token.
func (s *Tokens) Narrow(ctx context.Context, caller *access.Caller, user, publicID string, in NarrowInput) (Issued, error) {
	acc, err := s.account(ctx, caller, access.UserTokenEdit, user)
	if err != nil {
		return Issued{}, err
	}
	return s.narrowOf(ctx, caller, acc, publicID, in)
}

// narrowOf narrows a token of an account, whose tokens the caller may change.
func (s *Tokens) narrowOf(ctx context.Context, caller *access.Caller, acc account, publicID string, in NarrowInput) (Issued, error) {
	window, err := adviceDays(in.Days)
	if err != nil {
		return Issued{}, err
	}
	if in.Overlap < 0 || in.Overlap > maxOverlap {
		return Issued{}, invalid("overlap", "the overlap is not between 0 and %s", days(maxOverlap))
	}
	if in.Overlap > 0 && !in.New {
		return Issued{}, invalid("overlap", "an overlap has a meaning only together with a new token")
	}
	_, _, recorded, err := s.recorded(ctx, acc, publicID)
	if err != nil {
		return Issued{}, err
	}
	var out Issued
	err = s.write(ctx, caller, func(w *work) error {
		t, err := s.of(ctx, w.tx, acc, publicID)
		if err != nil {
			return err
		}
		if err := s.mayReissue(ctx, caller, acc, t); err != nil {
			return err
		}
		uses, err := s.tokens.TokenUses(ctx, w.tx, t.ID)
		if err != nil {
			return err
		}
		advice := advise(t, uses, window, recorded, s.now())
		if err := advice.inapplicable(); err != nil {
			return err
		}
		if in.New {
			out, err = s.narrowerOne(ctx, w, acc, advice, in.Overlap)
		} else {
			out.Token, err = s.narrow(ctx, w, advice)
		}
		if err != nil {
			return err
		}
		return acc.settle(ctx, w)
	})
	return out, err
}

// narrow takes from a token what it did not use. Its strings stay.
func (s *Tokens) narrow(ctx context.Context, w *work, a Advice) (Token, error) {
	t := a.narrowed()
	t.UpdatedAt = s.now()
	if err := s.tokens.UpdateToken(ctx, w.tx, t); err != nil {
		return t, err
	}
	var err error
	if t.Kind == access.ScopeToken {
		err = s.tokens.SetTokenScopes(ctx, w.tx, t)
	} else {
		err = s.tokens.SetTokenResources(ctx, w.tx, t.ID, t.Resources)
	}
	if err != nil {
		return t, err
	}
	if err := s.touch(ctx, w, t.ID); err != nil {
		return t, err
	}
	facts := t.facts()
	facts["removed"], facts["unused_days"] = a.removed(), a.Days
	return t, t.record(ctx, w, EventTokenUpdated, facts)
}

// narrowerOne makes another token that holds what a token used, and ends that one after the overlap, if any.
func (s *Tokens) narrowerOne(ctx context.Context, w *work, acc account, a Advice, overlap time.Duration) (Issued, error) {
	now, old := s.now(), a.Token
	policy, err := s.PolicyFor(ctx, old.OwnerKind)
	if err != nil {
		return Issued{}, err
	}
	if old.State(now, policy.MaxLifetime) == TokenExpired {
		return Issued{}, &Error{Code: CodeConflict, Message: "this token has ended, and another one with less would end with it; narrow it in place, and renew it"}
	}
	t := a.narrowed()
	t.ID, t.PublicID, t.MintedBy, t.CreatedAt, t.UpdatedAt, t.Secrets, t.Leak = 0, uuid.NewString(), w.caller.SecretID, now, now, nil, nil
	if r := &t.Restrictions; r.MaxUses > 0 {
		if r.MaxUses, r.Uses = r.MaxUses-r.Uses, 0; r.MaxUses <= 0 {
			return Issued{}, &Error{Code: CodeConflict, Message: "this token has no use left to give to another one"}
		}
	}
	draft, err := s.draftOf(ctx, t)
	if err != nil {
		return Issued{}, err
	}
	if err := s.judge(w.caller, acc.canMint(w.caller, draft)); err != nil {
		return Issued{}, err
	}
	if err := s.limitDepth(ctx, w.caller); err != nil {
		return Issued{}, err
	}
	switch mine, err := s.mintedUnder(ctx, w.caller, old.ID); {
	case err != nil:
		return Issued{}, err
	case mine && overlap > 0:
		return Issued{}, conflict("what this token makes ends with it, so it cannot end in favour of that; narrow it in place, or sign in")
	}
	if end := now.Add(overlap); overlap > 0 && (old.ExpiresAt.IsZero() || end.Before(old.ExpiresAt)) {
		old.ExpiresAt, old.UpdatedAt = end, now
		if err := s.tokens.UpdateToken(ctx, w.tx, old); err != nil {
			return Issued{}, err
		}
		if err := s.touch(ctx, w, old.ID); err != nil {
			return Issued{}, err
		}
		facts := old.facts()
		facts["narrower_token"] = t.PublicID
		if err := old.record(ctx, w, EventTokenUpdated, facts); err != nil {
			return Issued{}, err
		}
	}
	return s.insert(ctx, w, t)
}

// TokenUsage tells what a token of a channel's service account used of its rights.
func (s *ServiceAccounts) TokenUsage(ctx context.Context, caller *access.Caller, path, ref, publicID string) (TokenUses, error) {
	acc, err := s.find(ctx, caller, path, ref)
	if err != nil {
		return TokenUses{}, err
	}
	return s.tokens.usageOf(ctx, caller, acc, publicID)
}

// AdviseToken tells which of its rights a token of a channel's service account did not use in the last days.
func (s *ServiceAccounts) AdviseToken(ctx context.Context, caller *access.Caller, path, ref, publicID string, days int) (Advice, error) {
	acc, err := s.find(ctx, caller, path, ref)
	if err != nil {
		return Advice{}, err
	}
	return s.tokens.adviceOf(ctx, acc, publicID, days)
}

// NarrowToken takes from a token of a channel's service account what it did not use, or makes another one with less.
// Whoever does that needs every right that the token carries.
func (s *ServiceAccounts) NarrowToken(ctx context.Context, caller *access.Caller, path, ref, publicID string, in NarrowInput) (Issued, error) {
	acc, err := s.find(ctx, caller, path, ref)
	if err != nil {
		return Issued{}, err
	}
	return s.tokens.narrowOf(ctx, caller, acc, publicID, in)
}
