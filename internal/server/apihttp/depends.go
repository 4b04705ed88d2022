package apihttp

import (
	"context"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (a *API) dependencyOperations() {
	const tag = "Artifacts"
	const one = "/api/channels/{channel}/artifacts/{artifact_family}/{artifact_name}"
	view := []access.Scope{access.ArtifactView}
	addBoth(a, Operation{Method: http.MethodGet, Path: one + "/dependencies", Tag: tag, Summary: "List what a package depends on", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *dependenciesInput) (*body[api.List[api.ArtifactDependency]], error) {
			found, total, err := a.Service.Packages.Dependencies(ctx, caller, in.Channel, in.Family, in.Name, in.Version, in.registry())
			return list(found, total, dependencyOut), err
		})
	addBoth(a, Operation{Method: http.MethodGet, Path: one + "/dependants", Tag: tag, Summary: "List what depends on a package", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *dependantsInput) (*body[api.List[api.ArtifactDependency]], error) {
			found, total, err := a.Service.Packages.Dependants(ctx, caller, in.Channel, in.Family, in.Name, in.registry())
			return list(found, total, dependencyOut), err
		})
}

type dependenciesInput struct {
	ArtifactPath
	Page
	Version string `query:"version" maxLength:"128" doc:"The version to ask about; without it the newest one."`
}

type dependantsInput struct {
	ArtifactPath
	Page
}

func dependencyOut(d registry.Dependency) api.ArtifactDependency {
	out := api.ArtifactDependency{Name: d.Name, Version: d.Version}
	if d.Artifact != nil {
		out.Artifact = new(artifactOut(*d.Artifact))
	}
	return out
}
