package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/conda/repodata"
)

const (
	// crashUploads run at once; at least crashShare of them must have been acknowledged, and as many be under way,
	// when the server is killed.
	crashUploads = 500
	crashShare   = 100
)

// TestCrash kills the server in the middle of many uploads, more than once on the same site, and starts it again.
func TestCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	p := launch(t, t.TempDir())
	c, _ := p.login(t)
	if _, err := c.CreateChannel(t.Context(), api.ChannelCreate{Name: "crash", Privacy: api.PrivacyPublic}); err != nil {
		t.Fatal(err)
	}
	var sent []*crashUpload
	for round, killAt := range []int{crashShare + 10, 2 * crashShare, 3*crashShare - 20} {
		for try := 0; ; try++ {
			batch := crashBatch(fmt.Sprintf("r%dt%d", round, try))
			p.uploadAndKill(t, batch, killAt)
			sent = append(sent, batch...)
			acknowledged, interrupted := count(batch)
			t.Logf("round %d: %d uploads acknowledged, %d interrupted", round, acknowledged, interrupted)
			p = launch(t, p.data)
			if acknowledged >= crashShare && interrupted >= crashShare {
				break
			}
			if try == 4 {
				t.Fatalf("the server was never killed at a good moment: %d acknowledged, %d interrupted", acknowledged, interrupted)
			}
		}
		p.checkUploads(t, "crash", sent)
		p.stop(t)
		p.checkSound(t)
		p = launch(t, p.data)
	}
	p.checkUploads(t, "crash", sent)
}

// crashUpload is one upload and what became of it.
type crashUpload struct {
	artifact
	begun, acknowledged atomic.Bool
}

// crashBatch makes packages of different names, half of which go to each of two subdirs.
func crashBatch(tag string) []*crashUpload {
	var batch []*crashUpload
	for i := range crashUploads {
		o := random.Options{Name: fmt.Sprintf("%s-%d", tag, i), RunExports: map[string][]string{"weak": {"zlib >=1"}}, Payload: 300}
		if i%2 == 0 {
			o.NoArch = "generic"
		}
		data, info := random.Package(rand.New(rand.NewPCG(uint64(i), 4)), o)
		batch = append(batch, &crashUpload{artifact: artifact{info, data}})
	}
	return batch
}

func count(batch []*crashUpload) (acknowledged, interrupted int) {
	for _, u := range batch {
		switch {
		case u.acknowledged.Load():
			acknowledged++
		case u.begun.Load():
			interrupted++
		}
	}
	return acknowledged, interrupted
}

