package registry

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// GroupStore keeps groups and who is in them.
type GroupStore interface {
	InsertGroup(ctx context.Context, tx Tx, g Group) (int64, error)
	UpdateGroup(ctx context.Context, tx Tx, g Group) error
	// DeleteGroup removes a group with its members and its permissions.
	DeleteGroup(ctx context.Context, tx Tx, id int64) error
	// GroupByRef finds a group by its public id or its name; no name looks like an id.
	GroupByRef(ctx context.Context, tx Tx, ref string) (Group, error)
	ListGroups(ctx context.Context, f GroupFilter, p Page) ([]Group, int64, error)
	SetMember(ctx context.Context, tx Tx, group, principal int64, permission Level) error
	RemoveMember(ctx context.Context, tx Tx, group, principal int64) error
	ListMembers(ctx context.Context, group int64, now time.Time, p Page) ([]Member, int64, error)
	GroupPrincipals(ctx context.Context, tx Tx, group int64) ([]int64, error)
	// CountOwners counts the members who can sign in, leaving out one.
	CountOwners(ctx context.Context, tx Tx, group, except int64) (int64, error)
	// GroupLevels gives the permissions of a group by the numbers of the channels.
	GroupLevels(ctx context.Context, tx Tx, group int64) (map[int64]Level, error)
}

// GroupFilter narrows a list of groups.
type GroupFilter struct {
	// All or IDs say which groups the caller may see.
	All bool
	IDs []int64
	// Query finds a part of the name or the description.
	Query string
}

// The audit's words for groups.
const (
	EventGroupCreated        EventType = "group_created"
	EventGroupUpdated        EventType = "group_updated"
	EventGroupDeleted        EventType = "group_deleted"
	EventGroupMemberSet      EventType = "group_member_set"
	EventGroupMemberRemoved  EventType = "group_member_removed"
	EventChannelGroupSet     EventType = "channel_group_set"
	EventChannelGroupRemoved EventType = "channel_group_removed"
)

// Groups is the service for groups. Members with manage over a group change it; a group that owns a channel is changed by
// who manages that channel.
type Groups struct {
	*core
	groups   GroupStore
	channels ChannelStore
	accounts *Accounts
	lookup   *channelLookup
}

// noGroup is a number that no group has. 0 is not one: it stands for a group yet to be created.
const noGroup = -1

// find gives the group of that name or id, or one that stands for any unknown group.
func (s *Groups) find(ctx context.Context, ref string) (Group, error) {
	g, err := s.groups.GroupByRef(ctx, nil, ref)
	if errors.Is(err, ErrNoRecord) {
		return Group{ID: noGroup, Name: ref}, nil
	}
	return g, err
}

// see finds a group and asks whether the caller may know of it: its members, admins, and who manages the channel that it
// owns.
func (s *Groups) see(ctx context.Context, caller *access.Caller, ref string) (Group, error) {
	g, err := s.find(ctx, ref)
	if err != nil {
		return Group{}, err
	}
	if g.OwnersOf != 0 && !access.Decide(caller, access.GroupView, access.OnGroup(g.ID)).Allowed {
		scope, target, err := s.right(ctx, g)
		if err != nil {
			return Group{}, err
		}
		if s.may(caller, scope, target) {
			return s.shown(ctx, caller, g)
		}
	}
	if err := s.allow(ctx, caller, access.GroupView, access.OnGroup(g.ID)); err != nil {
		return Group{}, err
	}
	if g.ID == noGroup {
		return Group{}, unknownGroup(ref)
	}
	return s.shown(ctx, caller, g)
}

func unknownGroup(ref string) error { return notFound("there is no group %s", clip(ref, 300)) }

// right is what changing a group takes: manage over the group itself or, where it owns a channel, the right to say who
// may do what there.
func (s *Groups) right(ctx context.Context, g Group) (access.Scope, access.Target, error) {
	if g.OwnersOf == 0 {
		return access.GroupEdit, access.OnGroup(g.ID), nil
	}
	c, err := s.lookup.find(ctx, g.OwnersPath)
	target := access.OnChannel(c.Access())
	return access.ChannelGroupEdit.For(target.Channel), target, err
}

