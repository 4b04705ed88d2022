package apihttp

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// apiVersion is the version of the API that this one is compatible with.
const apiVersion = "6.5.0"

func (a *API) systemOperations() {
	const tag = "System"
	add(a, Operation{Method: http.MethodGet, Path: "/api/system", Tag: tag, Summary: "The state and version of the server", Open: true},
		func(ctx context.Context, _ *access.Caller, _ *struct{}) (*body[api.System], error) {
			out := api.System{
				Status: "ok", ServiceName: "kingsnake", Version: apiVersion, ProductVersion: a.Version,
				Errors: a.Check(ctx), QueueStatus: map[string]int64{},
			}
			if len(out.Errors) > 0 {
				out.Status = "error"
			} else {
				out.Errors = []string{}
			}
			return &body[api.System]{out}, nil
		})
	add(a, Operation{Method: http.MethodGet, Path: "/api/system/scopes", Tag: tag, Summary: "All scopes", Self: true}, systemScopes)
	add(a, Operation{Method: http.MethodGet, Path: "/api/system/resource_types", Tag: tag, Summary: "The categories of permissions", Self: true},
		func(context.Context, *access.Caller, *struct{}) (*body[[]string], error) {
			out := body[[]string]{}
			for _, c := range access.Categories() {
				out.Body = append(out.Body, string(c))
			}
			return &out, nil
		})
	add(a, Operation{Method: http.MethodGet, Path: "/api/system/stats", Tag: tag, Summary: "How much the site stores", Scopes: []access.Scope{access.SystemSettingsView}}, a.systemStats)
	clean := []access.Scope{access.SystemDeleteBlobs}
	add(a, Operation{Method: http.MethodDelete, Path: "/api/system/blob_cleanup", Tag: tag, Summary: "Delete all blobs that nothing names", Scopes: clean},
		func(ctx context.Context, caller *access.Caller, _ *struct{}) (*body[api.CleanupStats], error) {
			return a.cleanBlobs(ctx, caller, nil)
		})
	add(a, Operation{Method: http.MethodPost, Path: "/api/system/blob_cleanup", Tag: tag, Summary: "Delete those of some blobs that nothing names", Scopes: clean},
		func(ctx context.Context, caller *access.Caller, in *struct {
			Body []string `maxItems:"10000"`
		},
		) (*body[api.CleanupStats], error) {
			return a.cleanBlobs(ctx, caller, append([]string{}, in.Body...))
		})
	a.profileOperations()
	add(a, Operation{Method: http.MethodPost, Path: "/api/access/explain", Tag: tag, Summary: "Why somebody may or may not do something", Scopes: []access.Scope{access.AccessExplain}}, a.explain)
}

func (a *API) systemStats(ctx context.Context, caller *access.Caller, _ *struct{}) (*body[api.SystemStats], error) {
	families, err := a.Service.System.Stats(ctx, caller)
	out := api.SystemStats{BlobSize: api.BlobSize{ByArtifactFamily: []api.FamilyBlobSize{}}}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		out.BlobSize.Total += families[name]
		out.BlobSize.ByArtifactFamily = append(out.BlobSize.ByArtifactFamily, api.FamilyBlobSize{ArtifactFamily: api.Family(name), BlobSize: families[name]})
	}
	return &body[api.SystemStats]{out}, err
}

func (a *API) cleanBlobs(ctx context.Context, caller *access.Caller, hashes []string) (*body[api.CleanupStats], error) {
	done, err := a.Service.System.CleanBlobs(ctx, caller, hashes)
	return &body[api.CleanupStats]{api.CleanupStats{BlobCount: int64(done.Blobs), SpaceReclaimed: done.Bytes}}, err
}

type scopesInput struct {
	Details bool `query:"details" doc:"Describe each scope instead of only naming it."`
}

func systemScopes(_ context.Context, _ *access.Caller, in *scopesInput) (*body[any], error) {
	if !in.Details {
		names := []string{}
		for _, i := range access.Catalogue() {
			names = append(names, i.Name)
		}
		return &body[any]{names}, nil
	}
	details := []api.ScopeDetail{}
	for _, i := range access.Catalogue() {
		details = append(details, api.ScopeDetail{
			Scope: i.Name, Category: string(i.Category), Level: api.Level(i.Level.String()), On: i.On.String(), Description: i.Sentence,
		})
	}
	return &body[any]{details}, nil
}

type explainInput struct{ Body api.ExplainRequest }

func (a *API) explain(ctx context.Context, caller *access.Caller, in *explainInput) (*body[api.Explanation], error) {
	b := in.Body
	answer, err := a.Service.Access.Explain(ctx, caller, registry.Question{User: b.User, TokenID: b.TokenID, Action: b.Action, Channel: b.Channel, Package: b.Package})
	if err != nil {
		return nil, err
	}
	e := answer.Explanation
	out := api.Explanation{
		Allowed: answer.Allowed, Action: answer.Scope.String(), Resource: answer.Resource, As: answer.As,
		Gates: []api.Gate{}, Advice: strings.Join(e.Change, " "),
	}
	for _, s := range e.Steps {
		if s.State == access.NotAsked {
			continue
		}
		out.Gates = append(out.Gates, api.Gate{Gate: s.Gate.String(), Passed: s.State == access.Passed, Asked: s.Asked, Held: s.Held, Reason: s.Text})
	}
	return &body[api.Explanation]{out}, nil
}
