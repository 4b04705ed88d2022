package apihttp

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/auditfile"
)

func (a *API) auditOperations() {
	const tag = "Audit"
	view := []access.Scope{access.AuditLogsView}
	add(a, Operation{Method: http.MethodGet, Path: "/api/audit", Tag: tag, Summary: "Read the audit", Scopes: view}, a.listAudit)
	add(a, Operation{Method: http.MethodGet, Path: "/api/audit/export", Tag: tag, Summary: "Take rows of the audit along, as JSON lines or CSV", Scopes: view}, a.exportAudit)
	add(a, Operation{Method: http.MethodGet, Path: "/api/audit/heads", Tag: tag, Summary: "The signed heads of the audit", Scopes: view}, a.auditHeads)
	add(a, Operation{Method: http.MethodPost, Path: "/api/audit/heads", Tag: tag, Summary: "Sign a head of the audit now", Scopes: view, Status: http.StatusCreated},
		func(ctx context.Context, caller *access.Caller, _ *struct{}) (*body[api.AuditHead], error) {
			h, err := a.Service.Audit.Sign(ctx, caller)
			return &body[api.AuditHead]{headOut(h)}, err
		})
	add(a, Operation{Method: http.MethodGet, Path: "/api/system/history", Tag: tag, Summary: "What happened on the site", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *systemHistoryInput) (*body[api.History], error) {
			f := in.filter()
			f.User = in.User
			return historyOut(a.Service.Audit.SystemHistory(ctx, caller, f, in.page()))
		})
	add(a, Operation{Method: http.MethodGet, Path: "/api/account/history", Tag: tag, Summary: "What the caller's account did, and what was done to it", Self: true},
		func(ctx context.Context, caller *access.Caller, in *historyInput) (*body[api.History], error) {
			return historyOut(a.Service.Audit.AccountHistory(ctx, caller, in.filter(), in.page()))
		})
	addBoth(a, Operation{Method: http.MethodGet, Path: "/api/channels/{channel}/history", Tag: tag, Summary: "What happened to a channel", Scopes: []access.Scope{access.ChannelHistory}},
		func(ctx context.Context, caller *access.Caller, in *channelHistoryInput) (*body[api.History], error) {
			return historyOut(a.Service.Audit.ChannelHistory(ctx, caller, in.Channel, in.filter(), in.page()))
		})
}

// AuditFilter is what lists of the audit are narrowed by.
type AuditFilter struct {
	From    time.Time `query:"from" doc:"Only rows from this time on."`
	To      time.Time `query:"to" doc:"Only rows before this time."`
	Types   []string  `query:"event_types" maxItems:"100" doc:"Only these events, separated by commas."`
	Outcome string    `query:"outcome" enum:"done,denied"`
	User    string    `query:"user" maxLength:"200" doc:"Only what this user did, by name."`
	Token   string    `query:"token" maxLength:"64" doc:"Only what was done with this token, by its id."`
	Channel string    `query:"channel" maxLength:"300" doc:"Only what is about this channel, even if there is none of that name any more."`
	Address string    `query:"address" maxLength:"64"`
	Query   string    `query:"q" maxLength:"200" doc:"A part of a name, a target, a reason, a client, a request id or the data."`
}

func (f AuditFilter) registry() registry.AuditFilter {
	return registry.AuditFilter{
		From: f.From, Until: f.To, Types: eventTypes(f.Types), Outcome: registry.Outcome(f.Outcome),
		User: f.User, Token: f.Token, Channel: f.Channel, Address: f.Address, Query: f.Query,
	}
}

func eventTypes(names []string) []registry.EventType {
	var out []registry.EventType
	for name := range strings.SplitSeq(strings.Join(names, ","), ",") {
		if name != "" {
			out = append(out, registry.EventType(name))
		}
	}
	return out
}

