package registry

import (
	"context"
	"encoding/json"
	"time"

	"kingsnake/internal/access"
)

// maxOverlap bounds how long two strings of one token may live beside each other.
const maxOverlap = 30 * 24 * time.Hour

// TokenChange is an edit of a token; nil leaves a field as it is.
type TokenChange struct {
	Name, Description, ExpiresAt *string
	Resources                    []ResourceInput
	// Restrictions takes the place of all restrictions.
	Restrictions *RestrictionsInput
	// Reissue makes a new string. The old one dies at once, or after Overlap.
	Reissue bool
	Overlap time.Duration
	// Check may object to the change for what the token is in the transaction of the edit; nil objects to nothing.
	Check func(Token) error
}

// Edit changes a token of an account, and makes a new string for it when asked to; an empty user means the caller's own.
func (s *Tokens) Edit(ctx context.Context, caller *access.Caller, user, publicID string, change TokenChange) (Issued, error) {
	acc, err := s.account(ctx, caller, access.UserTokenEdit, user)
	if err != nil {
		return Issued{}, err
	}
	return s.editOf(ctx, caller, acc, publicID, change)
}

// editOf changes a token of an account, whose tokens the caller may change.
func (s *Tokens) editOf(ctx context.Context, caller *access.Caller, acc account, publicID string, change TokenChange) (Issued, error) {
	if change.Overlap < 0 || change.Overlap > maxOverlap {
		return Issued{}, invalid("overlap", "the overlap is not between 0 and %s", days(maxOverlap))
	}
	if change.Overlap > 0 && !change.Reissue {
		return Issued{}, invalid("overlap", "an overlap has a meaning only together with a new string")
	}
	if err := s.usage.Flush(ctx); err != nil {
		return Issued{}, err
	}
	var out Issued
	err := s.write(ctx, caller, func(w *work) error {
		t, err := s.of(ctx, w.tx, acc, publicID)
		if err != nil {
			return err
		}
		if err := s.mayReissue(ctx, caller, acc, t); err != nil {
			return err
		}
		if out, err = s.edit(ctx, w, acc, t, change); err != nil {
			return err
		}
		return acc.settle(ctx, w)
	})
	return out, err
}

// edit applies a change inside a transaction.
func (s *Tokens) edit(ctx context.Context, w *work, acc account, t Token, change TokenChange) (Issued, error) {
	now := s.now()
	if change.Check != nil {
		if err := change.Check(t); err != nil {
			return Issued{}, err
		}
	}
	t, err := s.applied(ctx, w.caller, acc, t, change, now)
	if err != nil {
		return Issued{}, err
	}
	t.UpdatedAt = now
	if change.Reissue {
		t.Leak = t.leakAfterReissue(change.Overlap)
	}
	if err := s.tokens.UpdateToken(ctx, w.tx, t); err != nil {
		return Issued{}, err
	}
	if change.Resources != nil {
		if err := s.tokens.SetTokenResources(ctx, w.tx, t.ID, t.Resources); err != nil {
			return Issued{}, err
		}
	}
	out := Issued{Token: t}
	event := EventTokenUpdated
	if change.Reissue {
		event = EventTokenReissued
		if out, err = s.reissue(ctx, w, t, change.Overlap, now); err != nil {
			return Issued{}, err
		}
	}
	if err := s.touch(ctx, w, t.ID); err != nil {
		return Issued{}, err
	}
	facts := t.facts()
	if change.Reissue {
		facts["overlap"] = change.Overlap.String()
	}
	return out, t.record(ctx, w, event, facts)
}

