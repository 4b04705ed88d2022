package registry

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// FirstAdmin is the name of the account that a new site begins with.
const FirstAdmin = "admin"

// Bootstrap makes the built-in roles, and the first account where there is none yet. The password is made here when it
// is empty; it is returned when the account was made, and is not to be had again.
func (s *Accounts) Bootstrap(ctx context.Context, caller *access.Caller, password string) (made *NewUser, err error) {
	if err := s.allow(ctx, caller, access.UserEdit, access.OnSystem()); err != nil {
		return nil, err
	}
	if err := s.ensureRoles(ctx, caller); err != nil {
		return nil, err
	}
	_, total, err := s.accounts.ListUsers(ctx, UserFilter{}, Page{Limit: 1})
	if err != nil || total > 0 {
		return nil, err
	}
	u, err := s.CreateUser(ctx, caller, UserInput{Name: FirstAdmin, Password: password, Roles: []string{access.RoleAdmin, access.RoleAuthor}})
	if e, ok := AsError(err); ok && e.Code == CodeConflict {
		// Another process was faster.
		return nil, nil
	}
	return &u, err
}

// ensureRoles makes the built-in roles that are missing.
func (s *Accounts) ensureRoles(ctx context.Context, caller *access.Caller) error {
	had, err := s.accounts.ListRoles(ctx, nil)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, r := range had {
		known[r.Name] = true
	}
	for _, builtin := range []access.Role{access.Everyone(), access.Author(), access.Admin()} {
		if known[builtin.Name] {
			continue
		}
		err := s.write(ctx, caller, func(w *work) error {
			w.changed(ChangedRole, 0, builtin.Name)
			_, err := s.accounts.InsertRole(ctx, w.tx, Role{
				PublicID: uuid.NewString(), Persistent: true, Role: builtin, CreatedAt: s.now(), UpdatedAt: s.now(),
			})
			return err
		})
		if err != nil && !errors.Is(err, ErrTaken) {
			return err
		}
	}
	return nil
}
