package identity

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"kingsnake/internal/registry"
)

// The bounds of what is looked for together: how long the first of them waits for others, how many there are at most, and how
// long the database may take to answer for them.
const (
	togetherWait  = 10 * time.Millisecond
	togetherMost  = 256
	togetherLimit = 10 * time.Second
)

// together finds strings for those who can wait: the first of them waits for others to come, and one statement asks for all.
// It begins after each of them has come, so it sees what was there by then, and one is carried out at a time.
type together struct {
	find func(ctx context.Context, macs [][32]byte) (map[[32]byte]registry.StringPlace, error)
	// turn is held while a statement is carried out.
	turn *semaphore.Weighted

	mu sync.Mutex
	// next are those who are to be asked for, nil while there are none.
	next *gathered
}

func newTogether(find func(context.Context, [][32]byte) (map[[32]byte]registry.StringPlace, error)) *together {
	return &together{find: find, turn: semaphore.NewWeighted(1)}
}

// gathered are strings that one statement finds. What came of it is there when done is closed.
type gathered struct {
	macs  [][32]byte
	done  chan struct{}
	found map[[32]byte]registry.StringPlace
	err   error
}

// place tells where a string leads. It is not ok when as many wait as may, and the string has to be looked for by itself.
func (g *together) place(ctx context.Context, mac [32]byte) (place registry.StringPlace, ok bool, err error) {
	with := g.join(ctx, mac)
	if with == nil {
		return registry.StringPlace{}, false, nil
	}
	select {
	case <-ctx.Done():
		return registry.StringPlace{}, true, ctx.Err()
	case <-with.done:
	}
	if with.err != nil {
		return registry.StringPlace{}, true, with.err
	}
	place, err = with.found[mac].Known()
	return place, true, err
}

// join adds a string to those that are asked for next, unless they are too many.
func (g *together) join(ctx context.Context, mac [32]byte) *gathered {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == nil {
		next := &gathered{done: make(chan struct{})}
		g.next = next
		// Whoever came first may leave before the others are answered.
		ctx = context.WithoutCancel(ctx)
		time.AfterFunc(togetherWait, func() { g.ask(ctx, next) })
	}
	if len(g.next.macs) >= togetherMost {
		return nil
	}
	g.next.macs = append(g.next.macs, mac)
	return g.next
}

// ask asks for what was gathered until its turn has come.
func (g *together) ask(ctx context.Context, all *gathered) {
	defer close(all.done)
	ctx, cancel := context.WithTimeout(ctx, togetherLimit)
	defer cancel()
	all.err = g.turn.Acquire(ctx, 1)
	g.mu.Lock()
	g.next = nil
	g.mu.Unlock()
	if all.err != nil {
		return
	}
	defer g.turn.Release(1)
	all.found, all.err = g.find(ctx, all.macs)
}
