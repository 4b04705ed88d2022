package apihttp

import (
	"context"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

type virtualChannelsInput struct {
	ChannelPath
	Page
	Query string `query:"q" maxLength:"200"`
}

func (a *API) sourceOperations() {
	addBoth(a, Operation{
		Method: http.MethodGet, Path: "/api/channels/{channel}/virtual-channels", Tag: "Channels",
		Summary: "List the virtual channels that draw on a channel", Scopes: []access.Scope{access.ChannelView},
	}, func(ctx context.Context, caller *access.Caller, in *virtualChannelsInput) (*body[api.List[api.Channel]], error) {
		channels, total, err := a.Service.Channels.Virtual(ctx, caller, in.Channel, registry.ChannelFilter{Query: in.Query}, in.registry())
		return list(channels, total, channelOut), err
	})
}

// sourcesIn are sources as they are asked for; nil stays nil.
func sourcesIn(sources []api.ChannelSource) []registry.Channel {
	if sources == nil {
		return nil
	}
	out := make([]registry.Channel, len(sources))
	for i, s := range sources {
		out[i].Path = s.Name
		if s.ParentName != "" {
			out[i].Path = s.ParentName + "/" + s.Name
		}
	}
	return out
}

func sourcesOut(sources []registry.Channel) []api.ChannelSource {
	out := make([]api.ChannelSource, len(sources))
	for i, s := range sources {
		out[i] = api.ChannelSource{Name: s.Name, ParentName: parentOf(s.Path)}
	}
	return out
}
