package client

import (
	"context"
	"net/http"

	"kingsnake/api"
)

// FilesFiltered lists what a channel's filters did to its files, the latest first.
func (c *Client) FilesFiltered(ctx context.Context, channel string, options ListOptions) (api.List[api.FileFiltered], error) {
	var out api.List[api.FileFiltered]
	err := c.call(ctx, http.MethodGet, options.values(), nil, &out, channelSegments(channel, "files-filtered")...)
	return out, err
}

// SetChannelQuota bounds the bytes of a channel's files; 0 lifts the bound.
func (c *Client) SetChannelQuota(ctx context.Context, channel string, bytes int64) (api.Channel, error) {
	var out api.Channel
	err := c.call(ctx, http.MethodPut, nil, api.ChannelQuota{QuotaBytes: bytes}, &out, channelSegments(channel, "quota")...)
	return out, err
}
