package apihttp

import (
	"context"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (a *API) channelGroupOperations() {
	const tag = "Groups"
	const all = "/api/channels/{channel}/groups"
	const one = all + "/{group_id}"
	edit := []access.Scope{access.ChannelGroupEdit}
	addBoth(a, Operation{Method: http.MethodGet, Path: all, Tag: tag, Summary: "List the groups that have a permission on a channel", Scopes: []access.Scope{access.ChannelGroupView}},
		func(ctx context.Context, caller *access.Caller, in *channelPageInput) (*body[api.List[api.ChannelGroup]], error) {
			groups, total, err := a.Service.ChannelGroups.List(ctx, caller, in.Channel, in.registry())
			return list(groups, total, channelGroupOut), err
		})
	addBoth(a, Operation{
		Method: http.MethodPost, Path: all, Tag: tag, Summary: "Give a group a permission on a channel", Status: http.StatusNoContent,
		Scopes: []access.Scope{access.ChannelGroupEdit, access.GroupView},
	}, func(ctx context.Context, caller *access.Caller, in *addChannelGroupInput) (*nothing, error) {
		return nil, a.Service.ChannelGroups.Add(ctx, caller, in.Channel, in.Body.GroupID, string(in.Body.Permission))
	})
	addBoth(a, Operation{Method: http.MethodPut, Path: one, Tag: tag, Summary: "Change a group's permission on a channel", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *editChannelGroupInput) (*body[api.List[api.ChannelGroup]], error) {
			groups, err := a.Service.ChannelGroups.Edit(ctx, caller, in.Channel, in.Group, string(in.Body.Permission))
			return list(groups, int64(len(groups)), channelGroupOut), err
		})
	addBoth(a, Operation{Method: http.MethodDelete, Path: one, Tag: tag, Summary: "Take a group's permission on a channel away", Scopes: edit, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *channelGroupInput) (*nothing, error) {
			return nil, a.Service.ChannelGroups.Remove(ctx, caller, in.Channel, in.Group)
		})
}

type channelPageInput struct {
	ChannelPath
	Page
}

type addChannelGroupInput struct {
	ChannelPath
	Body api.ChannelGroupRequest
}

type channelGroupInput struct {
	ChannelPath
	GroupPath
}

type editChannelGroupInput struct {
	ChannelPath
	GroupPath
	Body api.ChannelGroupPermissions
}

func channelGroupOut(g registry.ChannelGroup) api.ChannelGroup {
	return api.ChannelGroup{
		GroupID: g.Group.PublicID, Name: g.Group.Name, Description: g.Group.Description, Permission: api.Level(g.Permission.String()),
		Persistent: g.Persistent, CreatedAt: g.CreatedAt, UpdatedAt: g.UpdatedAt,
	}
}
