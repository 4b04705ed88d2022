package client

import (
	"context"
	"net/http"

	"kingsnake/api"
)

// AccessOptions choose who is listed of those that can reach a channel.
type AccessOptions struct {
	ListOptions
	// Kinds keeps these kinds, all when it is empty.
	Kinds []api.AccessKind
	// Level keeps who reaches at least this level; empty keeps all.
	Level api.Level
	// Inactive lists also what is disabled, expired or not valid yet, Open also each account and token that reaches the
	// channel only because of its privacy.
	Inactive, Open bool
}

// ChannelAccess lists who and which tokens can reach a channel. The caller must manage it.
func (c *Client) ChannelAccess(ctx context.Context, channel string, opts AccessOptions) (api.List[api.ChannelAccess], error) {
	query := opts.values()
	for _, k := range opts.Kinds {
		query.Add("kind", string(k))
	}
	if opts.Level != "" {
		query.Set("level", string(opts.Level))
	}
	if opts.Inactive {
		query.Add("include", "inactive")
	}
	if opts.Open {
		query.Add("include", "open")
	}
	var out api.List[api.ChannelAccess]
	err := c.call(ctx, http.MethodGet, query, nil, &out, channelSegments(channel, "access")...)
	return out, err
}
