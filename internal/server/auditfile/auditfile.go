// Package auditfile writes rows of the audit as the REST API shows them and as files that people take along: JSON lines
// and CSV. The REST API and the pages give out the same bytes.
package auditfile

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"kingsnake/api"
	"kingsnake/internal/registry"
)

// The formats of a file.
const (
	Lines = "jsonl"
	CSV   = "csv"
)

// SetHeader says what kind of file follows, and under which name to save it.
func SetHeader(set func(name, value string), format string) {
	media := "application/jsonl"
	if format == CSV {
		media = "text/csv; charset=utf-8"
	}
	set("Content-Type", media)
	set("Content-Disposition", `attachment; filename="audit.`+format+`"`)
}

// Write writes rows as they are read. After an error only a part has been written, which nobody may take for the whole.
func Write(w io.Writer, format string, rows iter.Seq2[registry.Event, error]) error {
	write := writeLines
	if format == CSV {
		write = writeCSV
	}
	out := bufio.NewWriterSize(w, 64<<10)
	if err := write(out, rows); err != nil {
		return fmt.Errorf("export of the audit: %w", err)
	}
	return out.Flush()
}

// Event is a row as the REST API shows it.
func Event(e registry.Event) api.AuditEvent {
	data := json.RawMessage(e.Data)
	if !json.Valid(data) {
		// A row that somebody changed is shown all the same; its hash tells that it is not genuine.
		data = json.RawMessage("null")
	}
	return api.AuditEvent{
		ID: e.ID, At: e.At, Event: string(e.Type), Outcome: string(e.Outcome), PrincipalID: e.PrincipalID, Principal: e.Principal, Via: e.Via,
		TokenID: e.TokenID, SubjectID: e.SubjectID, ChannelID: e.ChannelID, Target: e.Target, Scope: e.Scope, Reason: e.Reason, Address: e.Address,
		Client: e.Client, RequestID: e.RequestID, Data: data, Format: e.Format, Prev: e.Prev.String(), Hash: e.Hash.String(),
	}
}

func writeLines(w io.Writer, rows iter.Seq2[registry.Event, error]) error {
	enc := json.NewEncoder(w)
	for e, err := range rows {
		if err != nil {
			return err
		}
		if err := enc.Encode(Event(e)); err != nil {
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
