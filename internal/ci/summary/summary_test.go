package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// summarize runs the planted packages and returns the verdict and what was
// printed.
func summarize(t *testing.T, ci bool, runs ...string) (ok bool, out string) {
	t.Helper()
	var b, stderr bytes.Buffer
	s := summary{out: &b, stderr: &stderr, ci: ci}
	s.runAll(t.Context(), "testdata/module", 2, runs)
	ok = s.close()
	return ok, stderr.String() + b.String()
}

func TestPlantedModule(t *testing.T) {
	for _, c := range []struct {
		name    string
		ci      bool
		runs    []string
		wantOK  bool
		closing string
		shows   []string
	}{
		{"pass", true, []string{"./pass"}, true, "4 passed, 0 failed, 0 skipped", []string{"ok    example.org/planted/pass  4 passed"}},
		{"several runs", true, []string{"./pass", "-count=1 ./pass"}, true, "8 passed, 0 failed, 0 skipped", []string{"== go test -count=1 ./pass  (run 2)\n", "s  (run 1)\n", "s  (run 2)\n"}},
		{"with a variable", true, []string{"PLANTED=yes ./env"}, true, "1 passed, 0 failed, 0 skipped", []string{"== go test PLANTED=yes ./env"}},
		{"without it", true, []string{"./env"}, false, "0 passed, 1 failed, 0 skipped", []string{"nothing is planted"}},
		{"without tests", true, []string{"./pass ./empty"}, true, "4 passed, 0 failed, 0 skipped", []string{"packages: 1 ok, 0 failed, 1 without tests"}},
		{"fail", false, []string{"./pass ./fail"}, false, "5 passed, 2 failed, 0 skipped", []string{"got 1, want 2", "FAIL  example.org/planted/fail  1 passed, 2 failed", "failed: example.org/planted/fail Test"}},
		{"skip at home", false, []string{"./skip"}, true, "0 passed, 0 failed, 1 skipped", []string{"skipped: example.org/planted/skip TestSkipped", "no tool here"}},
		{"skip in CI", true, []string{"./pass ./skip"}, false, "4 passed, 0 failed, 1 skipped", []string{"no tool here", "a skipped test is a failure"}},
		{"panic", false, []string{"./panics"}, false, "1 passed, 1 failed, 0 skipped", []string{"at the disco"}},
		{"does not build", false, []string{"./pass ./broken"}, false, "4 passed, 1 failed, 0 skipped", []string{"undefined: undefined", "failed: example.org/planted/broken\n"}},
		{"exits", false, []string{"./exits"}, false, "0 passed, 1 failed, 0 skipped", []string{"exit status 3"}},
		{"timeout", false, []string{"-timeout=1s ./hangs"}, false, "0 passed, 1 failed, 0 skipped", []string{"timed out", "failed: example.org/planted/hangs TestHangs\n"}},
		{"no test", false, []string{"./empty"}, false, "0 passed, 1 failed, 0 skipped", []string{"no test ran"}},
		{"no such package", false, []string{"./pass", "./nowhere"}, false, "4 passed, 1 failed, 0 skipped", []string{"nowhere"}},
		{"fails in one of two", false, []string{"./pass", "./fail"}, false, "5 passed, 2 failed, 0 skipped", []string{"failed: example.org/planted/fail TestBad  (run 2)\n"}},
		{"bad flag", false, []string{"./pass", "-nosuchflag ./pass"}, false, "4 passed, 1 failed, 0 skipped", []string{"nosuchflag"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ok, out := summarize(t, c.ci, c.runs...)
			if ok != c.wantOK {
				t.Errorf("verdict %v, want %v", ok, c.wantOK)
			}
			if !strings.HasSuffix(out, "\n"+c.closing+"\n") {
				t.Errorf("the last line is not %q", c.closing)
			}
			for _, want := range c.shows {
				if !strings.Contains(out, want) {
					t.Errorf("output lacks %q", want)
				}
			}
			if strings.Contains(out, "must not be shown") || strings.Contains(out, "=== ") {
				t.Error("output holds what passing tests have logged")
			}
			if t.Failed() {
				t.Logf("output:\n%s", out)
			}
		})
	}
}

// TestBrokenOff reads events that stop in the middle, as they do when the go
// command is killed.
func TestBrokenOff(t *testing.T) {
	const printed = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB","Output":"half a w"}
{"Action":"out`
	var b bytes.Buffer
	s := summary{out: &b}
	if err := (&events{summary: &s}).read(strings.NewReader(printed)); err != nil {
		t.Fatal(err)
	}
	if s.close() {
		t.Error("verdict true, want false")
	}
	if diff := cmp.Diff(counts{passed: 1, failed: 1}, s.total, cmp.AllowUnexported(counts{})); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if !strings.Contains(b.String(), "half a w") || !strings.Contains(b.String(), "did not finish") {
		t.Errorf("output:\n%s", b.String())
	}
}

// TestSlowest tells the slowest of all runs, not subtests, whose time is in that of their parent.
func TestSlowest(t *testing.T) {
	var b bytes.Buffer
	s := summary{out: &b}
	for _, printed := range []string{
		`{"Action":"pass","Package":"p","Test":"TestA","Elapsed":6.2}`,
		`{"Action":"pass","Package":"q","Test":"TestB/sub","Elapsed":70}
{"Action":"pass","Package":"q","Test":"TestB","Elapsed":71}
{"Action":"pass","Package":"q","Test":"TestC","Elapsed":0.3}`,
	} {
		if err := (&events{summary: &s}).read(strings.NewReader(printed)); err != nil {
			t.Fatal(err)
		}
	}
	s.close()
	if want := "\nslow: q TestB  71s\nslow: p TestA  6s\n"; !strings.Contains(b.String(), want) || strings.Contains(b.String(), "sub") {
		t.Errorf("output lacks %q or has a subtest:\n%s", want, b.String())
	}
}
