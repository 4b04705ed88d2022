package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kingsnake/client"
	"kingsnake/internal/servertest"
)

// adminPassword is that of the first account of the sites that tests start for themselves.
const adminPassword = "a password of a test's own site"

// process is a server on a data folder of a test's own, so that it may be killed and started again.
type process struct {
	url, data   string
	env         []string
	out, errout *servertest.Log
	cmd         *exec.Cmd
	// server is the server's own process, which is another than cmd's when that is a tracer.
	server *os.Process
	ended  bool
}

var serves = regexp.MustCompile(`Kingsnake serves (\S+) from `)

// launch starts a server. What stands in wrap runs it, such as a tracer.
func launch(t *testing.T, data string, wrap ...string) *process {
	t.Helper()
	return launchWith(t, data, nil, wrap...)
}

// launchWith is launch with further variables.
func launchWith(t *testing.T, data string, env []string, wrap ...string) *process {
	t.Helper()
	line := append(slices.Clone(wrap), site.binary, "serve", "--data", data, "--listen", "127.0.0.1:0")
	p := &process{data: data, env: env, out: &servertest.Log{}, errout: &servertest.Log{}, cmd: exec.Command(line[0], line[1:]...)} //nolint:gosec // It is the test's own program.
	p.cmd.Env = append(os.Environ(), "KINGSNAKE_LOG_LEVEL=debug", "KINGSNAKE_ADMIN_PASSWORD="+adminPassword)
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.errout
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", line[0], err)
	}
	t.Cleanup(func() { p.kill(t) })
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if m := serves.FindStringSubmatch(p.out.String()); m != nil {
			p.url, p.server = m[1], p.cmd.Process
			if len(wrap) > 0 {
				p.server = child(t, p.cmd.Process.Pid)
			}
			return p
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server did not say where it is:\n%s%s", p.out, p.errout)
		}
	}
}

// child gives the only child of a process.
func child(t *testing.T, pid int) *os.Process {
	t.Helper()
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.Atoi(strings.TrimSpace(string(list)))
	if err != nil {
		t.Fatalf("children of %d: %v", pid, err)
	}
	p, err := os.FindProcess(id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// kill ends the server without a warning.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if p.ended {
		return
	}
	p.ended = true
	if p.server == nil {
		p.server = p.cmd.Process
	}
	if err := p.server.Kill(); err != nil {
		t.Errorf("kill the server: %v", err)
	}
	// It complains of the signal.
	_ = p.cmd.Wait()
}

// stop ends the server as an operator does.
func (p *process) stop(t *testing.T) {
	t.Helper()
	p.ended = true
	if err := errors.Join(p.server.Signal(syscall.SIGTERM), p.cmd.Wait()); err != nil {
		t.Fatalf("the server did not stop cleanly: %v\n%s", err, p.errout)
	}
}

// login signs in as the first account and gives the session too.
func (p *process) login(t *testing.T) (c *client.Client, session string) {
	t.Helper()
	anyone, err := client.New(p.url, client.WithMaxAttempts(1))
	if err != nil {
		t.Fatal(err)
	}
	in, err := anyone.Login(t.Context(), "admin", adminPassword)
	if err != nil {
		t.Fatal(err)
	}
	return anyone.As(client.Session(in.Token)), in.Token
}

// get fetches a path without a credential.
func (p *process) get(t *testing.T, path string) (int, []byte) {
	t.Helper()
	resp, err := http.Get(p.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
	return resp.StatusCode, body
}

// mustGet fetches a path that is there.
func (p *process) mustGet(t *testing.T, path string) []byte {
	t.Helper()
	status, body := p.get(t, path)
	if status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, status, body)
	}
	return body
}

// tool runs a command of the program on the data folder and gives what it printed; it must succeed.
func (p *process) tool(t *testing.T, args ...string) []byte {
	t.Helper()
	var errs strings.Builder
	cmd := exec.Command(site.binary, append(args, "--data", p.data)...) //nolint:gosec // It is the test's own program.
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("kingsnake %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.String())
	}
	return out
}

// folder tells how many files lie below a folder of the data, and their bytes.
func (p *process) folder(t *testing.T, name string) (files int, bytes int64) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(p.data, name), func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return fmt.Errorf("a file that vanished: %w", err)
		}
		files++
		bytes += info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, bytes
}
