package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kingsnake/internal/access"
)

// Callers makes the caller of a job as of now: demoted, revoked or disabled if its asker was so meanwhile.
type Callers func(ctx context.Context, a Asker) (*access.Caller, error)

// ErrJobLost says that another runner has the job by now, because this one was not heard of for too long.
var ErrJobLost = errors.New("another runner has the job by now")

// errJobCanceled ends a job that somebody canceled.
var errJobCanceled = errors.New("the job was canceled")

// jobEnd ends a job that cannot go on, for a reason that its asker may read.
type jobEnd struct{ reason string }

func (e *jobEnd) Error() string { return e.reason }

// JobRun is one runner's hold of a job, good until its lease ends. The position of a job is written together with the
// work that led there, so a job that is taken up again repeats nothing and leaves nothing out.
type JobRun struct {
	jobs *Jobs
	// id and attempt tell this hold from any other; unlike job they never change.
	id, attempt int64
	job         Job
	callers     Callers
	lease       time.Duration
}

// Claim takes the job that is due for longest, for this runner alone as long as the lease is prolonged. ErrNoRecord when
// none is due.
func (s *Jobs) Claim(ctx context.Context, lease time.Duration, callers Callers) (*JobRun, error) {
	run := &JobRun{jobs: s, callers: callers, lease: lease}
	err := s.store.Write(ctx, func(tx Tx) error {
		now := s.now()
		var err error
		run.job, err = s.jobs.ClaimJob(ctx, tx, now, now.Add(lease))
		return err
	})
	run.id, run.attempt = run.job.ID, run.job.Attempts
	return run, err
}

// Next tells when the next job is due; ErrNoRecord when none is waiting.
func (s *Jobs) Next(ctx context.Context) (time.Time, error) { return s.jobs.NextJob(ctx) }

// Job gives the job as of its last step.
func (r *JobRun) Job() Job { return r.job }

// Do works on the job until it is over. Any error but ErrJobLost means that it can be tried again.
func (r *JobRun) Do(ctx context.Context) error {
	err := errJobCanceled
	if !r.job.Canceled {
		handle, ok := r.jobs.handlers[r.job.Kind]
		if !ok {
			// While servers are replaced one by one, a newer one may.
			return fmt.Errorf("this version of the server does not know jobs of kind %q", r.job.Kind)
		}
		err = handle(ctx, r)
	}
	var end *jobEnd
	switch {
	case err == nil:
		return r.finish(ctx, JobDone, "")
	case errors.Is(err, errJobCanceled):
		return r.finish(ctx, JobCanceled, "")
	case errors.As(err, &end):
		return r.Fail(ctx, end.reason)
	}
	return err
}

// caller is the job's caller as of now. A job whose credential ended ends with it.
func (r *JobRun) caller(ctx context.Context) (*access.Caller, error) {
	c, err := r.callers(ctx, r.job.Asker)
	if err != nil {
		return nil, err
	}
	if problem := c.EffectiveProblem(); problem != access.ProblemNone {
		return nil, &jobEnd{"the credential that asked for this job works no longer: " + string(problem)}
	}
	return c, nil
}

// step does a part of the job: what fn writes and the progress that it notes become durable together, or not at all.
func (r *JobRun) step(ctx context.Context, caller *access.Caller, fn func(*work, *Job) error) error {
	next, canceled := r.job, false
	err := r.jobs.write(ctx, caller, func(w *work) error {
		if err := fn(w, &next); err != nil {
			return err
		}
		next.Failures = 0
		next.atLeast()
		var err error
		canceled, err = r.save(ctx, w.tx, &next, r.jobs.now().Add(r.lease))
		return err
	})
	if err != nil {
		return err
	}
	r.job = next
	if canceled {
		return errJobCanceled
	}
	return nil
}

// save writes the job for the next claim at a time, provided that it is still this runner's.
func (r *JobRun) save(ctx context.Context, tx Tx, j *Job, due time.Time) (canceled bool, err error) {
	j.DueAt, j.UpdatedAt = due, r.jobs.now()
	canceled, err = r.jobs.jobs.SaveJob(ctx, tx, *j)
	return canceled, lost(err)
}

func lost(err error) error {
	if errors.Is(err, ErrNoRecord) {
		return ErrJobLost
	}
	return err
}

// Extend prolongs the lease.
func (r *JobRun) Extend(ctx context.Context) error {
	return lost(r.jobs.store.Write(ctx, func(tx Tx) error {
		return r.jobs.jobs.ExtendJob(ctx, tx, r.id, r.attempt, r.jobs.now().Add(r.lease))
	}))
}

// Later gives the job back, to be taken up again after a while by any runner. It counts as a failure unless the runner
// itself had to stop.
func (r *JobRun) Later(ctx context.Context, after time.Duration, stopped bool) error {
	j := r.job
	j.State = JobQueued
	if stopped && j.Failures > 0 {
		j.Failures--
	}
	return r.jobs.store.Write(ctx, func(tx Tx) error {
		_, err := r.save(ctx, tx, &j, r.jobs.now().Add(after))
		return err
	})
}

// Fail ends the job for a reason that its asker may read.
func (r *JobRun) Fail(ctx context.Context, reason string) error {
	return r.finish(ctx, JobFailed, reason)
}

// finish writes how the job ended.
func (r *JobRun) finish(ctx context.Context, state JobState, reason string) error {
	j := r.job
	j.State, j.Error, j.FinishedAt = state, clip(reason, maxErrorMessage), r.jobs.now()
	return r.jobs.write(ctx, j.Asker.recorded(), func(w *work) error {
		if _, err := r.save(ctx, w.tx, &j, j.FinishedAt); err != nil {
			return err
		}
		if r.jobs.routine[j.Kind] && state == JobDone {
			return nil
		}
		return w.record(ctx, EventJobFinished, 0, j.PublicID, map[string]any{
			"state": state, "total": j.Total, "done": j.Done, "failed": j.Failed, "skipped": j.Skipped,
		})
	})
}
