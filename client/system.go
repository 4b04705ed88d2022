package client

import (
	"context"
	"io"
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

// SystemStats answers how much the site stores.
func (c *Client) SystemStats(ctx context.Context) (api.SystemStats, error) {
	var out api.SystemStats
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "system", "stats")
	return out, err
}

// CleanBlobs deletes blobs that nothing names: those of the given SHA-256 in hexadecimal digits, or all when there are none.
func (c *Client) CleanBlobs(ctx context.Context, sha256 ...string) (api.CleanupStats, error) {
	var out api.CleanupStats
	if len(sha256) == 0 {
		err := c.call(ctx, http.MethodDelete, nil, nil, &out, "system", "blob_cleanup")
		return out, err
	}
	err := c.call(ctx, http.MethodPost, nil, sha256, &out, "system", "blob_cleanup")
	return out, err
}

// Profile takes a profile of the server that answers and hands it to use: "profile" and "trace" for some seconds, at most 60,
// 0 leaving the number to the server; "allocs", "goroutine", "heap" and "threadcreate" of the moment.
func (c *Client) Profile(ctx context.Context, name string, seconds int, use func(io.Reader) error) error {
	u, err := c.path("api", "system", "pprof", name)
	if err != nil {
		return err
	}
	query := url.Values{}
	setInt(query, "seconds", seconds)
	u.RawQuery = query.Encode()
	ctx, moved, stop := c.watch(ctx)
	defer stop()
	r := request{method: http.MethodGet, url: u, via: c.calls}
	return c.send(ctx, r, func(resp *http.Response) error { return use(movingReader{resp.Body, moved}) })
}
