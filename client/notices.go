package client

import (
	"context"
	"net/http"

	"kingsnake/api"
)

// Notices answers what a channel tells its users, also what is over.
func (c *Client) Notices(ctx context.Context, channel string) ([]api.Notice, error) {
	var out api.Notices
	err := c.call(ctx, http.MethodGet, nil, nil, &out, channelSegments(channel, "notices")...)
	return out.Notices, err
}

// SetNotices replaces what a channel tells its users.
func (c *Client) SetNotices(ctx context.Context, channel string, notices []api.NoticeUpdate) ([]api.Notice, error) {
	var out api.Notices
	err := c.call(ctx, http.MethodPut, nil, api.NoticesUpdate{Notices: notices}, &out, channelSegments(channel, "notices")...)
	return out.Notices, err
}

// Reindex has a channel's index built anew.
func (c *Client) Reindex(ctx context.Context, channel string) (api.Reindexed, error) {
	var out api.Reindexed
	err := c.call(ctx, http.MethodPut, nil, nil, &out, channelSegments(channel, "artifacts", string(api.FamilyConda))...)
	return out, err
}
