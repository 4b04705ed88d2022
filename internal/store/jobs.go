package store

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"kingsnake/internal/registry"
)

// jobColumns are all but the arguments, which may be large and which only the runner reads.
const jobColumns = `id, public_id, kind, title, position, state, via, principal_id, principal, token_id, token_public_id,
	secret_id, address, client, request_id, total, done, failed, skipped, errors, error, attempts, failures, canceled,
	due_at, created_at, started_at, finished_at, updated_at`

func scanJob(r scanner, more ...any) (j registry.Job, err error) {
	var position, address, errs string
	var due, created, started, finished, updated int64
	if err := r.Scan(append([]any{
		&j.ID, &j.PublicID, &j.Kind, &j.Title, &position, &j.State, &j.Asker.Via, &j.Asker.PrincipalID, &j.Asker.Principal, &j.Asker.TokenID, &j.Asker.Token,
		&j.Asker.SecretID, &address, &j.Asker.Client, &j.Asker.RequestID, &j.Total, &j.Done, &j.Failed, &j.Skipped, &errs, &j.Error, &j.Attempts, &j.Failures, &j.Canceled,
		&due, &created, &started, &finished, &updated,
	}, more...)...); err != nil {
		return j, err
	}
	if position != "" {
		j.Position = json.RawMessage(position)
	}
	if address != "" {
		if j.Asker.Address, err = netip.ParseAddr(address); err != nil {
			return j, fmt.Errorf("address of job %s: %w", j.PublicID, err)
		}
	}
	if err := json.Unmarshal([]byte(errs), &j.Errors); err != nil {
		return j, fmt.Errorf("errors of job %s: %w", j.PublicID, err)
	}
	j.DueAt, j.CreatedAt, j.StartedAt, j.FinishedAt, j.UpdatedAt = fromMillis(due), fromMillis(created), fromMillis(started), fromMillis(finished), fromMillis(updated)
	return j, nil
}

// addressText is an address as the database keeps it, empty for none.
func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// InsertJob adds a job and gives its number.
func (s *Store) InsertJob(ctx context.Context, tx registry.Tx, j registry.Job) (id int64, err error) {
	err = s.q(tx).row(ctx, `INSERT INTO jobs (public_id, kind, title, arguments, state, via, principal_id, principal, token_id, token_public_id,
		secret_id, address, client, request_id, total, due_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) RETURNING id`,
		j.PublicID, string(j.Kind), j.Title, string(j.Arguments), string(j.State), j.Asker.Via, j.Asker.PrincipalID, j.Asker.Principal,
		j.Asker.TokenID, j.Asker.Token, j.Asker.SecretID, addressText(j.Asker.Address), j.Asker.Client, j.Asker.RequestID, j.Total,
		millis(j.DueAt), millis(j.CreatedAt), millis(j.UpdatedAt)).Scan(&id)
	return id, s.translate(err)
}

// JobByPublicID reads a job without its arguments.
func (s *Store) JobByPublicID(ctx context.Context, tx registry.Tx, publicID string) (registry.Job, error) {
	j, err := scanJob(s.q(tx).row(ctx, `SELECT `+jobColumns+` FROM jobs WHERE public_id = $1`, publicID))
	return j, s.translate(err)
}

// ListJobs reads a page of jobs without their arguments, the youngest first, and how many there are in all.
func (s *Store) ListJobs(ctx context.Context, f registry.JobFilter, p registry.Page) ([]registry.Job, int64, error) {
	var w where
	if !f.All {
		w.add(`principal_id = ?`, f.PrincipalID)
		if f.TokenID != 0 {
			w.add(`token_id = ?`, f.TokenID)
		}
	}
	if len(f.States) > 0 {
		w.add(`state IN (`+s.d.texts("?")+`)`, jsonList(f.States))
	}
	var total int64
	if err := s.reader.row(ctx, `SELECT COUNT(*) FROM jobs`+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, s.translate(err)
	}
	order := orderBy(p, map[string]string{"created_at": "created_at", "updated_at": "updated_at"}, "id DESC")
	text := `SELECT ` + jobColumns + ` FROM jobs` + w.sql() + order + w.number(` LIMIT ? OFFSET ?`, p.Limit, p.Offset)
	rows, err := s.reader.query(ctx, text, w.args...)
	list, err := collect(s, rows, err, func(r scanner) (registry.Job, error) { return scanJob(r) })
	return list, total, err
}

