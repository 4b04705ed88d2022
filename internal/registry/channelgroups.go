package registry

import (
	"context"
	"errors"

	"kingsnake/internal/access"
)

// ChannelGroupStore keeps which groups have which permission on a channel.
type ChannelGroupStore interface {
	ListChannelGroups(ctx context.Context, channel int64, p Page) ([]ChannelGroup, int64, error)
	// ChannelGroupByRef finds a group that has a permission on the channel, by its public id or its name.
	ChannelGroupByRef(ctx context.Context, tx Tx, channel int64, ref string) (ChannelGroup, error)
	SetChannelGroup(ctx context.Context, tx Tx, channel, group int64, permission Level, at int64) error
	RemoveChannelGroup(ctx context.Context, tx Tx, channel, group int64) error
}

// ChannelGroups is the service for the permissions that groups have on channels.
type ChannelGroups struct {
	*core
	grants ChannelGroupStore
	groups *Groups
	tokens *Tokens
	lookup *channelLookup
}

// List gives the groups that have a permission on a channel, to everybody who may read it.
func (s *ChannelGroups) List(ctx context.Context, caller *access.Caller, path string, p Page) ([]ChannelGroup, int64, error) {
	c, err := s.lookup.on(ctx, s.core, caller, access.ChannelGroupView, path)
	if err != nil {
		return nil, 0, err
	}
	if err := p.Validate("name", "created_at", "updated_at"); err != nil {
		return nil, 0, err
	}
	return s.grants.ListChannelGroups(ctx, c.ID, p)
}

// Get gives one group that has a permission on a channel, by its public id or its name, to everybody who may read it.
func (s *ChannelGroups) Get(ctx context.Context, caller *access.Caller, path, group string) (ChannelGroup, error) {
	c, err := s.lookup.on(ctx, s.core, caller, access.ChannelGroupView, path)
	if err != nil {
		return ChannelGroup{}, err
	}
	g, err := s.grants.ChannelGroupByRef(ctx, nil, c.ID, group)
	if errors.Is(err, ErrNoRecord) {
		return ChannelGroup{}, noChannelGroup(c, group)
	}
	return g, err
}

func noChannelGroup(c Channel, group string) error {
	return notFound("no group %s has a permission on channel %s", clip(group, 300), c.Path)
}

// Add gives a group that the caller may see a permission on a channel, or changes the one that it has.
func (s *ChannelGroups) Add(ctx context.Context, caller *access.Caller, path, group, permission string) error {
	c, err := s.lookup.on(ctx, s.core, caller, access.ChannelGroupEdit, path)
	if err != nil {
		return err
	}
	g, err := s.groups.see(ctx, caller, group)
	if err != nil {
		return err
	}
	level, err := parseGrant(permission, access.Read, access.Write, access.Manage)
	if err != nil {
		return err
	}
	return s.write(ctx, caller, func(w *work) error {
		if g, err = s.groups.reread(ctx, w, g); err != nil {
			return err
		}
		switch {
		case g.OwnersOf == c.ID:
			return keeps(g, c)
		case g.AccountID != 0:
			return ofService(g)
		}
		return s.set(ctx, w, c, g, level)
	})
}

// keeps refuses to touch the permission of the group that owns a channel.
func keeps(g Group, c Channel) error {
	return conflict("%s owns channel %s and keeps manage on it; change its members instead", g.Name, c.Path)
}

// set writes a permission in a transaction and tells the caches of everybody in the group.
func (s *ChannelGroups) set(ctx context.Context, w *work, c Channel, g Group, level access.Level) error {
	now, err := s.groups.channels.ChannelByPath(ctx, w.tx, c.Path)
	if errors.Is(err, ErrNoRecord) || err == nil && now.ID != c.ID {
		return notFound("channel %s was deleted meanwhile", c.Path)
	}
	if err != nil {
		return err
	}
	if err := s.grants.SetChannelGroup(ctx, w.tx, c.ID, g.ID, level, s.now().UnixMilli()); err != nil {
		return err
	}
	if err := s.groups.touch(ctx, w, g.ID); err != nil {
		return err
	}
	return w.record(ctx, EventChannelGroupSet, c.ID, c.Path, map[string]any{"group": g.Name, "group_id": g.PublicID, "permission": level.String()})
}

// Edit changes the permission of a group on a channel, and lists all that have one.
func (s *ChannelGroups) Edit(ctx context.Context, caller *access.Caller, path, group, permission string) ([]ChannelGroup, error) {
	var level access.Level
	c, err := s.changing(ctx, caller, path, group, func(w *work, c Channel, g ChannelGroup) error {
		var err error
		if level, err = parseGrant(permission, access.Read, access.Write, access.Manage); err != nil {
			return err
		}
		if g.Group.AccountID != 0 {
			if level > g.Permission {
				return conflict("%s is the group of a service account: a token of the account raises its permission, here it can be lowered or removed", g.Group.Name)
			}
			if err := s.tokens.lower(ctx, w, g.Group.AccountID, c.ID, level); err != nil {
				return err
			}
		}
		return s.set(ctx, w, c, g.Group, level)
	})
	if err != nil {
		return nil, err
	}
	list, _, err := s.grants.ListChannelGroups(ctx, c.ID, Page{Limit: maxPage})
	return list, err
}

// Remove takes a group's permission on a channel away.
func (s *ChannelGroups) Remove(ctx context.Context, caller *access.Caller, path, group string) error {
	_, err := s.changing(ctx, caller, path, group, func(w *work, c Channel, g ChannelGroup) error {
		if g.Group.AccountID != 0 {
			if err := s.tokens.lower(ctx, w, g.Group.AccountID, c.ID, access.None); err != nil {
				return err
			}
		}
		if err := s.groups.touch(ctx, w, g.Group.ID); err != nil {
			return err
		}
		if err := s.grants.RemoveChannelGroup(ctx, w.tx, c.ID, g.Group.ID); err != nil {
			return err
		}
		return w.record(ctx, EventChannelGroupRemoved, c.ID, c.Path, map[string]any{"group": g.Group.Name, "group_id": g.Group.PublicID})
	})
	return err
}

// changing asks for the right to change a channel's groups, and runs fn on one that has a permission there.
func (s *ChannelGroups) changing(ctx context.Context, caller *access.Caller, path, group string, fn func(*work, Channel, ChannelGroup) error) (Channel, error) {
	c, err := s.lookup.on(ctx, s.core, caller, access.ChannelGroupEdit, path)
	if err != nil {
		return Channel{}, err
	}
	return c, s.write(ctx, caller, func(w *work) error {
		g, err := s.grants.ChannelGroupByRef(ctx, w.tx, c.ID, group)
		if errors.Is(err, ErrNoRecord) {
			return noChannelGroup(c, group)
		}
		if err != nil {
			return err
		}
		if g.Persistent {
			return keeps(g.Group, c)
		}
		return fn(w, c, g)
	})
}
