package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"kingsnake/api"
)

// Uses tells which of its rights a token used, where, how often and when last.
func (t UserTokens) Uses(ctx context.Context, id string) (api.TokenUses, error) {
	var out api.TokenUses
	err := t.client.call(ctx, http.MethodGet, nil, nil, &out, t.path(id, "usage")...)
	return out, err
}

// Advice tells which of its rights a token did not use in the last days, and what is enough for it. 0 asks for the
// server's default.
func (t UserTokens) Advice(ctx context.Context, id string, days int) (api.TokenAdvice, error) {
	var out api.TokenAdvice
	err := t.client.call(ctx, http.MethodGet, lookBack(days), nil, &out, t.path(id, "advice")...)
	return out, err
}

// Narrow takes from a token what it did not use, or makes another one that holds only what it used. The call is not
// repeated by itself, because each one may make another token.
func (t UserTokens) Narrow(ctx context.Context, id string, in api.TokenNarrow) (api.TokenUpdated, error) {
	var out api.TokenUpdated
	err := t.client.callAs(ctx, http.MethodPost, false, nil, in, &out, t.path(id, "narrow")...)
	return out, err
}

func lookBack(days int) url.Values {
	if days == 0 {
		return nil
	}
	return url.Values{"days": {strconv.Itoa(days)}}
}

// ServiceTokenUses tells which of its rights a token of a service account used.
func (c *Client) ServiceTokenUses(ctx context.Context, channel, account, id string) (api.TokenUses, error) {
	var out api.TokenUses
	err := c.call(ctx, http.MethodGet, nil, nil, &out, serviceTokenSegments(channel, account, id, "usage")...)
	return out, err
}

// ServiceTokenAdvice tells which of its rights a token of a service account did not use, as UserTokens.Advice does.
func (c *Client) ServiceTokenAdvice(ctx context.Context, channel, account, id string, days int) (api.TokenAdvice, error) {
	var out api.TokenAdvice
	err := c.call(ctx, http.MethodGet, lookBack(days), nil, &out, serviceTokenSegments(channel, account, id, "advice")...)
	return out, err
}

// NarrowServiceToken takes from a token of a service account what it did not use, as UserTokens.Narrow does.
func (c *Client) NarrowServiceToken(ctx context.Context, channel, account, id string, in api.TokenNarrow) (api.TokenUpdated, error) {
	var out api.TokenUpdated
	err := c.callAs(ctx, http.MethodPost, false, nil, in, &out, serviceTokenSegments(channel, account, id, "narrow")...)
	return out, err
}
