package registry

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// RoleStore keeps roles.
type RoleStore interface {
	ListRoles(ctx context.Context, tx Tx) ([]Role, error)
	InsertRole(ctx context.Context, tx Tx, r Role) (int64, error)
	UpdateRole(ctx context.Context, tx Tx, r Role) error
	DeleteRole(ctx context.Context, tx Tx, id int64) error
	CountHolders(ctx context.Context, tx Tx, role int64, at time.Time) (int64, error)
	ListUsers(ctx context.Context, f UserFilter, p Page) ([]User, int64, error)
}

// Roles is the service for roles: what they give, and who has them. Giving a role to an account is a matter of Accounts.
//
// A change takes effect with the next request of everybody who holds the role.
type Roles struct {
	*core
	roles RoleStore
}

// List gives all roles, by name.
func (s *Roles) List(ctx context.Context, caller *access.Caller) ([]Role, error) {
	if err := s.allow(ctx, caller, access.RoleView, access.OnSystem()); err != nil {
		return nil, err
	}
	return s.roles.ListRoles(ctx, nil)
}

// Get gives a role by its public id or its name.
func (s *Roles) Get(ctx context.Context, caller *access.Caller, ref string) (Role, error) {
	if err := s.allow(ctx, caller, access.RoleView, access.OnSystem()); err != nil {
		return Role{}, err
	}
	return s.find(ctx, nil, ref)
}

// find looks a role up by public id or name.
func (s *Roles) find(ctx context.Context, tx Tx, ref string) (Role, error) {
	all, err := s.roles.ListRoles(ctx, tx)
	if err != nil {
		return Role{}, err
	}
	return findRole(all, ref)
}

// findRole picks a role by its public id or its name.
func findRole(all []Role, ref string) (Role, error) {
	i := slices.IndexFunc(all, func(r Role) bool { return r.PublicID == ref })
	if i < 0 {
		i = slices.IndexFunc(all, func(r Role) bool { return r.Name == ref })
	}
	if i < 0 {
		return Role{}, notFound("there is no role %s", clip(ref, 100))
	}
	return all[i], nil
}

// Holders lists the accounts that have a role. Everyone is held by all of them, and by callers without an account too.
func (s *Roles) Holders(ctx context.Context, caller *access.Caller, ref string, p Page) ([]User, int64, error) {
	if err := s.allow(ctx, caller, access.RoleView, access.OnSystem()); err != nil {
		return nil, 0, err
	}
	if err := p.Validate("username"); err != nil {
		return nil, 0, err
	}
	r, err := s.find(ctx, nil, ref)
	if err != nil {
		return nil, 0, err
	}
	f := UserFilter{Role: r.Name, Now: s.now()}
	if r.Name == access.RoleEveryone {
		f.Role = ""
	}
	return s.roles.ListUsers(ctx, f, p)
}

// Create makes a role, which nobody has yet.
func (s *Roles) Create(ctx context.Context, caller *access.Caller, in RoleInput) (Role, error) {
	if err := s.allow(ctx, caller, access.RoleEdit, access.OnSystem()); err != nil {
		return Role{}, err
	}
	if err := validateRoleName(in.Name); err != nil {
		return Role{}, err
	}
	role, err := in.role()
	if err != nil {
		return Role{}, err
	}
	if err := s.judge(caller, access.CanEditRole(caller, role)); err != nil {
		return Role{}, err
	}
	r := Role{PublicID: uuid.NewString(), Role: role, CreatedAt: s.now(), UpdatedAt: s.now()}
	err = s.write(ctx, caller, func(w *work) error {
		all, err := s.roles.ListRoles(ctx, w.tx)
		if err != nil {
			return err
		}
		if len(all) >= maxRoles {
			return conflict("there are %d roles already, and no more can be made", len(all))
		}
		if r.ID, err = s.roles.InsertRole(ctx, w.tx, r); err != nil {
			return err
		}
		return w.record(ctx, EventRoleCreated, 0, r.Name, map[string]any{"levels": r.EncodeLevels()})
	})
	return r, nameTaken(err, in.Name)
}

// nameTaken words the store's refusal of a name that another role has.
func nameTaken(err error, name string) error {
	if errors.Is(err, ErrTaken) {
		return conflict("a role named %q exists already; choose another name", name)
	}
	return err
}

// Edit replaces a role's name and levels. Built-in roles keep their names, and admin its levels too.
func (s *Roles) Edit(ctx context.Context, caller *access.Caller, ref string, in RoleInput) (Role, error) {
	if err := s.allow(ctx, caller, access.RoleEdit, access.OnSystem()); err != nil {
		return Role{}, err
	}
	var r Role
	err := s.write(ctx, caller, func(w *work) error {
		before, err := s.find(ctx, w.tx, ref)
		if err != nil {
			return err
		}
		after, err := in.role()
		if err != nil {
			return err
		}
		if after.Name != before.Name {
			if before.Persistent {
				return invalid("name", "the built-in role %s keeps its name", before.Name)
			}
			if err := validateRoleName(after.Name); err != nil {
				return err
			}
		}
		if err := s.judge(caller, access.CanEditRole(caller, before.Role, after)); err != nil {
			return err
		}
		r = before
		r.Role, r.UpdatedAt = after, s.now()
		if err := s.roles.UpdateRole(ctx, w.tx, r); err != nil {
			return err
		}
		w.changed(ChangedRole, r.ID, r.Name)
		return w.record(ctx, EventRoleUpdated, 0, before.Name, map[string]any{"name": r.Name, "from": before.EncodeLevels(), "to": r.EncodeLevels()})
	})
	return r, nameTaken(err, in.Name)
}

// Delete removes a role; one that somebody has only with force, which takes it from them.
func (s *Roles) Delete(ctx context.Context, caller *access.Caller, ref string, force bool) error {
	if err := s.allow(ctx, caller, access.RoleEdit, access.OnSystem()); err != nil {
		return err
	}
	return s.write(ctx, caller, func(w *work) error {
		r, err := s.find(ctx, w.tx, ref)
		if err != nil {
			return err
		}
		if r.Persistent {
			return &Error{Code: CodeConflict, Reason: "role_built_in", Message: "the role " + r.Name + " is built in and cannot be deleted"}
		}
		if err := s.judge(caller, access.CanEditRole(caller, r.Role)); err != nil {
			return err
		}
		holders, err := s.roles.CountHolders(ctx, w.tx, r.ID, s.now())
		if err != nil {
			return err
		}
		if holders > 0 && !force {
			e := conflict("the role %s is held by %d account(s), who would lose it; take it from them first, or force the deletion", r.Name, holders)
			e.Reason = "role_in_use"
			return e
		}
		if err := s.roles.DeleteRole(ctx, w.tx, r.ID); err != nil {
			return err
		}
		w.changed(ChangedRole, r.ID, r.Name)
		return w.record(ctx, EventRoleDeleted, 0, r.Name, map[string]any{"levels": r.EncodeLevels(), "holders": holders})
	})
}
