package client

import (
	"context"
	"net/http"

	"kingsnake/api"
)

// Settings answers the settings of the site.
func (c *Client) Settings(ctx context.Context) (api.SystemSettings, error) {
	var out api.SystemSettings
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "system", "settings")
	return out, err
}

// UpdateSettings changes settings of the site and answers all of them.
func (c *Client) UpdateSettings(ctx context.Context, in api.SystemSettingsUpdate) (api.SystemSettings, error) {
	var out api.SystemSettings
	err := c.call(ctx, http.MethodPut, nil, in, &out, "system", "settings")
	return out, err
}

// SetDefaultChannel sets the caller's own default channel; an empty name clears it.
func (c *Client) SetDefaultChannel(ctx context.Context, channel string) (api.Account, error) {
	var out api.Account
	err := c.call(ctx, http.MethodPut, nil, api.AccountUpdate{DefaultChannelName: channel}, &out, "account")
	return out, err
}
