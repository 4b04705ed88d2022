package client

import (
	"context"
	"net/http"

	"kingsnake/api"
)

// SetEmail changes the caller's own e-mail address; an empty one forgets it. It needs a session.
func (c *Client) SetEmail(ctx context.Context, email string) (api.Account, error) {
	var out api.Account
	err := c.call(ctx, http.MethodPut, nil, api.EmailUpdate{Email: email}, &out, "account", "email")
	return out, err
}

// PlannedNotices lists what people would be told now of tokens that end.
func (c *Client) PlannedNotices(ctx context.Context, options ListOptions) (api.List[api.Digest], error) {
	var out api.List[api.Digest]
	err := c.call(ctx, http.MethodGet, options.values(), nil, &out, "users", "tokens", "notices")
	return out, err
}

// SendNotices tells people now of tokens that end, and answers the job that does it. Nobody is told twice on one day.
func (c *Client) SendNotices(ctx context.Context) (api.Job, error) {
	var out api.Job
	err := c.call(ctx, http.MethodPost, nil, nil, &out, "system", "notices")
	return out, err
}

// TestNotices sends the caller a test by each way that the server is configured for, and answers how that ended.
func (c *Client) TestNotices(ctx context.Context) ([]api.NoticeTest, error) {
	var out struct {
		Items []api.NoticeTest `json:"items"`
	}
	err := c.call(ctx, http.MethodPost, nil, nil, &out, "system", "notices", "test")
	return out.Items, err
}
