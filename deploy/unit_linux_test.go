package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnit has systemd judge the unit, and how much it leaves the service.
func TestUnit(t *testing.T) {
	analyze := program(t, "systemd-analyze")
	stand, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	unit, socket := filepath.Join(dir, "kingsnake.service"), filepath.Join(dir, "kingsnake.socket")
	text := edit(t, read(t, "systemd/kingsnake.service"), "/usr/local/bin/kingsnake", stand)
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(socket, []byte(read(t, "systemd/kingsnake.socket")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--man=no", unit, socket},
		// In tenths of a point; a service that hardens nothing has 96.
		{"security", "--offline=yes", "--no-pager", "--threshold=20", unit},
	} {
		out, err := exec.CommandContext(t.Context(), analyze, args...).CombinedOutput() //nolint:gosec // The arguments are the test's.
		if err != nil || args[0] == "verify" && strings.Contains(string(out), "kingsnake.") {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
}