// change finds a group and asks for the right to change it.
func (s *Groups) change(ctx context.Context, caller *access.Caller, ref string) (Group, error) {
	g, err := s.find(ctx, ref)
	if err != nil {
		return Group{}, err
	}
	scope, target, err := s.right(ctx, g)
	if err != nil {
		return Group{}, err
	}
	if err := s.allow(ctx, caller, scope, target); err != nil {
		return Group{}, err
	}
	if g.ID == noGroup {
		return Group{}, unknownGroup(ref)
	}
	return g, nil
}

// shown adds what the caller may do with the group.
func (s *Groups) shown(ctx context.Context, caller *access.Caller, g Group) (Group, error) {
	scope, target, err := s.right(ctx, g)
	g.Level = access.Read
	if err == nil && access.Decide(caller, scope, target).Allowed {
		g.Level = access.Manage
	}
	return g, err
}

// reread gives a group as a transaction sees it.
func (s *Groups) reread(ctx context.Context, w *work, g Group) (Group, error) {
	g, err := s.groups.GroupByRef(ctx, w.tx, g.PublicID)
	if errors.Is(err, ErrNoRecord) {
		return Group{}, notFound("the group was deleted meanwhile")
	}
	return g, err
}

// List gives the groups that the caller may see, and how many there are: its own, or all for an admin.
func (s *Groups) List(ctx context.Context, caller *access.Caller, query string, p Page) ([]Group, int64, error) {
	if !caller.LoggedIn() {
		return nil, 0, s.allow(ctx, caller, access.GroupView, access.OnGroup(noGroup))
	}
	if err := p.Validate("name", "created_at", "updated_at"); err != nil {
		return nil, 0, err
	}
	v := access.VisibleGroups(caller, access.GroupView)
	if v.All || len(v.IDs) > 0 {
		s.gave(caller, access.Scopes(access.GroupView))
	}
	list, total, err := s.groups.ListGroups(ctx, GroupFilter{All: v.All, IDs: v.IDs, Query: query}, p)
	for i := range list {
		if list[i], err = s.shown(ctx, caller, list[i]); err != nil {
			return nil, 0, err
		}
	}
	return list, total, err
}

// Get gives one group.
func (s *Groups) Get(ctx context.Context, caller *access.Caller, ref string) (Group, error) {
	return s.see(ctx, caller, ref)
}

// Create makes a group. Its maker becomes a member that manages it.
func (s *Groups) Create(ctx context.Context, caller *access.Caller, name, description string) (Group, error) {
	if err := s.allow(ctx, caller, access.GroupEdit, access.OnGroup(0)); err != nil {
		return Group{}, err
	}
	g := Group{PublicID: uuid.NewString(), Name: name, Description: description, CreatedAt: s.now(), UpdatedAt: s.now(), Level: access.Manage}
	if err := g.validate(); err != nil {
		return Group{}, err
	}
	err := s.write(ctx, caller, func(w *work) error {
		var err error
		if g.ID, err = s.groups.InsertGroup(ctx, w.tx, g); err != nil {
			return err
		}
		if caller.Principal.Kind == access.KindUser {
			if err := s.groups.SetMember(ctx, w.tx, g.ID, caller.Principal.ID, access.Manage); err != nil {
				return err
			}
			g.Members = 1
			w.changed(ChangedPrincipal, caller.Principal.ID, "")
		}
		return w.record(ctx, EventGroupCreated, 0, g.Name, map[string]any{"group": g.PublicID})
	})
	return g, groupNameTaken(err, name)
}

// groupNameTaken words the failure to write a name that another group has.
func groupNameTaken(err error, name string) error {
	if errors.Is(err, ErrTaken) {
		return conflict("a group named %q exists already; choose another name", name)
	}
	return err
}

// GroupChange is an edit of a group; nil leaves a field as it is.
type GroupChange struct{ Name, Description *string }

