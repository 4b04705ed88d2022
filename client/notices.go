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

// AddNotice tells a channel's users one thing more, and answers all notices. The others stay as they are, also those that
// somebody else adds at the same moment. The notice has no ID yet.
func (c *Client) AddNotice(ctx context.Context, channel string, notice api.NoticeUpdate) ([]api.Notice, error) {
	var out api.Notices
	err := c.call(ctx, http.MethodPost, nil, notice, &out, channelSegments(channel, "notices")...)
	return out.Notices, err
}

// RemoveNotice takes back one of the things that a channel tells its users, by its id.
func (c *Client) RemoveNotice(ctx context.Context, channel, id string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, nil, channelSegments(channel, "notices", id)...)
}

// Reindex has a channel's index built anew.
func (c *Client) Reindex(ctx context.Context, channel string) (api.Reindexed, error) {
	var out api.Reindexed
	err := c.call(ctx, http.MethodPut, nil, nil, &out, channelSegments(channel, "artifacts", string(api.FamilyConda))...)
	return out, err
}
