package registry

import (
	"context"
	"errors"
	"time"
)

// ErrSpent says that a request which is carried out at most once was carried out before. Nothing was done this time.
var ErrSpent = errors.New("this was carried out before")

// onceKept is how long the name of such a request is remembered after its use.
const onceKept = 24 * time.Hour

// once spends the name of a request that is carried out at most once, in the transaction of its first write: of several
// that bear the name, one at most is carried out, in whichever process and after a restart, and one that fails takes
// nothing away from the next.
func (w *work) once(ctx context.Context) error {
	if w.caller == nil || w.caller.Once == nil || w.caller.Once.Done {
		return nil
	}
	err := w.core.store.InsertSpent(ctx, w.tx, spentHash("request", w.caller.Once.Name), w.core.now().Add(onceKept))
	if errors.Is(err, ErrTaken) {
		return ErrSpent
	}
	w.spent = err == nil
	return err
}