// LatestJob reads the job of a kind that was queued last, without its arguments.
func (s *Store) LatestJob(ctx context.Context, tx registry.Tx, kind registry.JobKind) (registry.Job, error) {
	j, err := scanJob(s.q(tx).row(ctx, `SELECT `+jobColumns+` FROM jobs WHERE kind = $1 ORDER BY id DESC LIMIT 1`, string(kind)))
	return j, s.translate(err)
}

// ForgetJobs deletes jobs of a kind that went well and were over before a time.
func (s *Store) ForgetJobs(ctx context.Context, tx registry.Tx, kind registry.JobKind, before time.Time) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM jobs WHERE kind = $1 AND state = 'done' AND finished_at < $2`, string(kind), millis(before))
	return s.translate(err)
}

// CountJobs counts the jobs of a principal that are not over.
func (s *Store) CountJobs(ctx context.Context, tx registry.Tx, principal int64) (n int64, err error) {
	err = s.q(tx).row(ctx, `SELECT COUNT(*) FROM jobs WHERE principal_id = $1 AND state IN ('queued', 'running')`, principal).Scan(&n)
	return n, s.translate(err)
}

// ClaimJob takes the job that is due for longest, with its arguments. The second condition is the first one again: where
// two claim at once, the one that comes second finds it not met any more.
func (s *Store) ClaimJob(ctx context.Context, tx registry.Tx, now, until time.Time) (registry.Job, error) {
	var arguments string
	j, err := scanJob(s.q(tx).row(ctx, `UPDATE jobs SET state = 'running', attempts = attempts + 1, failures = failures + 1, due_at = $2, updated_at = $1,
		started_at = CASE WHEN started_at = 0 THEN $1 ELSE started_at END
		WHERE id = (SELECT id FROM jobs WHERE state IN ('queued', 'running') AND due_at <= $1 ORDER BY due_at, id LIMIT 1)
		AND state IN ('queued', 'running') AND due_at <= $1 RETURNING `+jobColumns+`, arguments`, millis(now), millis(until)), &arguments)
	j.Arguments = json.RawMessage(arguments)
	return j, s.translate(err)
}

// NextJob tells when the next job is due; ErrNoRecord when none is waiting.
func (s *Store) NextJob(ctx context.Context) (time.Time, error) {
	var due int64
	err := s.reader.row(ctx, `SELECT due_at FROM jobs WHERE state IN ('queued', 'running') ORDER BY due_at LIMIT 1`).Scan(&due)
	return fromMillis(due), s.translate(err)
}

// SaveJob writes how far a running job is, or how it ended, for the runner that has it; ErrNoRecord for one that lost it.
// It tells whether the job is to be canceled.
func (s *Store) SaveJob(ctx context.Context, tx registry.Tx, j registry.Job) (canceled bool, err error) {
	err = s.q(tx).row(ctx, `UPDATE jobs SET state = $3, position = $4, total = $5, done = $6, failed = $7, skipped = $8, errors = $9, error = $10,
		failures = $11, due_at = $12, finished_at = $13, updated_at = $14
		WHERE id = $1 AND attempts = $2 AND state = 'running' RETURNING canceled`,
		j.ID, j.Attempts, string(j.State), string(j.Position), j.Total, j.Done, j.Failed, j.Skipped, jsonList(j.Errors), j.Error,
		j.Failures, millis(j.DueAt), millis(j.FinishedAt), millis(j.UpdatedAt)).Scan(&canceled)
	return canceled, s.translate(err)
}

// ExtendJob prolongs the lease of the runner that has a job; ErrNoRecord for one that lost it.
func (s *Store) ExtendJob(ctx context.Context, tx registry.Tx, id, attempts int64, until time.Time) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE jobs SET due_at = $3 WHERE id = $1 AND attempts = $2 AND state = 'running'`, id, attempts, millis(until)))
}

// CancelJob ends a job that waits, and asks the runner of one that runs to end it; ErrNoRecord for one that is over.
func (s *Store) CancelJob(ctx context.Context, tx registry.Tx, id int64, at time.Time) error {
	return s.affected(s.q(tx).exec(ctx, `UPDATE jobs SET canceled = TRUE, updated_at = $2,
		finished_at = CASE WHEN state = 'queued' THEN $2 ELSE finished_at END,
		state = CASE WHEN state = 'queued' THEN 'canceled' ELSE state END
		WHERE id = $1 AND state IN ('queued', 'running')`, id, millis(at)))
}

// PruneJobs forgets jobs that were over before a time.
func (s *Store) PruneJobs(ctx context.Context, tx registry.Tx, before time.Time) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM jobs WHERE state NOT IN ('queued', 'running') AND finished_at < $1`, millis(before))
	return s.translate(err)
}
