package version

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResolve(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	build := &debug.BuildInfo{
		Main: debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: commit},
			{Key: "vcs.time", Value: "2026-11-21T12:00:00Z"},
		},
	}
	for _, c := range []struct {
		name    string
		stamped Info
		build   *debug.BuildInfo
		want    Info
	}{
		{"nothing known", Info{}, nil, Info{Version: "devel"}},
		{"go build", Info{}, &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, Info{Version: "devel"}},
		{
			"go install",
			Info{},
			build,
			Info{Version: "v1.2.3", Commit: commit, Date: "2026-11-21T12:00:00Z"},
		},
		{
			"the linker's stamp wins",
			Info{Version: "v2.0.0", Commit: "abc", Date: "2027-01-01T00:00:00Z"},
			build,
			Info{Version: "v2.0.0", Commit: "abc", Date: "2027-01-01T00:00:00Z"},
		},
	} {
		c.want.Go = runtime.Version()
		if diff := cmp.Diff(c.want, resolve(c.stamped, c.build)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestString(t *testing.T) {
	for _, c := range []struct {
		info Info
		want string
	}{
		{Info{Version: "devel", Go: "go1.26.8"}, "devel (go1.26.8)"},
		{Info{Version: "v1.0.0", Commit: "abc", Go: "go1.26.8"}, "v1.0.0 (commit abc, go1.26.8)"},
		{
			Info{Version: "v1.0.0", Commit: "0123456789abcdef", Date: "2026-11-21T12:00:00Z", Go: "go1.26.8"},
			"v1.0.0 (commit 0123456789ab, 2026-11-21T12:00:00Z, go1.26.8)",
		},
	} {
		if got := c.info.String(); got != c.want {
			t.Errorf("String() = %q, want %q", got, c.want)
		}
	}
}

// stampedEnv is set in the run of this test that must find itself stamped.
const stampedEnv = "VERSION_TEST_STAMPED"

// TestLinkerStamp runs itself again, built with the linker flags of the
// Makefile: a variable that is renamed in only one of the two places would
// otherwise be ignored without a word.
func TestLinkerStamp(t *testing.T) {
	if os.Getenv(stampedEnv) != "" {
		want := Info{Version: "v9.8.7-test", Commit: "cafe", Date: "2026-11-21T12:00:00Z", Go: runtime.Version()}
		if diff := cmp.Diff(want, Get()); diff != "" {
			t.Errorf("Get() of a stamped binary (-want +got):\n%s", diff)
		}
		return
	}
	flags, err := exec.CommandContext(t.Context(), "make", "--no-print-directory", "-s", "-C", filepath.Join("..", ".."),
		"ldflags", "VERSION=v9.8.7-test", "COMMIT=cafe", "DATE=2026-11-21T12:00:00Z").Output()
	if err != nil {
		t.Fatalf("make ldflags: %v", err)
	}
	again := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-v", "-run=^TestLinkerStamp$",
		"-ldflags="+strings.TrimSpace(string(flags)), ".")
	again.Env = append(os.Environ(), stampedEnv+"=1")
	out, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestLinkerStamp") {
		t.Errorf("the stamped run: %v\n%s", err, out)
	}
}