// Edit changes a group's name or description. Its members and its permissions stay.
func (s *Groups) Edit(ctx context.Context, caller *access.Caller, ref string, change GroupChange) (Group, error) {
	g, err := s.change(ctx, caller, ref)
	if err != nil {
		return Group{}, err
	}
	err = s.write(ctx, caller, func(w *work) error {
		if g, err = s.reread(ctx, w, g); err != nil {
			return err
		}
		before := g.Name
		if g, err = change.apply(g); err != nil {
			return err
		}
		g.UpdatedAt = s.now()
		if err := s.groups.UpdateGroup(ctx, w.tx, g); err != nil {
			return err
		}
		// Explanations name groups.
		if err := s.touch(ctx, w, g.ID); err != nil {
			return err
		}
		return w.record(ctx, EventGroupUpdated, g.OwnersOf, g.Name, map[string]any{"group": g.PublicID, "name_before": before})
	})
	if err != nil {
		return Group{}, groupNameTaken(err, g.Name)
	}
	return s.shown(ctx, caller, g)
}

// apply gives the group as the change would have it, checked.
func (ch GroupChange) apply(g Group) (Group, error) {
	if ch.Description != nil {
		g.Description = *ch.Description
	}
	renamed := ch.Name != nil && *ch.Name != g.Name
	switch {
	case g.AccountID != 0:
		return g, ofService(g)
	case renamed && g.OwnersOf != 0:
		return g, conflict("%s owns channel %s and keeps its name", g.Name, g.OwnersPath)
	case renamed:
		g.Name = *ch.Name
	}
	if g.OwnersOf != 0 {
		// The system chose its name, which people could not.
		return g, Group{Name: "x", Description: g.Description}.validate()
	}
	return g, g.validate()
}

// ofService refuses to change the group of a service account by hand.
func ofService(g Group) error {
	return conflict("%s is the group of a service account; it follows the account's tokens, and goes with the account", g.Name)
}

// touch tells the caches to forget all members of a group.
func (s *Groups) touch(ctx context.Context, w *work, group int64) error {
	members, err := s.groups.GroupPrincipals(ctx, w.tx, group)
	for _, id := range members {
		w.changed(ChangedPrincipal, id, "")
	}
	return err
}

// Delete removes a group. What its members held through it ends at once; a later group of the same name inherits nothing.
func (s *Groups) Delete(ctx context.Context, caller *access.Caller, ref string) error {
	g, err := s.change(ctx, caller, ref)
	if err != nil {
		return err
	}
	switch {
	case g.OwnersOf != 0:
		return conflict("%s owns channel %s; it goes when the channel is deleted", g.Name, g.OwnersPath)
	case g.AccountID != 0:
		return ofService(g)
	}
	return s.write(ctx, caller, func(w *work) error {
		if g, err = s.reread(ctx, w, g); err != nil {
			return err
		}
		if err := s.touch(ctx, w, g.ID); err != nil {
			return err
		}
		if err := s.groups.DeleteGroup(ctx, w.tx, g.ID); err != nil {
			return err
		}
		return w.record(ctx, EventGroupDeleted, 0, g.Name, map[string]any{"group": g.PublicID})
	})
}

// GroupOn is a channel with a group's permission on it.
type GroupOn struct {
	Channel
	Permission access.Level
}

// Channels lists the channels on which a group has a permission, as far as the caller may see them.
func (s *Groups) Channels(ctx context.Context, caller *access.Caller, ref string, p Page) ([]GroupOn, int64, error) {
	g, err := s.see(ctx, caller, ref)
	if err != nil {
		return nil, 0, err
	}
	if err := p.Validate(channelSortColumns...); err != nil {
		return nil, 0, err
	}
	f := ChannelFilter{Visible: s.listed(caller, access.ChannelView, access.SubchannelView), IncludeSubchannels: true, Group: g.ID}
	channels, total, err := s.channels.ListChannels(ctx, f, p)
	if err != nil {
		return nil, 0, err
	}
	levels, err := s.groups.GroupLevels(ctx, nil, g.ID)
	out := make([]GroupOn, len(channels))
	for i, c := range channels {
		out[i] = GroupOn{Channel: c, Permission: levels[c.ID]}
	}
	return out, total, err
}
