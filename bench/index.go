package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"kingsnake/api"
	"kingsnake/bench/largesite"
	"kingsnake/client"
	"kingsnake/conda/channel"
	"kingsnake/conda/random"
	"kingsnake/conda/repodata"
	"kingsnake/internal/server"
)

// indexRun is a server, in this process, with a channel of so many records that was made before, and with a small one beside it.
type indexRun struct {
	http     *httptest.Server
	uploader *client.Client
	rng      *rand.Rand
	uploads  int
	table    table
}

// largeUploads is how many uploads a whole run of the benchmark follows into the shard index: enough for a p95.
const largeUploads = 100

// The channel to compare with, which has so many records.
const (
	smallChannel = "small"
	smallRecords = 1_000
)

// measureIndex tells how soon uploads into a very large channel are to be seen, and what they cost.
func (l *largeSettings) measureIndex(ctx context.Context) (rerr error) {
	debug.SetMemoryLimit(-1)
	begun := time.Now()
	s, err := server.New(ctx, l.config(), quiet())
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, s.Close()) }()
	r := &indexRun{http: httptest.NewServer(s), rng: rand.New(rand.NewPCG(l.seed, uint64(begun.UnixNano())))} //nolint:gosec // No two runs upload the same.
	defer r.http.Close()
	if err := r.answers(ctx); err != nil {
		return err
	}
	started := row{What: "start on that data", Target: atMost(2, "s"), Rounds: only(time.Since(begun).Seconds())}
	for _, step := range []func(context.Context) error{
		r.signIn, r.firstIndex, r.prepareSmall,
		func(ctx context.Context) error { return r.compareUploads(ctx, l.requests) },
		func(ctx context.Context) error { return r.shardsFollow(ctx, l.requests) },
		r.repodataFollows,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	peak, now, err := resident()
	if err != nil {
		return err
	}
	r.table.add(row{
		What: "resident memory serving that channel", Target: atMost(500, "MB"), Rounds: only(float64(peak)),
		Numbers: fmt.Sprintf("at most since the start, with the benchmark's own; in the end %d MB", now),
	})
	r.table.add(started)
	if l.rows != "" {
		return r.table.save(l.rows)
	}
	return r.table.print(os.Stdout)
}

// only is what was measured of the site on SQLite.
func only(v ...float64) [columns][]float64 { return [columns][]float64{embedded: v} }

// largeIndex measures the channel with 1,000,000 records, if there is one, in a process of its own: so its memory is known.
func (b *bench) largeIndex(ctx context.Context) error {
	if _, err := os.Stat(b.forge); err != nil {
		for _, r := range []row{
			{What: "upload to shard index at 1,000,000 records, p95", Target: atMost(0.3, "s")},
			{What: "upload to repodata.json.zst there", Target: atMost(10, "s")},
			{What: "one upload there, of one at 1,000", Target: atMost(2, "")},
			{What: "resident memory serving that channel", Target: atMost(500, "MB")},
			{What: "start on that data", Target: atMost(2, "s")},
		} {
			r.Numbers = "not measured: make bench-large makes the channel"
			b.table.add(r)
		}
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	file := filepath.Join(b.dir, "rows.json")
	cmd := exec.CommandContext(ctx, self, "-index", "-data", b.forge, "-requests", strconv.Itoa(largeUploads), "-rows", file)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the index of the large channel: %w", err)
	}
	return b.table.load(file)
}

// answers asks for what needs nothing built.
func (r *indexRun) answers(ctx context.Context) error {
	status, _, err := r.get(ctx, "/healthz")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the server is not well: status %d", status)
	}
	return err
}

func (r *indexRun) get(ctx context.Context, path string) (status int, body []byte, err error) {
	status, body, _, err = r.getUnless(ctx, path, "")
	return status, body, err
}

