package client

import (
	"context"
	"net/http"

	"kingsnake/api"
)

// TrustRules lists whom a channel trusts to publish.
func (c *Client) TrustRules(ctx context.Context, channel string, opts ListOptions) (api.List[api.TrustRule], error) {
	var out api.List[api.TrustRule]
	err := c.call(ctx, http.MethodGet, opts.values(), nil, &out, channelSegments(channel, "trust")...)
	return out, err
}

// TrustRule answers one rule.
func (c *Client) TrustRule(ctx context.Context, channel, id string) (api.TrustRule, error) {
	var out api.TrustRule
	err := c.call(ctx, http.MethodGet, nil, nil, &out, channelSegments(channel, "trust", id)...)
	return out, err
}

// CreateTrustRule makes a rule.
func (c *Client) CreateTrustRule(ctx context.Context, channel string, in api.TrustRuleWrite) (api.TrustRule, error) {
	var out api.TrustRule
	err := c.call(ctx, http.MethodPost, nil, in, &out, channelSegments(channel, "trust")...)
	return out, err
}

// ReplaceTrustRule replaces what a rule says.
func (c *Client) ReplaceTrustRule(ctx context.Context, channel, id string, in api.TrustRuleWrite) (api.TrustRule, error) {
	var out api.TrustRule
	err := c.call(ctx, http.MethodPut, nil, in, &out, channelSegments(channel, "trust", id)...)
	return out, err
}

// DeleteTrustRule removes a rule.
func (c *Client) DeleteTrustRule(ctx context.Context, channel, id string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, nil, channelSegments(channel, "trust", id)...)
}
