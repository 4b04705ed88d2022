package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"kingsnake/internal/access"
)

// JobAuditVerify is the kind of jobs that verify the audit's hash chain.
const JobAuditVerify JobKind = "audit_verify"

// verifyStep is how many rows are verified between two looks at whether the job is to go on.
const verifyStep = 20_000

// BeginVerify has a job verify the whole chain, however long it is.
func (s *Audit) BeginVerify(ctx context.Context, caller *access.Caller) (j Job, err error) {
	if err := s.allow(ctx, caller, access.AuditLogsView, access.OnSystem()); err != nil {
		return Job{}, err
	}
	err = s.write(ctx, caller, func(w *work) error {
		j, err = s.jobs.enqueue(ctx, w, JobAuditVerify, "verify the hash chain of the audit", struct{}{})
		return err
	})
	return j, err
}

// Verified is what a job found that verified the chain, in the job's position. Its faults are the job's errors.
type Verified struct {
	Rows   int64 `json:"rows"`
	Heads  int64 `json:"heads"`
	Faults int64 `json:"faults"`
}

// Verified tells what a job found that verified the chain, nothing before it is through.
func (j Job) Verified() (v Verified, done bool) {
	if j.Kind != JobAuditVerify || len(j.Position) == 0 || json.Unmarshal(j.Position, &v) != nil {
		return Verified{}, false
	}
	return v, v.Rows > 0
}

// runVerify is the handler of those jobs. One that is taken up again begins anew: it only reads.
func (s *Audit) runVerify(ctx context.Context, run *JobRun) error {
	if _, err := s.verifier(ctx, run); err != nil {
		return err
	}
	report, err := s.verify(ctx, nil, func(until int64) iter.Seq2[Event, error] { return s.verifySteps(ctx, run, until) }, nil)
	if err != nil {
		return err
	}
	caller, err := s.verifier(ctx, run)
	if err != nil {
		return err
	}
	err = run.step(ctx, caller, func(_ *work, j *Job) error {
		j.Progress = Progress{Total: report.Rows, Done: report.Rows}
		for _, f := range report.Faults {
			j.Errors = append(j.Errors, ItemError{Item: fmt.Sprintf("event %d", f.Seq), Code: string(f.Kind), Message: clip(f.Message, maxErrorMessage)})
		}
		j.Position, err = json.Marshal(Verified{report.Rows, report.Heads, report.FaultCount})
		return err
	})
	if err == nil && !report.Sound() {
		err = &jobEnd{fmt.Sprintf("the chain is broken: %d faults in %d events", report.FaultCount, report.Rows)}
	}
	return err
}

// verifier is the job's caller as of now, who must be one that may read the audit.
func (s *Audit) verifier(ctx context.Context, run *JobRun) (*access.Caller, error) {
	caller, err := run.caller(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.allow(ctx, caller, access.AuditLogsView, access.OnSystem()); err != nil {
		return nil, &jobEnd{"who asked for this job may not read the audit any more"}
	}
	return caller, nil
}

// verifySteps gives the rows and, every so many of them, notes how far the job is and sees whether it is to go on.
func (s *Audit) verifySteps(ctx context.Context, run *JobRun, until int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		var n int64
		for e, err := range s.rows(ctx, 0, until) {
			if err == nil && n%verifyStep == 0 {
				err = s.verifyProgress(ctx, run, n, until)
			}
			if n++; !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func (s *Audit) verifyProgress(ctx context.Context, run *JobRun, done, total int64) error {
	caller, err := s.verifier(ctx, run)
	if err != nil {
		return err
	}
	return run.step(ctx, caller, func(_ *work, j *Job) error {
		j.Progress, j.Position = Progress{Total: total, Done: done}, nil
		return nil
	})
}
