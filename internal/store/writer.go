package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"kingsnake/internal/registry"
)

// maxBatch bounds how many writes share one commit, and so how much work one failed commit takes along.
const maxBatch = 64

// writer runs write transactions on a database that allows one at a time. Writes that wait for one another share a
// commit: each runs inside a savepoint of its own, and the last in the queue pays for the one fsync of all.
type writer struct {
	pool *pool
	// tell and chain write the changes and the events of a batch at its end.
	tell    func(context.Context, *txn, [][]any) error
	chain   func(context.Context, *txn, []registry.Event) error
	waiting atomic.Int64

	mu    sync.Mutex
	batch *batch

	// failures counts batches that could not begin, and failure is the error of the last. Who waited meanwhile shares it:
	// each of them would wait as long for a database that somebody else has locked.
	failures atomic.Int64
	failure  error
}

// batch is one transaction shared by several writes.
type batch struct {
	tx     *sql.Tx
	size   int
	events []registry.Event
	// changes are what the members add to the feed.
	changes [][]any
	// inside tells that the savepoint of the member before is still open; the next one ends it, and so does the commit.
	inside bool
	// ready tells that the next member's savepoint is there already.
	ready bool
	// broken is why a failed member could not be undone: the database has ended the transaction, as it does when its disk
	// is full, and what runs in it from then on would be for itself.
	broken error
	done   chan struct{}
	err    error
}

func newWriter(s *Store, db *sql.DB) *writer {
	return &writer{pool: newPool(db, s.d), tell: s.tell, chain: s.chain}
}

// do runs fn in a transaction and returns once its effects are durable. fn runs once.
func (w *writer) do(ctx context.Context, fn func(registry.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b, err := w.run(context.WithoutCancel(ctx), fn)
	if err != nil {
		return err
	}
	<-b.done
	return b.err
}

// run performs fn as a member of the current batch and ends the batch when nobody waits behind it.
func (w *writer) run(ctx context.Context, fn func(registry.Tx) error) (_ *batch, err error) {
	failures := w.failures.Load()
	w.waiting.Add(1)
	w.mu.Lock()
	w.waiting.Add(-1)
	defer w.mu.Unlock()
	if w.batch == nil {
		if w.failures.Load() != failures {
			return nil, w.failure
		}
		if w.batch, err = w.begin(ctx); err != nil {
			w.failure = err
			w.failures.Add(1)
			return nil, err
		}
	}
	b := w.batch
	b.size++
	defer func() {
		if w.waiting.Load() == 0 || b.size >= maxBatch || b.broken != nil {
			w.commit(ctx)
		}
	}()
	return b, w.member(ctx, b, fn)
}

// begin starts a batch. Where the database would let several processes write at once, it waits for those before it.
func (w *writer) begin(ctx context.Context) (*batch, error) {
	tx, err := w.pool.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	if enter := w.pool.d.enter; enter != "" {
		if _, err := tx.ExecContext(ctx, enter); err != nil {
			return nil, errors.Join(fmt.Errorf("wait for other writers: %w", err), tx.Rollback())
		}
	}
	return &batch{tx: tx, ready: w.pool.d.enter != "", done: make(chan struct{})}, nil
}

// member runs fn inside a savepoint, so that its failure leaves the others of the batch alone.
func (w *writer) member(ctx context.Context, b *batch, fn func(registry.Tx) error) (err error) {
	enter := "SAVEPOINT member"
	if b.inside {
		enter = "RELEASE member; " + enter
	}
	if !b.ready {
		if _, err := b.tx.ExecContext(ctx, enter); err != nil {
			// Where the one before stands is not known.
			b.broken = w.ended(err, err)
			return fmt.Errorf("savepoint: %w", err)
		}
	}
	b.ready, b.inside = false, true
	ok := false
	defer func() {
		if ok {
			return
		}
		// fn failed or panicked: undo what it did.
		b.inside = false
		for _, undo := range []string{"ROLLBACK TO member", "RELEASE member"} {
			if _, uerr := b.tx.ExecContext(ctx, undo); uerr != nil {
				b.broken = w.ended(err, uerr)
				return
			}
		}
	}()
	t := &txn{tx: b.tx, pool: w.pool}
	if err := fn(t); err != nil {
		return err
	}
	ok = true
	b.events, b.changes = append(b.events, t.events...), append(b.changes, t.changes...)
	return nil
}

// commit ends the current batch and tells its members. The caller holds the lock.
func (w *writer) commit(ctx context.Context) {
	b := w.batch
	w.batch = nil
	b.err = w.finish(ctx, b)
	close(b.done)
	w.pool.prepareMissed(ctx)
}

// errPanicked stands for the error of a member that had none to give.
var errPanicked = errors.New("a write panicked")

// ended is what the other members of a batch are told when one failed and could not be undone. What it failed with is the
// reason only where that is the state of the database; else it is between the member and its caller.
func (w *writer) ended(failure, undo error) error {
	failure = cmp.Or(failure, errPanicked)
	if d := w.pool.d; d.isFull(failure) || d.isDown(failure) {
		return fmt.Errorf("the transaction ended: %w (%w)", failure, undo)
	}
	return fmt.Errorf("the transaction ended: %w (after: %s)", undo, failure.Error())
}

// finish writes the events of the members that succeeded and commits.
func (w *writer) finish(ctx context.Context, b *batch) error {
	if b.broken != nil {
		// There may be nothing left to roll back.
		_ = b.tx.Rollback()
		return b.broken
	}
	tx := &txn{tx: b.tx, pool: w.pool}
	if len(b.changes) > 0 {
		if err := w.tell(ctx, tx, b.changes); err != nil {
			return errors.Join(fmt.Errorf("feed: %w", err), b.tx.Rollback())
		}
	}
	if notify := w.pool.d.notify; len(b.changes) > 0 && notify != "" {
		if _, err := b.tx.ExecContext(ctx, notify); err != nil {
			return errors.Join(fmt.Errorf("notify: %w", err), b.tx.Rollback())
		}
	}
	if len(b.events) > 0 {
		if err := w.chain(ctx, tx, b.events); err != nil {
			return errors.Join(fmt.Errorf("audit: %w", err), b.tx.Rollback())
		}
	}
	if err := b.tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
