package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kingsnake/internal/access"
)

// Debit is a token from which a use was taken, as it is after that.
type Debit struct {
	TokenID       int64
	Uses, MaxUses int64
}

// errUsedUp ends a debit of which one token had no use left.
type errUsedUp struct{ Debit }

func (e errUsedUp) Error() string {
	return fmt.Sprintf("used up: %d of %d uses", e.MaxUses, e.MaxUses)
}

// metered reports whether what the caller does costs a use that has not been taken yet.
func metered(caller *access.Caller) bool {
	return caller != nil && caller.Token != nil && caller.Token.Metered && !caller.Spent
}

// debit takes a use of the caller's token in the transaction of the write that it pays for: both are durable or neither
// is, so a crash can lose no more than that write.
func (w *work) debit(ctx context.Context) error {
	if !metered(w.caller) {
		return nil
	}
	err := w.take(ctx)
	var used errUsedUp
	if errors.As(err, &used) {
		w.core.trail.usedUp(w.caller, w.core.now())
		return &Error{Code: CodeUsedUp, Reason: "token_used_up", Err: err, Message: fmt.Sprintf(
			"token %q is used up: %d of %d uses; ask its owner for another one", w.caller.Token.Name, used.MaxUses, used.MaxUses)}
	}
	return err
}

// take takes a use, or fails with errUsedUp.
func (w *work) take(ctx context.Context) error {
	debits, err := w.core.store.DebitToken(ctx, w.tx, w.caller.Token.ID)
	if err != nil {
		return err
	}
	for _, d := range debits {
		if d.Uses > d.MaxUses {
			return errUsedUp{d}
		}
		w.changed(ChangedToken, d.TokenID, "")
	}
	w.debited = true
	return nil
}

// spender gives what is to be called before the first byte is sent of something that costs a use, nil when nothing is to
// be done. A token that is used up by then is refused, or served like anybody where anybody is.
func (c *core) spender(caller *access.Caller, scope access.Scope, target access.Target) func(context.Context) error {
	if !metered(caller) || access.Decide(caller, scope, target).AsAnonymous {
		return nil
	}
	return func(ctx context.Context) error {
		w := &work{core: c, caller: caller}
		err := c.store.Write(ctx, func(tx Tx) error {
			w.tx, w.changes = tx, nil
			if err := w.take(ctx); err != nil {
				return err
			}
			return w.announce(ctx)
		})
		var used errUsedUp
		switch {
		case errors.As(err, &used):
			token := *caller.Token
			token.Restrictions.MaxUses, token.Restrictions.Uses = used.MaxUses, used.MaxUses
			late := *caller
			late.Token = &token
			return c.allow(ctx, &late, scope, target)
		case err != nil:
			return err
		}
		caller.Spent = true
		c.feed.Publish(w.changes)
		return nil
	}
}

// usedUp notes the refusal of a write for want of a use.
func (t *Trail) usedUp(caller *access.Caller, at time.Time) {
	e, err := newEvent(EventDenied, caller, at)
	if err != nil {
		t.log.Error("denial without a caller", "error", err)
		return
	}
	e.Outcome, e.Reason = Denial, "token_used_up"
	t.Note(e)
}
