package registry

import (
	"context"
	"errors"

	"kingsnake/internal/access"
)

// empower makes sure that the channel has a service account, and that this holds a level on the channel.
func (s *Trust) empower(ctx context.Context, w *work, c Channel, level access.Level) error {
	a, err := s.services.accounts.ServiceAccountOf(ctx, w.tx, c.ID)
	if errors.Is(err, ErrNoRecord) {
		a, err = s.services.make(ctx, w, c, "")
	}
	if err != nil {
		return err
	}
	held, err := s.services.accounts.GroupLevels(ctx, w.tx, a.GroupID)
	if err != nil {
		return err
	}
	if held[c.ID] >= level {
		return s.services.settle(ctx, w, a)
	}
	w.changed(ChangedPrincipal, a.ID, "")
	if err := s.services.accounts.SetChannelGroup(ctx, w.tx, c.ID, a.GroupID, level, s.now().UnixMilli()); err != nil {
		return err
	}
	return w.record(ctx, EventChannelGroupSet, c.ID, a.Name, map[string]any{"group": a.Name, "permission": level.String()})
}

// weaken takes from the service account what neither a rule nor a token needs any more.
func (s *Trust) weaken(ctx context.Context, w *work, c Channel) error {
	a, err := s.services.accounts.ServiceAccountOf(ctx, w.tx, c.ID)
	if errors.Is(err, ErrNoRecord) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.services.settle(ctx, w, a)
}

// account is the service account that the tokens of a rule belong to.
func (s *Trust) account(ctx context.Context, tx Tx, r TrustRule) (ServiceAccount, error) {
	a, err := s.services.accounts.ServiceAccountOf(ctx, tx, r.ChannelID)
	if errors.Is(err, ErrNoRecord) {
		return a, &Error{Code: CodeCredential, Reason: reasonUntrusted, Message: "a channel that trusts this job has no service account any more; ask its managers to change the trust rule, which makes one"}
	}
	return a, err
}