// applied gives the token as the change would have it, checked.
func (s *Tokens) applied(ctx context.Context, caller *access.Caller, acc account, t Token, change TokenChange, now time.Time) (Token, error) {
	if change.Name != nil {
		t.Name = *change.Name
	}
	if change.Description != nil {
		t.Description = *change.Description
	}
	if err := t.validateTexts(); err != nil {
		return t, err
	}
	policy, err := s.PolicyFor(ctx, t.OwnerKind)
	if err != nil {
		return t, err
	}
	end := t.End(policy.MaxLifetime)
	expired := !end.IsZero() && !now.Before(end)
	switch {
	case change.ExpiresAt != nil:
		if t.ExpiresAt, err = policy.expiry(*change.ExpiresAt, now); err == nil {
			t.ExpiresAt, err = withinMinter(caller, t.ExpiresAt, *change.ExpiresAt == "")
		}
	case change.Reissue && expired && !t.ExpiresAt.IsZero():
		// A token that has ended passes for one that lives shorter than the caller's own; what it begins again with must not.
		t.ExpiresAt, err = withinMinter(caller, policy.restarted(t, now), true)
	}
	if err != nil {
		return t, err
	}
	if change.Restrictions != nil {
		if t, err = s.restrict(ctx, caller, acc, t, *change.Restrictions); err != nil {
			return t, err
		}
	}
	if err := t.validateRestrictions(); err != nil {
		return t, err
	}
	if change.Resources != nil {
		if t.Kind != access.ResourceToken {
			return t, invalid("resources", "this is a scope token; a token holds scopes or resources, never both")
		}
		if t.Resources, err = s.resources(ctx, caller, acc, change.Resources, t); err != nil {
			return t, err
		}
	}
	return t, nil
}

// reissue gives a token a new string and ends its old ones, at once or after the overlap.
func (s *Tokens) reissue(ctx context.Context, w *work, t Token, overlap time.Duration, now time.Time) (Issued, error) {
	keep := -1
	if overlap > 0 {
		keep = survivor(t.Secrets, now)
	}
	var secrets []Secret
	for i, old := range t.Secrets {
		if i != keep {
			if err := s.kill(ctx, w, t, old, access.ProblemRotated); err != nil {
				return Issued{}, err
			}
			continue
		}
		old.RetiresAt = now.Add(overlap)
		if err := s.tokens.RetireSecret(ctx, w.tx, old.ID, old.RetiresAt); err != nil {
			return Issued{}, err
		}
		secrets = append(secrets, old)
	}
	m := s.mint.Mint(t.letter())
	fresh := Secret{TokenID: t.ID, MAC: m.MAC, Fingerprint: m.Fingerprint, CreatedAt: now}
	var err error
	if fresh.ID, err = s.tokens.InsertSecret(ctx, w.tx, fresh); err != nil {
		return Issued{}, err
	}
	t.Secrets = append([]Secret{fresh}, secrets...)
	return Issued{Token: t, String: m.String}, nil
}

// survivor chooses the string that lives through an overlap: the current one, unless it was never used while an older
// one still works, as when the answer with the new string was lost.
func survivor(secrets []Secret, now time.Time) int {
	if len(secrets) > 1 && secrets[0].Uses == 0 && now.Before(secrets[1].RetiresAt) {
		return 1
	}
	return 0
}

// SetMetadata replaces the free object of a token of an account; an empty user means the caller's own.
func (s *Tokens) SetMetadata(ctx context.Context, caller *access.Caller, user, publicID string, metadata json.RawMessage) (Token, error) {
	acc, err := s.account(ctx, caller, access.UserTokenEdit, user)
	if err != nil {
		return Token{}, err
	}
	var t Token
	err = s.write(ctx, caller, func(w *work) error {
		var err error
		t, err = s.of(ctx, w.tx, acc, publicID)
		if err != nil {
			return err
		}
		if err := s.mayReissue(ctx, caller, acc, t); err != nil {
			return err
		}
		t.Metadata, t.UpdatedAt = metadata, s.now()
		if err := t.validateTexts(); err != nil {
			return err
		}
		if err := s.tokens.UpdateToken(ctx, w.tx, t); err != nil {
			return err
		}
		return t.record(ctx, w, EventTokenMetadata, nil)
	})
	return t, err
}

// restarted is the end of an expired token that begins again: it gets the length of life that it had.
func (p TokenPolicy) restarted(t Token, now time.Time) time.Time {
	end := now.Add(t.ExpiresAt.Sub(t.CreatedAt))
	if p.MaxLifetime > 0 && end.After(now.Add(p.MaxLifetime)) {
		return now.Add(p.MaxLifetime)
	}
	return end
}
