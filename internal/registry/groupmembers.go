package registry

import (
	"context"
	"errors"

	"kingsnake/internal/access"
)

// Members lists who is in a group.
func (s *Groups) Members(ctx context.Context, caller *access.Caller, ref string, p Page) ([]Member, int64, error) {
	g, err := s.see(ctx, caller, ref)
	if err != nil {
		return nil, 0, err
	}
	if err := p.Validate("username"); err != nil {
		return nil, 0, err
	}
	return s.groups.ListMembers(ctx, g.ID, s.now(), p)
}

// SetMember puts somebody into a group, or changes what a member may do with the group. Whoever manages a group can add
// everybody whose name or id they know.
func (s *Groups) SetMember(ctx context.Context, caller *access.Caller, ref, user, permission string) (Group, error) {
	g, err := s.change(ctx, caller, ref)
	if err != nil {
		return Group{}, err
	}
	level, err := parseGrant(permission, access.Read, access.Manage)
	switch {
	case err != nil:
		return Group{}, err
	case g.AccountID != 0:
		return Group{}, ofService(g)
	case g.OwnersOf != 0 && level != access.Manage:
		return Group{}, invalid("permission", "all owners of a channel manage it and their group; add members to %s with manage", g.Name)
	}
	u, err := s.person(ctx, caller, nil, user)
	if err != nil {
		return Group{}, err
	}
	err = s.write(ctx, caller, func(w *work) error {
		if g, err = s.reread(ctx, w, g); err != nil {
			return err
		}
		if u, err = s.person(ctx, caller, w.tx, u.PublicID); err != nil {
			return err
		}
		if err := s.groups.SetMember(ctx, w.tx, g.ID, u.ID, level); err != nil {
			return err
		}
		if g, err = s.reread(ctx, w, g); err != nil {
			return err
		}
		w.changed(ChangedPrincipal, u.ID, "")
		return w.record(ctx, EventGroupMemberSet, g.OwnersOf, g.Name, map[string]any{"group": g.PublicID, "member": u.Name, "permission": level.String()})
	})
	if err != nil {
		return Group{}, err
	}
	return s.shown(ctx, caller, g)
}

// person finds somebody's account. One that does not exist is answered as everything is that a caller may not see.
func (s *Groups) person(ctx context.Context, caller *access.Caller, tx Tx, ref string) (User, error) {
	u, err := s.accounts.lookUp(ctx, tx, ref)
	if e, ok := AsError(err); !ok || e.Code != CodeNotFound {
		return u, err
	}
	target := access.OnAccount(noAccount)
	if d := access.Decide(caller, access.UserView, target); !d.Allowed {
		return User{}, s.deny(caller, access.UserView, target, d)
	}
	return User{}, err
}

// noAccount is a number that no account has.
const noAccount = -1

// RemoveMember takes somebody out of a group. In a session everybody may leave a group by themselves.
func (s *Groups) RemoveMember(ctx context.Context, caller *access.Caller, ref, user string) (Group, error) {
	g, err := s.leaveOrChange(ctx, caller, ref, user)
	if err != nil {
		return Group{}, err
	}
	if g.AccountID != 0 {
		return Group{}, ofService(g)
	}
	err = s.write(ctx, caller, func(w *work) error {
		if g, err = s.reread(ctx, w, g); err != nil {
			return err
		}
		u, err := s.accounts.lookUp(ctx, w.tx, user)
		if e, ok := AsError(err); ok && e.Code == CodeNotFound {
			return noMember(g, user)
		}
		if err != nil {
			return err
		}
		if err := s.keepAnOwner(ctx, w, g, u); err != nil {
			return err
		}
		if err := s.groups.RemoveMember(ctx, w.tx, g.ID, u.ID); errors.Is(err, ErrNoRecord) {
			return noMember(g, user)
		} else if err != nil {
			return err
		}
		if g, err = s.reread(ctx, w, g); err != nil {
			return err
		}
		w.changed(ChangedPrincipal, u.ID, "")
		return w.record(ctx, EventGroupMemberRemoved, g.OwnersOf, g.Name, map[string]any{"group": g.PublicID, "member": u.Name})
	})
	if err != nil {
		return Group{}, err
	}
	return s.shown(ctx, caller, g)
}

func noMember(g Group, user string) error {
	return notFound("group %s has no member %s", g.Name, clip(user, 300))
}

// leaveOrChange asks for the right to take somebody out of a group: to see the group, where somebody who has signed in
// leaves it, and otherwise to change it.
func (s *Groups) leaveOrChange(ctx context.Context, caller *access.Caller, ref, user string) (Group, error) {
	own := caller.Via == access.ViaSession && caller.LoggedIn()
	if own {
		u, err := s.accounts.lookUp(ctx, nil, user)
		if e, ok := AsError(err); err != nil && (!ok || e.Code != CodeNotFound) {
			return Group{}, err
		}
		own = err == nil && u.ID == caller.Principal.ID
	}
	if own {
		return s.see(ctx, caller, ref)
	}
	return s.change(ctx, caller, ref)
}

// keepAnOwner refuses what would leave a channel without an owner who can sign in. Admins may do it: they can always put
// somebody else in.
func (s *Groups) keepAnOwner(ctx context.Context, w *work, g Group, u User) error {
	if g.OwnersOf == 0 {
		return nil
	}
	all, err := s.groups.CountOwners(ctx, w.tx, g.ID, 0)
	if err != nil {
		return err
	}
	others, err := s.groups.CountOwners(ctx, w.tx, g.ID, u.ID)
	if err != nil || others > 0 || all == 0 || s.may(w.caller, access.UserEdit, access.OnSystem()) {
		return err
	}
	return &Error{Code: CodeConflict, Reason: "last_owner", Message: u.Name + " is the last owner of channel " + g.OwnersPath +
		" who can sign in; make somebody else an owner first, or delete the channel"}
}
