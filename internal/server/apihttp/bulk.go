package apihttp

import (
	"context"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

type bulkInput struct {
	ChannelPath
	Body api.Bulk
}

// bulkOperations declares the scopes of a copy; a move asks for artifact:delete too, a deletion for that alone, and force
// for artifact:edit at the target.
func (a *API) bulkOperations() {
	addBoth(a, Operation{
		Method: http.MethodPut, Path: "/api/channels/{channel}/artifacts/bulk", Tag: "Artifacts", Summary: "Copy, move or delete many files", Status: http.StatusAccepted,
		Scopes: []access.Scope{access.ArtifactCreate, access.ArtifactDownload},
	}, func(ctx context.Context, caller *access.Caller, in *bulkInput) (*acceptedJob, error) {
		j, err := a.Service.Packages.Bulk(ctx, caller, in.Channel, bulkIn(in.Body))
		return accepted(j), err
	})
}

func bulkIn(b api.Bulk) registry.BulkRequest {
	out := registry.BulkRequest{Action: registry.BulkAction(b.Action), Target: b.TargetChannel, All: b.All, Force: b.Force}
	if b.TargetSubchannel != "" {
		out.Target += "/" + b.TargetSubchannel
	}
	for _, i := range b.Items {
		out.Items = append(out.Items, registry.BulkItem{Name: i.Name, Family: string(i.Family), CKey: i.CKey})
	}
	return out
}
