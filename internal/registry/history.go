package registry

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"kingsnake/internal/access"
)

// HistoryFilter narrows a history.
type HistoryFilter struct {
	Types []EventType
	// Query finds what AuditFilter's does.
	Query string
	// Until keeps what happened before a time.
	Until time.Time
	// User keeps what one account did, by its public id or name; only the site's history takes it.
	User string
}

func (f HistoryFilter) audit() AuditFilter {
	return AuditFilter{Types: f.Types, Query: f.Query, Until: f.Until}
}

// HistoryItem is an event as one who is no auditor sees it.
type HistoryItem struct {
	Event
	// Full tells that the reader may see all that the row holds. Otherwise Address, Client and RequestID are empty, and Data
	// has only what may be shown.
	Full bool
}

// History is a page of a history.
type History struct {
	Items []HistoryItem
	// Total counts what matches, as far as was looked.
	Total int64
	// Back is from which time on all were looked at, the zero time for from the beginning. Only a search for a text ends
	// before that.
	Back time.Time
}

// ChannelHistory gives what happened to a channel, newest first, and how much there is of it. It holds changes and no
// refusals, and nobody's address.
func (s *Audit) ChannelHistory(ctx context.Context, caller *access.Caller, path string, f HistoryFilter, p Page) (History, error) {
	c, err := s.lookup.on(ctx, s.core, caller, access.ChannelHistory, path)
	if err != nil {
		return History{}, err
	}
	af := f.audit()
	af.ChannelID, af.Outcome = c.ID, Done
	return s.history(ctx, af, p, func(Event) bool { return false })
}

// AccountHistory gives what the caller's account did and what was done to it. A token sees of it what it did itself, and
// what happened on channels whose history it may read.
func (s *Audit) AccountHistory(ctx context.Context, caller *access.Caller, f HistoryFilter, p Page) (History, error) {
	if !caller.LoggedIn() {
		return History{}, nil
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
func (s *Audit) SystemHistory(ctx context.Context, caller *access.Caller, f HistoryFilter, p Page) (History, error) {
	if err := s.allow(ctx, caller, access.AuditLogsView, access.OnSystem()); err != nil {
		return History{}, err
	}
	af := f.audit()
	if f.User != "" {
		u, err := s.people.UserByPublicID(ctx, nil, f.User)
		switch {
		case errors.Is(err, ErrNoRecord):
			// It is a name, be it of an account that is no more.
			af.User = f.User
		case err != nil:
			return History{}, err
		}
		af.PrincipalID = u.ID
	}
	return s.history(ctx, af, p, func(Event) bool { return true })
}

// history reads a page and takes out of it what the reader may not see.
func (s *Audit) history(ctx context.Context, f AuditFilter, p Page, full func(Event) bool) (h History, err error) {
	if err := p.Validate(); err != nil {
		return History{}, err
	}
	if err := f.check(); err != nil {
		return History{}, err
	}
	f.Types = ownWords(f.Types)
	if !full(Event{}) {
		// A search for what is taken out would tell of it.
		f.Shown = slices.Sorted(maps.Keys(shownData))
	}
	if f.Query != "" {
		if f, h.Back, err = s.bounded(ctx, f); err != nil {
			return History{}, err
		}
	}
	events, err := s.audit.FindAudit(ctx, f, p.Offset, p.Limit)
	if err != nil {
		return History{}, err
	}
	h.Items = make([]HistoryItem, len(events))
	for i, e := range events {
		h.Items[i] = HistoryItem{Event: e, Full: full(e)}
		if !h.Items[i].Full {
			h.Items[i].redact()
		}
	}
	f.Enough = p.Enough
	h.Total, err = s.audit.CountAudit(ctx, f)
	return h, err
}

// bounded keeps the newest rows of a filter, as many as can be searched for a text at once, and tells from which time on
// these are all.
func (s *Audit) bounded(ctx context.Context, f AuditFilter) (AuditFilter, time.Time, error) {
	state, err := s.audit.AuditState(ctx, nil)
	if err != nil {
		return f, time.Time{}, err
	}
	_, last, err := s.audit.AuditSpan(ctx, time.Time{}, f.Until, lookSlack)
	if err != nil {
		return f, time.Time{}, err
	}
	f.Before = min(state.Seq, last) + 1
	if f.After, err = s.audit.AuditFloor(ctx, f, s.look.words); err != nil || f.After == 0 {
		return f, time.Time{}, err
	}
	latest, err := s.audit.AuditLatest(ctx, f.After, lookSlack)
	// What was not looked at is not later than that, to the millisecond.
	return f, latest.Add(time.Millisecond), err
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
