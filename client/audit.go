package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"kingsnake/api"
)

// AuditFilter narrows what is read of the audit. Zero fields narrow nothing.
type AuditFilter struct {
	// From is included in the time span, To is not.
	From, To time.Time
	// EventTypes are names of events, Outcome is "done" or "denied".
	EventTypes []string
	Outcome    string
	// User is a name, Token the id of a token, Channel a path, which may be that of a channel that was deleted.
	User, Token, Channel string
	Address              string
	// Query is a part of a name, a target, a reason, a client, a request id or the data.
	Query string
}

func (f AuditFilter) values() url.Values {
	v := url.Values{}
	for key, t := range map[string]time.Time{"from": f.From, "to": f.To} {
		if !t.IsZero() {
			v.Set(key, t.UTC().Format(time.RFC3339Nano))
		}
	}
	set(v, "event_types", strings.Join(f.EventTypes, ","))
	set(v, "outcome", f.Outcome)
	set(v, "user", f.User)
	set(v, "token", f.Token)
	set(v, "channel", f.Channel)
	set(v, "address", f.Address)
	set(v, "q", f.Query)
	return v
}

// AuditCursor chooses a page of the audit. The zero value is the first page of the newest rows.
type AuditCursor struct {
	// Next is the field of that name of the page before.
	Next string
	// Limit is the size of a page; 0 leaves it to the server (100).
	Limit       int
	OldestFirst bool
}

// Audit reads a page of the audit.
func (c *Client) Audit(ctx context.Context, filter AuditFilter, page AuditCursor) (api.AuditPage, error) {
	query := filter.values()
	set(query, "cursor", page.Next)
	setInt(query, "limit", page.Limit)
	if page.OldestFirst {
		query.Set("order", "asc")
	}
	var out api.AuditPage
	err := c.call(ctx, http.MethodGet, query, nil, &out, "audit")
	return out, err
}

// ExportAudit hands all rows of the audit that match, oldest first, to use as they arrive: JSON lines, each an
// api.AuditEvent, for the format "jsonl", or a table for "csv". What use has read is whole only when ExportAudit gives no
// error.
func (c *Client) ExportAudit(ctx context.Context, filter AuditFilter, format string, use func(io.Reader) error) error {
	u, err := c.path("api", "audit", "export")
	if err != nil {
		return err
	}
	query := filter.values()
	query.Set("format", format)
	u.RawQuery = query.Encode()
	ctx, moved, stop := c.watch(ctx)
	defer stop()
	r := request{method: http.MethodGet, url: u, via: c.calls}
	return c.send(ctx, r, func(resp *http.Response) error { return use(movingReader{resp.Body, moved}) })
}

// movingReader tells that something arrived.
type movingReader struct {
	io.Reader
	moved func()
}

// Read implements io.Reader.
func (r movingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.moved()
	return n, err
}

// AuditHeads reads signed heads of the audit, from the one after a number on.
func (c *Client) AuditHeads(ctx context.Context, after int64) (api.AuditHeads, error) {
	query := url.Values{}
	setInt(query, "after", int(after))
	var out api.AuditHeads
	err := c.call(ctx, http.MethodGet, query, nil, &out, "audit", "heads")
	return out, err
}

// SignAudit makes a signed head of the audit as it stands.
func (c *Client) SignAudit(ctx context.Context) (api.AuditHead, error) {
	var out api.AuditHead
	err := c.call(ctx, http.MethodPost, nil, nil, &out, "audit", "heads")
	return out, err
}

// HistoryFilter chooses items of a history.
type HistoryFilter struct {
	ListOptions
	// EventTypes are names of events.
	EventTypes []string
	// UserID is the id or the name of who did it; only SystemHistory takes it.
	UserID string
}

func (f HistoryFilter) values() url.Values {
	v := f.ListOptions.values()
	set(v, "event_types", strings.Join(f.EventTypes, ","))
	set(v, "user_id", f.UserID)
	return v
}

// ChannelHistory reads what happened to a channel, newest first.
func (c *Client) ChannelHistory(ctx context.Context, channel string, filter HistoryFilter) (api.List[api.HistoryItem], error) {
	return c.history(ctx, filter, channelSegments(channel, "history")...)
}

// AccountHistory reads what the own account did and what was done to it, newest first.
func (c *Client) AccountHistory(ctx context.Context, filter HistoryFilter) (api.List[api.HistoryItem], error) {
	return c.history(ctx, filter, "account", "history")
}

// SystemHistory reads what happened on the site, newest first.
func (c *Client) SystemHistory(ctx context.Context, filter HistoryFilter) (api.List[api.HistoryItem], error) {
	return c.history(ctx, filter, "system", "history")
}

func (c *Client) history(ctx context.Context, filter HistoryFilter, segments ...string) (api.List[api.HistoryItem], error) {
	var out api.List[api.HistoryItem]
	err := c.call(ctx, http.MethodGet, filter.values(), nil, &out, segments...)
	return out, err
}
