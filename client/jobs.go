package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"kingsnake/api"
)

// JobFilter chooses jobs of a list.
type JobFilter struct {
	ListOptions
	// States are the states to list; empty lists all.
	States []api.JobState
}

// Jobs lists the jobs that the caller asked for, or everybody's where the caller may see them.
func (c *Client) Jobs(ctx context.Context, filter JobFilter) (api.List[api.Job], error) {
	query := filter.values()
	for _, s := range filter.States {
		query.Add("state", string(s))
	}
	var out api.List[api.Job]
	err := c.call(ctx, http.MethodGet, query, nil, &out, "jobs")
	return out, err
}

// Job answers one job.
func (c *Client) Job(ctx context.Context, id string) (api.Job, error) {
	var out api.Job
	err := c.call(ctx, http.MethodGet, nil, nil, &out, "jobs", id)
	return out, err
}

// CancelJob ends a job after the items that are done, and answers it as it is then. One that is over stays as it is.
func (c *Client) CancelJob(ctx context.Context, id string) (api.Job, error) {
	var out api.Job
	err := c.callAs(ctx, http.MethodPost, true, nil, nil, &out, "jobs", id, "cancel")
	return out, err
}

// The pauses between two questions of WaitJob.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 2 * time.Second
)

// WaitJob asks for a job until it is over, and answers it as it is then; an error is one of the asking. Each answer is
// handed to progress where that is not nil.
func (c *Client) WaitJob(ctx context.Context, id string, progress func(api.Job)) (api.Job, error) {
	for pause := firstPause; ; pause = min(pause*3/2, longestPause) {
		j, err := c.Job(ctx, id)
		if err != nil {
			return j, err
		}
		if progress != nil {
			progress(j)
		}
		if j.State.Over() {
			return j, nil
		}
		if err := sleep(ctx, pause); err != nil {
			return j, err
		}
	}
}

// Bulk copies, moves or deletes many files of a channel in a job, which it answers at once.
func (c *Client) Bulk(ctx context.Context, channel string, in api.Bulk) (api.Job, error) {
	var out api.Job
	// Repeated, it would be a second job.
	err := c.callAs(ctx, http.MethodPut, false, url.Values{}, in, &out, channelSegments(channel, "artifacts", "bulk")...)
	return out, err
}
