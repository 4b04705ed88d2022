package apihttp

import (
	"context"
	"net/http"
	"strings"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (a *API) channelOperations() {
	const tag = "Channels"
	const one = "/api/channels/{channel}"
	view := []access.Scope{access.ChannelView}
	add(a, Operation{Method: http.MethodGet, Path: "/api/channels", Tag: tag, Summary: "List the channels that the caller may see", Scopes: view}, a.listChannels)
	add(a, Operation{Method: http.MethodPost, Path: "/api/channels", Tag: tag, Summary: "Create a channel", Scopes: []access.Scope{access.ChannelCreate}, Status: http.StatusCreated}, a.createChannel)
	addBoth(a, Operation{Method: http.MethodGet, Path: one, Tag: tag, Summary: "Show a channel", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *ChannelPath) (*body[api.Channel], error) {
			c, err := a.Service.Channels.Get(ctx, caller, in.Channel)
			return &body[api.Channel]{channelOut(c)}, err
		})
	addBoth(a, Operation{Method: http.MethodPut, Path: one, Tag: tag, Summary: "Change a channel", Scopes: []access.Scope{access.ChannelEdit}}, a.editChannel)
	addBoth(a, Operation{Method: http.MethodDelete, Path: one, Tag: tag, Summary: "Delete a channel with all in it", Scopes: []access.Scope{access.ChannelDelete}, Status: http.StatusAccepted},
		func(ctx context.Context, caller *access.Caller, in *ChannelPath) (*nothing, error) {
			return nil, a.Service.Channels.Delete(ctx, caller, in.Channel)
		})
	addBoth(a, Operation{Method: http.MethodGet, Path: one + "/permissions", Tag: tag, Summary: "The scopes that the caller holds on a channel", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *ChannelPath) (*body[api.Scopes], error) {
			scopes, err := a.Service.Channels.Permissions(ctx, caller, in.Channel)
			return &body[api.Scopes]{api.Scopes{Scopes: scopeNames(scopes)}}, err
		})
	addBoth(a, Operation{Method: http.MethodGet, Path: one + "/stats", Tag: tag, Summary: "Count what is in a channel", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *ChannelPath) (*body[api.ChannelStats], error) {
			s, err := a.Service.Channels.Stats(ctx, caller, in.Channel)
			return &body[api.ChannelStats]{api.ChannelStats{Stats: api.ChannelCounters{Counters: countersOut(s)}}}, err
		})
	add(a, Operation{Method: http.MethodGet, Path: one + "/subchannels", Tag: tag, Summary: "List the subchannels that the caller may see", Scopes: view}, a.listSubchannels)
	add(a, Operation{Method: http.MethodPost, Path: one + "/subchannels", Tag: tag, Summary: "Create a subchannel", Scopes: []access.Scope{access.SubchannelCreate}, Status: http.StatusCreated}, a.createSubchannel)
}

type listChannelsInput struct {
	Page
	Query              string   `query:"q" maxLength:"200"`
	IDs                []string `query:"ids,explode" maxItems:"1000"`
	IncludeSubchannels bool     `query:"include_subchannels"`
}

func (a *API) listChannels(ctx context.Context, caller *access.Caller, in *listChannelsInput) (*body[api.List[api.Channel]], error) {
	f := registry.ChannelFilter{Query: in.Query, PublicIDs: in.IDs, IncludeSubchannels: in.IncludeSubchannels}
	channels, total, err := a.Service.Channels.List(ctx, caller, f, in.registry())
	return list(channels, total, channelOut), err
}

type createChannelInput struct{ Body api.ChannelCreate }

func (a *API) createChannel(ctx context.Context, caller *access.Caller, in *createChannelInput) (*body[api.Channel], error) {
	c, err := a.Service.Channels.Create(ctx, caller, channelIn(in.Body))
	return &body[api.Channel]{channelOut(c)}, err
}

type createSubchannelInput struct {
	ChannelPath
	Body api.ChannelCreate
}

func (a *API) createSubchannel(ctx context.Context, caller *access.Caller, in *createSubchannelInput) (*body[api.Channel], error) {
	c, err := a.Service.Channels.CreateSubchannel(ctx, caller, in.Channel, channelIn(in.Body))
	return &body[api.Channel]{channelOut(c)}, err
}

type listSubchannelsInput struct {
	ChannelPath
	Page
	Query string   `query:"q" maxLength:"200"`
	IDs   []string `query:"ids,explode" maxItems:"1000"`
}

func (a *API) listSubchannels(ctx context.Context, caller *access.Caller, in *listSubchannelsInput) (*body[api.List[api.Channel]], error) {
	f := registry.ChannelFilter{Query: in.Query, PublicIDs: in.IDs}
	channels, total, err := a.Service.Channels.Subchannels(ctx, caller, in.Channel, f, in.registry())
	return list(channels, total, channelOut), err
}

// channelIn is a new channel as it is asked for.
func channelIn(b api.ChannelCreate) registry.Channel {
	c := registry.Channel{
		Name: b.Name, Description: b.Description, Privacy: access.Privacy(b.Privacy),
		Type: registry.ChannelType(b.ChannelType), Indexing: registry.Indexing(b.IndexingBehavior),
		Sources: sourcesIn(b.Sources),
	}
	if f := filtersIn(b.Filters); f != nil {
		c.Filters = *f
	}
	if s := channelSettingsIn(b.Settings); s != nil {
		c.Settings = *s
	}
	return c
}

func countersOut(s registry.ChannelStats) api.Counters {
	return api.Counters{
		TotalArtifactCount: s.Files, PackageCount: s.Packages, GroupCount: s.Groups, SubchannelCount: s.Subchannels,
		DownloadCount: s.Downloads, TotalSize: s.Size,
	}
}

type editChannelInput struct {
	ChannelPath
	Body api.ChannelUpdate
}

func (a *API) editChannel(ctx context.Context, caller *access.Caller, in *editChannelInput) (*body[api.Channel], error) {
	c, err := a.Service.Channels.Edit(ctx, caller, in.Channel, registry.ChannelChange{
		Name: in.Body.Name, Description: in.Body.Description,
		Privacy: convert[access.Privacy](in.Body.Privacy), Indexing: convert[registry.Indexing](in.Body.IndexingBehavior),
		Sources: sourcesIn(in.Body.Sources),
		Filters: filtersIn(in.Body.Filters), Settings: channelSettingsIn(in.Body.Settings),
	})
	return &body[api.Channel]{channelOut(c)}, err
}

// convert turns an optional wire text into an optional domain text.
func convert[To, From ~string](v *From) *To {
	if v == nil {
		return nil
	}
	to := To(*v)
	return &to
}

func channelOut(c registry.Channel) api.Channel {
	out := api.Channel{
		ID: c.PublicID, Name: c.Name, Parent: parentOf(c.Path), Description: c.Description, Privacy: api.Privacy(c.Privacy),
		ChannelType: api.ChannelType(c.Type), IndexingBehavior: api.IndexingBehavior(c.Indexing), Sources: sourcesOut(c.Sources),
		Filters: filtersOut(c.Filters), Settings: channelSettingsOut(c.Settings), UsedBytes: c.UsedBytes, QuotaBytes: c.QuotaBytes,
		Owners: c.Owners, Created: c.CreatedAt, Updated: c.UpdatedAt, ArtifactCount: c.ArtifactCount, DownloadCount: c.DownloadCount,
	}
	if out.Owners == nil {
		out.Owners = []string{}
	}
	return out
}

// parentOf is the channel of a subchannel's path, empty for a channel's.
func parentOf(path string) string {
	parent, _, nested := strings.Cut(path, "/")
	if !nested {
		return ""
	}
	return parent
}
