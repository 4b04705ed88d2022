package registry

import (
	"context"
	"crypto/ed25519"
	"errors"
	"iter"
	"time"

	"kingsnake/internal/access"
)

// The events of the audit itself.
const (
	EventHeadSigned  EventType = "audit_head_signed"
	EventDenialsLost EventType = "denials_not_recorded"
)

// AuditStore keeps the audit, which only ever grows, and its signed heads.
type AuditStore interface {
	AuditState(ctx context.Context, tx Tx) (AuditState, error)
	// ListAudit gives rows in order, from the one after a number on.
	ListAudit(ctx context.Context, after int64, limit int) ([]Event, error)
	InsertHead(ctx context.Context, tx Tx, h Head) error
	// LastHead is the newest head, ErrNoRecord when there is none.
	LastHead(ctx context.Context, tx Tx) (Head, error)
	// ListHeads gives heads in order, from the one after a number on.
	ListHeads(ctx context.Context, after int64, limit int) ([]Head, error)
	AuditFinder
}

// Audit is the service for what happened.
type Audit struct {
	*core
	audit  AuditStore
	people AccountStore
	lookup *channelLookup
	signer HeadSigner
	jobs   *Jobs
	look   lookLimits
}

// auditChunk is how many rows are read at a time.
const auditChunk = 1000

// rows gives the rows from the one after a number on, up to and with another.
func (s *Audit) rows(ctx context.Context, after, until int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for after < until {
			chunk, err := s.audit.ListAudit(ctx, after, auditChunk)
			if err != nil {
				yield(Event{}, err)
				return
			}
			if len(chunk) == 0 {
				return
			}
			for _, e := range chunk {
				if e.ID > until || !yield(e, nil) {
					return
				}
				after = e.ID
			}
		}
	}
}

// headsUntil gives all heads up to and with a number.
func (s *Audit) headsUntil(ctx context.Context, until int64) iter.Seq2[Head, error] {
	return func(yield func(Head, error) bool) {
		for after := int64(0); after < until; {
			chunk, err := s.audit.ListHeads(ctx, after, auditChunk)
			if err != nil {
				yield(Head{}, err)
				return
			}
			if len(chunk) == 0 {
				return
			}
			for _, h := range chunk {
				if h.Number > until || !yield(h, nil) {
					return
				}
				after = h.Number
			}
		}
	}
}

// Verify computes the whole chain anew and compares it with the signed heads: those of the site or, where there are any,
// those that were kept elsewhere. It may run beside a server that goes on writing: what is written meanwhile is left to
// the next time.
func (s *Audit) Verify(ctx context.Context, caller *access.Caller, kept []Head, progress func(rows int64)) (AuditReport, error) {
	if err := s.allow(ctx, caller, access.AuditLogsView, access.OnSystem()); err != nil {
		return AuditReport{}, err
	}
	rows := func(until int64) iter.Seq2[Event, error] { return s.rows(ctx, 0, until) }
	return s.verify(ctx, kept, rows, progress)
}

// verify computes anew what rows gives it of the chain.
func (s *Audit) verify(ctx context.Context, kept []Head, rows func(until int64) iter.Seq2[Event, error], progress func(rows int64)) (AuditReport, error) {
	// The heads first: each of them is of a row that was written before.
	head, err := s.audit.LastHead(ctx, nil)
	if err != nil && !errorIsGone(err) {
		return AuditReport{}, err
	}
	state, err := s.audit.AuditState(ctx, nil)
	if err != nil {
		return AuditReport{}, err
	}
	heads := s.headsUntil(ctx, head.Number)
	if len(kept) > 0 {
		heads = EachHead(kept)
	}
	return VerifyAudit(AuditEvidence{
		Rows: rows(state.Seq), Heads: heads, Key: s.signer.HeadKey(), State: &state, Progress: progress,
	})
}

// Key is the public key of the heads, which may be given to anybody.
func (s *Audit) Key() ed25519.PublicKey { return s.signer.HeadKey() }

// Heads gives signed heads in order, from the one after a number on.
func (s *Audit) Heads(ctx context.Context, caller *access.Caller, after int64, limit int) ([]Head, error) {
	if err := s.allow(ctx, caller, access.AuditLogsView, access.OnSystem()); err != nil {
		return nil, err
	}
	if err := (Page{Limit: limit}).Validate(); err != nil {
		return nil, err
	}
	return s.audit.ListHeads(ctx, after, limit)
}

// Sign makes a head of the audit as it stands; where nothing happened since the last one, it gives that.
func (s *Audit) Sign(ctx context.Context, caller *access.Caller) (Head, error) {
	if err := s.allow(ctx, caller, access.AuditLogsView, access.OnSystem()); err != nil {
		return Head{}, err
	}
	return s.sign(ctx, caller, s.now(), func(ctx context.Context, w *work, h Head) error {
		return w.record(ctx, EventHeadSigned, 0, "", map[string]any{"number": h.Number, "seq": h.Seq})
	})
}

// sign makes the head that closes a day, and notes it where that is asked for.
func (s *Audit) sign(ctx context.Context, caller *access.Caller, day time.Time, note func(context.Context, *work, Head) error) (h Head, err error) {
	made := false
	err = s.write(ctx, caller, func(w *work) error {
		last, err := s.audit.LastHead(ctx, w.tx)
		if err != nil && !errorIsGone(err) {
			return err
		}
		state, err := s.audit.AuditState(ctx, w.tx)
		if err != nil {
			return err
		}
		if h, made = last, state.Seq > last.Seq; !made {
			return nil
		}
		h = Head{
			Number: last.Number + 1, Day: day.UTC().Format(time.DateOnly), Seq: state.Seq, Hash: state.Hash, Rows: state.Seq - last.Seq,
			SignedAt: time.UnixMilli(s.now().UnixMilli()).UTC(),
		}
		if last.Number > 0 {
			h.Prev = last.link()
		}
		h = h.signed(s.signer)
		if err := s.audit.InsertHead(ctx, w.tx, h); err != nil {
			return err
		}
		return note(ctx, w, h)
	})
	if err == nil && made {
		// The log is a witness outside the database.
		s.log.Info("audit head signed", "number", h.Number, "day", h.Day, "row", h.Seq, "hash", h.Hash.String())
	}
	return h, err
}

// SignDay makes the head that closes the days before today, unless that is done or they hold nothing.
func (s *Audit) SignDay(ctx context.Context) error {
	today := s.now().UTC().Truncate(24 * time.Hour)
	last, err := s.audit.LastHead(ctx, nil)
	if err != nil && !errorIsGone(err) {
		return err
	}
	first, err := s.audit.ListAudit(ctx, last.Seq, 1)
	if err != nil || len(first) == 0 || !first[0].At.Before(today) {
		return err
	}
	_, err = s.sign(ctx, nil, today.Add(-time.Hour), func(context.Context, *work, Head) error { return nil })
	if errors.Is(err, ErrTaken) {
		// Another process was faster.
		return nil
	}
	return err
}

// signInterval is how often it is seen whether a day has ended.
const signInterval = time.Minute

// Run signs a head at the end of each day, UTC, until ctx ends.
func (s *Audit) Run(ctx context.Context) {
	tick := time.NewTicker(signInterval)
	defer tick.Stop()
	for {
		if err := s.SignDay(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("the audit's head could not be signed; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
