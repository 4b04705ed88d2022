package client

import (
	"context"
	"net/http"
	"net/url"

	"kingsnake/api"
)

// ChannelFilter chooses channels of a list.
type ChannelFilter struct {
	ListOptions
	// IncludeSubchannels lists subchannels too, each with its Parent set.
	IncludeSubchannels bool
}

func (f ChannelFilter) values() url.Values {
	v := f.ListOptions.values()
	if f.IncludeSubchannels {
		v.Set("include_subchannels", "true")
	}
	return v
}

// Channels lists the channels that the caller may see.
func (c *Client) Channels(ctx context.Context, filter ChannelFilter) (api.List[api.Channel], error) {
	var out api.List[api.Channel]
	err := c.call(ctx, http.MethodGet, filter.values(), nil, &out, "channels")
	return out, err
}

// Channel answers one channel; a subchannel is named "channel/subchannel", here and everywhere.
func (c *Client) Channel(ctx context.Context, name string) (api.Channel, error) {
	var out api.Channel
	err := c.call(ctx, http.MethodGet, nil, nil, &out, channelSegments(name)...)
	return out, err
}

// CreateChannel makes a channel.
func (c *Client) CreateChannel(ctx context.Context, in api.ChannelCreate) (api.Channel, error) {
	var out api.Channel
	err := c.call(ctx, http.MethodPost, nil, in, &out, "channels")
	return out, err
}

// CreateSubchannel makes a subchannel of a channel.
func (c *Client) CreateSubchannel(ctx context.Context, parent string, in api.ChannelCreate) (api.Channel, error) {
	var out api.Channel
	err := c.call(ctx, http.MethodPost, nil, in, &out, "channels", parent, "subchannels")
	return out, err
}

// Subchannels lists the subchannels of a channel that the caller may see.
func (c *Client) Subchannels(ctx context.Context, parent string, options ListOptions) (api.List[api.Channel], error) {
	var out api.List[api.Channel]
	err := c.call(ctx, http.MethodGet, options.values(), nil, &out, "channels", parent, "subchannels")
	return out, err
}

// ChannelStats counts what is in a channel.
func (c *Client) ChannelStats(ctx context.Context, name string) (api.Counters, error) {
	var out api.ChannelStats
	err := c.call(ctx, http.MethodGet, nil, nil, &out, channelSegments(name, "stats")...)
	return out.Stats.Counters, err
}

// UpdateChannel changes a channel.
func (c *Client) UpdateChannel(ctx context.Context, name string, in api.ChannelUpdate) (api.Channel, error) {
	var out api.Channel
	err := c.call(ctx, http.MethodPut, nil, in, &out, channelSegments(name)...)
	return out, err
}

// DeleteChannel deletes a channel and all in it.
func (c *Client) DeleteChannel(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, nil, channelSegments(name)...)
}

// ChannelPermissions answers the scopes that the caller has on a channel.
func (c *Client) ChannelPermissions(ctx context.Context, name string) ([]string, error) {
	var out api.Scopes
	err := c.call(ctx, http.MethodGet, nil, nil, &out, channelSegments(name, "permissions")...)
	return out.Scopes, err
}
