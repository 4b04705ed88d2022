package registry

import (
	"context"
	"slices"
	"strings"

	"kingsnake/internal/access"
)

// Roles lists all roles.
func (s *Accounts) Roles(ctx context.Context, caller *access.Caller) ([]Role, error) {
	if err := s.allow(ctx, caller, access.RoleView, access.OnSystem()); err != nil {
		return nil, err
	}
	return s.accounts.ListRoles(ctx, nil)
}

// SetUserRoles gives an account exactly these roles.
func (s *Accounts) SetUserRoles(ctx context.Context, caller *access.Caller, ref string, roles []string) (User, error) {
	return s.change(ctx, caller, access.RoleEdit, ref, EventRolesChanged, func(w *work, u *User) (any, error) {
		before := u.Roles
		if !slices.Contains(roles, access.RoleAdmin) {
			if err := s.keepAnAdmin(ctx, w, *u); err != nil {
				return nil, err
			}
		}
		var err error
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
