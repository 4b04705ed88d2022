package registry

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// FeedStore reads the changes of all processes in the order in which they became durable.
type FeedStore interface {
	ChangesAfter(ctx context.Context, seq int64, limit int) ([]Change, error)
	LastChange(ctx context.Context) (int64, error)
	// Listen calls heard whenever there may be changes, until ctx ends or it cannot listen any more. A database that tells
	// of none leaves it at waiting.
	Listen(ctx context.Context, heard func()) error
}

// FollowOptions say how a process follows the others.
type FollowOptions struct {
	// Every is how often changes are looked for, also while they are told of.
	Every time.Duration
	// Bound is how long ago the caches may have been confirmed to be trusted; 0 trusts them always.
	Bound time.Duration
	Now   func() time.Time
	// Failed is told why others cannot be followed just now.
	Failed func(error)
}

// Follower tells a feed what other processes changed, and knows up to when that is known.
type Follower struct {
	FollowOptions
	store FeedStore
	feed  *Feed
	// confirmed is up to when all changes are known.
	confirmed atomic.Pointer[time.Time]
	// hung is when the database was last waited for in vain, nil when it has answered since.
	hung   atomic.Pointer[time.Time]
	asking singleflight.Group

	// turn is held while changes are read: one reader at a time.
	turn chan struct{}
	last int64
}

const (
	// pollBatch bounds how many changes are read at a time.
	pollBatch = 1000
	// askTime bounds how long the database may take to tell what changed.
	askTime = 2 * time.Second
	// longAway is how long a process may have heard nothing and still find all changes; the oldest are forgotten later.
	longAway = 30 * time.Minute
	// gather is how long after changes were read further ones wait, so that many writes are not read one by one.
	gather = 20 * time.Millisecond
	// listenPause is how long to wait before listening again.
	listenPause = time.Second
	// keepPublic is how long what was known to be public is still shown by a process that hears of no changes.
	keepPublic = 10 * time.Minute
	// keepHung is how long requests need not wait for a database that was just waited for in vain. It is longer than Run
	// takes to wait for it again.
	keepHung = 2 * askTime
	// setBack is by how much the clock on the wall may go back and be trusted still.
	setBack = time.Second
	// ageless is the age of what may be of any age.
	ageless time.Duration = math.MaxInt64
)

// Follow makes a feed follow the changes that other processes make from now on. It is to be called before anything is
// cached; Run does the work.
func Follow(ctx context.Context, feed *Feed, store FeedStore, o FollowOptions) (*Follower, error) {
	f := &Follower{FollowOptions: o, store: store, feed: feed, turn: make(chan struct{}, 1)}
	now := o.Now()
	f.confirmed.Store(&now)
	var err error
	if f.last, err = store.LastChange(ctx); err != nil {
		return nil, err
	}
	feed.follower = f
	return f, nil
}

// Run looks for changes at intervals, and whenever it is told of some, until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	heard := make(chan struct{}, 1)
	var listener sync.WaitGroup
	defer listener.Wait()
	listener.Go(func() { f.listen(ctx, heard) })
	tick := time.NewTicker(f.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-heard:
		}
		if err := f.read(ctx); err != nil && ctx.Err() == nil {
			f.Failed(err)
		}
		// What is told of meanwhile is read at once.
		rest := time.NewTimer(gather)
		select {
		case <-ctx.Done():
			rest.Stop()
		case <-rest.C:
		}
	}
}

func (f *Follower) listen(ctx context.Context, heard chan<- struct{}) {
	for ctx.Err() == nil {
		err := f.store.Listen(ctx, func() {
			select {
			case heard <- struct{}{}:
			default:
			}
		})
		if err != nil && ctx.Err() == nil {
			f.Failed(err)
		}
		pause := time.NewTimer(listenPause)
		select {
		case <-ctx.Done():
			pause.Stop()
		case <-pause.C:
		}
	}
}

// read tells the feed of all changes that there are, and notes how it went.
func (f *Follower) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	err := f.catchUp(ctx)
	switch {
	case err == nil:
		f.hung.Store(nil)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		now := f.Now()
		f.hung.Store(&now)
	}
	return err
}

func (f *Follower) catchUp(ctx context.Context) error {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		now := f.Now()
		changes, err := f.store.ChangesAfter(ctx, f.last, pollBatch)
		if err != nil {
			return err
		}
		if f.age(now) > longAway {
			changes = append(changes, Change{Kind: ChangedEverything})
		}
		f.feed.Publish(changes)
		for _, c := range changes {
			f.last = max(f.last, c.Seq)
		}
		if len(changes) < pollBatch {
			f.confirmed.Store(&now)
			return nil
		}
	}
}

// age is how long ago it was known of all changes that they were heard of.
func (f *Follower) age(now time.Time) time.Duration { return elapsed(*f.confirmed.Load(), now) }

// elapsed is how much time has passed since then. The clock that never goes back stands still while the machine sleeps,
// and the one on the wall may be set back: so it is the longer of what both say, and ageless when the one on the wall was
// set back.
func elapsed(then, now time.Time) time.Duration {
	wall := now.Round(0).Sub(then.Round(0))
	if wall < -setBack {
		return ageless
	}
	return max(wall, now.Sub(then))
}

// fresh is Feed.Fresh. Requests that come while the database is asked share its answer. That question may have been asked
// too early for them; the next one was not.
func (f *Follower) fresh(ctx context.Context, now time.Time) error {
	for range 2 {
		if f.Bound == 0 || f.age(now) <= f.Bound {
			return nil
		}
		if hung := f.hung.Load(); hung != nil && elapsed(*hung, now) <= keepHung {
			return Unsure(context.DeadlineExceeded)
		}
		done := f.asking.DoChan("", func() (any, error) { return nil, f.read(context.WithoutCancel(ctx)) })
		select {
		case <-ctx.Done():
			return ctx.Err()
		case r := <-done:
			if r.Err != nil {
				return Unsure(r.Err)
			}
		}
	}
	return nil
}

// Unsure says that it is not known what a caller may do.
func Unsure(err error) *Error {
	return &Error{
		Code: CodeUnavailable, RetryAfter: time.Second, Err: err,
		Message: "the server cannot ask its database just now, and does not know what else has changed; try again",
	}
}
