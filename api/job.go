package api

import "time"

// JobState is where a job is in its life.
type JobState string

// The states of a job. A job that is done gave each item its turn; how many of them failed, Job.Failed says.
const (
	JobQueued   JobState = "queued"
	JobRunning  JobState = "running"
	JobDone     JobState = "done"
	JobFailed   JobState = "failed"
	JobCanceled JobState = "canceled"
)

// Over tells whether a job in this state will not change any more.
func (s JobState) Over() bool { return s == JobDone || s == JobFailed || s == JobCanceled }

// Job is work that goes on after the request that asked for it was answered.
type Job struct {
	// ID is the id of the job.
	ID string `json:"id"`
	// Kind names what sort of work it is, Title says in words what it does.
	Kind string `json:"kind"`
	// Title is what the job does, in words.
	Title string `json:"title"`
	// State is queued, running or how the job ended.
	State JobState `json:"state"`
	// Total is how many items there are, as far as is known; it may be 0 before the job starts.
	Total int64 `json:"total"`
	// Done, Failed and Skipped count the items that had their turn. Nothing was left to do for those that were skipped.
	Done int64 `json:"done"`
	// Failed is how many items failed.
	Failed int64 `json:"failed"`
	// Skipped is how many items were skipped, since nothing was left to do for them.
	Skipped int64 `json:"skipped"`
	// Errors are those of the first items that failed, at most 100.
	Errors []JobItemError `json:"errors"`
	// Error says why the job as a whole failed, and is empty otherwise.
	Error string `json:"error"`
	// Attempts counts how often the job was begun or taken up again.
	Attempts int64 `json:"attempts"`
	// CreatedBy is the name of the account that asked for the job.
	CreatedBy string `json:"created_by"`
	// CreatedAt is when the job was asked for.
	CreatedAt time.Time `json:"created_at"`
	// StartedAt and FinishedAt are null until then.
	StartedAt *time.Time `json:"started_at"`
	// FinishedAt is when the job ended, null until then.
	FinishedAt *time.Time `json:"finished_at"`
	// UpdatedAt is when the job last made progress.
	UpdatedAt time.Time `json:"updated_at"`
}

// JobItemError says why one item of a job failed.
type JobItemError struct {
	// Item names what failed, such as "linux-64/numpy-2.0-0.conda".
	Item string `json:"item"`
	// Code is a stable name of the reason, Message the reason for people.
	Code string `json:"code"`
	// Message is the reason, for people.
	Message string `json:"message"`
}
