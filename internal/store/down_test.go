package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"kingsnake/internal/pgtest"
	"kingsnake/internal/registry"
)

// noConnection gives the error of connecting in vain.
func noConnection(t *testing.T, why error) error {
	t.Helper()
	cfg, err := pgx.ParseConfig("postgres://u@127.0.0.1/db?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	cfg.DialFunc = func(context.Context, string, string) (net.Conn, error) { return nil, why }
	_, err = pgx.ConnectConfig(t.Context(), cfg)
	if _, ok := errors.AsType[*pgconn.ConnectError](err); !ok {
		t.Fatalf("connecting in vain: %v", err)
	}
	return err
}

// TestPostgresErrors: what a client is told to try again is what passes by itself, and nothing else is.
func TestPostgresErrors(t *testing.T) {
	said := func(code string) error { return &pgconn.PgError{Severity: "FATAL", Code: code} }
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	d := postgresDialect()
	for name, tc := range map[string]struct {
		err  error
		down bool
	}{
		"a connection that failed (08006)":            {said("08006"), true},
		"a protocol violated at the end (08P01)":      {said("08P01"), true},
		"a standby (25006)":                           {said("25006"), true},
		"too long idle (25P03)":                       {said("25P03"), true},
		"a deadlock (40P01)":                          {said("40P01"), true},
		"a statement of unknown result (40003)":       {said("40003"), true},
		"too many connections (53300)":                {said("53300"), true},
		"a lock that is held (55P03)":                 {said("55P03"), true},
		"a statement that was stopped (57014)":        {said("57014"), true},
		"a server that stops (57P01)":                 {said("57P01"), true},
		"a server that crashed (57P02)":               {said("57P02"), true},
		"a server that starts (57P03)":                {said("57P03"), true},
		"a session too long idle (57P05)":             {said("57P05"), true},
		"a disk that fails (58030)":                   {said("58030"), true},
		"nobody listens":                              {noConnection(t, refused), true},
		"connecting took too long":                    {noConnection(t, context.DeadlineExceeded), true},
		"no connection for a wrong password (28P01)":  {noConnection(t, said("28P01")), true},
		"no connection while the server starts":       {noConnection(t, said("57P03")), true},
		"the connection ended before an answer":       {io.ErrUnexpectedEOF, true},
		"the connection is closed":                    {fmt.Errorf("commit: %w", pgconn.ErrConnClosed), true},
		"a write to nobody":                           {&net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, true},
		"a reset connection":                          {&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, true},
		"nothing is confirmed":                        {&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ETIMEDOUT)}, true},
		"the pool has seen that the connection ended": {driver.ErrBadConn, true},
		"a connection that was given back":            {sql.ErrConnDone, true},
		"joined with what came of it":                 {errors.Join(fmt.Errorf("audit: %w", driver.ErrBadConn), pgconn.ErrConnClosed), true},

		"a unique constraint (23505)":              {said("23505"), false},
		"an unknown column (42703)":                {said("42703"), false},
		"an unknown prepared statement (26000)":    {said("26000"), false},
		"a statement after one that failed":        {said("25P02"), false},
		"a commit of what had failed":              {pgx.ErrTxCommitRollback, false},
		"a transaction that was ended already":     {sql.ErrTxDone, false},
		"no row":                                   {sql.ErrNoRows, false},
		"a client that went away":                  {context.Canceled, false},
		"a bound of ours, which says so by itself": {fmt.Errorf("timeout: %w", context.DeadlineExceeded), false},
	} {
		if got := d.isDown(tc.err); got != tc.down {
			t.Errorf("%s (%v): down %t, want %t", name, tc.err, got, tc.down)
		}
	}
}

// TestPostgresLosesAnAnswer: wherever in a write the connection ends, its client is told to try again.
func TestPostgresLosesAnAnswer(t *testing.T) {
	door := pgtest.NewDoor(t, migrated(t))
	s := openPostgres(t, door.URL)
	defer closeStore(t, s)
	write := func(mark string) error {
		return s.Write(t.Context(), func(tx registry.Tx) error {
			if err := s.InsertAudit(t.Context(), tx, registry.Event{At: time.Now(), Type: "x", Target: "of " + mark, Data: "{}"}); err != nil {
				return err
			}
			if err := s.InsertChange(t.Context(), tx, registry.Change{Kind: registry.ChangedToken, Name: "told " + mark}, time.Now()); err != nil {
				return err
			}
			return s.SetSetting(t.Context(), tx, "a", "set "+mark, time.Now())
		})
	}
	for i, lost := range []string{
		"begin", "pg_advisory_xact_lock", "SAVEPOINT member", "told 3", "set 4", "of 5", "NOTIFY", "commit",
	} {
		door.Lose(lost)
		if err := write(fmt.Sprint(i)); !errors.Is(err, registry.ErrUnavailable) {
			t.Errorf("a write that loses %q: %v, want %v", lost, err, registry.ErrUnavailable)
		}
		door.Lose("")
		if err := write("after"); err != nil {
			t.Errorf("a write after one that lost %q: %v", lost, err)
		}
	}
}

// TestFailureOfAnother: a write that shares its transaction with one that fails for a reason of its own, and whose
// connection then ends, is told of the connection and not of that reason.
func TestFailureOfAnother(t *testing.T) {
	door := pgtest.NewDoor(t, migrated(t))
	s := openPostgres(t, door.URL)
	defer closeStore(t, s)
	door.Lose("ROLLBACK TO member")
	var writes sync.WaitGroup
	var first error
	begun := make(chan struct{})
	writes.Go(func() {
		first = s.Write(t.Context(), func(tx registry.Tx) error {
			close(begun)
			for s.writer.waiting.Load() == 0 {
				runtime.Gosched() // The second shares this commit.
			}
			return s.SetSetting(t.Context(), tx, "a", "b", time.Now())
		})
	})
	<-begun
	own := &registry.Error{Code: registry.CodeConflict, Message: "of the second alone"}
	second := s.Write(t.Context(), func(registry.Tx) error { return own })
	writes.Wait()
	if !errors.Is(second, own) {
		t.Errorf("the write that fails: %v, want %v", second, own)
	}
	if _, told := registry.AsError(first); told || !errors.Is(first, registry.ErrUnavailable) {
		t.Errorf("the write beside it: %v, want %v", first, registry.ErrUnavailable)
	}
}
