package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"kingsnake/conda/random"
	"kingsnake/internal/pgtest"
	"kingsnake/internal/pyoracle"
	"kingsnake/internal/s3test"
)

// TestMain makes the test binary double as the program, so that the scripts run it as its users do.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"kingsnake": func() { os.Exit(Main(context.Background(), scriptDeps(), os.Args[1:])) },
	})
}

// TestScripts runs each script of testdata/script in a directory and a home of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, scripts("testdata/script", ""))
}

// TestClientScripts runs the scripts in which other programs use what ours wrote.
func TestClientScripts(t *testing.T) {
	testscript.Run(t, scripts("testdata/script/clients", pyoracle.Python(t)))
}

func scripts(dir, python string) testscript.Params {
	return testscript.Params{
		Dir:   dir,
		Setup: func(env *testscript.Env) error { return setupScript(env, python) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"capture": captureCmd, "exits": exitsCmd, "flip": flipCmd, "http": httpCmd, "mkpkg": mkpkgCmd, "ready": readyCmd,
		},
		Condition:           condition,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	}
}

// condition answers [postgres]: whether the sites of the scripts are on PostgreSQL.
func condition(name string) (bool, error) {
	if name == "postgres" {
		return pgtest.Wanted(), nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

// setupScript names an address that a server can listen on.
func setupScript(env *testscript.Env, python string) error {
	home := filepath.Join(env.WorkDir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().String()
	if pgtest.Wanted() {
		if err := setupDatabase(env); err != nil {
			return err
		}
	}
	if s3test.Wanted() {
		if err := setupBlobs(env, "KINGSNAKE_BLOBS"); err != nil {
			return err
		}
	}
	env.Setenv("HOME", home)
	env.Setenv("PYTHON", python)
	// The programs that came with the libraries stand beside the interpreter.
	env.Setenv("TOOLS", filepath.Dir(python))
	env.Setenv("ADDR", address)
	env.Setenv("URL", "http://"+address)
	return l.Close()
}

// setupBlobs makes a bucket and puts its URL into a variable.
func setupBlobs(env *testscript.Env, name string) error {
	url, drop, err := s3test.Make()
	if err != nil {
		return err
	}
	env.Defer(func() {
		if err := drop(); err != nil {
			env.T().Log(err)
		}
	})
	for name, value := range s3test.Environ() {
		env.Setenv(name, value)
	}
	env.Setenv(name, url)
	return nil
}

// exitsCmd runs a command and checks its exit code: exits CODE COMMAND ARG...
func exitsCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// captureCmd keeps the last command's standard output in a variable: capture NAME
func captureCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: capture name")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// flipCmd changes bytes of a file wherever they stand, to others as many: flip FILE OLD NEW
func flipCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 || len(args[1]) != len(args[2]) {
		ts.Fatalf("usage: flip file old new, which are as long as each other")
	}
	path := ts.MkAbs(args[0])
	old, err := os.ReadFile(path)
	ts.Check(err)
	changed := strings.ReplaceAll(string(old), args[1], args[2])
	if changed == string(old) {
		ts.Fatalf("%q is not in %s", args[1], args[0])
	}
	ts.Check(os.WriteFile(path, []byte(changed), 0o600))
}

// mkpkgCmd writes a valid package to the current directory: mkpkg NAME VERSION BUILD SUBDIR [SEED]
func mkpkgCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 || len(args) > 5 {
		ts.Fatalf("usage: mkpkg name version build subdir [seed]")
	}
	seed := uint64(0)
	if len(args) == 5 {
		var err error
		seed, err = strconv.ParseUint(args[4], 10, 64)
		ts.Check(err)
	}
	opts := random.Options{Name: args[0], Version: args[1], Build: args[2], Subdir: args[3]}
	if opts.Subdir == "noarch" {
		opts.NoArch = "generic"
	}
	data, info := random.Package(rand.New(rand.NewPCG(seed, seed)), opts)
	ts.Check(os.WriteFile(ts.MkAbs(info.Filename), data, 0o600))
	ts.Setenv("SHA256", info.SHA256)
}

// httpCmd makes a request without the program's help and prints the status, the headers and the body:
// http METHOD URL [HEADER...] [@FILE | =BODY]
func httpCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: http method url [header...] [@file | =body]")
	}
	var body string
	headers := args[2:]
	if n := len(headers); n > 0 && strings.HasPrefix(headers[n-1], "@") {
		body, headers = ts.ReadFile(headers[n-1][1:]), headers[:n-1]
	} else if n > 0 && strings.HasPrefix(headers[n-1], "=") {
		body, headers = headers[n-1][1:], headers[:n-1]
	}
	req, err := http.NewRequestWithContext(context.Background(), args[0], args[1], strings.NewReader(body))
	ts.Check(err)
	for _, h := range headers {
		key, value, _ := strings.Cut(h, ": ")
		req.Header.Add(key, value)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	ts.Check(err)
	defer resp.Body.Close()
	_, err = fmt.Fprintln(ts.Stdout(), resp.Status)
	ts.Check(err)
	ts.Check(resp.Header.Write(ts.Stdout()))
	_, err = io.Copy(ts.Stdout(), resp.Body)
	ts.Check(err)
}

// readyCmd waits until the server at $URL answers.
func readyCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: ready")
	}
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, ts.Getenv("URL")+"/readyz", http.NoBody)
		ts.Check(err)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			ts.Check(resp.Body.Close())
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("the server at %s did not become ready", ts.Getenv("URL"))
}
