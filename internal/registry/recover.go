package registry

import (
	"context"
	"slices"

	"kingsnake/internal/access"
)

// Recovered says what Recover did.
type Recovered struct {
	User User
	// Password is the new one, to be had only here.
	Password string
	// Enabled tells that the account had been disabled, MadeAdmin that it got the role admin.
	Enabled, MadeAdmin bool
}

// Recover lets somebody into an account again who has lost the way: it gets a new password, is enabled, and its
// sessions end. It becomes an admin only if no admin who can sign in would be left otherwise.
func (s *Accounts) Recover(ctx context.Context, caller *access.Caller, ref string) (Recovered, error) {
	if err := s.allow(ctx, caller, access.UserEdit, access.OnSystem()); err != nil {
		return Recovered{}, err
	}
	u, err := s.lookUp(ctx, nil, ref)
	if err != nil {
		return Recovered{}, err
	}
	if u.Kind != access.KindUser {
		return Recovered{}, invalid("username", "%s is no person's account; it has no password", u.Name)
	}
	var out Recovered
	if out.Password, err = s.choose(ctx, &u, ""); err != nil {
		return Recovered{}, err
	}
	hash := u.PasswordHash
	out.User, err = s.change(ctx, caller, access.UserEdit, u.PublicID, EventPasswordChanged, func(w *work, u *User) (any, error) {
		out.Enabled = u.Disabled
		u.PasswordHash, u.PasswordIssued, u.Disabled = hash, true, false
		if err := s.endSessions(ctx, w, u.ID); err != nil {
			return nil, err
		}
		out.MadeAdmin, err = s.needAnAdmin(ctx, w, u)
		return map[string]any{"recovered": true, "enabled": out.Enabled, "made_admin": out.MadeAdmin}, err
	})
	if err != nil {
		return Recovered{}, err
	}
	return out, nil
}

// needAnAdmin makes u an admin unless it is one, or another one can sign in.
func (s *Accounts) needAnAdmin(ctx context.Context, w *work, u *User) (made bool, err error) {
	if slices.Contains(u.Roles, access.RoleAdmin) {
		return false, nil
	}
	others, err := s.accounts.CountAdmins(ctx, w.tx, u.ID)
	if err != nil || others > 0 {
		return false, err
	}
	u.Roles, err = s.assign(ctx, w, *u, append(slices.Clone(u.Roles), access.RoleAdmin))
	return err == nil, err
}
