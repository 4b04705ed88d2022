package registry

import (
	"encoding/json"
	"net/netip"
	"slices"
	"time"

	"kingsnake/internal/access"
)

// JobKind names what a job does.
type JobKind string

// JobState is where a job is in its life.
type JobState string

// The states of a job. Done says that each item had its turn, not that each succeeded.
const (
	JobQueued   JobState = "queued"
	JobRunning  JobState = "running"
	JobDone     JobState = "done"
	JobFailed   JobState = "failed"
	JobCanceled JobState = "canceled"
)

// Known tells whether s is one of the states.
func (s JobState) Known() bool {
	return slices.Contains([]JobState{JobQueued, JobRunning, JobDone, JobFailed, JobCanceled}, s)
}

// over tells whether the job has ended.
func (s JobState) over() bool { return s != JobQueued && s != JobRunning }

// Job is a piece of work that outlives the request that asked for it.
type Job struct {
	ID       int64
	PublicID string
	Kind     JobKind
	// Title says in words what the job does. Only those see it who may see the job.
	Title string
	// Arguments is what was asked for, and Position how far the job is, both as JSON of the job's own. Arguments are read
	// only for who runs the job.
	Arguments, Position json.RawMessage
	State               JobState
	Asker               Asker
	Progress
	// Error says why the job as a whole failed.
	Error string
	// Attempts counts how often the job was begun or taken up again, Failures how often in a row without any progress.
	Attempts, Failures int64
	// Canceled says that somebody wants it to end.
	Canceled bool
	// DueAt is when a queued job may begin, and when the lease of a running job's runner ends.
	DueAt      time.Time
	CreatedAt  time.Time
	StartedAt  time.Time
	FinishedAt time.Time
	UpdatedAt  time.Time
}

// Progress counts a job's items.
type Progress struct {
	// Total is how many items there are, as far as is known.
	Total, Done, Failed int64
	// Skipped counts the items for which nothing was left to do.
	Skipped int64
	// Errors are those of the first items that failed.
	Errors []ItemError
}

// ItemError says why one item of a job failed.
type ItemError struct {
	Item    string `json:"item"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// The bounds of what a job says of its failures.
const (
	maxItemErrors   = 100
	maxErrorMessage = 500
)

// fail counts an item that failed.
func (p *Progress) fail(e ItemError) {
	p.Failed++
	if len(p.Errors) >= maxItemErrors {
		return
	}
	e.Item, e.Message = clip(e.Item, maxErrorMessage), clip(e.Message, maxErrorMessage)
	// The list is shared with the progress before this step, which counts again if the step fails.
	p.Errors = append(slices.Clip(p.Errors), e)
}

// atLeast mends a total that turns out to have been too low.
func (p *Progress) atLeast() { p.Total = max(p.Total, p.Done+p.Failed+p.Skipped) }

// Asker is who asked for a job, with what and from where, so that the caller can be made again as of any later time.
type Asker struct {
	// Via is the name of an access.Via.
	Via         string
	PrincipalID int64
	Principal   string
	// TokenID and SecretID number the token and its string, 0 for none; Token is the token's public id.
	TokenID, SecretID int64
	Token             string
	Address           netip.Addr
	Client, RequestID string
}

// asker notes who calls.
func asker(c *access.Caller) Asker {
	a := Asker{
		Via: c.Via.String(), PrincipalID: c.Principal.ID, Principal: c.Principal.Name, SecretID: c.SecretID,
		Address: c.Address, Client: clip(c.Client, 200), RequestID: c.RequestID,
	}
	if c.Token != nil {
		a.TokenID, a.Token = c.Token.ID, c.Token.PublicID
	}
	return a
}

// recorded is the asker as the audit names it. It holds no right whatever.
func (a Asker) recorded() *access.Caller {
	c := &access.Caller{
		Principal: &access.Principal{ID: a.PrincipalID, Name: a.Principal}, Address: a.Address, Client: a.Client, RequestID: a.RequestID,
	}
	if a.Token != "" {
		c.Token = &access.Token{PublicID: a.Token}
	}
	return c
}

// JobFilter narrows a list of jobs.
type JobFilter struct {
	// All lists everybody's. Otherwise they are those of a principal or, with TokenID, those that one of its tokens asked for.
	All                  bool
	PrincipalID, TokenID int64
	States               []JobState
}