// uploadAndKill starts all uploads at once and kills the server when so many were acknowledged.
func (p *process) uploadAndKill(t *testing.T, batch []*crashUpload, killAt int) {
	t.Helper()
	_, session := p.login(t)
	transport := &http.Transport{MaxConnsPerHost: len(batch)}
	defer transport.CloseIdleConnections()
	var done atomic.Int64
	reached := make(chan struct{})
	var once sync.Once
	var all sync.WaitGroup
	for i, u := range batch {
		all.Go(func() {
			// Bodies arrive in two parts, so that at any moment some are half way.
			pause := time.Duration(i%50) * 20 * time.Millisecond
			body := io.MultiReader(bytes.NewReader(u.data[:len(u.data)/2]), &after{d: pause, begun: &u.begun}, bytes.NewReader(u.data[len(u.data)/2:]))
			req, err := http.NewRequestWithContext(context.Background(), http.MethodPut, p.url+"/crash/"+u.ckey(), body)
			if err != nil {
				t.Error(err)
				return
			}
			req.ContentLength = u.Size
			req.Header.Set("Authorization", "Bearer "+session)
			resp, err := transport.RoundTrip(req)
			if err != nil {
				return // The server was killed; that is the point.
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusCreated {
				t.Errorf("PUT %s: %s", u.ckey(), resp.Status)
				return
			}
			u.acknowledged.Store(true)
			if done.Add(1) == int64(killAt) {
				once.Do(func() { close(reached) })
			}
		})
	}
	select {
	case <-reached:
	case <-time.After(30 * time.Second):
		t.Errorf("only %d of %d uploads were acknowledged in time\n%s", done.Load(), killAt, p.errout)
	}
	p.kill(t)
	all.Wait()
}

// after is an empty reader that takes its time.
type after struct {
	d     time.Duration
	begun *atomic.Bool
}

func (a *after) Read([]byte) (int, error) {
	a.begun.Store(true)
	time.Sleep(a.d)
	return 0, io.EOF
}

// checkUploads compares what the server has with what was sent: all that was acknowledged is there, the rest is whole
// or absent, and every index file says the same.
func (p *process) checkUploads(t *testing.T, channel string, sent []*crashUpload) {
	t.Helper()
	has := map[string]bool{}
	for _, u := range sent {
		status, body := p.get(t, "/"+channel+"/"+u.ckey())
		switch {
		case status == http.StatusOK:
			has[u.ckey()] = true
			if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != u.SHA256 {
				t.Errorf("%s: %d bytes of another content, want the %d that were sent (acknowledged: %t)", u.ckey(), len(body), u.Size, u.acknowledged.Load())
			}
		case status != http.StatusNotFound:
			t.Errorf("GET %s: %d", u.ckey(), status)
		case u.acknowledged.Load():
			t.Errorf("%s was acknowledged and is gone", u.ckey())
		}
	}
	for what, listed := range p.listings(t, channel) {
		for _, u := range sent {
			key := u.ckey()
			if what == "channeldata.json" {
				key = u.Name
			}
			if got := listed[key]; got != has[u.ckey()] {
				t.Errorf("%s lists %s: %t, want %t (acknowledged: %t)", what, key, got, has[u.ckey()], u.acknowledged.Load())
			}
		}
		if len(listed) != len(has) {
			t.Errorf("%s lists %d files, want %d", what, len(listed), len(has))
		}
	}
}

// listings gives what each kind of index file lists: files or, for channeldata.json, names.
func (p *process) listings(t *testing.T, channel string) map[string]map[string]bool {
	t.Helper()
	all := map[string]map[string]bool{}
	add := func(kind, key string) {
		if all[kind] == nil {
			all[kind] = map[string]bool{}
		}
		all[kind][key] = true
	}
	var data struct {
		Packages map[string]json.RawMessage `json:"packages"`
	}
	unmarshal(t, p.mustGet(t, "/"+channel+"/channeldata.json"), &data)
	for name := range data.Packages {
		add("channeldata.json", name)
	}
	for _, subdir := range []string{"linux-64", "noarch"} {
		base := "/" + channel + "/" + subdir + "/"
		for _, kind := range []string{"repodata.json", "repodata.json.zst", "run_exports.json", "run_exports.json.zst"} {
			var index struct {
				Packages map[string]json.RawMessage `json:"packages.conda"`
			}
			unmarshal(t, plain(t, kind, p.mustGet(t, base+kind)), &index)
			for file := range index.Packages {
				add(kind, subdir+"/"+file)
			}
		}
		shards, err := repodata.DecodeShardIndex(p.mustGet(t, base+"repodata_shards.msgpack.zst"))
		if err != nil {
			t.Fatal(err)
		}
		for name, hash := range shards.Shards {
			raw := p.mustGet(t, base+"shards/"+hex.EncodeToString(hash[:])+".msgpack.zst")
			if sha256.Sum256(raw) != hash {
				t.Errorf("the shard of %s is not what the index names", name)
			}
			shard, err := repodata.DecodeShard(raw)
			if err != nil {
				t.Fatalf("shard of %s: %v", name, err)
			}
			for _, e := range shard.Entries {
				add("shards", subdir+"/"+e.Filename)
			}
		}
	}
	return all
}

func unmarshal(t *testing.T, data []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%v in %.200s", err, data)
	}
}

// plain unpacks a file whose name says that it is compressed.
func plain(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	if name[len(name)-4:] != ".zst" {
		return data
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	out, err := d.DecodeAll(data, nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}

// checkSound repairs the site of a stopped server and sees that nothing is left to repair.
func (p *process) checkSound(t *testing.T) {
	t.Helper()
	type report struct {
		Sound   bool     `json:"sound"`
		Files   int      `json:"package_files"`
		Bad     int      `json:"bad_index_files"`
		Orphans int      `json:"orphans"`
		Staged  int      `json:"staged"`
		Missing []string `json:"missing"`
		Damaged []string `json:"damaged"`
	}
	var first, second report
	unmarshal(t, p.tool(t, "verify", "--repair", "--json"), &first)
	unmarshal(t, p.tool(t, "verify", "--json"), &second)
	t.Logf("the crash left %d orphans and %d staged files of %d package files", first.Orphans, first.Staged, first.Files)
	for _, r := range []report{first, second} {
		if !r.Sound || r.Bad != 0 || len(slices.Concat(r.Missing, r.Damaged)) != 0 {
			t.Errorf("verify = %+v, want nothing missing or damaged", r)
		}
	}
	if second.Orphans != 0 {
		t.Errorf("%d orphans stayed after the repair", second.Orphans)
	}
	if n, _ := p.folder(t, "blobs/staging"); n != 0 {
		t.Errorf("%d staged files stayed after the repair", n)
	}
}
