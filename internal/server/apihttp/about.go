package apihttp

import (
	"context"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
)

func (a *API) aboutOperations() {
	addBoth(a, Operation{
		Method: http.MethodGet, Path: "/api/channels/{channel}/artifacts/{artifact_family}/{artifact_name}/about", Tag: "Artifacts",
		Summary: "Show what a package says about itself", Scopes: []access.Scope{access.ArtifactView},
	}, func(ctx context.Context, caller *access.Caller, in *aboutInput) (*body[api.ArtifactAbout], error) {
		f, about, err := a.Service.Packages.About(ctx, caller, in.Channel, in.Family, in.Name, in.CKey)
		return &body[api.ArtifactAbout]{api.ArtifactAbout{
			CKey: f.CKey(), Name: f.Name, Version: f.Version, About: about.About, Readme: about.Readme, ReadmeName: about.ReadmeName,
		}}, err
	})
}

type aboutInput struct {
	ArtifactPath
	CKey string `query:"ckey" maxLength:"512" doc:"The file to ask about, subdir/filename; without it the latest of the newest version."`
}
