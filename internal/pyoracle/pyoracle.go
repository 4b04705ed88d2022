// Package pyoracle lets tests ask a Python library for a second opinion.
//
// The conda ecosystem's reference implementations are Python and Rust with Python bindings, so the surest check of a
// Go reimplementation is to compare it with them over many generated inputs. This package finds the interpreter of the
// test environment and runs one script in it; what is asked and how answers are judged stays in the test.
//
// It is for tests only. It does not install anything: the environment is made by the target named in [Remedy].
package pyoracle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// EnvPython is the environment variable that names the interpreter to use instead of the repository's own.
const EnvPython = "KINGSNAKE_TEST_PYTHON"

// Remedy is the command that creates the Python environment which [Python] looks for.
const Remedy = "make test-deps"

// errMissing marks an environment that was never created, the one case in which a test may be skipped.
var errMissing = errors.New("the Python test environment is missing")

// Python returns the absolute path of the interpreter in which the oracle libraries are installed: the value of
// [EnvPython] if set, else .venv/bin/python in the repository's root.
//
// Without an interpreter the test is skipped, naming the command that creates it. Under CI=true it fails instead, so
// that a build server cannot pass by leaving the oracles out, and it always fails if EnvPython names no file.
func Python(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("pyoracle: find the working directory: %v", err)
	}
	python, err := locate(dir, os.Getenv(EnvPython))
	switch {
	case err == nil:
		return python
	case errors.Is(err, errMissing) && !mustRun(os.Getenv("CI")):
		t.Skipf("pyoracle: %v; create it with: %s", err, Remedy)
	default:
		t.Fatalf("pyoracle: %v; create it with: %s", err, Remedy)
	}
	return ""
}

// runner runs the script in its first argument and ends the process without taking the interpreter apart: the threads of
// rattler's runtime now and then crash in that, after everything has been done.
const runner = `
import os, sys, traceback
status = 0
try:
    exec(compile(sys.argv.pop(), "<script>", "exec"), {"__name__": "__main__"})
except SystemExit as e:
    status = e.code if isinstance(e.code, int) else 0 if e.code is None else 1
    if isinstance(e.code, str):
        print(e.code, file=sys.stderr)
except BaseException:
    traceback.print_exc()
    status = 1
sys.stdout.flush()
sys.stderr.flush()
os._exit(status)
`

// Command is a run of script in the interpreter of [Python], which sees neither PYTHON* variables nor the user's own
// packages, and is killed when the test ends.
func Command(t testing.TB, script string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), Python(t), "-I", "-c", runner, script)
}

// Run executes script in the interpreter of [Python], feeding it stdin, and returns what it wrote to standard output.
// The test fails, showing standard error, if the script does. The script sees neither PYTHON* variables nor the user's
// own packages, and is killed when the test ends.
func Run(t testing.TB, script string, stdin []byte) []byte {
	t.Helper()
	cmd := Command(t, script)
	cmd.Stdin = bytes.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("pyoracle: the script failed: %v\n%s", err, stderr.Bytes())
	}
	return stdout.Bytes()
}

// locate finds the interpreter for a test running in dir. A symbolic link is left unresolved, because an interpreter
// recognises its virtual environment by the path it was started with.
func locate(dir, override string) (string, error) {
	if override != "" {
		if !isFile(override) {
			return "", fmt.Errorf("%s=%q is not a file", EnvPython, override)
		}
		return filepath.Abs(override)
	}
	root, err := moduleRoot(dir)
	if err != nil {
		return "", err
	}
	python := filepath.Join(root, ".venv", "bin", "python")
	if !isFile(python) {
		return "", fmt.Errorf("%w: no %s", errMissing, python)
	}
	return python, nil
}

// moduleRoot returns the nearest directory at or above dir that holds a go.mod.
func moduleRoot(dir string) (string, error) {
	for at := dir; ; at = filepath.Dir(at) {
		_, err := os.Stat(filepath.Join(at, "go.mod"))
		if err == nil {
			return at, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("look for go.mod: %w", err)
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no go.mod at or above %s", dir)
		}
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// mustRun reports whether the value of the CI variable says that this is a build server.
func mustRun(ci string) bool {
	yes, err := strconv.ParseBool(ci)
	return err == nil && yes
}

// Ask sends questions to a script, each as a line of JSON, and reads an answer to each.
func Ask[Q, A any](t testing.TB, script string, questions []Q) []A {
	t.Helper()
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, q := range questions {
		if err := enc.Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	dec := json.NewDecoder(bytes.NewReader(Run(t, script, in.Bytes())))
	answers := make([]A, len(questions))
	for i := range answers {
		if err := dec.Decode(&answers[i]); err != nil {
			t.Fatalf("answer %d of %d: %v", i, len(questions), err)
		}
	}
	return answers
}
