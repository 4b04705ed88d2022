package registry

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// ServiceAccount is an account that belongs to a channel and lives by its tokens, which outlive people. It has a group of
// its own, by which it holds its levels: on each channel the highest of its tokens there.
type ServiceAccount struct {
	// ID is the number of the account as a principal.
	ID          int64
	PublicID    string
	Name        string
	Description string
	ChannelID   int64
	ChannelPath string
	GroupID     int64
	CreatedBy   string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	// Tokens counts its tokens.
	Tokens int64
}

// ServiceAccountStore keeps the accounts of channels, as principals, and their groups.
type ServiceAccountStore interface {
	InsertUser(ctx context.Context, tx Tx, u User) (int64, error)
	DeleteUser(ctx context.Context, tx Tx, id int64) error
	InsertServiceAccount(ctx context.Context, tx Tx, a ServiceAccount) error
	// ServiceAccountOf gives the account that belongs to a channel.
	ServiceAccountOf(ctx context.Context, tx Tx, channel int64) (ServiceAccount, error)
	SetTokenOwner(ctx context.Context, tx Tx, token, owner, mintedBy int64) error
	// TokenLevels gives the highest levels of an account's tokens, by the numbers of the channels. The tokens of jobs,
	// which live by the channel's trust rules, do not count.
	TokenLevels(ctx context.Context, tx Tx, owner int64) (map[int64]Level, error)
	// TrustLevel gives the highest level that a channel's trust rules give, none where it has no rules.
	TrustLevel(ctx context.Context, tx Tx, channel int64) (Level, error)
	InsertGroup(ctx context.Context, tx Tx, g Group) (int64, error)
	DeleteGroup(ctx context.Context, tx Tx, id int64) error
	GroupLevels(ctx context.Context, tx Tx, group int64) (map[int64]Level, error)
	SetMember(ctx context.Context, tx Tx, group, principal int64, permission Level) error
	SetChannelGroup(ctx context.Context, tx Tx, channel, group int64, permission Level, at int64) error
	RemoveChannelGroup(ctx context.Context, tx Tx, channel, group int64) error
}

// The audit's words for service accounts.
const (
	EventServiceAccountCreated EventType = "service_account_created"
	EventServiceAccountDeleted EventType = "service_account_deleted"
)

// ServiceAccounts is the service for the accounts of channels and their tokens. A channel or subchannel has at most one.
type ServiceAccounts struct {
	*core
	accounts ServiceAccountStore
	tokens   *Tokens
	lookup   *channelLookup
}

// ServiceAccountName is the name of a channel's account, and of the group that the account has.
func ServiceAccountName(path string) string { return servicePrefix + "channel-" + path }

// on finds a channel and asks for the right over its service account.
func (s *ServiceAccounts) on(ctx context.Context, caller *access.Caller, path string) (Channel, error) {
	return s.lookup.on(ctx, s.core, caller, access.ServiceAccountEdit, path)
}

// List gives the accounts of a channel: one or none.
func (s *ServiceAccounts) List(ctx context.Context, caller *access.Caller, path string) ([]ServiceAccount, error) {
	c, err := s.on(ctx, caller, path)
	if err != nil {
		return nil, err
	}
	a, err := s.accounts.ServiceAccountOf(ctx, nil, c.ID)
	if errors.Is(err, ErrNoRecord) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []ServiceAccount{a}, nil
}

// Create makes the account of a channel. It holds nothing until it has a token.
func (s *ServiceAccounts) Create(ctx context.Context, caller *access.Caller, path, description string) (ServiceAccount, error) {
	c, err := s.on(ctx, caller, path)
	if err != nil {
		return ServiceAccount{}, err
	}
	if utf8.RuneCountInString(description) > maxDescription {
		return ServiceAccount{}, invalid("description", "the description has more than %d characters", maxDescription)
	}
	var a ServiceAccount
	err = s.write(ctx, caller, func(w *work) error {
		a, err = s.make(ctx, w, c, description)
		return err
	})
	if errors.Is(err, ErrTaken) {
		return ServiceAccount{}, conflict("channel %s has its service account already; use that one, or delete it", path)
	}
	return a, err
}

// make writes a new account with its group.
func (s *ServiceAccounts) make(ctx context.Context, w *work, c Channel, description string) (ServiceAccount, error) {
	now := s.now()
	a := ServiceAccount{
		PublicID: uuid.NewString(), Name: ServiceAccountName(c.Path), Description: description, ChannelID: c.ID, ChannelPath: c.Path,
		CreatedBy: w.caller.Principal.Name, CreatedAt: now, UpdatedAt: now,
	}
	var err error
	if a.ID, err = s.accounts.InsertUser(ctx, w.tx, User{
		PublicID: a.PublicID, Kind: access.KindServiceAccount, Name: a.Name, CreatedAt: now, UpdatedAt: now,
	}); err != nil {
		return a, err
	}
	if a.GroupID, err = s.accounts.InsertGroup(ctx, w.tx, Group{
		PublicID: uuid.NewString(), Name: a.Name, Description: "The service account of channel " + c.Path, CreatedAt: now, UpdatedAt: now,
	}); err != nil {
		return a, err
	}
	if err := s.accounts.SetMember(ctx, w.tx, a.GroupID, a.ID, access.Read); err != nil {
		return a, err
	}
	if err := s.accounts.InsertServiceAccount(ctx, w.tx, a); err != nil {
		return a, err
	}
	w.changed(ChangedPrincipal, a.ID, "")
	return a, w.record(ctx, EventServiceAccountCreated, c.ID, a.Name, nil)
}

