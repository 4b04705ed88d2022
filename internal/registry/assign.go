package registry

import (
	"context"
	"slices"
	"strings"

	"kingsnake/internal/access"
)

// SetUserRoles gives an account exactly these roles.
func (s *Accounts) SetUserRoles(ctx context.Context, caller *access.Caller, ref string, roles []string) (User, error) {
	return s.reassign(ctx, caller, ref, func([]Role, []string) ([]string, error) { return roles, nil })
}

// GiveRole adds a role, named or numbered, to those of an account, which may have it already.
func (s *Accounts) GiveRole(ctx context.Context, caller *access.Caller, ref, role string) error {
	_, err := s.reassign(ctx, caller, ref, func(all []Role, had []string) ([]string, error) {
		r, err := pickRole(all, role)
		return append(slices.Clone(had), r.Name), err
	})
	return err
}

// TakeRole takes a role, named or numbered, from an account, which need not have it.
func (s *Accounts) TakeRole(ctx context.Context, caller *access.Caller, ref, role string) error {
	_, err := s.reassign(ctx, caller, ref, func(all []Role, had []string) ([]string, error) {
		r, err := pickRole(all, role)
		return slices.DeleteFunc(slices.Clone(had), func(name string) bool { return name == r.Name }), err
	})
	return err
}

// pickRole finds a role that can be given and taken, by its public id or its name.
func pickRole(all []Role, ref string) (Role, error) {
	r, err := findRole(all, ref)
	if err == nil && r.Name == access.RoleEveryone {
		err = invalid("role", "everybody has the role %s; it is neither given nor taken", r.Name)
	}
	return r, err
}

// reassign changes the roles of an account: next says which they are to be, given all roles and the names of those had.
func (s *Accounts) reassign(ctx context.Context, caller *access.Caller, ref string, next func(all []Role, had []string) ([]string, error)) (User, error) {
	return s.change(ctx, caller, access.RoleEdit, ref, EventRolesChanged, func(w *work, u *User) (any, error) {
		all, err := s.accounts.ListRoles(ctx, w.tx)
		if err != nil {
			return nil, err
		}
		before := u.Roles
		roles, err := next(all, before)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(roles, access.RoleAdmin) {
			if err := s.keepAnAdmin(ctx, w, *u); err != nil {
				return nil, err
			}
		}
		u.Roles, err = s.assign(ctx, w, *u, roles)
		return map[string]any{"from": before, "to": u.Roles}, err
	})
}

// assign writes an account's roles after asking, for each one that is given or taken, whether the caller may.
func (s *Accounts) assign(ctx context.Context, w *work, u User, names []string) ([]string, error) {
	all, err := s.accounts.ListRoles(ctx, w.tx)
	if err != nil {
		return nil, err
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	var ids []int64
	for _, name := range names {
		i := slices.IndexFunc(all, func(r Role) bool { return r.Name == name })
		if i < 0 || name == access.RoleEveryone {
			return nil, invalid("roles", "there is no role %q to give; the roles are %s", clip(name, 64), strings.Join(roleNames(all), ", "))
		}
		ids = append(ids, all[i].ID)
	}
	for _, r := range all {
		if slices.Contains(names, r.Name) == slices.Contains(u.Roles, r.Name) {
			continue
		}
		if err := s.mayAssign(w.caller, r); err != nil {
			return nil, err
		}
	}
	w.changed(ChangedPrincipal, u.ID, "")
	return names, s.accounts.SetRoles(ctx, w.tx, u.ID, ids)
}

func roleNames(roles []Role) []string {
	var names []string
	for _, r := range roles {
		if r.Name != access.RoleEveryone {
			names = append(names, r.Name)
		}
	}
	return names
}
