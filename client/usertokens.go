package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"kingsnake/api"
)

// UserTokens are the tokens of one account, which an administrator manages; those of an empty user are the caller's own.
type UserTokens struct {
	client *Client
	user   string
}

// TokensOf gives the tokens of an account, named by id or name. An empty user means the caller's own account.
func (c *Client) TokensOf(user string) UserTokens { return UserTokens{client: c, user: user} }

// path names what is below the account's tokens.
func (t UserTokens) path(below ...string) []string {
	if t.user == "" {
		return append([]string{"account", "tokens"}, below...)
	}
	return append([]string{"users", t.user, "tokens"}, below...)
}

// List lists the account's tokens, expired ones included.
func (t UserTokens) List(ctx context.Context, filter TokenFilter) (api.List[api.Token], error) {
	query := filter.values()
	set(query, "type", string(filter.Type))
	set(query, "state", string(filter.State))
	var out api.List[api.Token]
	err := t.client.call(ctx, http.MethodGet, query, nil, &out, t.path()...)
	return out, err
}

// Get answers one of the account's tokens.
func (t UserTokens) Get(ctx context.Context, id string) (api.Token, error) {
	var out api.Token
	err := t.client.call(ctx, http.MethodGet, nil, nil, &out, t.path(id)...)
	return out, err
}

// Create makes a token. The answer holds its string, which the server never shows again.
func (t UserTokens) Create(ctx context.Context, in api.TokenCreate) (api.TokenCreated, error) {
	var out api.TokenCreated
	err := t.client.call(ctx, http.MethodPost, nil, in, &out, t.path()...)
	return out, err
}

// Update changes a token and keeps its string.
func (t UserTokens) Update(ctx context.Context, id string, in api.TokenUpdate) (api.TokenUpdated, error) {
	var out api.TokenUpdated
	query := url.Values{"reissue_token": {"false"}}
	err := t.client.call(ctx, http.MethodPut, query, in, &out, t.path(id)...)
	return out, err
}

// Reissue gives a token a new string, and changes it as in says. The old string works on for overlap; at zero it dies at
// once. The call is not repeated by itself, because each one makes another string.
func (t UserTokens) Reissue(ctx context.Context, id string, in api.TokenUpdate, overlap time.Duration) (api.TokenUpdated, error) {
	var out api.TokenUpdated
	err := t.client.callAs(ctx, http.MethodPut, false, reissue(overlap), in, &out, t.path(id)...)
	return out, err
}

func reissue(overlap time.Duration) url.Values {
	query := url.Values{"reissue_token": {"true"}}
	if overlap > 0 {
		query.Set("overlap", overlap.String())
	}
	return query
}

// SetMetadata replaces the JSON object that is kept with a token.
func (t UserTokens) SetMetadata(ctx context.Context, id string, metadata json.RawMessage) (api.TokenUpdated, error) {
	var out api.TokenUpdated
	err := t.client.call(ctx, http.MethodPut, nil, metadata, &out, t.path(id, "metadata")...)
	return out, err
}

// Delete ends a token at once.
func (t UserTokens) Delete(ctx context.Context, id string) error {
	return t.client.call(ctx, http.MethodDelete, nil, nil, nil, t.path(id)...)
}

// UsersTokens lists the tokens of several accounts, named by id or name, with the fingerprints of their strings if
// withHash. It is for administrators.
func (c *Client) UsersTokens(ctx context.Context, users []string, withHash bool, opts ListOptions) (api.List[api.UserToken], error) {
	query := opts.values()
	query.Set("with_hash", strconv.FormatBool(withHash))
	var out api.List[api.UserToken]
	err := c.callAs(ctx, http.MethodPost, true, query, api.UsersTokens{UsersIDs: users}, &out, "users", "tokens")
	return out, err
}

// UpdateUsersTokens makes one change to several tokens and keeps their strings. It is for administrators.
func (c *Client) UpdateUsersTokens(ctx context.Context, in api.UsersTokensUpdate) (api.UsersTokensUpdated, error) {
	var out api.UsersTokensUpdated
	err := c.callAs(ctx, http.MethodPut, true, url.Values{"reissue_token": {"false"}}, in, &out, "users", "tokens")
	return out, err
}

// ReissueUsersTokens gives several tokens new strings, and changes them as in says. It is for administrators.
func (c *Client) ReissueUsersTokens(ctx context.Context, in api.UsersTokensUpdate, overlap time.Duration) (api.UsersTokensUpdated, error) {
	var out api.UsersTokensUpdated
	err := c.callAs(ctx, http.MethodPut, false, reissue(overlap), in, &out, "users", "tokens")
	return out, err
}
