package e2e

import (
	_ "embed"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/conda/random"
)

//go:embed testdata/upload.py
var uploadScript string

// uploader runs one of the clients of testdata/upload.py on a fresh machine.
type uploader struct {
	client, channel, token string
	force, skip            bool
}

func (u uploader) send(t *testing.T, packages ...artifact) outcome {
	t.Helper()
	m := newMachine(t)
	var files []string
	for _, a := range packages {
		files = append(files, a.write(t, filepath.Join(m.root, "work")))
	}
	return m.python(t, uploadScript, map[string]any{
		"client": u.client, "url": site.url, "channel": u.channel, "token": u.token, "files": files, "force": u.force, "skip": u.skip,
	})
}

// TestUpload uploads with each client, with a token that suffices and with ones that do not, and finds the package in
// every index. What the user of each client sees when it is refused differs: one shows the server's words, one only the
// status, and two neither, so the status is looked up in the server's log.
func TestUpload(t *testing.T) {
	for i, c := range []struct {
		client string
		// lacking and unknown are what the user sees with a token that is too weak, and with a dead one.
		lacking, unknown []string
	}{
		{client: "quetz", lacking: []string{"Server responded with error"}, unknown: []string{"Server responded with error"}},
		{client: "prefix", lacking: []string{"HTTP 403", "artifact:create needs write"}, unknown: []string{"HTTP 401", "has been revoked", "kingsnake token create"}},
		{client: "artifactory", lacking: []string{"Server responded with error"}, unknown: []string{"Server responded with error"}},
		{client: "quetz-client", lacking: []string{"403 Client Error: Forbidden"}, unknown: []string{"401 Client Error: Unauthorized"}},
	} {
		t.Run(c.client, func(t *testing.T) {
			t.Parallel()
			ch := "uploads-" + c.client
			channel(t, ch)
			packages := []artifact{
				made(uint64(20+2*i), random.Options{Name: "unix", RunExports: map[string][]string{"weak": {"unix >=1"}}}),
				made(uint64(21+2*i), random.Options{Name: "any", NoArch: "generic", TarBz2: true}),
			}
			read := resourceToken(t, ch, api.LevelRead)
			up := uploader{client: c.client, channel: ch}

			up.token = read
			up.send(t, packages...).refused(t, c.lacking...)
			checkAnswers(t, ch, "403")
			up.token = deadToken(t)
			up.send(t, packages...).refused(t, c.unknown...)
			checkAnswers(t, ch, "403", "401")
			for _, a := range packages {
				checkGone(t, read, ch, a)
			}

			up.token = resourceToken(t, ch, api.LevelWrite)
			if o := up.send(t, packages...); !o.ok {
				t.Fatalf("upload failed:\n%s", o.stderr)
			}
			for _, a := range packages {
				checkListed(t, read, ch, a)
			}
		})
	}
}

var uploadLine = regexp.MustCompile(`method=(?:PUT|POST) path=(\S+) status=(\d+)`)

// checkAnswers checks what the server's log tells of the uploads to a channel. A line is written when the client has
// its answer, so the last may be late.
func checkAnswers(t *testing.T, channel string, want ...string) {
	t.Helper()
	var got []string
	for deadline := time.Now().Add(time.Minute); len(got) < len(want) && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		got = nil
		for _, m := range uploadLine.FindAllStringSubmatch(site.out.String(), -1) {
			if strings.Contains(m[1], "/"+channel+"/") || strings.HasSuffix(m[1], "/"+channel) {
				got = append(got, m[2])
			}
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("answers to uploads to %s (-got +want):\n%s", channel, diff)
	}
}

// TestUploadAgain uploads a file that is there, and another one of the same name.
func TestUploadAgain(t *testing.T) {
	const ch = "again"
	channel(t, ch)
	one := made(40, random.Options{Name: "twice", Version: "1.0", Build: "h0_0"})
	other := made(41, random.Options{Name: "twice", Version: "1.0", Build: "h0_0"})
	if one.Filename != other.Filename || one.SHA256 == other.SHA256 {
		t.Fatalf("%s and %s are no test", one.Filename, other.Filename)
	}
	upload(t, ch, one, false)
	write, manage := resourceToken(t, ch, api.LevelWrite), resourceToken(t, ch, api.LevelManage)
	for _, client := range []string{"quetz-client", "prefix"} {
		up := uploader{client: client, channel: ch, token: write}
		if o := up.send(t, one); !o.ok {
			t.Errorf("%s: the same file again: %s", client, o.stderr)
		}
		up.send(t, other).refused(t, "409")
		up.force = true
		up.send(t, other).refused(t, "403") // Replacing asks for artifact:edit.
		checkListed(t, write, ch, one)
		up.token = manage
		if o := up.send(t, other); !o.ok {
			t.Fatalf("%s: replacing with force: %s", client, o.stderr)
		}
		checkListed(t, write, ch, other)
		one, other = other, one
	}
	skip := uploader{client: "prefix", channel: ch, token: write, skip: true}
	if o := skip.send(t, other); !o.ok {
		t.Errorf("a client that skips what is there: %s", o.stderr)
	}
	checkListed(t, write, ch, one)
}

// TestUploadOfRubbish sends what is no package.
func TestUploadOfRubbish(t *testing.T) {
	const ch = "rubbish"
	channel(t, ch)
	token := resourceToken(t, ch, api.LevelWrite)
	bad := made(50, random.Options{Name: "bad"})
	bad.data = bad.data[:len(bad.data)/2]
	uploader{client: "prefix", channel: ch, token: token}.send(t, bad).refused(t, "422")
	uploader{client: "quetz-client", channel: ch, token: token}.send(t, bad).refused(t, "422")
	if status, _ := fetch(t, token, ch+"/"+bad.ckey()); status != http.StatusNotFound {
		t.Errorf("the refused file answers %d", status)
	}
}
