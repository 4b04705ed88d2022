// Package pgtest gives tests a PostgreSQL of their own: a server that lives as long as the test's process, in a folder of
// its own, and in it a database for each test.
//
// It is for tests only. It installs nothing: [Remedy] names the command that does.
package pgtest

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// EnvDatabase is the environment variable by which the suites of the whole server are run on PostgreSQL.
const EnvDatabase = "KINGSNAKE_TEST_DATABASE"

// Remedy is the command that installs PostgreSQL.
const Remedy = "make test-deps"

// Wanted tells whether the suites of the whole server are to run on PostgreSQL.
func Wanted() bool { return os.Getenv(EnvDatabase) == "postgres" }

// shared is the server of this process.
var shared = sync.OnceValues(func() (*server, error) { return start() })

// New gives the URL of an empty database that is gone when the test has ended. Where PostgreSQL is not installed the test
// is skipped, and under CI=true it fails.
func New(t testing.TB) string {
	t.Helper()
	return database(t, "template0")
}

// Copy is New for a database that is a copy of one that prepare made. Prepare is called once for each name, and gets the
// URL of an empty database; copying is much quicker than most preparations.
func Copy(t testing.TB, name string, prepare func(ctx context.Context, url string) error) string {
	t.Helper()
	s := need(t)
	if err := s.prepared(context.WithoutCancel(t.Context()), name, prepare); err != nil {
		t.Fatalf("pgtest: prepare %s: %v", name, err)
	}
	return database(t, name)
}

// With is New for a database made with further words of CREATE DATABASE, such as a locale.
func With(t testing.TB, words string) string {
	t.Helper()
	return database(t, "template0 "+words)
}

// Require skips or fails the test where there is no PostgreSQL, as New does.
func Require(t testing.TB) {
	t.Helper()
	need(t)
}

func need(t testing.TB) *server {
	t.Helper()
	s, err := shared()
	return here(t, s, err)
}

// here gives a server that could be started, and skips or fails the test otherwise.
func here(t testing.TB, s *server, err error) *server {
	t.Helper()
	switch {
	case err == nil:
		return s
	case isMissing(err) && os.Getenv("CI") != "true":
		t.Skipf("pgtest: %v; install it with: %s", err, Remedy)
	default:
		t.Fatalf("pgtest: %v; install it with: %s", err, Remedy)
	}
	return nil
}

// Make is Copy for what is no test: the caller calls drop in the end.
func Make(ctx context.Context, name string, prepare func(ctx context.Context, url string) error) (url string, drop func() error, err error) {
	s, err := shared()
	if err != nil {
		return "", nil, err
	}
	if err := s.prepared(ctx, name, prepare); err != nil {
		return "", nil, fmt.Errorf("prepare %s: %w", name, err)
	}
	return s.database(ctx, name)
}

// database makes a database for one test, as a copy of another.
func database(t testing.TB, template string) string {
	t.Helper()
	url, drop, err := need(t).database(t.Context(), template)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return url
}

func (s *server) database(ctx context.Context, template string) (url string, drop func() error, err error) {
	name := s.name()
	if err := s.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		return "", nil, err
	}
	return s.url(name), func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
		defer cancel()
		return s.exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
	}, nil
}

// server is a running PostgreSQL.
type server struct {
	folder   string
	held     *os.File
	bin      string
	as       account
	settings []string
	// keeper runs the server, and alive is the pipe at whose end both end.
	keeper *exec.Cmd
	alive  io.Closer

	mu        sync.Mutex
	count     int
	templates map[string]error
}

// user is the superuser of the server.
const user = "kingsnake"

// url is the address of a database, by the socket in the server's folder.
func (s *server) url(database string) string {
	q := url.Values{"host": {s.folder}, "port": {"5432"}, "user": {user}}
	return "postgres:///" + database + "?" + q.Encode()
}

// name gives a name that no database has yet.
func (s *server) name() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	return fmt.Sprintf("test%d", s.count)
}

// prepared makes the template of a name, once.
func (s *server) prepared(ctx context.Context, name string, prepare func(ctx context.Context, url string) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err, done := s.templates[name]
	if done {
		return err
	}
	if err = s.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE template0"); err == nil {
		err = prepare(ctx, s.url(name))
	}
	s.templates[name] = err
	return err
}

// exec runs a statement as the superuser.
func (s *server) exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return fmt.Errorf("connect: %w%s", err, s.log())
	}
	_, err = conn.Exec(ctx, statement)
	if cerr := conn.Close(context.WithoutCancel(ctx)); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// log gives the end of what the server wrote.
func (s *server) log() string {
	text, err := os.ReadFile(s.folder + "/log")
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return "\n" + strings.Join(lines[max(0, len(lines)-20):], "\n")
}
