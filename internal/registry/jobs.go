package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// JobStore keeps jobs.
type JobStore interface {
	InsertJob(ctx context.Context, tx Tx, j Job) (int64, error)
	JobByPublicID(ctx context.Context, tx Tx, publicID string) (Job, error)
	ListJobs(ctx context.Context, f JobFilter, p Page) ([]Job, int64, error)
	CountJobs(ctx context.Context, tx Tx, principal int64) (int64, error)
	// LatestJob gives the job of a kind that was queued last; ErrNoRecord when there is none.
	LatestJob(ctx context.Context, tx Tx, kind JobKind) (Job, error)
	// ForgetJobs deletes jobs of a kind that went well and were over before a time.
	ForgetJobs(ctx context.Context, tx Tx, kind JobKind, before time.Time) error
	CancelJob(ctx context.Context, tx Tx, id int64, at time.Time) error
	// ClaimJob takes the job that is due for longest, for the caller alone until a time; ErrNoRecord when none is due.
	ClaimJob(ctx context.Context, tx Tx, now, until time.Time) (Job, error)
	// NextJob tells when the next job is due, ErrNoRecord when none is waiting.
	NextJob(ctx context.Context) (time.Time, error)
	// SaveJob writes how far a job is, and tells whether it is to be canceled; ErrNoRecord when another has it by now.
	SaveJob(ctx context.Context, tx Tx, j Job) (canceled bool, err error)
	ExtendJob(ctx context.Context, tx Tx, id, attempts int64, until time.Time) error
}

// Jobs is the service for work that outlives the request that asked for it. What a job does is written beside the service
// whose work it is; package jobs runs them.
type Jobs struct {
	*core
	jobs     JobStore
	handlers map[JobKind]jobHandler
	// routine are the kinds of which the audit need not tell unless they fail: nobody asks for them.
	routine map[JobKind]bool
}

// jobHandler does one kind of job. It returns nil when every item had its turn, a jobEnd when the job cannot go on, and
// any other error when it can be tried again. It goes on from the job's position.
type jobHandler func(ctx context.Context, run *JobRun) error

// maxOpenJobs bounds the jobs of one account that are not over.
const maxOpenJobs = 100

// enqueue adds a job to a write: it exists exactly if the write does. The asker is the write's caller.
func (s *Jobs) enqueue(ctx context.Context, w *work, kind JobKind, title string, arguments any) (Job, error) {
	if !w.caller.LoggedIn() {
		return Job{}, fmt.Errorf("job %s: nobody asks for it", kind)
	}
	n, err := s.jobs.CountJobs(ctx, w.tx, w.caller.Principal.ID)
	if err != nil {
		return Job{}, err
	}
	if n >= maxOpenJobs {
		return Job{}, &Error{Code: CodeTooMany, RetryAfter: time.Minute, Message: fmt.Sprintf("%d jobs of yours are not over; wait for them, or cancel some", n)}
	}
	raw, err := json.Marshal(arguments)
	if err != nil {
		return Job{}, fmt.Errorf("arguments of job %s: %w", kind, err)
	}
	now := s.now()
	j := Job{
		PublicID: uuid.NewString(), Kind: kind, Title: title, Arguments: raw, State: JobQueued, Asker: asker(w.caller),
		DueAt: now, CreatedAt: now, UpdatedAt: now,
	}
	if j.ID, err = s.jobs.InsertJob(ctx, w.tx, j); err != nil {
		return Job{}, err
	}
	w.changed(ChangedJob, j.ID, "")
	if s.routine[kind] {
		return j, nil
	}
	return j, w.record(ctx, EventJobQueued, 0, j.PublicID, map[string]any{"kind": kind, "title": title})
}

// List gives jobs: those of the caller's account, or everybody's for who may see them. A token that may not sees only
// what it asked for itself, lest it show where else its owner is at work.
func (s *Jobs) List(ctx context.Context, caller *access.Caller, f JobFilter, p Page) ([]Job, int64, error) {
	if err := p.Validate("created_at", "updated_at"); err != nil {
		return nil, 0, err
	}
	for _, state := range f.States {
		if !state.Known() {
			return nil, 0, invalid("state", "there is no state %q", state)
		}
	}
	f.All = s.may(caller, access.JobView, access.OnSystem())
	if !f.All && !caller.LoggedIn() {
		return nil, 0, nil
	}
	f.PrincipalID, f.TokenID = caller.Principal.ID, 0
	if caller.Token != nil {
		f.TokenID = caller.Token.ID
	}
	return s.jobs.ListJobs(ctx, f, p)
}

// Get gives one job.
func (s *Jobs) Get(ctx context.Context, caller *access.Caller, publicID string) (Job, error) {
	return s.find(ctx, caller, access.JobView, publicID)
}

// find gives a job that the caller asked for, or one of anybody for who holds the scope. Whether there is another's job of
// that name, only they learn.
func (s *Jobs) find(ctx context.Context, caller *access.Caller, scope access.Scope, publicID string) (Job, error) {
	j, err := s.jobs.JobByPublicID(ctx, nil, publicID)
	if err != nil && !errors.Is(err, ErrNoRecord) {
		return Job{}, err
	}
	if err == nil && j.Asker.is(caller) {
		return j, nil
	}
	if err := s.allow(ctx, caller, scope, access.OnSystem()); err != nil {
		return Job{}, err
	}
	if err != nil {
		return Job{}, notFound("there is no job %s", publicID)
	}
	return j, nil
}

// is tells whether the caller is who asked: the account's session or, of its tokens, the very one.
func (a Asker) is(c *access.Caller) bool {
	return c.LoggedIn() && c.Principal.ID == a.PrincipalID && (c.Token == nil || c.Token.ID == a.TokenID)
}

// Cancel ends a job after the items that are done. One that is over stays as it is.
func (s *Jobs) Cancel(ctx context.Context, caller *access.Caller, publicID string) (Job, error) {
	j, err := s.find(ctx, caller, access.JobEdit, publicID)
	if err != nil {
		return Job{}, err
	}
	err = s.write(ctx, caller, func(w *work) error {
		if err := s.jobs.CancelJob(ctx, w.tx, j.ID, s.now()); err != nil {
			return err
		}
		w.changed(ChangedJob, j.ID, "")
		return w.record(ctx, EventJobCanceled, 0, j.PublicID, map[string]any{"asked_by": j.Asker.Principal})
	})
	if err != nil && !errors.Is(err, ErrNoRecord) {
		return Job{}, err
	}
	return s.jobs.JobByPublicID(ctx, nil, publicID)
}
