package apihttp

import (
	"context"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// digestOperations are about what people are told of tokens that end.
func (a *API) digestOperations() {
	const tag, path = "System", "/api/system/notices"
	edit := []access.Scope{access.SystemSettingsEdit}
	add(a, Operation{
		Method: http.MethodGet, Path: "/api/users/tokens/notices", Tag: tag, Summary: "What people would be told now of tokens that end",
		Scopes: []access.Scope{access.UserView, access.UserTokenView},
	}, a.previewDigests)
	add(a, Operation{Method: http.MethodPost, Path: path, Tag: tag, Summary: "Tell people now of tokens that end, in a job", Scopes: edit, Status: http.StatusAccepted},
		func(ctx context.Context, caller *access.Caller, _ *struct{}) (*acceptedJob, error) {
			j, err := a.Service.Notifications.Send(ctx, caller)
			return accepted(j), err
		})
	add(a, Operation{Method: http.MethodPost, Path: path + "/test", Tag: tag, Summary: "Send a test to oneself by each way", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, _ *struct{}) (*body[items[api.NoticeTest]], error) {
			tested, err := a.Service.Notifications.Test(ctx, caller)
			out := items[api.NoticeTest]{Items: []api.NoticeTest{}}
			for _, t := range tested {
				one := api.NoticeTest{Way: t.Way}
				if t.Err != nil {
					one.Error = t.Err.Error()
				}
				out.Items = append(out.Items, one)
			}
			return &body[items[api.NoticeTest]]{out}, err
		})
}

func (a *API) previewDigests(ctx context.Context, caller *access.Caller, in *Page) (*body[api.List[api.Digest]], error) {
	planned, err := a.Service.Notifications.Preview(ctx, caller)
	if err != nil {
		return nil, err
	}
	from := min(in.Offset, len(planned))
	until := min(from+in.Limit, len(planned))
	return list(planned[from:until], int64(len(planned)), func(p registry.PlannedDigest) api.Digest {
		out := api.Digest{Username: p.To.Name, UserID: p.To.PublicID, Way: p.Way, Tokens: []api.EndingToken{}}
		for _, e := range p.Endings {
			out.Tokens = append(out.Tokens, api.EndingToken{
				ID: e.PublicID, Name: e.Name, Owner: e.Owner, ExpiresAt: e.Ends, DaysLeft: registry.DaysLeft(e.Ends, a.Callers.Now()),
				Expired: e.Lead == 0, Channels: append([]string{}, e.Channels...),
			})
		}
		return out
	}), nil
}
