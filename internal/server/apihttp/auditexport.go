package apihttp

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"kingsnake/internal/access"
	"kingsnake/internal/server/auditfile"
	"kingsnake/internal/server/callers"
)

type exportInput struct {
	AuditFilter
	Format string `query:"format" default:"jsonl" enum:"jsonl,csv"`
}

// exportAudit streams rows as they are read. Where reading fails on the way, the connection is cut, so that nobody takes
// a part for the whole.
func (a *API) exportAudit(ctx context.Context, caller *access.Caller, in *exportInput) (*huma.StreamResponse, error) {
	rows, err := a.Service.Audit.Export(ctx, caller, in.registry(), in.Format)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		auditfile.SetHeader(hc.SetHeader, in.Format)
		if err := auditfile.Write(hc.BodyWriter(), in.Format, rows); err != nil {
			a.Log.ErrorContext(ctx, "an export of the audit was cut off", "error", err, "request_id", callers.ID(ctx))
			panic(http.ErrAbortHandler)
		}
	}}, nil
}
