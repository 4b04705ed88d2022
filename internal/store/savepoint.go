package store

import (
	"context"
	"errors"
	"fmt"

	"kingsnake/internal/registry"
)

// Savepoint runs fn inside a transaction so that, when it fails, what it did is undone and the rest of the transaction
// goes on.
func (s *Store) Savepoint(ctx context.Context, tx registry.Tx, fn func() error) (err error) {
	t, isWrite := tx.(*txn)
	if !isWrite {
		return errors.New("a savepoint outside of a write")
	}
	q, recorded, told := s.q(tx), len(t.events), len(t.changes)
	if _, err := q.exec(ctx, "SAVEPOINT part"); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	ok := false
	defer func() {
		if ok {
			return
		}
		t.events, t.changes = t.events[:recorded], t.changes[:told]
		for _, undo := range []string{"ROLLBACK TO part", "RELEASE part"} {
			if _, uerr := q.exec(ctx, undo); uerr != nil && err != nil {
				// Only the kind of an error of fn may be judged by the caller, and this one is of another kind.
				err = fmt.Errorf("%s failed: %w (after: %s)", undo, uerr, err.Error())
			}
		}
	}()
	if err := fn(); err != nil {
		return s.translate(err)
	}
	if _, err := q.exec(ctx, "RELEASE part"); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	ok = true
	return nil
}
