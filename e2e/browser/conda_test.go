package browser

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kingsnake/internal/pyoracle"
	"kingsnake/internal/servertest"
)

//go:embed testdata/conda.py
var condaScript string

// outcome is what became of an installation: the records of the packages that are installed, or what the client says.
type outcome struct {
	Installed []string `json:"installed"`
	Refused   string   `json:"refused"`
}

// condaInstalls has a conda client install the package alpha of the channel team once with each string in its URL, each
// time on a machine that has nothing yet.
func condaInstalls(t *testing.T, s *servertest.Site, tokens ...string) []outcome {
	t.Helper()
	type wanted struct {
		Channel string `json:"channel"`
		Spec    string `json:"spec"`
	}
	root := t.TempDir()
	request := struct {
		Root     string   `json:"root"`
		Installs []wanted `json:"installs"`
	}{Root: filepath.Join(root, "work")}
	for _, token := range tokens {
		request.Installs = append(request.Installs, wanted{Channel: s.URL + "/t/" + token + "/team", Spec: "alpha"})
	}
	stdin, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	cmd := pyoracle.Command(t, condaScript)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Env = []string{"HOME=" + root, "XDG_CONFIG_HOME=" + root, "XDG_CACHE_HOME=" + root, "TMPDIR=" + root, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("the conda client: %v\n%s", err, stderr.Bytes())
	}
	var out []outcome
	if err := json.Unmarshal(stdout.Bytes(), &out); err != nil || len(out) != len(tokens) {
		t.Fatalf("the conda client answers %q: %v", stdout.Bytes(), err)
	}
	return out
}

// works asks that a conda client installs with each of these strings.
func works(t *testing.T, s *servertest.Site, when string, tokens ...string) {
	t.Helper()
	for i, got := range condaInstalls(t, s, tokens...) {
		if len(got.Installed) != 1 || !strings.HasPrefix(got.Installed[0], "alpha-") {
			t.Errorf("%s, string %d of %d: conda installed %q, and says %s", when, i+1, len(tokens), got.Installed, got.Refused)
		}
	}
}

// refused asks that a conda client is refused by a status with each of these strings.
func refused(t *testing.T, s *servertest.Site, when, status string, tokens ...string) {
	t.Helper()
	for i, got := range condaInstalls(t, s, tokens...) {
		if len(got.Installed) != 0 || !strings.Contains(got.Refused, status) {
			t.Errorf("%s, string %d of %d: conda installed %q and says %q, want it refused by %s", when, i+1, len(tokens), got.Installed, got.Refused, status)
		}
	}
}
