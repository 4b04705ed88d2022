package registry

import (
	"context"
	"iter"
	"math"
	"slices"
	"time"

	"kingsnake/internal/access"
)

// EventExported is that somebody took rows of the audit along.
const EventExported EventType = "audit_exported"

// AuditFilter narrows what is read of the audit. Zero fields narrow nothing.
type AuditFilter struct {
	// Enough is how far the events are counted, as that of Page.
	Enough int
	// From and Until are times of which the first is included and the second is not.
	From, Until time.Time
	Types       []EventType
	Outcome     Outcome
	// User is a name: that of whoever did it, as it was then.
	User string
	// Token is the public id of the token that was used.
	Token string
	// Channel is a path: of a channel that there is, or of one that there was.
	Channel string
	Address string
	// Query finds a part of the names, the target, the reason, the client, the request id or the data.
	Query string

	// After and Before keep the rows between two numbers, neither of them included.
	After, Before int64
	// OldestFirst gives the rows in the order in which they were written; else the newest is first.
	OldestFirst bool

	// What only the service fills in.

	// Shown are the facts in which Query is looked for, where the reader sees no others: nor the client and the request, but
	// of what Reach's account did itself. Nil looks everywhere.
	Shown []string

	// PrincipalID keeps what an account did.
	PrincipalID int64
	// ChannelID keeps what happened to a channel, by number.
	ChannelID int64
	// Reach keeps an account's own history.
	Reach *AccountReach
}

// AccountReach is how much of its account's history a caller sees.
type AccountReach struct {
	// Account is who did it or to whom it was done.
	Account int64
	// Visible are the channels whose rows are shown; Gone shows what the account did to channels that are no more.
	Visible []ChannelSet
	Gone    bool
	// Site shows rows that are about no channel.
	Site bool
	// Token is the public id of the caller's token: what it did itself is shown on the channels of TokenVisible, and where
	// it was about no channel.
	Token        string
	TokenVisible []ChannelSet
	// Warnings are the refusals that the account is shown; all others are the administrators' matter.
	Warnings []EventType
}

// AuditFinder reads parts of the audit.
type AuditFinder interface {
	FindAudit(ctx context.Context, f AuditFilter, offset, limit int) ([]Event, error)
	CountAudit(ctx context.Context, f AuditFilter) (int64, error)
	// AuditFloor gives the number of the row behind so many of those before another one that can be found at once; 0 for none.
	AuditFloor(ctx context.Context, f AuditFilter, rows int) (int64, error)
	// AuditLatest gives the latest time of so many rows up to a number.
	AuditLatest(ctx context.Context, upTo int64, rows int) (time.Time, error)
	// AuditSpan gives the first and the last number of the rows of a span of time, if no more than slack of them were written
	// in another order than they happened.
	AuditSpan(ctx context.Context, from, until time.Time, slack int) (first, last int64, err error)
}

// maxTypes bounds the event types that one question may name.
const maxTypes = 100

// check refuses what cannot be looked for.
func (f AuditFilter) check() error {
	switch {
	case f.Outcome != "" && f.Outcome != Done && f.Outcome != Denial:
		return invalid("outcome", "the outcome %q is none of done, denied", clip(string(f.Outcome), 32))
	case len(f.Types) > maxTypes:
		return invalid("event_types", "at most %d event types can be asked for at once", maxTypes)
	case !f.From.IsZero() && !f.Until.IsZero() && !f.Until.After(f.From):
		return invalid("to", "the time span ends before it begins")
	case len(f.User)+len(f.Token)+len(f.Channel)+len(f.Address)+len(f.Query) > 2000:
		return invalid("q", "the question is too long")
	}
	return nil
}

// List reads rows of the audit, in pieces that stay what they are while new rows come in: the next piece is what lies
// before the last row of this one or, oldest first, after it.
func (s *Audit) List(ctx context.Context, caller *access.Caller, f AuditFilter, limit int) ([]Event, error) {
	if err := s.allow(ctx, caller, access.AuditLogsView, access.OnSystem()); err != nil {
		return nil, err
	}
	if err := (Page{Limit: limit}).Validate(); err != nil {
		return nil, err
	}
	f, err := s.prepared(ctx, f)
	if err != nil {
		return nil, err
	}
	return s.audit.FindAudit(ctx, f, 0, limit)
}

// prepared checks a filter and finds the channel that it names.
func (s *Audit) prepared(ctx context.Context, f AuditFilter) (AuditFilter, error) {
	if err := f.check(); err != nil {
		return f, err
	}
	f.Types = ownWords(f.Types)
	if f.Channel == "" {
		return f, nil
	}
	c, err := s.lookup.find(ctx, f.Channel)
	f.ChannelID = c.ID
	return f, err
}

// Export gives all rows that match, oldest first, up to those written when it was asked for. It is an event itself, and
// the last row that it gives.
func (s *Audit) Export(ctx context.Context, caller *access.Caller, f AuditFilter, format string) (iter.Seq2[Event, error], error) {
	if err := s.allow(ctx, caller, access.AuditLogsView, access.OnSystem()); err != nil {
		return nil, err
	}
	f, err := s.prepared(ctx, f)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, caller, func(w *work) error {
		return w.record(ctx, EventExported, 0, "", map[string]any{"format": format})
	})
	if err != nil {
		return nil, err
	}
	state, err := s.audit.AuditState(ctx, nil)
	if err != nil {
		return nil, err
	}
	f.OldestFirst, f.Before = true, min(state.Seq+1, positive(f.Before))
	return s.each(ctx, f), nil
}

// positive is n, or the greatest number where n says nothing.
func positive(n int64) int64 {
	if n <= 0 {
		return math.MaxInt64
	}
	return n
}

// each walks along all rows that match.
func (s *Audit) each(ctx context.Context, f AuditFilter) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			chunk, err := s.audit.FindAudit(ctx, f, 0, auditChunk)
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, e := range chunk {
				if !yield(e, nil) {
					return
				}
				f.After = e.ID
			}
			if len(chunk) < auditChunk {
				return
			}
		}
	}
}

// vendorWords are our events that scripts written for Anaconda's server know by another word.
var vendorWords = map[EventType]EventType{EventArtifactReplaced: EventArtifactAdded}

// Word is the event's type in the words of scripts that were written for Anaconda's server, where it has one.
func (e Event) Word() EventType {
	if w, ok := vendorWords[e.Type]; ok {
		return w
	}
	return e.Type
}

// ownWords are the types that are asked for, with those of ours that bear one of them as their word.
func ownWords(types []EventType) []EventType {
	out := slices.Clone(types)
	for own, word := range vendorWords {
		if slices.Contains(types, word) && !slices.Contains(types, own) {
			out = append(out, own)
		}
	}
	return out
}
