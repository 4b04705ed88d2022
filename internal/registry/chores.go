package registry

import (
	"context"
	"errors"
	"time"

	"kingsnake/internal/access"
)

// Chore is what a site does by itself every so often. It is done as a job: by one server of all, and by another one when
// that dies.
type Chore struct {
	Kind JobKind
	// Title says in words what is done.
	Title string
	// Every is how long after one was queued the next one is.
	Every time.Duration
	// Do does it, from the beginning again where it was interrupted, and tells with how many things it dealt.
	Do func(ctx context.Context) (int64, error)
}

// Chores is the service that queues chores.
type Chores struct {
	*core
	jobs   *Jobs
	chores []Chore
	// since is when this server began.
	since time.Time
}

// The times of chores.
const (
	// chorePlan is how often is looked whether one is due.
	chorePlan = time.Minute
	// firstChore is how long after the start of its first server a site does its chores for the first time.
	firstChore = 10 * time.Minute
	// keepChores is how long those that went well are kept in the list of jobs.
	keepChores = 2 * 24 * time.Hour
)

// housekeeper is what the audit and the list of jobs call who asks for chores.
const housekeeper = "upkeep"

func newChores(c *core, jobs *Jobs, chores []Chore) *Chores {
	s := &Chores{core: c, jobs: jobs, chores: chores, since: c.now()}
	for _, chore := range chores {
		jobs.handlers[chore.Kind] = chore.run
		jobs.routine[chore.Kind] = true
	}
	return s
}

// Run queues what is due until ctx ends.
func (s *Chores) Run(ctx context.Context) {
	tick := time.NewTicker(chorePlan)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.Plan(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("upkeep could not be queued; trying again", "error", err)
		}
	}
}

// Plan queues every chore that is due, unless another server has.
func (s *Chores) Plan(ctx context.Context) error {
	var errs []error
	for _, chore := range s.chores {
		errs = append(errs, s.plan(ctx, chore))
	}
	return errors.Join(errs...)
}

func (s *Chores) plan(ctx context.Context, chore Chore) error {
	if due, err := s.due(ctx, nil, chore); err != nil || !due {
		return err
	}
	now := s.now()
	caller := &access.Caller{Principal: access.System(housekeeper), Via: access.ViaSystem, Now: now}
	return s.write(ctx, caller, func(w *work) error {
		if due, err := s.due(ctx, w.tx, chore); err != nil || !due {
			return err
		}
		if err := s.jobs.jobs.ForgetJobs(ctx, w.tx, chore.Kind, now.Add(-keepChores)); err != nil {
			return err
		}
		_, err := s.jobs.enqueue(ctx, w, chore.Kind, chore.Title, struct{}{})
		return err
	})
}

// due tells whether a chore is to be queued.
func (s *Chores) due(ctx context.Context, tx Tx, chore Chore) (bool, error) {
	last, err := s.jobs.jobs.LatestJob(ctx, tx, chore.Kind)
	switch {
	case errors.Is(err, ErrNoRecord):
		return !s.now().Before(s.since.Add(firstChore)), nil
	case err != nil || !last.State.over():
		return false, err
	}
	return !s.now().Before(last.CreatedAt.Add(chore.Every)), nil
}

// run is the handler of a chore's jobs.
func (c Chore) run(ctx context.Context, run *JobRun) error {
	caller, err := run.caller(ctx)
	if err != nil {
		return err
	}
	n, err := c.Do(ctx)
	if err != nil {
		return err
	}
	return run.step(ctx, caller, func(_ *work, j *Job) error {
		j.Done = n
		return nil
	})
}
