package apihttp

import (
	"context"
	"net/http"

	"kingsnake/api"
	"kingsnake/conda/repodata"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// channelCareOperations are what managers do for a channel's users: tell them something, and have the index built anew.
func (a *API) channelCareOperations() {
	const tag = "Channels"
	const one = "/api/channels/{channel}"
	edit := []access.Scope{access.ChannelEdit}
	addBoth(a, Operation{Method: http.MethodGet, Path: one + "/notices", Tag: tag, Summary: "What a channel tells its users", Scopes: []access.Scope{access.ChannelView}},
		func(ctx context.Context, caller *access.Caller, in *ChannelPath) (*body[api.Notices], error) {
			list, err := a.Service.Channels.Notices(ctx, caller, in.Channel)
			return &body[api.Notices]{noticesOut(list)}, err
		})
	addBoth(a, Operation{Method: http.MethodPut, Path: one + "/notices", Tag: tag, Summary: "Replace what a channel tells its users", Scopes: edit}, a.setNotices)
	addBoth(a, Operation{Method: http.MethodPost, Path: one + "/notices", Tag: tag, Summary: "Tell a channel's users one thing more", Scopes: edit, Status: http.StatusCreated},
		func(ctx context.Context, caller *access.Caller, in *noticeInput) (*body[api.Notices], error) {
			list, err := a.Service.Channels.AddNotice(ctx, caller, in.Channel, noticeIn(in.Body))
			return &body[api.Notices]{noticesOut(list)}, err
		})
	addBoth(a, Operation{Method: http.MethodDelete, Path: one + "/notices/{notice_id}", Tag: tag, Summary: "Take back one notice", Scopes: edit, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *noticePath) (*nothing, error) {
			return nil, a.Service.Channels.RemoveNotice(ctx, caller, in.Channel, in.Notice)
		})
	addBoth(a, Operation{Method: http.MethodPut, Path: one + "/artifacts/{artifact_family}", Tag: tag, Summary: "Build the channel's index anew", Scopes: edit, Status: http.StatusAccepted},
		func(ctx context.Context, caller *access.Caller, in *familyPath) (*body[api.Reindexed], error) {
			n, err := a.Service.Channels.Reindex(ctx, caller, in.Channel, in.Family)
			return &body[api.Reindexed]{api.Reindexed{Subdirs: n}}, err
		})
}

type familyPath struct {
	ChannelPath
	Family string `path:"artifact_family" maxLength:"32"`
}

type noticesInput struct {
	ChannelPath
	Body api.NoticesUpdate
}

type noticeInput struct {
	ChannelPath
	Body api.NoticeUpdate
}

type noticePath struct {
	ChannelPath
	Notice string `path:"notice_id" maxLength:"64"`
}

func noticeIn(n api.NoticeUpdate) registry.Notice {
	out := registry.Notice{PublicID: n.ID, Message: n.Message, Level: repodata.Level(n.Level)}
	if n.ExpiresAt != nil {
		out.ExpiresAt = *n.ExpiresAt
	}
	return out
}

func (a *API) setNotices(ctx context.Context, caller *access.Caller, in *noticesInput) (*body[api.Notices], error) {
	notices := make([]registry.Notice, len(in.Body.Notices))
	for i, n := range in.Body.Notices {
		notices[i] = noticeIn(n)
	}
	list, err := a.Service.Channels.SetNotices(ctx, caller, in.Channel, notices)
	return &body[api.Notices]{noticesOut(list)}, err
}

func noticesOut(list []registry.Notice) api.Notices {
	out := api.Notices{Notices: make([]api.Notice, len(list))}
	for i, n := range list {
		out.Notices[i] = api.Notice{ID: n.PublicID, Message: n.Message, Level: api.NoticeLevel(n.Level), CreatedAt: n.CreatedAt, ExpiresAt: n.ExpiresAt}
	}
	return out
}
