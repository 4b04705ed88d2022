package apihttp

import (
	"context"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

type listLabelsInput struct {
	ChannelPath
	Page
}

type setLabelsInput struct {
	ArtifactPath
	CKey string `path:"ckey" maxLength:"512"`
	Body api.LabelsUpdate
}

func (a *API) labelOperations() {
	const tag = "Labels"
	const one = "/api/channels/{channel}"
	addBoth(a, Operation{Method: http.MethodGet, Path: one + "/labels", Tag: tag, Summary: "List the labels that a channel's files carry", Scopes: []access.Scope{access.ChannelView}},
		func(ctx context.Context, caller *access.Caller, in *listLabelsInput) (*body[api.List[api.Label]], error) {
			labels, total, err := a.Service.Packages.Labels(ctx, caller, in.Channel, in.registry())
			return list(labels, total, func(l registry.Label) api.Label { return api.Label{Name: l.Name, FileCount: l.Files} }), err
		})
	addBoth(a, Operation{
		Method: http.MethodPut, Path: one + "/artifacts/{artifact_family}/{artifact_name}/labels/{ckey...}", Tag: tag,
		Summary: "Set the labels of a file", Scopes: []access.Scope{access.ArtifactEdit},
	}, func(ctx context.Context, caller *access.Caller, in *setLabelsInput) (*body[api.ArtifactFile], error) {
		f, err := a.Service.Packages.SetLabels(ctx, caller, in.Channel, in.Family, in.Name, in.CKey, in.Body.Labels)
		return &body[api.ArtifactFile]{a.fileOut(in.Channel)(f)}, err
	})
}