type listAuditInput struct {
	AuditFilter
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"1000"`
	Order  string `query:"order" default:"desc" enum:"desc,asc" doc:"Newest first, or oldest first."`
	Cursor string `query:"cursor" maxLength:"20" doc:"The field next of the page before."`
}

func (a *API) listAudit(ctx context.Context, caller *access.Caller, in *listAuditInput) (*body[api.AuditPage], error) {
	f := in.registry()
	var at int64
	if in.Cursor != "" {
		var err error
		if at, err = strconv.ParseInt(in.Cursor, 10, 64); err != nil || at < 1 {
			return nil, &registry.Error{Code: registry.CodeInvalid, Field: "cursor", Message: "the cursor is not one that this list gave"}
		}
	}
	var look registry.Look
	var err error
	if in.Order == "asc" {
		f.After = at
		look.Events, look.Next, err = a.Service.Audit.Walk(ctx, caller, f, in.Limit)
	} else {
		f.Before = at
		look, err = a.Service.Audit.Look(ctx, caller, f, in.Limit)
	}
	out := api.AuditPage{Items: []api.AuditEvent{}}
	for _, e := range look.Events {
		out.Items = append(out.Items, auditfile.Event(e))
	}
	if look.Next > 0 {
		out.Next = strconv.FormatInt(look.Next, 10)
	}
	return &body[api.AuditPage]{out}, err
}

type headsInput struct {
	After int64 `query:"after" minimum:"0" doc:"Only heads after the one of this number."`
	Limit int   `query:"limit" default:"100" minimum:"1" maximum:"1000"`
}

func (a *API) auditHeads(ctx context.Context, caller *access.Caller, in *headsInput) (*body[api.AuditHeads], error) {
	heads, err := a.Service.Audit.Heads(ctx, caller, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	out := api.AuditHeads{PublicKey: hex.EncodeToString(a.Service.Audit.Key()), Items: []api.AuditHead{}}
	for _, h := range heads {
		out.Items = append(out.Items, headOut(h))
	}
	if n := len(heads); n == in.Limit {
		out.Next = heads[n-1].Number
	}
	return &body[api.AuditHeads]{out}, nil
}

func headOut(h registry.Head) api.AuditHead {
	return api.AuditHead{
		Number: h.Number, Day: h.Day, Seq: h.Seq, Hash: h.Hash.String(), Rows: h.Rows, SignedAt: h.SignedAt, Prev: h.Prev.String(), Key: h.Key,
		Signature: hex.EncodeToString(h.Signature),
	}
}

// HistoryFilter is what histories are narrowed by.
type HistoryFilter struct {
	Types  []string  `query:"event_types" maxItems:"100" doc:"Only these events, separated by commas."`
	Query  string    `query:"q" maxLength:"200" doc:"A part of a name, a target, a reason, a client, a request id or the data. The newest 30000 events are searched; looked_back_to says how far that was."`
	To     time.Time `query:"to" doc:"Only what happened before this time."`
	Offset int       `query:"offset" default:"0" minimum:"0"`
	Limit  int       `query:"limit" default:"100" minimum:"1" maximum:"1000"`
}

func (f HistoryFilter) filter() registry.HistoryFilter {
	return registry.HistoryFilter{Types: eventTypes(f.Types), Query: f.Query, Until: f.To}
}

func (f HistoryFilter) page() registry.Page { return registry.Page{Offset: f.Offset, Limit: f.Limit} }

type historyInput struct{ HistoryFilter }

type systemHistoryInput struct {
	HistoryFilter
	User string `query:"user_id" maxLength:"100" doc:"Only what this user did, by id or name."`
}

type channelHistoryInput struct {
	ChannelPath
	HistoryFilter
}

func historyOut(h registry.History, err error) (*body[api.History], error) {
	out := api.History{List: list(h.Items, h.Total, historyItemOut).Body}
	if !h.Back.IsZero() {
		out.LookedBackTo = &h.Back
	}
	return &body[api.History]{out}, err
}

func historyItemOut(h registry.HistoryItem) api.HistoryItem {
	data := map[string]any{}
	if err := json.Unmarshal([]byte(h.Data), &data); err != nil || data == nil {
		data = map[string]any{}
	}
	if h.Target != "" {
		data["target"] = h.Target
	}
	return api.HistoryItem{
		// Numbers of rows would tell how much happens elsewhere on the site.
		EventID: h.Hash.String()[:32], EventType: string(h.Word()), Data: data,
		Meta: api.HistoryMeta{
			Username: h.Principal, Via: h.Via, TokenID: h.TokenID, Event: string(h.Type), Outcome: string(h.Outcome), Address: h.Address, Client: h.Client,
			RequestID: h.RequestID,
		},
		Created: float64(h.At.UnixMilli()) / 1000,
	}
}
