package registry

import (
	"context"
	"errors"
	"slices"

	"kingsnake/internal/access"
)

// EventTokenHandedOver is the passing of a token from somebody to a service account.
const EventTokenHandedOver EventType = "user_token_handed_over"

// maxHandOver bounds how many tokens can be handed over at once.
const maxHandOver = 100

// HandOver says which tokens of a user the service account of a channel is to have.
type HandOver struct {
	// Channel is the path of the channel, whose service account is made where there is none.
	Channel string
	// Tokens are public ids.
	Tokens []string
}

// HandOver gives resource tokens of a user, who leaves or wants to depend on them no more, to the service account of a
// channel. Each gets a new string, since the user knows the old one, which ends at once. It takes the right over the user's
// tokens and over the channel's service account and, now, every right that the tokens carry.
func (s *ServiceAccounts) HandOver(ctx context.Context, caller *access.Caller, user string, in HandOver) ([]Issued, error) {
	from, err := s.tokens.account(ctx, caller, access.UserTokenEdit, user)
	if err != nil {
		return nil, err
	}
	c, err := s.on(ctx, caller, in.Channel)
	if err != nil {
		return nil, err
	}
	ids := slices.Compact(slices.Sorted(slices.Values(in.Tokens)))
	if len(ids) == 0 || len(ids) > maxHandOver {
		return nil, invalid("tokens", "name 1 to %d tokens", maxHandOver)
	}
	if err := s.tokens.limitDepth(ctx, caller); err != nil {
		return nil, err
	}
	if err := s.tokens.usage.Flush(ctx); err != nil {
		return nil, err
	}
	var out []Issued
	err = s.write(ctx, caller, func(w *work) error {
		a, err := s.ensure(ctx, w, c)
		if err != nil {
			return err
		}
		to := s.account(c, a)
		for _, id := range ids {
			issued, err := s.adopt(ctx, w, from, to, id)
			if err != nil {
				return err
			}
			out = append(out, issued)
		}
		return to.settle(ctx, w)
	})
	return out, err
}

// ensure gives the account of a channel, and makes it where there is none.
func (s *ServiceAccounts) ensure(ctx context.Context, w *work, c Channel) (ServiceAccount, error) {
	a, err := s.accounts.ServiceAccountOf(ctx, w.tx, c.ID)
	if errors.Is(err, ErrNoRecord) {
		return s.make(ctx, w, c, "")
	}
	return a, err
}

// adopt passes one token on.
func (s *ServiceAccounts) adopt(ctx context.Context, w *work, from, to account, publicID string) (Issued, error) {
	t, err := s.tokens.of(ctx, w.tx, from, publicID)
	if err != nil {
		return Issued{}, err
	}
	if t.Kind != access.ResourceToken {
		return Issued{}, invalid("tokens", "token %s holds scopes, and service accounts hold resource tokens only", publicID)
	}
	if err := s.tokens.mayRevoke(ctx, w.caller, from, t); err != nil {
		return Issued{}, err
	}
	if err := s.tokens.mayReissue(ctx, w.caller, to, t); err != nil {
		return Issued{}, err
	}
	if err := w.recordAbout(ctx, from.id, EventTokenHandedOver, to.home.ID, t.PublicID, map[string]any{"from": from.name, "to": to.name}); err != nil {
		return Issued{}, err
	}
	// It dies no more with a string of the user's that had minted it, but with that of the token that hands it over.
	t.OwnerID, t.Owner, t.OwnerPublicID, t.OwnerKind, t.MintedBy = to.id, to.name, to.publicID, to.kind(), w.caller.SecretID
	if err := s.accounts.SetTokenOwner(ctx, w.tx, t.ID, t.OwnerID, t.MintedBy); err != nil {
		return Issued{}, err
	}
	return s.tokens.edit(ctx, w, to, t, TokenChange{Reissue: true})
}
