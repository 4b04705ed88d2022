package registry

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"kingsnake/internal/access"
)

// Tx is a write transaction, opaque outside the store. A nil Tx reads outside any transaction.
type Tx any

// CoreStore is what every service needs of the store.
type CoreStore interface {
	// Write runs fn once in a transaction; what fn wrote is durable when Write returns nil.
	Write(ctx context.Context, fn func(Tx) error) error
	InsertAudit(ctx context.Context, tx Tx, e Event) error
	InsertChange(ctx context.Context, tx Tx, c Change, at time.Time) error
	// DebitToken takes a use from a token and from those that it was minted by, of each only if its uses are counted.
	DebitToken(ctx context.Context, tx Tx, token int64) ([]Debit, error)
	// InsertSpent answers ErrTaken for what was there already.
	InsertSpent(ctx context.Context, tx Tx, hash []byte, until time.Time) error
	// Savepoint runs fn inside tx so that, when it fails, only what it did is undone.
	Savepoint(ctx context.Context, tx Tx, fn func() error) error
}

// core is what all services share: the decision, transactions, the audit and the clock.
type core struct {
	store CoreStore
	feed  *Feed
	now   func() time.Time
	log   *slog.Logger
	trail *Trail
	usage *Usage
}

// allow is the one place where Kingsnake says yes or no. A refusal is recorded and comes back as CodeDenied.
func (c *core) allow(_ context.Context, caller *access.Caller, scope access.Scope, target access.Target) error {
	d := access.Decide(caller, scope, target)
	return c.settle(caller, &d)
}

// settle acts on a decision.
func (c *core) settle(caller *access.Caller, d *access.Decision) error {
	if !d.Allowed {
		return c.deny(caller, d.Scope, d.Target, *d)
	}
	c.used(caller, d)
	if d.AsAnonymous && caller.Warn != nil {
		caller.Warn(d.Scope, d.Target, *d)
	}
	return nil
}

// may tells whether allow would say yes. It is for lists, which show more to who may see more, and for what one of several
// rights opens: it refuses nobody.
func (c *core) may(caller *access.Caller, scope access.Scope, target access.Target) bool {
	d := access.Decide(caller, scope, target)
	c.used(caller, &d)
	return d.Allowed
}

// deny records a refusal and makes its error.
func (c *core) deny(caller *access.Caller, scope access.Scope, target access.Target, d access.Decision) error {
	if caller != nil && caller.Unsure {
		return Unsure(nil)
	}
	c.trail.denied(caller, scope, target, d, c.now())
	if caller != nil {
		c.usage.refused(caller.SecretID)
	}
	return &Error{Code: CodeDenied, Message: "access denied", Denied: &Denied{Caller: caller, Scope: scope, Target: target, Decision: d}}
}

// work is one write: its transaction, and the changes to tell of when it is committed.
type work struct {
	core    *core
	caller  *access.Caller
	tx      Tx
	changes []Change
	// debited tells that a use of the caller's token was taken.
	debited bool
	// spent tells that the name of a request was spent that is carried out at most once.
	spent bool
}

// write runs fn in a transaction and, once it is durable, tells the caches what changed.
func (c *core) write(ctx context.Context, caller *access.Caller, fn func(*work) error) error {
	w := &work{core: c, caller: caller}
	err := c.store.Write(ctx, func(tx Tx) error {
		w.tx = tx
		if err := w.once(ctx); err != nil {
			return err
		}
		if err := w.debit(ctx); err != nil {
			return err
		}
		if err := fn(w); err != nil {
			return err
		}
		return w.announce(ctx)
	})
	if err != nil {
		if errors.Is(err, ErrNoSpace) {
			return &Error{Code: CodeNoSpace, Message: "the server's disk is full; nothing was stored", Err: err}
		}
		return err
	}
	if w.debited {
		caller.Spent = true
	}
	if w.spent {
		caller.Once.Done = true
	}
	c.feed.Publish(w.changes)
	return nil
}

// announce writes the changes down for other processes.
func (w *work) announce(ctx context.Context) error {
	for _, ch := range w.changes {
		if err := w.core.store.InsertChange(ctx, w.tx, ch, w.core.now()); err != nil {
			return err
		}
	}
	return nil
}

// part does something that may fail by itself: then what it did is undone, and the rest of the write goes on.
func (w *work) part(ctx context.Context, fn func() error) error {
	before := len(w.changes)
	err := w.core.store.Savepoint(ctx, w.tx, fn)
	if err != nil {
		w.changes = w.changes[:before]
	}
	return err
}

// changed notes what caches must forget.
func (w *work) changed(kind ChangeKind, ref int64, name string) {
	w.changes = append(w.changes, Change{Kind: kind, Ref: ref, Name: name})
}

// record writes an audit row in the same transaction.
func (w *work) record(ctx context.Context, event EventType, channel int64, target string, data any) error {
	return w.recordAbout(ctx, 0, event, channel, target, data)
}

// recordAbout is record for what is done to an account, which sees it in its own history. 0 is nobody.
func (w *work) recordAbout(ctx context.Context, subject int64, event EventType, channel int64, target string, data any) error {
	e, err := newEvent(event, w.caller, w.core.now())
	if err != nil {
		return err
	}
	e.SubjectID, e.ChannelID, e.Target = subject, channel, target
	if e.Data, err = encodeData(data); err != nil {
		return err
	}
	return w.core.store.InsertAudit(ctx, w.tx, e)
}
