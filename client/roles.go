package client

import (
	"context"
	"net/http"
	"net/url"

	"kingsnake/api"
)

// Roles lists the roles of the site.
func (c *Client) Roles(ctx context.Context, opts ListOptions) (api.List[api.Role], error) {
	var out api.List[api.Role]
	err := c.call(ctx, http.MethodGet, opts.values(), nil, &out, "roles")
	return out, err
}

// Role answers one role by id or name.
func (c *Client) Role(ctx context.Context, id string) (api.Role, error) {
	var out api.Role
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "roles", id)
	return out, err
}

// CreateRole makes a role; only the name and the permissions are read.
func (c *Client) CreateRole(ctx context.Context, in api.Role) (api.Role, error) {
	var out api.Role
	err := c.call(ctx, http.MethodPost, nil, in, &out, "roles")
	return out, err
}

// UpdateRole replaces a role's name and permissions.
func (c *Client) UpdateRole(ctx context.Context, id string, in api.Role) (api.Role, error) {
	var out api.Role
	err := c.call(ctx, http.MethodPut, nil, in, &out, "roles", id)
	return out, err
}

// DeleteRole deletes a role. One that somebody has is deleted only with force.
func (c *Client) DeleteRole(ctx context.Context, id string, force bool) error {
	query := url.Values{}
	if force {
		query.Set("force", "true")
	}
	return c.call(ctx, http.MethodDelete, query, nil, nil, "roles", id)
}

// GiveRole gives a role to a user, both named or by id; a user who has it already keeps it.
func (c *Client) GiveRole(ctx context.Context, role, user string) error {
	return c.call(ctx, http.MethodPut, nil, nil, nil, "roles", role, "users", user)
}

// TakeRole takes a role from a user.
func (c *Client) TakeRole(ctx context.Context, role, user string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, nil, "roles", role, "users", user)
}

// RoleUsers lists the users who have a role.
func (c *Client) RoleUsers(ctx context.Context, id string, opts ListOptions) (api.List[api.UserRef], error) {
	var out api.List[api.UserRef]
	err := c.call(ctx, http.MethodGet, opts.values(), nil, &out, "roles", id, "users")
	return out, err
}
