package registry

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// ChannelStore keeps channels and the groups that own them.
type ChannelStore interface {
	InsertChannel(ctx context.Context, tx Tx, c Channel) (int64, error)
	UpdateChannel(ctx context.Context, tx Tx, c Channel) error
	DeleteChannel(ctx context.Context, tx Tx, id int64) error
	ChannelByPath(ctx context.Context, tx Tx, path string) (Channel, error)
	ListChannels(ctx context.Context, f ChannelFilter, p Page) ([]Channel, int64, error)
	ChannelOwners(ctx context.Context, channel int64) ([]string, error)
	ChannelStats(ctx context.Context, channel int64) (ChannelStats, error)
	ChannelLosses(ctx context.Context, channel int64) (Losses, error)
	ListNotices(ctx context.Context, tx Tx, channel int64) ([]Notice, error)
	SetNotices(ctx context.Context, tx Tx, channel int64, notices []Notice) error
	// RaiseSubdirs raises the generation of all that is indexed of a channel, and says of which subdirs.
	RaiseSubdirs(ctx context.Context, tx Tx, channel int64, at time.Time) ([]Place, error)
	Subchannels(ctx context.Context, tx Tx, parent int64) ([]Channel, error)
	InsertGroup(ctx context.Context, tx Tx, g Group) (int64, error)
	DeleteOwnersGroup(ctx context.Context, tx Tx, channel int64) error
	SetMember(ctx context.Context, tx Tx, group, principal int64, permission Level) error
	SetChannelGroup(ctx context.Context, tx Tx, channel, group int64, permission Level, at int64) error
	ChannelPrincipals(ctx context.Context, tx Tx, channel int64) ([]int64, error)
	SourceStore
}

// ChannelFilter narrows a list of channels.
type ChannelFilter struct {
	// Visible are the sets that the caller may see; a channel in any of them is shown.
	Visible []ChannelSet
	// Query finds a part of the name, the path or the description.
	Query string
	// Path keeps only the channel of this path, empty for all.
	Path string
	// PublicIDs keeps only these, when there are any.
	PublicIDs          []string
	IncludeSubchannels bool
	// Privacy keeps only the channels of this privacy, empty for all.
	Privacy access.Privacy
	// Parent keeps only the subchannels of this channel.
	Parent int64
	// SourceID keeps only the virtual channels over this one.
	SourceID int64
	// Group keeps only the channels on which this group has a permission.
	Group int64
}

// Channels is the service for channels.
type Channels struct {
	*core
	channels ChannelStore
	services *ServiceAccounts
	lookup   *channelLookup

	quotas    QuotaStore
	filtering *Filtering
}

// channelSortColumns are what channel lists can be sorted by.
var channelSortColumns = []string{"name", "updated_at"}

// Create makes a channel owned by the caller.
func (s *Channels) Create(ctx context.Context, caller *access.Caller, c Channel) (Channel, error) {
	if err := s.allow(ctx, caller, access.ChannelCreate, access.OnNewChannel(c.Name)); err != nil {
		return Channel{}, err
	}
	c.Path = c.Name
	if c.Type == VirtualChannel {
		var err error
		if c.Sources, err = s.chooseSources(ctx, caller, c.Sources); err != nil {
			return Channel{}, err
		}
	}
	return s.create(ctx, caller, c, func(w *work, c Channel) error {
		return s.makeOwners(ctx, w, c, caller.Principal.ID)
	})
}

// create makes a channel or subchannel after it was allowed; own says whose it becomes.
func (s *Channels) create(ctx context.Context, caller *access.Caller, c Channel, own func(*work, Channel) error) (Channel, error) {
	c = c.withDefaults()
	if err := c.Validate(); err != nil {
		return Channel{}, err
	}
	c.PublicID = uuid.NewString()
	c.CreatedAt = s.now()
	c.UpdatedAt = c.CreatedAt
	err := s.write(ctx, caller, func(w *work) error {
		var err error
		if c.ID, err = s.channels.InsertChannel(ctx, w.tx, c); err != nil {
			return err
		}
		if err := own(w, c); err != nil {
			return err
		}
		if c.Type == VirtualChannel {
			if err := s.setSources(ctx, w, c); err != nil {
				return err
			}
		}
		if err := s.filtering.begin(ctx, w, Channel{}, c); err != nil {
			return err
		}
		w.changed(ChangedChannel, c.ID, c.Path)
		return w.record(ctx, EventChannelCreated, c.ID, c.Path, map[string]any{"privacy": c.Privacy})
	})
	if errors.Is(err, ErrTaken) {
		return Channel{}, conflict("a channel named %q exists already; choose another name", c.Path)
	}
	if err != nil {
		return Channel{}, err
	}
	return s.shown(ctx, caller, c)
}

