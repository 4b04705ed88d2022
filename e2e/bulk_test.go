package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
)

// fill makes a public channel and uploads packages of different names, half of which go to each of two subdirs.
func (p *process) fill(t *testing.T, c *client.Client, channel string, n int) {
	t.Helper()
	if _, err := c.CreateChannel(t.Context(), api.ChannelCreate{Name: channel, Privacy: api.PrivacyPublic}); err != nil {
		t.Fatal(err)
	}
	work := make(chan int)
	var senders sync.WaitGroup
	for range 32 {
		senders.Go(func() {
			for i := range work {
				o := random.Options{Name: fmt.Sprintf("pkg-%05d", i), Depends: []string{"python >=3.9", fmt.Sprintf("pkg-%05d", i/2)}, Payload: 100}
				if i%2 == 0 {
					o.NoArch = "generic"
				}
				data, info := random.Package(rand.New(rand.NewPCG(uint64(i), 5)), o)
				_, err := c.Upload(t.Context(), channel, client.Upload{Filename: info.Filename, Content: bytes.NewReader(data), Size: int64(len(data))})
				if err != nil {
					t.Errorf("upload %s: %v", info.Filename, err)
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	senders.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// files counts the files of a channel by each kind of index, which must agree.
func (p *process) files(t *testing.T, channel string) int {
	t.Helper()
	n := -1
	for what, listed := range p.listings(t, channel) {
		if n < 0 {
			n = len(listed)
		}
		if len(listed) != n {
			t.Errorf("%s of %s lists %d files, another index %d", what, channel, len(listed), n)
		}
	}
	return max(n, 0)
}

// TestKilledWhileMoving kills the server several times in the middle of a move of a whole channel. The job goes on by
// itself, and every file is in exactly one of the channels whenever one looks.
func TestKilledWhileMoving(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	const packages = 1200
	p := launch(t, t.TempDir())
	c, _ := p.login(t)
	p.fill(t, c, "src", packages)
	if _, err := c.CreateChannel(t.Context(), api.ChannelCreate{Name: "dst", Privacy: api.PrivacyPublic}); err != nil {
		t.Fatal(err)
	}
	job, err := c.Bulk(t.Context(), "src", api.Bulk{Action: api.BulkMove, TargetChannel: "dst", All: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, killAt := range []int64{150, 450, 800} {
		for job.Done < killAt && !job.State.Over() {
			if job, err = c.Job(t.Context(), job.ID); err != nil {
				t.Fatal(err)
			}
		}
		if job.State.Over() {
			t.Fatalf("the job was over before the server was killed: %+v", job)
		}
		p.kill(t)
		var report struct {
			Sound bool `json:"sound"`
			Files int  `json:"package_files"`
		}
		unmarshal(t, p.tool(t, "verify", "--json"), &report)
		t.Logf("killed when %d of %d were done; %d package files", job.Done, packages, report.Files)
		if !report.Sound || report.Files != packages {
			t.Errorf("verify = %+v, want %d sound package files", report, packages)
		}
		p = launch(t, p.data)
		c, _ = p.login(t)
	}
	if job, err = c.WaitJob(t.Context(), job.ID, nil); err != nil {
		t.Fatal(err)
	}
	if job.State != api.JobDone || job.Done != packages || job.Failed+job.Skipped != 0 || job.Attempts != 4 {
		t.Errorf("job = %+v, want all %d done in the fourth attempt", job, packages)
	}
	// An empty channel lists nothing of any kind.
	if src, dst := p.moved(t, "src"), p.files(t, "dst"); src != 0 || dst != packages {
		t.Errorf("src has %d files and dst %d, want 0 and %d", src, dst, packages)
	}
	p.stop(t)
	p.checkSound(t)
}

// moved counts the files of a channel that are still listed.
func (p *process) moved(t *testing.T, channel string) (n int) {
	t.Helper()
	for _, subdir := range []string{"noarch", "linux-64"} {
		n += strings.Count(string(p.mustGet(t, "/"+channel+"/"+subdir+"/repodata.json")), `"sha256":`)
	}
	return n
}

// TestCopyOfAChannel measures a copy of a whole channel of 10,000 packages: its time, the most memory that the server
// ever took, and that no blob was made but those of index files. It takes so many packages where KINGSNAKE_TEST_LARGE says
// so, and few otherwise.
func TestCopyOfAChannel(t *testing.T) {
	packages := 200
	if given := os.Getenv("KINGSNAKE_TEST_LARGE"); given != "" {
		if _, err := fmt.Sscan(given, &packages); err != nil {
			t.Fatal(err)
		}
	}
	p := launch(t, t.TempDir())
	c, _ := p.login(t)
	begun := time.Now()
	p.fill(t, c, "src", packages)
	t.Logf("%d packages uploaded in %s", packages, time.Since(begun).Round(time.Millisecond))
	if n := p.files(t, "src"); n != packages {
		t.Fatalf("src lists %d files", n)
	}
	blobs, _ := p.folder(t, "blobs")
	p.forgetPeak(t)
	before := p.peak(t)
	if _, err := c.CreateChannel(t.Context(), api.ChannelCreate{Name: "dst", Privacy: api.PrivacyPublic}); err != nil {
		t.Fatal(err)
	}
	begun = time.Now()
	job, err := c.Bulk(t.Context(), "src", api.Bulk{Action: api.BulkCopy, TargetChannel: "dst", All: true})
	if err == nil {
		job, err = c.WaitJob(t.Context(), job.ID, nil)
	}
	took := time.Since(begun)
	if err != nil || job.State != api.JobDone || job.Done != int64(packages) {
		t.Fatalf("job = %+v, %v", job, err)
	}
	after := p.peak(t)
	if n := p.files(t, "dst"); n != packages {
		t.Errorf("dst lists %d files, want %d", n, packages)
	}
	now, _ := p.folder(t, "blobs")
	t.Logf("copied %d packages in %s; memory before %d MiB, at most %d MiB; %d blobs before, %d after with both channels' index files",
		packages, took.Round(time.Millisecond), before>>20, after>>20, blobs, now)
	// A shard for each package, for whose record the target has a time of its own, and a few files of the whole index.
	if limit := blobs + packages + 100; now > limit {
		t.Errorf("%d blobs, want at most %d: a copy makes none but those of index files", now, limit)
	}
	p.stop(t)
	p.checkSound(t)
}
