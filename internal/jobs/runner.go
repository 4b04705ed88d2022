package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"kingsnake/internal/registry"
)

// Options are what a runner is made of.
type Options struct {
	Queue   *registry.Jobs
	Callers registry.Callers
	Feed    *registry.Feed
	Log     *slog.Logger
	Now     func() time.Time
	// Workers is how many jobs run at once, 0 meaning two.
	Workers int
	// Lease is how long a job stays with a runner that is not heard of, 0 meaning ten seconds.
	Lease time.Duration
	// Poll is how often jobs of other processes are looked for, 0 meaning two seconds. A job queued by this process starts
	// at once.
	Poll time.Duration
}

// Runner runs jobs.
type Runner struct {
	Options
	wake chan struct{}
}

// New makes a runner that listens to the feed; Run starts it.
func New(o Options) *Runner {
	if o.Workers == 0 {
		o.Workers = 2
	}
	if o.Lease == 0 {
		o.Lease = 10 * time.Second
	}
	if o.Poll == 0 {
		o.Poll = 2 * time.Second
	}
	r := &Runner{Options: o, wake: make(chan struct{}, o.Workers)}
	o.Feed.Subscribe(r.changed)
	return r
}

// changed wakes a worker for each job that was queued.
func (r *Runner) changed(changes []registry.Change) {
	for _, c := range changes {
		if c.Kind != registry.ChangedJob {
			continue
		}
		select {
		case r.wake <- struct{}{}:
		default:
			// As many as there are workers have been woken, and each looks again when it is done.
		}
	}
}

// Run runs jobs until ctx ends; jobs that are not over by then are given back after the step that they are at.
func (r *Runner) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for range r.Workers {
		workers.Go(func() {
			for ctx.Err() == nil {
				wait, err := r.one(ctx)
				if err != nil && ctx.Err() == nil {
					r.Log.Error("no job can be run; trying again", "error", err)
					wait = r.Poll
				}
				r.sleep(ctx, wait)
			}
		})
	}
	workers.Wait()
}

// sleep waits, unless there is something to do.
func (r *Runner) sleep(ctx context.Context, wait time.Duration) {
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-r.wake:
	case <-timer.C:
	}
}

// one runs a job that is due, or tells how long to wait for one.
func (r *Runner) one(ctx context.Context) (time.Duration, error) {
	due, err := r.Queue.Next(ctx)
	if errors.Is(err, registry.ErrNoRecord) {
		return r.Poll, nil
	}
	if err != nil {
		return 0, err
	}
	if wait := due.Sub(r.Now()); wait > 0 {
		return min(wait, r.Poll), nil
	}
	run, err := r.Queue.Claim(ctx, r.Lease, r.Callers)
	if errors.Is(err, registry.ErrNoRecord) {
		return 0, nil // Another worker was quicker; there may be more.
	}
	if err != nil {
		return 0, err
	}
	r.work(ctx, run)
	return 0, nil
}

// work runs one job and says what becomes of it.
func (r *Runner) work(ctx context.Context, run *registry.JobRun) {
	log := r.Log.With("job", run.Job().PublicID, "kind", run.Job().Kind)
	log.Debug("job taken", "attempt", run.Job().Attempts)
	err := r.hold(ctx, run)
	if err == nil {
		log.Debug("job over", "attempt", run.Job().Attempts)
		return
	}
	if errors.Is(err, registry.ErrJobLost) {
		log.Warn("job lost to another runner; was this one asleep?")
		return
	}
	// What follows must be written even while the server stops.
	after := context.WithoutCancel(ctx)
	switch failures := run.Job().Failures; {
	case ctx.Err() != nil:
		err = run.Later(after, 0, true)
	case failures >= maxFailures:
		log.Error("job given up", "error", err, "failures", failures)
		err = run.Fail(after, fmt.Sprintf("given up after %d attempts without progress; the server's log says more", failures))
	default:
		pause := backoff(failures)
		log.Error("job interrupted; it goes on later", "error", err, "after", pause)
		err = run.Later(after, pause, false)
	}
	if err != nil {
		log.Error("the job's state could not be written; it goes on when its lease has ended", "error", err)
	}
}

// maxFailures is how often in a row a job is tried without any progress.
const maxFailures = 10

// backoff is how long to wait after so many failures in a row.
func backoff(failures int64) time.Duration {
	const longest = 5 * time.Minute
	if failures > 8 {
		return longest
	}
	return min(time.Second<<max(failures-1, 0), longest)
}

// hold runs a job and prolongs its lease meanwhile. A panic is a failure like any other.
func (r *Runner) hold(ctx context.Context, run *registry.JobRun) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	id := run.Job().PublicID
	keeper.Go(func() { r.keep(ctx, run, cancel) })
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("job %s panicked: %v\n%s", id, v, debug.Stack())
		}
		if cause := context.Cause(ctx); err != nil && errors.Is(cause, registry.ErrJobLost) {
			err = cause
		}
		cancel(nil)
		keeper.Wait()
	}()
	return run.Do(ctx)
}

// keep prolongs the lease until ctx ends, and ends the job's own when the job is lost.
func (r *Runner) keep(ctx context.Context, run *registry.JobRun, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(r.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		switch err := run.Extend(ctx); {
		case err == nil || ctx.Err() != nil:
		case errors.Is(err, registry.ErrJobLost):
			cancel(err)
			return
		default:
			r.Log.Error("a job's lease could not be prolonged", "error", err)
		}
	}
}
