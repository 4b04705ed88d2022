package client

import (
	"context"
	"net/http"
	"net/url"

	"kingsnake/api"
)

// System answers the state and version of the server; anyone may ask.
func (c *Client) System(ctx context.Context) (api.System, error) {
	var out api.System
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "system")
	return out, err
}

// ScopeDetails answers every scope there is, with what it opens.
func (c *Client) ScopeDetails(ctx context.Context) ([]api.ScopeDetail, error) {
	var out []api.ScopeDetail
	err := c.call(ctx, http.MethodGet, url.Values{"details": {"true"}}, nil, &out, "system", "scopes")
	return out, err
}

// ResourceTypes answers the resource types that a token can hold.
func (c *Client) ResourceTypes(ctx context.Context) ([]string, error) {
	var out []string
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "system", "resource_types")
	return out, err
}

// Explain asks whether an action is allowed, and why or why not.
func (c *Client) Explain(ctx context.Context, in api.ExplainRequest) (api.Explanation, error) {
	var out api.Explanation
	err := c.callAs(ctx, http.MethodPost, true, nil, in, &out, "access", "explain")
	return out, err
}
