package pyoracle

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLocate(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "a", "b")
	bare := filepath.Join(root, "bare")
	touch(t, filepath.Join(root, "go.mod"))
	touch(t, filepath.Join(bare, "go.mod"))
	touch(t, filepath.Join(deep, "x.go"))
	venv := filepath.Join(root, ".venv", "bin", "python")
	touch(t, venv)
	other := filepath.Join(root, "other-python")
	touch(t, other)

	tests := []struct {
		name, dir, override, want string
		wantMissing, wantErr      bool
	}{
		{name: "from the root", dir: root, want: venv},
		{name: "from below", dir: deep, want: venv},
		{name: "the variable wins", dir: deep, override: other, want: other},
		{name: "no environment", dir: bare, wantErr: true, wantMissing: true},
		{name: "a wrong variable is not a missing environment", dir: deep, override: filepath.Join(root, "none"), wantErr: true},
		{name: "a directory is no interpreter", dir: deep, override: root, wantErr: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := locate(tt.dir, tt.override)
			if got != tt.want || (err != nil) != tt.wantErr || errors.Is(err, errMissing) != tt.wantMissing {
				t.Errorf("locate = %q, %v; want %q, error %v, missing %v", got, err, tt.want, tt.wantErr, tt.wantMissing)
			}
		})
	}
}

func TestMustRun(t *testing.T) {
	for ci, want := range map[string]bool{"true": true, "1": true, "TRUE": true, "": false, "false": false, "0": false, "maybe": false} {
		if got := mustRun(ci); got != want {
			t.Errorf("mustRun(%q) = %v, want %v", ci, got, want)
		}
	}
}

func TestRun(t *testing.T) {
	got := string(Run(t, "import sys\nsys.stdout.write(sys.stdin.read().upper())", []byte("a line\nanother\n")))
	if want := "A LINE\nANOTHER\n"; got != want {
		t.Errorf("Run = %q, want %q", got, want)
	}
}

// TestMissingPythonPolicy runs this test binary again in a module without an environment, since whether a test was
// skipped or has failed can only be seen from outside.
func TestMissingPythonPolicy(t *testing.T) {
	if os.Getenv("PYORACLE_CHILD") != "" {
		fmt.Println("found", Python(t))
		return
	}
	bare := t.TempDir()
	touch(t, filepath.Join(bare, "go.mod"))
	tests := []struct {
		name     string
		env      []string
		wantFail bool
		wantText string
	}{
		{name: "skips on a developer's machine", env: []string{"CI="}, wantText: "--- SKIP"},
		{name: "fails on a build server", env: []string{"CI=true"}, wantFail: true, wantText: "--- FAIL"},
		{name: "fails on a wrong variable", env: []string{"CI=", EnvPython + "=/nonexistent"}, wantFail: true, wantText: EnvPython},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestMissingPythonPolicy$", "-test.v")
			cmd.Dir = bare
			cmd.Env = append(os.Environ(), slices.Concat([]string{"PYORACLE_CHILD=1", EnvPython + "="}, tt.env)...)
			out, err := cmd.CombinedOutput()
			if (err != nil) != tt.wantFail || !strings.Contains(string(out), tt.wantText) || !strings.Contains(string(out), Remedy) {
				t.Errorf("exit %v with output\n%s\nwant failure %v, %q and %q", err, out, tt.wantFail, tt.wantText, Remedy)
			}
		})
	}
}

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
}
