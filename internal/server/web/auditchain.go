package web

import (
	"context"
	"net/http"

	"kingsnake/internal/registry"
	"kingsnake/internal/server/auditfile"
)

// exportAudit sends the rows that match as a file. Where reading fails on the way, the connection is cut, so that nobody
// takes a part for the whole.
func (w *Web) exportAudit(p *page) error {
	format := auditfile.Lines
	if p.text("format") == auditfile.CSV {
		format = auditfile.CSV
	}
	filter := p.auditFilter(p.text)
	if len(p.form.Errors) > 0 {
		return &registry.Error{Code: registry.CodeInvalid, Message: "the days of the filter cannot be read"}
	}
	rows, err := p.Service.Audit.Export(p.ctx(), p.Caller, filter, format)
	if err != nil {
		return err
	}
	auditfile.SetHeader(p.w.Header().Set, format)
	if err := auditfile.Write(p.w, format, rows); err != nil {
		p.Log.ErrorContext(p.ctx(), "an export of the audit was cut off", "error", err, "request_id", p.Caller.RequestID)
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (w *Web) signAudit(p *page) error {
	err := p.try(func(ctx context.Context) error {
		_, err := p.Service.Audit.Sign(ctx, p.Caller)
		return err
	})
	if err != nil {
		d, derr := p.auditData()
		if derr != nil {
			return derr
		}
		return p.again(err, "audit", auditTitle, d, "")
	}
	return p.done(auditURL, "The audit is signed up to its newest event.")
}