// withDefaults fills in what a creator left out.
func (c Channel) withDefaults() Channel {
	if c.Privacy == "" {
		c.Privacy = access.Private
	}
	if c.Type == "" {
		c.Type = DefaultChannel
	}
	if c.Indexing == "" {
		c.Indexing = DefaultIndexing
	}
	return c
}

// makeOwners makes the group that owns a new channel, with its first member.
func (s *Channels) makeOwners(ctx context.Context, w *work, c Channel, owner int64) error {
	g := Group{
		PublicID: uuid.NewString(), Name: OwnersGroup(c.Path), Description: "Owners of channel " + c.Path,
		OwnersOf: c.ID, CreatedAt: c.CreatedAt, UpdatedAt: c.CreatedAt,
	}
	id, err := s.channels.InsertGroup(ctx, w.tx, g)
	if err != nil {
		return err
	}
	if err := s.channels.SetChannelGroup(ctx, w.tx, c.ID, id, access.Manage, c.CreatedAt.UnixMilli()); err != nil {
		return err
	}
	if err := s.channels.SetMember(ctx, w.tx, id, owner, access.Manage); err != nil {
		return err
	}
	w.changed(ChangedPrincipal, owner, "")
	return nil
}

// List gives the channels that the caller may see, and how many there are.
func (s *Channels) List(ctx context.Context, caller *access.Caller, f ChannelFilter, p Page) ([]Channel, int64, error) {
	if err := p.Validate(channelSortColumns...); err != nil {
		return nil, 0, err
	}
	scopes := []access.Scope{access.ChannelView}
	if f.IncludeSubchannels {
		scopes = append(scopes, access.SubchannelView)
	}
	f.Visible = s.listed(caller, scopes...)
	list, total, err := s.channels.ListChannels(ctx, f, p)
	if err != nil {
		return nil, 0, err
	}
	list, err = s.withSources(ctx, caller, list)
	return list, total, err
}

// Mine lists the channels on which the caller itself has at least a level, read when it is none.
func (s *Channels) Mine(ctx context.Context, caller *access.Caller, level access.Level, subchannels bool, p Page) ([]Channel, int64, error) {
	if err := p.Validate(channelSortColumns...); err != nil {
		return nil, 0, err
	}
	scopes := []access.Scope{access.ChannelView, access.SubchannelView}
	switch level {
	case access.Write:
		scopes = []access.Scope{access.ArtifactCreate}
	case access.Manage:
		scopes = []access.Scope{access.ChannelEdit, access.SubchannelEdit}
	}
	if !subchannels {
		scopes = scopes[:1]
	}
	return s.channels.ListChannels(ctx, ChannelFilter{Visible: held(caller, s.listed(caller, scopes...), scopes[0]), IncludeSubchannels: subchannels}, p)
}

// Get gives one channel with its owners and counts.
func (s *Channels) Get(ctx context.Context, caller *access.Caller, path string) (Channel, error) {
	c, err := s.on(ctx, caller, access.ChannelView, path)
	if err != nil {
		return Channel{}, err
	}
	return s.shown(ctx, caller, c)
}

// detailed adds what one channel's page shows besides its record.
func (s *Channels) detailed(ctx context.Context, c Channel) (Channel, error) {
	list, _, err := s.channels.ListChannels(ctx, ChannelFilter{Visible: onlyChannel(c.ID), IncludeSubchannels: true}, Page{Limit: 1})
	if err != nil {
		return Channel{}, err
	}
	if len(list) == 0 {
		return Channel{}, notFound("channel %s was deleted meanwhile", c.Path)
	}
	c = list[0]
	c.Owners, err = s.channels.ChannelOwners(ctx, c.ID)
	return c, err
}

// Permissions gives the scopes that the caller holds on a channel.
func (s *Channels) Permissions(ctx context.Context, caller *access.Caller, path string) ([]access.Scope, error) {
	c, err := s.on(ctx, caller, access.ChannelView, path)
	if err != nil {
		return nil, err
	}
	return access.EffectiveScopes(caller, access.OnChannel(c.Access())), nil
}

// on finds a channel and asks for a scope on it. A channel that does not exist is asked for like one that gives
// nobody anything, so that a refusal does not tell which it was.
func (s *Channels) on(ctx context.Context, caller *access.Caller, scope access.Scope, path string) (Channel, error) {
	return s.lookup.on(ctx, s.core, caller, scope, path)
}

// find gives the channel at path, or one with ID 0 that stands for any unknown channel.
func (s *Channels) find(ctx context.Context, path string) (Channel, error) {
	return s.lookup.find(ctx, path)
}
