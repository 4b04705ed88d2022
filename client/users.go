package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"kingsnake/api"
)

// UserFilter chooses users of a list.
type UserFilter struct {
	ListOptions
	// Role keeps those who have the role of this name.
	Role string
	// Disabled keeps the disabled accounts, or the others; nil keeps both.
	Disabled *bool
}

// Users lists users whose name or e-mail address matches the query.
func (c *Client) Users(ctx context.Context, filter UserFilter) ([]api.User, error) {
	query := filter.values()
	set(query, "role", filter.Role)
	if filter.Disabled != nil {
		query.Set("disabled", strconv.FormatBool(*filter.Disabled))
	}
	var out []api.User
	err := c.call(ctx, http.MethodGet, query, nil, &out, "users")
	return out, err
}

// User answers one user by id or name.
func (c *Client) User(ctx context.Context, id string) (api.User, error) {
	var out api.User
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "users", id)
	return out, err
}

// CreateUser makes a user. The answer holds the password if the server made it up.
func (c *Client) CreateUser(ctx context.Context, in api.UserCreate) (api.UserCreated, error) {
	var out api.UserCreated
	err := c.call(ctx, http.MethodPost, nil, in, &out, "users")
	return out, err
}

// UpdateUser changes a user's e-mail address, or disables or enables the user.
func (c *Client) UpdateUser(ctx context.Context, id string, in api.UserUpdate) (api.User, error) {
	var out api.User
	err := c.call(ctx, http.MethodPut, nil, in, &out, "users", id)
	return out, err
}

// DeleteUser deletes a user, and with it the user's sessions and tokens. The only owner of a channel is deleted only with
// force.
func (c *Client) DeleteUser(ctx context.Context, id string, force bool) error {
	query := url.Values{}
	if force {
		query.Set("force", "true")
	}
	return c.call(ctx, http.MethodDelete, query, nil, nil, "users", id)
}

// HandOverTokens gives resource tokens of a user to the service account of a channel and answers them with their new
// strings, which the server never shows again. The call is not repeated by itself.
func (c *Client) HandOverTokens(ctx context.Context, user string, in api.HandOver) ([]api.TokenCreated, error) {
	var out api.List[api.TokenCreated]
	err := c.callAs(ctx, http.MethodPost, false, nil, in, &out, "users", user, "tokens", "hand-over")
	return out.Items, err
}

// Ownings answers what would be left behind without a user.
func (c *Client) Ownings(ctx context.Context, id string) (api.Ownings, error) {
	var out api.Ownings
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "users", id, "ownings")
	return out, err
}

// ResetPassword sets a user's password; an empty one lets the server make one up, which the answer then holds.
func (c *Client) ResetPassword(ctx context.Context, id, password string) (api.PasswordResetResult, error) {
	var out api.PasswordResetResult
	err := c.callAs(ctx, http.MethodPut, false, nil, api.PasswordReset{Password: password}, &out, "users", id, "password")
	return out, err
}

// SetRoles replaces the roles of a user.
func (c *Client) SetRoles(ctx context.Context, id string, roles []string) (api.User, error) {
	var out api.User
	if roles == nil {
		roles = []string{}
	}
	err := c.call(ctx, http.MethodPut, nil, api.RolesUpdate{Roles: roles}, &out, "users", id, "roles")
	return out, err
}
