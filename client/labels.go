package client

import (
	"context"
	"net/http"

	"kingsnake/api"
)

// Labels lists the labels that the files of a channel carry.
func (c *Client) Labels(ctx context.Context, channel string, options ListOptions) (api.List[api.Label], error) {
	var out api.List[api.Label]
	err := c.call(ctx, http.MethodGet, options.values(), nil, &out, channelSegments(channel, "labels")...)
	return out, err
}

// SetLabels gives one file of a conda package exactly these labels; ckey is "subdir/filename".
func (c *Client) SetLabels(ctx context.Context, channel, name, ckey string, labels []string) (api.ArtifactFile, error) {
	var out api.ArtifactFile
	subdir, filename, err := SplitCKey(ckey)
	if err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodPut, nil, api.LabelsUpdate{Labels: labels}, &out, artifactSegments(channel, name, "labels", subdir, filename)...)
	return out, err
}

// VirtualChannels lists the virtual channels that draw on a channel.
func (c *Client) VirtualChannels(ctx context.Context, channel string, options ListOptions) (api.List[api.Channel], error) {
	var out api.List[api.Channel]
	err := c.call(ctx, http.MethodGet, options.values(), nil, &out, channelSegments(channel, "virtual-channels")...)
	return out, err
}
