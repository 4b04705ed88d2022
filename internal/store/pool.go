package store

import (
	"context"
	"database/sql"
	"slices"
	"sync"

	"kingsnake/internal/registry"
)

// querier is what store methods need of a transaction or a pool of connections.
type querier interface {
	exec(ctx context.Context, query string, args ...any) (sql.Result, error)
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	row(ctx context.Context, query string, args ...any) *sql.Row
}

// maxPrepared bounds the statements that are kept prepared. Most texts are constants or made of a few fixed parts; those of
// lists have as many conditions as the token of who asks has patterns, and so there are very many of them.
const maxPrepared = 2000

// pool is a database with its prepared statements.
type pool struct {
	db *sql.DB
	d  dialect
	// most is how many statements are kept.
	most int

	mu    sync.RWMutex
	stmts map[string]*sql.Stmt
	// missed are statements that transactions ran unprepared, since their connection was taken.
	missed []string
}

func newPool(db *sql.DB, d dialect) *pool {
	return &pool{db: db, d: d, most: maxPrepared, stmts: map[string]*sql.Stmt{}}
}

// prepared gives a statement, nil where there are too many to keep another one: it is then run unprepared.
func (p *pool) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.RLock()
	st, full := p.stmts[query], len(p.stmts) >= p.most
	p.mu.RUnlock()
	if st != nil || full {
		return st, nil
	}
	st, err := p.db.PrepareContext(context.WithoutCancel(ctx), query)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if had := p.stmts[query]; had != nil {
		return had, st.Close() //nolint:sqlclosecheck // Another goroutine was faster; its statement is the one that is kept.
	}
	p.stmts[query] = st
	return st, nil
}

// prepareMissed prepares what transactions had to run unprepared, for those to come. No transaction may be open: there may
// be one connection only.
func (p *pool) prepareMissed(ctx context.Context) {
	p.mu.Lock()
	missed := p.missed
	p.missed = nil
	p.mu.Unlock()
	for _, query := range missed {
		if _, err := p.prepared(ctx, query); err != nil { //nolint:sqlclosecheck // The pool keeps it.
			return // It goes on unprepared, and whoever runs it learns what is wrong.
		}
	}
}

func (p *pool) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if args = p.d.arguments(args); p.d.unprepared {
		return p.db.ExecContext(ctx, query, args...)
	}
	st, err := p.prepared(ctx, query) //nolint:sqlclosecheck // The pool keeps it.
	if err != nil {
		return nil, err
	}
	if st == nil {
		return p.db.ExecContext(ctx, query, args...)
	}
	return st.ExecContext(ctx, args...)
}

func (p *pool) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if args = p.d.arguments(args); p.d.unprepared {
		return p.db.QueryContext(ctx, query, args...)
	}
	st, err := p.prepared(ctx, query) //nolint:sqlclosecheck // The pool keeps it.
	if err != nil {
		return nil, err
	}
	if st == nil {
		return p.db.QueryContext(ctx, query, args...)
	}
	return st.QueryContext(ctx, args...)
}

func (p *pool) row(ctx context.Context, query string, args ...any) *sql.Row {
	if args = p.d.arguments(args); p.d.unprepared {
		return p.db.QueryRowContext(ctx, query, args...)
	}
	st, err := p.prepared(ctx, query) //nolint:sqlclosecheck // The pool keeps it.
	if err != nil || st == nil {
		// Where preparing failed, the unprepared form fails with the same error, which Row then carries.
		return p.db.QueryRowContext(ctx, query, args...)
	}
	return st.QueryRowContext(ctx, args...)
}

// txn is one member's view of a write transaction. Its statements ignore cancellation: an interrupted statement would
// roll back the other members of the batch.
type txn struct {
	tx   *sql.Tx
	pool *pool
	// events are what the member recorded; they are written when the batch ends.
	events []registry.Event
	// changes are what it adds to the feed, written then too.
	changes [][]any
}

// prepared gives a statement as part of the transaction, nil for one to run unprepared.
func (t *txn) prepared(ctx context.Context, query string) *sql.Stmt {
	p := t.pool
	if p.d.unprepared {
		return nil
	}
	p.mu.RLock()
	st := p.stmts[query]
	p.mu.RUnlock()
	if st == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !slices.Contains(p.missed, query) {
			p.missed = append(p.missed, query)
		}
		return nil
	}
	return t.tx.StmtContext(ctx, st)
}

func (t *txn) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx, args = context.WithoutCancel(ctx), t.pool.d.arguments(args)
	if st := t.prepared(ctx, query); st != nil { //nolint:sqlclosecheck // The transaction closes it.
		return st.ExecContext(ctx, args...)
	}
	return t.tx.ExecContext(ctx, query, args...)
}

func (t *txn) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx, args = context.WithoutCancel(ctx), t.pool.d.arguments(args)
	if st := t.prepared(ctx, query); st != nil { //nolint:sqlclosecheck // The transaction closes it.
		return st.QueryContext(ctx, args...)
	}
	return t.tx.QueryContext(ctx, query, args...)
}

func (t *txn) row(ctx context.Context, query string, args ...any) *sql.Row {
	ctx, args = context.WithoutCancel(ctx), t.pool.d.arguments(args)
	if st := t.prepared(ctx, query); st != nil { //nolint:sqlclosecheck // The transaction closes it.
		return st.QueryRowContext(ctx, args...)
	}
	return t.tx.QueryRowContext(ctx, query, args...)
}
