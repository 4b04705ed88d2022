package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"kingsnake/api"
)

// ServiceAccounts lists the service accounts of a channel: one or none.
func (c *Client) ServiceAccounts(ctx context.Context, channel string) (api.List[api.ServiceAccount], error) {
	var out api.List[api.ServiceAccount]
	err := c.call(ctx, http.MethodGet, nil, nil, &out, channelSegments(channel, "service-accounts")...)
	return out, err
}

// CreateServiceAccount makes the service account of a channel.
func (c *Client) CreateServiceAccount(ctx context.Context, channel string, in api.ServiceAccountCreate) (api.ServiceAccount, error) {
	var out api.ServiceAccount
	err := c.call(ctx, http.MethodPost, nil, in, &out, channelSegments(channel, "service-accounts")...)
	return out, err
}

// DeleteServiceAccount deletes a service account, named by its id or its name, with its tokens.
func (c *Client) DeleteServiceAccount(ctx context.Context, channel, account string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, nil, channelSegments(channel, "service-accounts", account)...)
}

// ServiceTokens lists the tokens of a service account, expired ones included.
func (c *Client) ServiceTokens(ctx context.Context, channel, account string, opts ListOptions) (api.List[api.Token], error) {
	var out api.List[api.Token]
	err := c.call(ctx, http.MethodGet, opts.values(), nil, &out, serviceTokenSegments(channel, account)...)
	return out, err
}

// CreateServiceToken makes a resource token of a service account. The answer holds its string, which the server never
// shows again.
func (c *Client) CreateServiceToken(ctx context.Context, channel, account string, in api.TokenCreate) (api.TokenCreated, error) {
	var out api.TokenCreated
	err := c.call(ctx, http.MethodPost, nil, in, &out, serviceTokenSegments(channel, account)...)
	return out, err
}

// UpdateServiceToken changes a token of a service account and keeps its string.
func (c *Client) UpdateServiceToken(ctx context.Context, channel, account, id string, in api.TokenUpdate) (api.TokenUpdated, error) {
	var out api.TokenUpdated
	query := url.Values{"reissue_token": {"false"}}
	err := c.call(ctx, http.MethodPut, query, in, &out, serviceTokenSegments(channel, account, id)...)
	return out, err
}

// ReissueServiceToken gives a token of a service account a new string, as ReissueToken does.
func (c *Client) ReissueServiceToken(ctx context.Context, channel, account, id string, in api.TokenUpdate, overlap time.Duration) (api.TokenUpdated, error) {
	var out api.TokenUpdated
	query := url.Values{"reissue_token": {"true"}}
	if overlap > 0 {
		query.Set("overlap", overlap.String())
	}
	err := c.callAs(ctx, http.MethodPut, false, query, in, &out, serviceTokenSegments(channel, account, id)...)
	return out, err
}

// DeleteServiceToken ends a token of a service account at once.
func (c *Client) DeleteServiceToken(ctx context.Context, channel, account, id string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, nil, serviceTokenSegments(channel, account, id)...)
}

// serviceTokenSegments addresses the tokens of a service account.
func serviceTokenSegments(channel, account string, below ...string) []string {
	return channelSegments(channel, append([]string{"service-accounts", account, "tokens"}, below...)...)
}