// of finds the account of a channel by id or name.
func (s *ServiceAccounts) of(ctx context.Context, tx Tx, c Channel, ref string) (ServiceAccount, error) {
	a, err := s.accounts.ServiceAccountOf(ctx, tx, c.ID)
	if errors.Is(err, ErrNoRecord) || err == nil && a.PublicID != ref && a.Name != ref {
		return ServiceAccount{}, notFound("channel %s has no service account %s", c.Path, clip(ref, 400))
	}
	return a, err
}

// Delete removes the account of a channel with its tokens, which end at once.
func (s *ServiceAccounts) Delete(ctx context.Context, caller *access.Caller, path, ref string) error {
	c, err := s.on(ctx, caller, path)
	if err != nil {
		return err
	}
	return s.write(ctx, caller, func(w *work) error {
		a, err := s.of(ctx, w.tx, c, ref)
		if err != nil {
			return err
		}
		if err := s.mayDrop(ctx, w, c, a); err != nil {
			return err
		}
		trusted, err := s.accounts.TrustLevel(ctx, w.tx, c.ID)
		if err != nil {
			return err
		}
		if trusted != access.None {
			return conflict("the trust rules of channel %s give tokens of its service account; delete the rules first", c.Path)
		}
		return s.drop(ctx, w, a)
	})
}

// mayDrop asks whether the caller may end each of the account's tokens.
func (s *ServiceAccounts) mayDrop(ctx context.Context, w *work, c Channel, a ServiceAccount) error {
	ids, err := s.tokens.tokens.OwnedTokens(ctx, w.tx, a.ID)
	if err != nil {
		return err
	}
	acc := s.account(c, a)
	for _, id := range ids {
		t, err := s.tokens.tokens.TokenByID(ctx, w.tx, id)
		if err != nil {
			return err
		}
		if err := s.tokens.mayRevoke(ctx, w.caller, acc, t); err != nil {
			return err
		}
	}
	return nil
}

// dropOf removes the account of a channel that is being deleted, if it has one.
func (s *ServiceAccounts) dropOf(ctx context.Context, w *work, c Channel) error {
	a, err := s.accounts.ServiceAccountOf(ctx, w.tx, c.ID)
	if errors.Is(err, ErrNoRecord) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.drop(ctx, w, a)
}

// drop removes an account with its tokens and its group.
func (s *ServiceAccounts) drop(ctx context.Context, w *work, a ServiceAccount) error {
	if err := s.tokens.revokeAll(ctx, w, a.ID); err != nil {
		return err
	}
	if err := s.accounts.DeleteUser(ctx, w.tx, a.ID); err != nil {
		return err
	}
	if err := s.accounts.DeleteGroup(ctx, w.tx, a.GroupID); err != nil {
		return err
	}
	w.changed(ChangedPrincipal, a.ID, "")
	return w.record(ctx, EventServiceAccountDeleted, a.ChannelID, a.Name, nil)
}

// settle gives the account's group the highest level of the account's tokens on each channel, and takes it away where no
// token reaches any more.
func (s *ServiceAccounts) settle(ctx context.Context, w *work, a ServiceAccount) error {
	want, err := s.accounts.TokenLevels(ctx, w.tx, a.ID)
	if err != nil {
		return err
	}
	have, err := s.accounts.GroupLevels(ctx, w.tx, a.GroupID)
	if err != nil {
		return err
	}
	trusted, err := s.accounts.TrustLevel(ctx, w.tx, a.ChannelID)
	if err != nil {
		return err
	}
	// What trust rules need stays, and comes back only with a rule.
	if kept := min(trusted, have[a.ChannelID]); kept > want[a.ChannelID] {
		want[a.ChannelID] = kept
	}
	for channel, level := range want {
		if have[channel] == level {
			continue
		}
		if err := s.accounts.SetChannelGroup(ctx, w.tx, channel, a.GroupID, level, s.now().UnixMilli()); err != nil {
			return err
		}
		if err := w.record(ctx, EventChannelGroupSet, channel, a.Name, map[string]any{"group": a.Name, "permission": level.String()}); err != nil {
			return err
		}
	}
	for channel := range have {
		if _, still := want[channel]; still {
			continue
		}
		if err := s.accounts.RemoveChannelGroup(ctx, w.tx, channel, a.GroupID); err != nil {
			return err
		}
		if err := w.record(ctx, EventChannelGroupRemoved, channel, a.Name, map[string]any{"group": a.Name}); err != nil {
			return err
		}
	}
	w.changed(ChangedPrincipal, a.ID, "")
	return nil
}
