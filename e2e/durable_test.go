package e2e

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
)

// TestDurableBeforeAnswer watches the system calls of one upload: its bytes, its name and its record are synced to the
// disk, in this order, before the answer that acknowledges it is sent.
func TestDurableBeforeAnswer(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("strace is not installed")
		}
		t.Skip("strace is not installed")
	}
	trace := filepath.Join(t.TempDir(), "trace")
	p := launch(t, t.TempDir(), strace, "-f", "-y", "-s", "128", "-o", trace, "-e",
		"trace=fsync,fdatasync,rename,renameat,renameat2,write,pwrite64,writev,sendto")
	c, session := p.login(t)
	if _, err := c.CreateChannel(t.Context(), api.ChannelCreate{Name: "team", Privacy: api.PrivacyPublic}); err != nil {
		t.Fatal(err)
	}
	a := made(71, random.Options{NoArch: "generic"})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, p.url+"/team/"+a.ckey(), bytes.NewReader(a.data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+session)
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("upload: %v %v", resp, err)
	}
	defer resp.Body.Close()
	p.stop(t)

	raw, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	calls := parseTrace(string(raw))
	// Folders are opened first, so that both names stand beside the folder that they are in.
	named := `^rename(?:at2?)?\(\d+<[^>]*/staging>, "(\w+)", \d+<[^>]*/sha256/` + a.SHA256[:2] + `>, "` + a.SHA256[2:] + `"`
	rename := find(t, calls, 0, named)
	staged := regexp.MustCompile(named).FindStringSubmatch(calls[rename].text)[1]
	answer := find(t, calls, rename, `^(write|writev|sendto)\(\d+<.*"HTTP/1\.1 201`)
	steps := []struct{ what, form string }{
		{"the staged file is synced", `^f(data)?sync\(.*staging/` + staged + `>`},
		{"it gets its name", named},
		{"the name is synced", `^fsync\(.*sha256/` + a.SHA256[:2] + `>`},
		{"the record is written", `^(pwrite64|write)\(.*kingsnake\.db-wal>`},
		{"the record is synced", `^f(data)?sync\(.*kingsnake\.db-wal>`},
	}
	at := 0
	for i, s := range steps {
		next := find(t, calls, at, s.form)
		if i > 0 && calls[next].begun < calls[at].ended {
			t.Errorf("%s (line %d) before the end of the step before it (line %d)", s.what, calls[next].begun, calls[at].ended)
		}
		t.Logf("%-26s %.150s", s.what, calls[next].text)
		at = next
	}
	if calls[answer].begun < calls[at].ended {
		t.Errorf("the answer was sent (line %d) before the record was synced (line %d)", calls[answer].begun, calls[at].ended)
	}
	t.Logf("%-26s %.150s", "the answer is sent", calls[answer].text)
}

// call is one system call; begun and ended are lines of the trace.
type call struct {
	text         string
	begun, ended int
}

var (
	traceLine    = regexp.MustCompile(`^(\d+) +(.*)$`)
	traceResumed = regexp.MustCompile(`^<\.\.\. \w+ resumed>`)
)

// parseTrace joins the two halves of calls during which another thread made one.
func parseTrace(trace string) []call {
	var calls []call
	open := map[string]int{}
	for n, line := range strings.Split(trace, "\n") {
		m := traceLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		pid, text := m[1], m[2]
		if traceResumed.MatchString(text) {
			if i, ok := open[pid]; ok {
				calls[i].ended = n
				delete(open, pid)
			}
			continue
		}
		calls = append(calls, call{text: text, begun: n, ended: n})
		if strings.HasSuffix(text, "<unfinished ...>") {
			open[pid] = len(calls) - 1
		}
	}
	return calls
}

// find gives the first call from a place on whose text has the form.
func find(t *testing.T, calls []call, from int, form string) int {
	t.Helper()
	re := regexp.MustCompile(form)
	for i := from; i < len(calls); i++ {
		if re.MatchString(calls[i].text) {
			return i
		}
	}
	t.Fatalf("there is no call like %s after the call %d of %d", form, from, len(calls))
	return 0
}