// getUnless asks for a file unless it is still the one with an entity tag, and gives the tag of what there is.
func (r *indexRun) getUnless(ctx context.Context, path, had string) (status int, body []byte, tag string, rerr error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.http.URL+path, http.NoBody)
	if err != nil {
		return 0, nil, "", err
	}
	if had != "" {
		req.Header.Set("If-None-Match", had)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer func() { rerr = errors.Join(rerr, res.Body.Close()) }()
	// At its size from the beginning: the memory of this process is measured.
	var read bytes.Buffer
	read.Grow(int(max(res.ContentLength, 0)) + bytes.MinRead)
	_, err = read.ReadFrom(res.Body)
	return res.StatusCode, read.Bytes(), res.Header.Get("ETag"), err
}

func (r *indexRun) signIn(ctx context.Context) error {
	c, err := client.New(r.http.URL)
	if err != nil {
		return err
	}
	in, err := c.Login(ctx, "admin", largesite.Password)
	r.uploader = c.As(client.Session(in.Token))
	return err
}

// firstIndex builds what a new large channel has not built yet of the subdir that uploads go to: every shard, and both forms
// of repodata.json.
func (r *indexRun) firstIndex(ctx context.Context) error {
	for _, file := range []string{"repodata_shards.msgpack.zst", "repodata.json.zst"} {
		begun, before := time.Now(), used()
		status, body, err := r.get(ctx, "/"+largesite.Forge+"/"+channel.Noarch+"/"+file)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%s: status %d", file, status)
		}
		if err != nil {
			return err
		}
		fmt.Printf("the first %s of noarch: %d bytes, %.2f s, processor time %.2f s\n", file, len(body), time.Since(begun).Seconds(), (used() - before).Seconds())
	}
	return nil
}

// prepareSmall fills the small channel.
func (r *indexRun) prepareSmall(ctx context.Context) error {
	if _, err := r.uploader.CreateChannel(ctx, api.ChannelCreate{Name: smallChannel, Privacy: api.PrivacyPublic}); err != nil {
		if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != http.StatusConflict {
			return err
		}
		return nil // An earlier run filled it.
	}
	for range smallRecords {
		if _, err := r.upload(ctx, smallChannel, ""); err != nil {
			return err
		}
	}
	return nil
}

// uploaded is one upload: its package, and how long it took and what processor time the whole process used.
type uploaded struct {
	info      random.Info
	took, cpu time.Duration
}

// upload puts a new small package into a channel.
func (r *indexRun) upload(ctx context.Context, to, name string) (uploaded, error) {
	r.uploads++
	if name == "" {
		name = "bench-" + strconv.Itoa(r.rng.IntN(200))
	}
	data, info := random.Package(r.rng, random.Options{NoArch: "generic", Name: name, Version: fmt.Sprintf("%d.%d", time.Now().Unix(), r.uploads), Payload: 500})
	begun, before := time.Now(), used()
	_, err := r.uploader.Upload(ctx, to, client.Upload{Filename: info.Filename, Content: bytes.NewReader(data), Size: int64(len(data))})
	return uploaded{info, time.Since(begun), used() - before}, err
}

// compareUploads uploads into the large and the small channel by turns. The background builds of the index are not waited
// for: their cost is told by repodataFollows.
func (r *indexRun) compareUploads(ctx context.Context, n int) error {
	took := map[string][]float64{}
	for range 2 * n {
		for _, c := range []string{largesite.Forge, smallChannel} {
			u, err := r.upload(ctx, c, "")
			if err != nil {
				return err
			}
			took[c] = append(took[c], u.took.Seconds())
		}
	}
	large, small := middle(took[largesite.Forge]), middle(took[smallChannel])
	r.table.add(row{
		What: fmt.Sprintf("one upload at 1,000,000 records, of one at %d", smallRecords), Target: atMost(2, ""), Rounds: only(large / small),
		Numbers: number(1000*large, "ms") + " and " + number(1000*small, "ms"),
	})
	return nil
}

