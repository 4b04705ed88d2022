package client

import (
	"context"
	"net/http"

	"kingsnake/api"
)

// Users lists users whose name matches the query.
func (c *Client) Users(ctx context.Context, opts ListOptions) ([]api.User, error) {
	var out []api.User
	err := c.call(ctx, http.MethodGet, opts.values(), nil, &out, "users")
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

// DeleteUser deletes a user, and with it the user's sessions and tokens.
func (c *Client) DeleteUser(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, nil, "users", id)
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
