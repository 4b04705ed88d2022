package pgtest

import (
	"context"
	"errors"
)

// durable undoes what makes the server of tests forgetful.
func durable() []string {
	return []string{"-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "full_page_writes=on", "-c", "autovacuum=on", "-c", "shared_buffers=256MB"}
}

// Durable starts a server of its own that keeps what it acknowledged even where the power fails, for what measures one and
// is no test: the caller calls stop. URL leads to an empty database.
func Durable(ctx context.Context) (url string, stop func() error, err error) {
	started, err := start(durable()...)
	if err != nil {
		return "", nil, err
	}
	s := &Server{server: started}
	if url, _, err = s.database(ctx, "template0"); err != nil {
		return "", nil, errors.Join(err, s.end())
	}
	return url, s.end, nil
}
