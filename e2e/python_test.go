package e2e

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kingsnake/internal/pyoracle"
)

// outcome is how a run of a client ended and what its user saw.
type outcome struct {
	ok bool
	// stdout is the script's answer, stderr what the client printed.
	stdout []byte
	stderr string
}

// machine is somebody's computer: an empty home, and caches and credentials that nobody else has.
type machine struct {
	// root holds home, work and whatever clients put there.
	root string
	env  []string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{root: t.TempDir()}
	for _, dir := range []string{"home", "work", "tmp"} {
		if err := os.Mkdir(filepath.Join(m.root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	home := filepath.Join(m.root, "home")
	m.env = []string{
		"HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, ".config"), "XDG_CACHE_HOME=" + filepath.Join(home, ".cache"),
		"TMPDIR=" + filepath.Join(m.root, "tmp"), "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "RATTLER_CACHE_DIR=" + filepath.Join(home, "rattler"),
	}
	return m
}

// credentials gives rattler something to log in with at the site. Its file names a host, without a port.
func (m *machine) credentials(t *testing.T, credential any) {
	t.Helper()
	data, err := json.Marshal(map[string]any{"127.0.0.1": credential})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(m.root, "auth.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	m.env = append(m.env, "RATTLER_AUTH_FILE="+path)
}

// netrc gives the tools of the machine a token as the password of anybody at the site.
func (m *machine) netrc(t *testing.T, token string) {
	t.Helper()
	line := "machine 127.0.0.1 login anybody password " + token + "\n"
	if err := os.WriteFile(filepath.Join(m.root, "home", ".netrc"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
}

// python runs a script on the machine, with a question on its standard input.
func (m *machine) python(t *testing.T, script string, question any) outcome {
	t.Helper()
	stdin, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	cmd := pyoracle.Command(t, script)
	cmd.Stdin, cmd.Env, cmd.Dir = bytes.NewReader(stdin), m.env, filepath.Join(m.root, "work")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return outcome{ok: err == nil, stdout: stdout.Bytes(), stderr: stderr.String()}
}

// answer reads what a script answered.
func (o outcome) answer(t *testing.T, into any) {
	t.Helper()
	if !o.ok {
		t.Fatalf("the client failed:\n%s", o.stderr)
	}
	if err := json.Unmarshal(o.stdout, into); err != nil {
		t.Fatalf("%v in the script's answer:\n%s", err, o.stdout)
	}
}

// refused checks that the client failed, and that its user could read why. It logs what was printed.
func (o outcome) refused(t *testing.T, words ...string) {
	t.Helper()
	if o.ok {
		t.Fatalf("the client was not refused: %s", o.stdout)
	}
	t.Logf("the user sees: %s", lastLines(o.stderr))
	for _, w := range words {
		if !strings.Contains(o.stderr, w) {
			t.Errorf("no %q in what the client printed:\n%s", w, o.stderr)
		}
	}
}

// lastLines leaves the traceback of the script out, and keeps the exception.
func lastLines(stderr string) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.HasPrefix(lines[i], "  File ") || strings.HasPrefix(lines[i], "    ") {
			return strings.Join(lines[i+1:], "\n")
		}
	}
	return strings.Join(lines, "\n")
}

//go:embed testdata/make_packages.py
var makePackages string

// foreign are the packages that tools other than ours have made: one by rattler-build and one by
// conda-package-streaming, which needs it. Both need the names in depends.
func foreign(t *testing.T, depends ...string) []artifact {
	t.Helper()
	m := newMachine(t)
	var answer []struct {
		Path, Name, Subdir, SHA256 string
		Timestamp                  int64
	}
	m.python(t, makePackages, map[string]any{"root": m.root, "depends": append([]string{}, depends...)}).answer(t, &answer)
	var all []artifact
	for _, f := range answer {
		data, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		a := artifact{data: data}
		a.Filename, a.Name, a.Subdir, a.SHA256, a.Timestamp = filepath.Base(f.Path), f.Name, f.Subdir, f.SHA256, time.UnixMilli(f.Timestamp)
		all = append(all, a)
	}
	return all
}
