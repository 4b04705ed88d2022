package apihttp

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
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
	write, media := writeLines, "application/jsonl"
	if in.Format == "csv" {
		write, media = writeCSV, "text/csv; charset=utf-8"
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", media)
		hc.SetHeader("Content-Disposition", `attachment; filename="audit.`+in.Format+`"`)
		out := bufio.NewWriterSize(hc.BodyWriter(), 64<<10)
		err := write(out, rows)
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			a.Log.ErrorContext(ctx, "an export of the audit was cut off", "error", err, "request_id", callers.ID(ctx))
			panic(http.ErrAbortHandler)
		}
	}}, nil
}

func writeLines(w io.Writer, rows iter.Seq2[registry.Event, error]) error {
	enc := json.NewEncoder(w)
	for e, err := range rows {
		if err != nil {
			return err
		}
		if err := enc.Encode(auditOut(e)); err != nil {
			return err
		}
	}
	return nil
}

func writeCSV(w io.Writer, rows iter.Seq2[registry.Event, error]) error {
	out := csv.NewWriter(w)
	err := out.Write([]string{
		"id", "at", "event", "outcome", "principal_id", "principal", "via", "token_id", "subject_id", "channel_id", "target", "scope", "reason", "address",
		"client", "request_id", "data", "format", "prev", "hash",
	})
	if err != nil {
		return err
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	for e, err := range rows {
		if err != nil {
			return err
		}
		err := out.Write([]string{
			number(e.ID), e.At.Format(time.RFC3339Nano), cell(string(e.Type)), cell(string(e.Outcome)), number(e.PrincipalID), cell(e.Principal), cell(e.Via),
			cell(e.TokenID), number(e.SubjectID), number(e.ChannelID), cell(e.Target), cell(e.Scope), cell(e.Reason), cell(e.Address), cell(e.Client),
			cell(e.RequestID), cell(e.Data), number(e.Format), e.Prev.String(), e.Hash.String(),
		})
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// cell is a text that a spreadsheet takes for a text: what begins like a formula gets an apostrophe in front.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
