package apihttp

import (
	"context"
	"net/http"

	"kingsnake/internal/access"
)

type profileInput struct {
	Profile string `path:"profile" enum:"allocs,goroutine,heap,profile,threadcreate,trace" doc:"\"profile\" is what functions take time, \"trace\" what happens; the others are of the moment."`
	Seconds int    `query:"seconds" minimum:"0" maximum:"60" doc:"How long a profile or a trace takes; 0 is 30 for the one and 5 for the other."`
}

// profileOutput is a file for "go tool pprof" or "go tool trace".
type profileOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

func (a *API) profileOperations() {
	add(a, Operation{
		Method: http.MethodGet, Path: "/api/system/pprof/{profile}", Tag: "System", Summary: "What the server that answers spends its time or memory on",
		Scopes: []access.Scope{access.SystemSettingsEdit},
	}, func(ctx context.Context, caller *access.Caller, in *profileInput) (*profileOutput, error) {
		data, err := a.Service.System.Profile(ctx, caller, in.Profile, in.Seconds)
		return &profileOutput{ContentType: "application/octet-stream", ContentDisposition: `attachment; filename="kingsnake-` + in.Profile + `.pprof"`, Body: data}, err
	})
}
