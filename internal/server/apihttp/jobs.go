package apihttp

import (
	"context"
	"net/http"
	"time"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

type jobPath struct {
	Job string `path:"job_id" maxLength:"64"`
}

func (a *API) jobOperations() {
	const tag = "Jobs"
	const one = "/api/jobs/{job_id}"
	view := []access.Scope{access.JobView}
	add(a, Operation{Method: http.MethodGet, Path: "/api/jobs", Tag: tag, Summary: "List the jobs that the caller asked for, or everybody's with job:view", Scopes: view, Self: true}, a.listJobs)
	add(a, Operation{Method: http.MethodGet, Path: one, Tag: tag, Summary: "Show a job and how far it is; no scope is needed for what the caller asked for", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *jobPath) (*body[api.Job], error) {
			j, err := a.Service.Jobs.Get(ctx, caller, in.Job)
			return &body[api.Job]{jobOut(j)}, err
		})
	add(a, Operation{Method: http.MethodPost, Path: one + "/cancel", Tag: tag, Summary: "Cancel a job; no scope is needed for what the caller asked for", Scopes: []access.Scope{access.JobEdit}},
		func(ctx context.Context, caller *access.Caller, in *jobPath) (*body[api.Job], error) {
			j, err := a.Service.Jobs.Cancel(ctx, caller, in.Job)
			return &body[api.Job]{jobOut(j)}, err
		})
}

type listJobsInput struct {
	Page
	States []string `query:"state,explode" maxItems:"5" doc:"Only jobs in these states: queued, running, done, failed, canceled."`
}

func (a *API) listJobs(ctx context.Context, caller *access.Caller, in *listJobsInput) (*body[api.List[api.Job]], error) {
	var f registry.JobFilter
	for _, s := range in.States {
		f.States = append(f.States, registry.JobState(s))
	}
	jobs, total, err := a.Service.Jobs.List(ctx, caller, f, in.registry())
	return list(jobs, total, jobOut), err
}

// acceptedJob answers an operation that goes on in a job.
type acceptedJob struct {
	Location string `header:"Location" doc:"Where to ask how far the job is."`
	Body     api.Job
}

func accepted(j registry.Job) *acceptedJob {
	return &acceptedJob{Location: "/api/jobs/" + j.PublicID, Body: jobOut(j)}
}

func jobOut(j registry.Job) api.Job {
	out := api.Job{
		ID: j.PublicID, Kind: string(j.Kind), Title: j.Title, State: api.JobState(j.State), Total: j.Total, Done: j.Done, Failed: j.Failed, Skipped: j.Skipped,
		Errors: make([]api.JobItemError, len(j.Errors)), Error: j.Error, Attempts: j.Attempts, CreatedBy: j.Asker.Principal,
		CreatedAt: j.CreatedAt, StartedAt: timeOrNil(j.StartedAt), FinishedAt: timeOrNil(j.FinishedAt), UpdatedAt: j.UpdatedAt,
	}
	for i, e := range j.Errors {
		out.Errors[i] = api.JobItemError(e)
	}
	return out
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
