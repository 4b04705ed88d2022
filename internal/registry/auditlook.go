package registry

import (
	"context"
	"time"

	"kingsnake/internal/access"
)

// lookLimits say how many rows a look reads at most.
type lookLimits struct {
	// rows are those of any look, words those of one that searches each for a text, which takes longer.
	rows, words int
}

func defaultLookLimits() lookLimits { return lookLimits{rows: 120_000, words: 30_000} }

// lookSlack is how many rows may have been written in another order than that in which they happened.
const lookSlack = 5_000

// Look is what was found in a part of the audit.
type Look struct {
	// Events are those that match, newest first.
	Events []Event
	// Next is where to go on, as AuditFilter.Before; 0 when there is nothing left to look at.
	Next int64
	// Full tells that more may match among what was looked at, and Back, when it does not, from which time on all were looked at.
	Full bool
	Back time.Time
}

// Look finds the newest events that match before a row, or before the end, in as many rows as can be looked through at once.
func (s *Audit) Look(ctx context.Context, caller *access.Caller, f AuditFilter, limit int) (Look, error) {
	if err := s.allow(ctx, caller, access.AuditLogsView, access.OnSystem()); err != nil {
		return Look{}, err
	}
	if err := (Page{Limit: limit}).Validate(); err != nil {
		return Look{}, err
	}
	f, err := s.prepared(ctx, f)
	if err != nil {
		return Look{}, err
	}
	state, err := s.audit.AuditState(ctx, nil)
	if err != nil {
		return Look{}, err
	}
	first, last, err := s.audit.AuditSpan(ctx, f.From, f.Until, lookSlack)
	if err != nil {
		return Look{}, err
	}
	f.OldestFirst, f.Before = false, min(state.Seq, last, positive(f.Before)-1)+1
	rows := s.look.rows
	if f.Query != "" {
		rows = s.look.words
	}
	floor, err := s.audit.AuditFloor(ctx, f, rows)
	if err != nil {
		return Look{}, err
	}
	f.After = max(floor, first-1)
	var l Look
	if l.Events, err = s.audit.FindAudit(ctx, f, 0, limit+1); err != nil {
		return Look{}, err
	}
	switch {
	case len(l.Events) > limit:
		l.Events = l.Events[:limit]
		l.Full, l.Next = true, l.Events[limit-1].ID
	case f.After >= first:
		l.Next = f.After + 1
		oldest, err := s.audit.ListAudit(ctx, f.After, 1)
		if err != nil || len(oldest) == 0 {
			return l, err
		}
		l.Back = oldest[0].At
	}
	return l, nil
}

// Walk finds the oldest events that match behind a row, or from the beginning, in as many rows as can be looked through at
// once. It gives where to go on, as AuditFilter.After; 0 when there is nothing left to look at.
func (s *Audit) Walk(ctx context.Context, caller *access.Caller, f AuditFilter, limit int) ([]Event, int64, error) {
	if err := s.allow(ctx, caller, access.AuditLogsView, access.OnSystem()); err != nil {
		return nil, 0, err
	}
	if err := (Page{Limit: limit}).Validate(); err != nil {
		return nil, 0, err
	}
	f, err := s.prepared(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	state, err := s.audit.AuditState(ctx, nil)
	if err != nil {
		return nil, 0, err
	}
	first, last, err := s.audit.AuditSpan(ctx, f.From, f.Until, lookSlack)
	if err != nil {
		return nil, 0, err
	}
	rows := s.look.rows
	if f.Query != "" {
		rows = s.look.words
	}
	end := min(state.Seq, last)
	f.OldestFirst, f.After = true, max(f.After, first-1)
	if f.After >= end {
		return nil, 0, nil
	}
	f.Before = min(f.After+int64(rows), end) + 1
	events, err := s.audit.FindAudit(ctx, f, 0, limit+1)
	switch {
	case err != nil:
		return nil, 0, err
	case len(events) > limit:
		return events[:limit], events[limit-1].ID, nil
	case f.Before <= end:
		return events, f.Before - 1, nil
	}
	return events, 0, nil
}
