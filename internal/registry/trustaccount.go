package registry

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// TrustAccount is the service account of a channel, as jobs use it: it holds its level through a group of its own.
type TrustAccount struct {
	PrincipalID, GroupID int64
	Name                 string
}

// TrustAccountStore finds and makes service accounts.
type TrustAccountStore interface {
	TrustAccount(ctx context.Context, tx Tx, channel int64) (TrustAccount, error)
	InsertTrustAccount(ctx context.Context, tx Tx, a TrustAccount, channel int64, by string) error
	InsertUser(ctx context.Context, tx Tx, u User) (int64, error)
	InsertGroup(ctx context.Context, tx Tx, g Group) (int64, error)
	SetMember(ctx context.Context, tx Tx, group, principal int64, permission Level) error
	GroupLevel(ctx context.Context, tx Tx, channel, group int64) (Level, error)
	SetChannelGroup(ctx context.Context, tx Tx, channel, group int64, permission Level, at int64) error
	// LendMembership puts an account into a group until a time, or until later if it is lent already.
	LendMembership(ctx context.Context, tx Tx, group, principal int64, until time.Time) error
}

// empower makes sure that the channel has a service account, and that this holds a level on the channel.
func (s *Trust) empower(ctx context.Context, w *work, c Channel, level access.Level) error {
	a, err := s.rules.TrustAccount(ctx, w.tx, c.ID)
	if errors.Is(err, ErrNoRecord) {
		a, err = s.makeAccount(ctx, w, c)
	}
	if err != nil {
		return err
	}
	held, err := s.rules.GroupLevel(ctx, w.tx, c.ID, a.GroupID)
	if err != nil && !errors.Is(err, ErrNoRecord) {
		return err
	}
	if held >= level {
		return nil
	}
	w.changed(ChangedPrincipal, a.PrincipalID, "")
	return s.rules.SetChannelGroup(ctx, w.tx, c.ID, a.GroupID, level, s.now().UnixMilli())
}

// account is the service account that the tokens of a rule belong to.
func (s *Trust) account(ctx context.Context, tx Tx, r TrustRule) (TrustAccount, error) {
	a, err := s.rules.TrustAccount(ctx, tx, r.ChannelID)
	if errors.Is(err, ErrNoRecord) {
		return a, &Error{Code: CodeCredential, Reason: reasonUntrusted, Message: "a channel that trusts this job has no service account any more; ask its managers to change the trust rule, which makes one"}
	}
	return a, err
}

// makeAccount makes the service account of a channel with its group.
func (s *Trust) makeAccount(ctx context.Context, w *work, c Channel) (TrustAccount, error) {
	now := s.now()
	a := TrustAccount{Name: "service-account-channel-" + c.Path}
	var err error
	a.PrincipalID, err = s.rules.InsertUser(ctx, w.tx, User{PublicID: uuid.NewString(), Kind: access.KindServiceAccount, Name: a.Name, CreatedAt: now, UpdatedAt: now})
	if err != nil {
		return a, err
	}
	a.GroupID, err = s.rules.InsertGroup(ctx, w.tx, Group{
		PublicID: uuid.NewString(), Name: a.Name, Description: "What the service account of " + c.Path + " may do", CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		return a, err
	}
	if err := s.rules.SetMember(ctx, w.tx, a.GroupID, a.PrincipalID, access.Read); err != nil {
		return a, err
	}
	return a, s.rules.InsertTrustAccount(ctx, w.tx, a, c.ID, w.caller.Principal.Name)
}
