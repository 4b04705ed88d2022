package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"kingsnake/client"
	_ "kingsnake/internal/cli"    // The binary is made of these two: go test shall not
	_ "kingsnake/internal/server" // take its own results for valid when they have changed.
	"kingsnake/internal/servertest"
)

// site is the server that all tests share. TestMain starts it.
var site *server

// server is a running binary.
type server struct {
	// binary is the program, url where it serves, data its directory.
	binary, url, data string
	// admin is signed in as the first account, whose password is password.
	admin    *client.Client
	password string

	cmd *exec.Cmd
	out *servertest.Log

	mu      sync.Mutex
	secrets []string
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// run builds the binary, serves with it while the tests run, and then looks for secrets in what it has left behind.
func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "kingsnake-e2e-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary, err := build(dir)
	if err != nil {
		return 0, err
	}
	if site, err = start(binary, filepath.Join(dir, "data")); err != nil {
		return 0, err
	}
	code = m.Run()
	if err := site.stop(); err != nil {
		return code, err
	}
	return code, site.leaks()
}

// build makes the binary, from packages that are compiled already because this test imports them; it only links. The
// variable KINGSNAKE_TEST_BINARY names one to test in its place, such as that of a release.
func build(dir string) (string, error) {
	if given := os.Getenv("KINGSNAKE_TEST_BINARY"); given != "" {
		return filepath.Abs(given)
	}
	binary := filepath.Join(dir, "kingsnake")
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, "kingsnake/cmd/kingsnake").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return binary, nil
}

var firstLines = regexp.MustCompile(`(?s)Kingsnake serves (\S+) from .*user name +admin\n +password +(\S+)\n`)

// start serves a new site on a free port of the loopback interface.
func start(binary, data string) (*server, error) {
	s := &server{binary: binary, data: data, out: &servertest.Log{}}
	s.cmd = exec.Command(binary, "serve", "--data", data, "--listen", "127.0.0.1:0")
	s.cmd.Env = append(os.Environ(), "KINGSNAKE_LOG_LEVEL=debug")
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if m := firstLines.FindStringSubmatch(s.out.String()); m != nil {
			s.url, s.password = m[1], m[2]
			break
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("the server did not say where it is:\n%s", s.out.String())
		}
	}
	anyone, err := client.New(s.url)
	if err != nil {
		return nil, err
	}
	in, err := anyone.Login(context.Background(), "admin", s.password)
	if err != nil {
		return nil, fmt.Errorf("first login: %w", errors.Join(err, s.stop()))
	}
	s.keep(in.Token)
	s.admin = anyone.As(client.Session(in.Token))
	return s, nil
}

// stop ends the server as an operator does.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("the server did not stop cleanly: %w\n%s", err, s.out.String())
	}
	return nil
}

// keep remembers a secret for leaks.
func (s *server) keep(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = append(s.secrets, secret)
}

// leaks looks for every token and session of the run in the server's log and in all its files.
func (s *server) leaks() error {
	if len(s.secrets) == 0 {
		return errors.New("no secret was kept, so none can be looked for")
	}
	var found []error
	look := func(where string, text []byte) {
		for _, secret := range s.secrets {
			if i := bytes.Index(text, []byte(secret)); i >= 0 {
				around := strings.ReplaceAll(string(text[max(0, i-60):i]), "\n", " ")
				found = append(found, fmt.Errorf("%s holds a secret, after %q", where, around))
			}
		}
	}
	look("the log", []byte(s.out.String()))
	err := filepath.WalkDir(s.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		look(path, data)
		return err
	})
	return errors.Join(append(found, err)...)
}
