package client

import (
	"context"
	"net/http"

	"kingsnake/api"
)

// Groups lists the groups that the caller is in, all of them for an administrator.
func (c *Client) Groups(ctx context.Context, opts ListOptions) (api.List[api.Group], error) {
	var out api.List[api.Group]
	err := c.call(ctx, http.MethodGet, opts.values(), nil, &out, "groups")
	return out, err
}

// Group answers one group; here and everywhere it is named by its id or its name.
func (c *Client) Group(ctx context.Context, group string) (api.Group, error) {
	var out api.Group
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "groups", group)
	return out, err
}

// CreateGroup makes a group, which the caller then manages.
func (c *Client) CreateGroup(ctx context.Context, in api.GroupRequest) (api.Group, error) {
	var out api.Group
	err := c.call(ctx, http.MethodPost, nil, in, &out, "groups")
	return out, err
}

// UpdateGroup renames or describes a group.
func (c *Client) UpdateGroup(ctx context.Context, group string, in api.GroupUpdate) (api.Group, error) {
	var out api.Group
	err := c.call(ctx, http.MethodPut, nil, in, &out, "groups", group)
	return out, err
}

// DeleteGroup deletes a group. What it gave its members ends at once.
func (c *Client) DeleteGroup(ctx context.Context, group string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, nil, "groups", group)
}

// GroupMembers lists who is in a group.
func (c *Client) GroupMembers(ctx context.Context, group string, opts ListOptions) (api.List[api.GroupMember], error) {
	var out api.List[api.GroupMember]
	err := c.call(ctx, http.MethodGet, opts.values(), nil, &out, "groups", group, "users")
	return out, err
}

// SetGroupMember puts a user, named by id or name, into a group, or changes what a member may do with the group.
func (c *Client) SetGroupMember(ctx context.Context, group, user string, permission api.Level) (api.Group, error) {
	var out api.Group
	in := api.GroupMemberSet{UserID: user, Permission: permission}
	err := c.callAs(ctx, http.MethodPost, true, nil, in, &out, "groups", group, "users")
	return out, err
}

// RemoveGroupMember takes a user out of a group.
func (c *Client) RemoveGroupMember(ctx context.Context, group, user string) (api.Group, error) {
	var out api.Group
	err := c.call(ctx, http.MethodDelete, nil, nil, &out, "groups", group, "users", user)
	return out, err
}

// GroupChannels lists the channels on which a group has a permission, as far as the caller may see them.
func (c *Client) GroupChannels(ctx context.Context, group string, opts ListOptions) (api.List[api.GroupChannel], error) {
	var out api.List[api.GroupChannel]
	err := c.call(ctx, http.MethodGet, opts.values(), nil, &out, "groups", group, "channels")
	return out, err
}

// ChannelGroups lists the groups that have a permission on a channel.
func (c *Client) ChannelGroups(ctx context.Context, channel string, opts ListOptions) (api.List[api.ChannelGroup], error) {
	var out api.List[api.ChannelGroup]
	err := c.call(ctx, http.MethodGet, opts.values(), nil, &out, channelSegments(channel, "groups")...)
	return out, err
}

// AddChannelGroup gives a group a permission on a channel, or changes the one that it has.
func (c *Client) AddChannelGroup(ctx context.Context, channel, group string, permission api.Level) error {
	in := api.ChannelGroupRequest{GroupID: group, Permission: permission}
	return c.callAs(ctx, http.MethodPost, true, nil, in, nil, channelSegments(channel, "groups")...)
}

// SetChannelGroup changes the permission that a group has on a channel, and answers all groups that have one.
func (c *Client) SetChannelGroup(ctx context.Context, channel, group string, permission api.Level) (api.List[api.ChannelGroup], error) {
	var out api.List[api.ChannelGroup]
	in := api.ChannelGroupPermissions{Permission: permission}
	err := c.call(ctx, http.MethodPut, nil, in, &out, channelSegments(channel, "groups", group)...)
	return out, err
}

// RemoveChannelGroup takes a group's permission on a channel away.
func (c *Client) RemoveChannelGroup(ctx context.Context, channel, group string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, nil, channelSegments(channel, "groups", group)...)
}
