package client

import (
	"context"
	"net/http"

	"kingsnake/api"
)

// Login opens a session. Use the answered token with Session; the client itself stays as it is.
func (c *Client) Login(ctx context.Context, username, password string) (api.LoginResponse, error) {
	var out api.LoginResponse
	in := api.LoginRequest{Username: username, Password: password}
	err := c.As(Credential{}).call(ctx, http.MethodPost, nil, in, &out, "auth", "login")
	return out, err
}

// Logout ends the session that the client's credential names.
func (c *Client) Logout(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, nil, nil, nil, "auth", "logout")
}

// Account answers who the client's credential stands for.
func (c *Client) Account(ctx context.Context) (api.Account, error) {
	var out api.Account
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "account")
	return out, err
}

// ChangePassword sets the caller's own password. It needs a session, and ends the caller's other sessions.
func (c *Client) ChangePassword(ctx context.Context, current, next string) error {
	in := api.PasswordChange{CurrentPassword: current, NewPassword: next}
	return c.callAs(ctx, http.MethodPut, false, nil, in, nil, "account", "password")
}

// GrantableScopes answers the scopes that the caller may grant to a token.
func (c *Client) GrantableScopes(ctx context.Context) ([]string, error) {
	var out api.Scopes
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "account", "scopes")
	return out.Scopes, err
}

// AccountChannels lists the channels that the caller owns or that were shared with it.
func (c *Client) AccountChannels(ctx context.Context, filter ChannelFilter) (api.List[api.Channel], error) {
	var out api.List[api.Channel]
	err := c.call(ctx, http.MethodGet, filter.values(), nil, &out, "account", "channels")
	return out, err
}

// AccountPermissions answers the level that the caller's roles allow in each category.
func (c *Client) AccountPermissions(ctx context.Context) ([]api.UserPermission, error) {
	var out api.List[api.UserPermission]
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "account", "permissions")
	return out.Items, err
}
