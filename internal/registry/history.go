package registry

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"kingsnake/internal/access"
)

// HistoryFilter narrows a history.
type HistoryFilter struct {
	Types []EventType
	// Query finds what AuditFilter's does.
	Query string
	// User keeps what one account did, by its public id or name; only the site's history takes it.
	User string
}

func (f HistoryFilter) audit() AuditFilter { return AuditFilter{Types: f.Types, Query: f.Query} }

// HistoryItem is an event as one who is no auditor sees it.
type HistoryItem struct {
	Event
	// Full tells that the reader may see all that the row holds. Otherwise Address, Client and RequestID are empty, and Data
	// has only what may be shown.
	Full bool
}

// ChannelHistory gives what happened to a channel, newest first, and how much there is of it. It holds changes and no
// refusals, and nobody's address.
func (s *Audit) ChannelHistory(ctx context.Context, caller *access.Caller, path string, f HistoryFilter, p Page) ([]HistoryItem, int64, error) {
	c, err := s.lookup.on(ctx, s.core, caller, access.ChannelHistory, path)
	if err != nil {
		return nil, 0, err
	}
	af := f.audit()
	af.ChannelID, af.Outcome = c.ID, Done
	return s.history(ctx, af, p, func(Event) bool { return false })
}

// AccountHistory gives what the caller's account did and what was done to it. A token sees of it what it did itself, and
// what happened on channels whose history it may read.
func (s *Audit) AccountHistory(ctx context.Context, caller *access.Caller, f HistoryFilter, p Page) ([]HistoryItem, int64, error) {
	if !caller.LoggedIn() {
		return nil, 0, nil
	}
	af := f.audit()
	af.Reach = s.reach(caller)
	return s.history(ctx, af, p, ownEvent(caller))
}

// reach is how much of its account's history the caller sees.
func (s *Audit) reach(caller *access.Caller) *AccountReach {
	r := &AccountReach{Account: caller.Principal.ID}
	if caller.Token == nil {
		r.Visible = s.listed(caller, access.ChannelView, access.SubchannelView)
		r.Gone, r.Site, r.Warnings = true, true, []EventType{EventLoginFailed, EventDeadTokenUsed}
		return r
	}
	r.Visible = s.listed(caller, access.ChannelHistory, access.SubchannelHistory)
	r.Token, r.TokenVisible = caller.Token.PublicID, s.listed(caller, access.ChannelView, access.SubchannelView)
	return r
}

// ownEvent tells the events whose every field the caller may see: its own, after signing in.
func ownEvent(caller *access.Caller) func(Event) bool {
	return func(e Event) bool { return caller.Token == nil && e.PrincipalID == caller.Principal.ID }
}

// SystemHistory gives what happened on the whole site.
func (s *Audit) SystemHistory(ctx context.Context, caller *access.Caller, f HistoryFilter, p Page) ([]HistoryItem, int64, error) {
	if err := s.allow(ctx, caller, access.AuditLogsView, access.OnSystem()); err != nil {
		return nil, 0, err
	}
	af := f.audit()
	if f.User != "" {
		u, err := s.people.UserByPublicID(ctx, nil, f.User)
		switch {
		case errors.Is(err, ErrNoRecord):
			// It is a name, be it of an account that is no more.
			af.User = f.User
		case err != nil:
			return nil, 0, err
		}
		af.PrincipalID = u.ID
	}
	return s.history(ctx, af, p, func(Event) bool { return true })
}

// history reads a page and takes out of it what the reader may not see.
func (s *Audit) history(ctx context.Context, f AuditFilter, p Page, full func(Event) bool) ([]HistoryItem, int64, error) {
	if err := p.Validate(); err != nil {
		return nil, 0, err
	}
	if err := f.check(); err != nil {
		return nil, 0, err
	}
	f.Types = ownWords(f.Types)
	if !full(Event{}) {
		// A search for what is taken out would tell of it.
		f.Shown = slices.Sorted(maps.Keys(shownData))
	}
	events, err := s.audit.FindAudit(ctx, f, p.Offset, p.Limit)
	if err != nil {
		return nil, 0, err
	}
	items := make([]HistoryItem, len(events))
	for i, e := range events {
		items[i] = HistoryItem{Event: e, Full: full(e)}
		if !items[i].Full {
			items[i].redact()
		}
	}
	f.Enough = p.Enough
	total, err := s.audit.CountAudit(ctx, f)
	return items, total, err
}

// shownData are the facts of events that everybody may see who sees the event. None of them names another channel, an
// address or anything that is not the event's own. A fact that is not here is shown to auditors only.
var shownData = map[string]bool{
	"name": true, "version": true, "build": true, "subdir": true, "filename": true, "family": true, "sha256": true, "size": true, "count": true,
	"privacy": true, "description": true, "indexing_behavior": true, "group": true, "permission": true, "user": true, "username": true,
	"type": true, "roles": true, "expires_at": true, "overlap": true, "disabled": true, "label": true, "labels": true,
}

// redact takes out what an auditor sees and others do not. An event that cannot be read shows no facts.
func (h *HistoryItem) redact() {
	h.Address, h.Client, h.RequestID = "", "", ""
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(h.Data), &all); err != nil {
		h.Data = "{}"
		return
	}
	for key := range all {
		if !shownData[key] {
			delete(all, key)
		}
	}
	shown, err := json.Marshal(all)
	if err != nil {
		shown = []byte("{}")
	}
	h.Data = string(shown)
}