// shardsFollow measures from the beginning of an upload until the shard index that is served names its shard.
func (r *indexRun) shardsFollow(ctx context.Context, n int) error {
	var took []float64
	for range n {
		begun := time.Now()
		u, err := r.upload(ctx, largesite.Forge, "")
		if err != nil {
			return err
		}
		_, body, err := r.get(ctx, "/"+largesite.Forge+"/noarch/repodata_shards.msgpack.zst")
		if err != nil {
			return err
		}
		seen := time.Since(begun)
		if err := r.inShard(ctx, body, u.info); err != nil {
			return err
		}
		took = append(took, seen.Seconds())
	}
	slices.Sort(took)
	r.table.add(row{
		What: "upload to shard index at 1,000,000 records, p95", Target: atMost(0.3, "s"), Rounds: only(percentile(took, 0.95)),
		Numbers: fmt.Sprintf("of %d; median %s", n, number(percentile(took, 0.5), "s")),
	})
	return nil
}

// inShard looks the package up in its shard, as a client would.
func (r *indexRun) inShard(ctx context.Context, index []byte, info random.Info) error {
	x, err := repodata.DecodeShardIndex(index)
	if err != nil {
		return err
	}
	h := x.Shards[info.Name]
	_, body, err := r.get(ctx, "/"+largesite.Forge+"/noarch/shards/"+hex.EncodeToString(h[:])+".msgpack.zst")
	if err != nil {
		return err
	}
	dec, err := zstd.NewReader(bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer dec.Close()
	plain, err := io.ReadAll(dec)
	if err == nil && !bytes.Contains(plain, []byte(info.Filename)) {
		err = fmt.Errorf("the shard of %s does not name %s", info.Name, info.Filename)
	}
	return err
}

// repodataFollows measures until repodata.json.zst names an upload, into the smallest and into the largest subdir.
func (r *indexRun) repodataFollows(ctx context.Context) error {
	out := row{What: "upload to repodata.json.zst there, p95", Target: atMost(10, "s")}
	for range 3 {
		begun, before := time.Now(), used()
		u, err := r.upload(ctx, largesite.Forge, "")
		if err != nil {
			return err
		}
		var size int
		var tag string
		for {
			status, body, now, err := r.getUnless(ctx, "/"+largesite.Forge+"/"+channel.Noarch+"/repodata.json.zst", tag)
			if err != nil {
				return err
			}
			if tag = now; status == http.StatusNotModified {
				time.Sleep(20 * time.Millisecond)
				continue
			}
			size = len(body)
			found, err := holds(body, u.info.Filename)
			if err != nil {
				return err
			}
			if found {
				break
			}
		}
		seen := time.Since(begun).Seconds()
		out.Rounds[embedded] = append(out.Rounds[embedded], seen)
		fmt.Fprintf(os.Stderr, "from upload to repodata.json.zst of noarch (%d bytes): %.2f s, processor time %.2f s, reading it included\n", size, seen, (used() - before).Seconds())
	}
	// Of so few the latest stands for the p95.
	slices.Sort(out.Rounds[embedded])
	out.Numbers = "the latest of " + strconv.Itoa(len(out.Rounds[embedded])) + "; median " + number(middle(out.Rounds[embedded]), "s")
	out.Rounds = only(percentile(out.Rounds[embedded], 0.95))
	r.table.add(out)
	return nil
}

// holds looks for a text in a compressed file.
func holds(packed []byte, text string) (bool, error) {
	dec, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		return false, err
	}
	defer dec.Close()
	want := []byte(text)
	buf := make([]byte, 1<<20)
	kept := 0
	for {
		n, err := dec.Read(buf[kept:])
		if bytes.Contains(buf[:kept+n], want) {
			return true, nil
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		tail := min(kept+n, len(want)-1)
		copy(buf, buf[kept+n-tail:kept+n])
		kept = tail
	}
}

// resident is the memory of this process in megabytes: the most so far, and now.
func resident() (peak, now int, err error) {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(line, ":")
		kb, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		switch name {
		case "VmHWM":
			peak, err = strconv.Atoi(kb)
		case "VmRSS":
			now, err = strconv.Atoi(kb)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return peak / 1024, now / 1024, nil
}
