package client

import (
	"context"
	"encoding/json"
	"net/http"
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
	return c.TokensOf("").List(ctx, filter)
}

// TokenByID answers one of the caller's tokens.
func (c *Client) TokenByID(ctx context.Context, id string) (api.Token, error) {
	return c.TokensOf("").Get(ctx, id)
}

// CreateToken makes a token. The answer holds its string, which the server never shows again.
func (c *Client) CreateToken(ctx context.Context, in api.TokenCreate) (api.TokenCreated, error) {
	return c.TokensOf("").Create(ctx, in)
}

// UpdateToken changes a token and keeps its string.
func (c *Client) UpdateToken(ctx context.Context, id string, in api.TokenUpdate) (api.TokenUpdated, error) {
	return c.TokensOf("").Update(ctx, id, in)
}

// ReissueToken gives a token a new string, and changes it as in says; see UserTokens.Reissue.
func (c *Client) ReissueToken(ctx context.Context, id string, in api.TokenUpdate, overlap time.Duration) (api.TokenUpdated, error) {
	return c.TokensOf("").Reissue(ctx, id, in, overlap)
}

// SetTokenMetadata replaces the JSON object that is kept with a token.
func (c *Client) SetTokenMetadata(ctx context.Context, id string, metadata json.RawMessage) (api.TokenUpdated, error) {
	return c.TokensOf("").SetMetadata(ctx, id, metadata)
}

// DeleteToken ends a token at once.
func (c *Client) DeleteToken(ctx context.Context, id string) error {
	return c.TokensOf("").Delete(ctx, id)
}

// TokenInfo answers what the token that the client uses may know about itself.
func (c *Client) TokenInfo(ctx context.Context) (api.TokenInfo, error) {
	var out api.TokenInfo
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "account", "token-info")
	return out, err
}
