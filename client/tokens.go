package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"kingsnake/api"
)

// TokenFilter chooses tokens of a list.
type TokenFilter struct {
	ListOptions
	// Type and State narrow the list where they are not empty.
	Type  api.TokenType
	State api.TokenState
}

// Tokens lists the caller's tokens, expired ones included.
func (c *Client) Tokens(ctx context.Context, filter TokenFilter) (api.List[api.Token], error) {
	query := filter.values()
	set(query, "type", string(filter.Type))
	set(query, "state", string(filter.State))
	var out api.List[api.Token]
	err := c.call(ctx, http.MethodGet, query, nil, &out, "account", "tokens")
	return out, err
}

// TokenByID answers one of the caller's tokens.
func (c *Client) TokenByID(ctx context.Context, id string) (api.Token, error) {
	var out api.Token
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "account", "tokens", id)
	return out, err
}

// CreateToken makes a token. The answer holds its string, which the server never shows again.
func (c *Client) CreateToken(ctx context.Context, in api.TokenCreate) (api.TokenCreated, error) {
	var out api.TokenCreated
	err := c.call(ctx, http.MethodPost, nil, in, &out, "account", "tokens")
	return out, err
}

// UpdateToken changes a token and keeps its string.
func (c *Client) UpdateToken(ctx context.Context, id string, in api.TokenUpdate) (api.TokenUpdated, error) {
	var out api.TokenUpdated
	query := url.Values{"reissue_token": {"false"}}
	err := c.call(ctx, http.MethodPut, query, in, &out, "account", "tokens", id)
	return out, err
}

// ReissueToken gives a token a new string, and changes it as in says. The old string works on for overlap; at zero it
// dies at once. The call is not repeated by itself, because each one makes another string.
func (c *Client) ReissueToken(ctx context.Context, id string, in api.TokenUpdate, overlap time.Duration) (api.TokenUpdated, error) {
	var out api.TokenUpdated
	query := url.Values{"reissue_token": {"true"}}
	if overlap > 0 {
		query.Set("overlap", overlap.String())
	}
	err := c.callAs(ctx, http.MethodPut, false, query, in, &out, "account", "tokens", id)
	return out, err
}

// SetTokenMetadata replaces the JSON object that is kept with a token.
func (c *Client) SetTokenMetadata(ctx context.Context, id string, metadata json.RawMessage) (api.TokenUpdated, error) {
	var out api.TokenUpdated
	err := c.call(ctx, http.MethodPut, nil, metadata, &out, "account", "tokens", id, "metadata")
	return out, err
}

// DeleteToken ends a token at once.
func (c *Client) DeleteToken(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, nil, "account", "tokens", id)
}

// TokenInfo answers what the token that the client uses may know about itself.
func (c *Client) TokenInfo(ctx context.Context) (api.TokenInfo, error) {
	var out api.TokenInfo
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "account", "token-info")
	return out, err
}
