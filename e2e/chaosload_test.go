package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"kingsnake/api"
	"kingsnake/conda/random"
)

// entry is what is known of a file.
type entry struct {
	channel, file, name, sum string
	// acknowledged is whether its upload was, leaving that somebody has begun to delete it.
	acknowledged, leaving bool
	// gone is when its deletion was acknowledged, zero before that.
	gone time.Time
}

// ledger is what was acknowledged.
type ledger struct {
	mu    sync.Mutex
	files map[string]*entry
	keys  []string
}

func (l *ledger) begin(channel string, a artifact) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{channel: channel, file: a.ckey(), name: a.Name, sum: hash(a.data)}
	l.files[channel+"/"+e.file] = e
	return e
}

func (l *ledger) acknowledge(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.acknowledged = true
	l.keys = append(l.keys, e.channel+"/"+e.file)
}

// pick gives an acknowledged file that nobody deletes, nil for none; with leave it is to be deleted from now on.
func (l *ledger) pick(rng *rand.Rand, leave bool) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range 10 {
		if len(l.keys) == 0 {
			return nil
		}
		if e := l.files[l.keys[rng.IntN(len(l.keys))]]; !e.leaving && e.channel != chaosVault {
			e.leaving = leave
			return e
		}
	}
	return nil
}

// stays tells whether nobody has begun to delete a file.
func (l *ledger) stays(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.files[key]
	return e != nil && !e.leaving
}

func (l *ledger) left(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.gone = time.Now()
}

// catchUp is how long after a deletion was acknowledged an index may name the file, whatever is broken.
const catchUp = time.Minute

// judge tells what is wrong with an index that was asked for at a time. What it has not is looked at in the end.
func (l *ledger) judge(channel string, listed map[string]string, asked time.Time) (wrong []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for file, sum := range listed {
		switch e := l.files[channel+"/"+file]; {
		case e == nil:
			wrong = append(wrong, file+", which nobody uploaded")
		case e.sum != sum:
			wrong = append(wrong, fmt.Sprintf("%s with the hash %s, which is %s", file, sum, e.sum))
		case !e.gone.IsZero() && asked.Sub(e.gone) > catchUp:
			wrong = append(wrong, fmt.Sprintf("%s, %s after its deletion", file, asked.Sub(e.gone)))
		}
	}
	return wrong
}

// settled gives, when nobody works any more, the hashes of all files that are to be there, by channel and name.
func (l *ledger) settled(t *testing.T) map[string]map[string]string {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[string]map[string]string{chaosVault: {}, chaosOpen: {}, chaosMore: {}}
	for key, e := range l.files {
		if !e.acknowledged || e.leaving && e.gone.IsZero() {
			t.Errorf("%s was never settled: %+v", key, *e)
		}
		if !e.leaving {
			all[e.channel][e.file] = e.sum
		}
	}
	return all
}

// tally counts what happened and collects what must not.
type tally struct {
	mu      sync.Mutex
	counts  map[string]int
	events  []string
	wrong   []string
	dropped int
}

func (t *tally) add(what, detail string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	t.counts[what]++
	if detail != "" {
		t.events = append(t.events, detail)
	}
}

func (t *tally) fail(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.wrong) >= 20 {
		t.dropped++
		return
	}
	t.wrong = append(t.wrong, fmt.Sprintf(format, args...))
}

func (t *tally) failures() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dropped > 0 {
		return append(slices.Clone(t.wrong), fmt.Sprintf("and %d more", t.dropped))
	}
	return t.wrong
}

func (t *tally) count(what string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts[what]
}

// String is the summary.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	for _, e := range t.events {
		fmt.Fprintf(&b, "  %s\n", e)
	}
	for _, what := range slices.Sorted(maps.Keys(t.counts)) {
		fmt.Fprintf(&b, "  %-32s %7d\n", what, t.counts[what])
	}
	fmt.Fprintf(&b, "  %-32s %7d\n", "violations", len(t.wrong)+t.dropped)
	return b.String()
}

// What is counted of answers that the server cannot answer now: while PostgreSQL or the S3 server is away, and otherwise,
// since one server is none the worse for the death of another.
const (
	excused503  = "503 while something is away"
	needless503 = "503 without need"
)

// request is what a client asks for. Other answers than those expected, where there are any, are a failure.
type request struct {
	method, path, credential string
	body                     []byte
	expect                   []int
}

// call sends a request to a server once. The status is 0 where the answer was lost, and 503 where the server says that it
// cannot answer now; each is noted, and whatever else is no proper answer.
func (c *chaos) call(n *node, r request) (status int, body []byte) {
	url, life := n.now()
	if life%2 != 0 {
		time.Sleep(20 * time.Millisecond)
		return 0, nil
	}
	begun := time.Now()
	c.tally.add("calls", "")
	status, header, body, err := c.once(url, r)
	if err != nil {
		switch _, now := n.now(); {
		case now != life:
			c.tally.add("connections cut by a kill", "")
		case status == http.StatusOK && c.outages.since(begun):
			// Who has begun to send a file cannot say otherwise that it cannot be read on.
			c.tally.add("files broken off", "")
		default:
			c.tally.fail("%s %s: no answer from a server that lives: %v", r.method, r.path, err)
		}
		return 0, nil
	}
	if status == http.StatusServiceUnavailable {
		if _, err := strconv.Atoi(header.Get("Retry-After")); err != nil {
			c.tally.fail("%s %s: 503 with Retry-After %q: %.200s", r.method, r.path, header.Get("Retry-After"), body)
		}
		if c.outages.since(begun) {
			c.tally.add(excused503, "")
		} else {
			c.tally.add(needless503, fmt.Sprintf("%s %s: 503, while a server is away: %t: %.200s", r.method, r.path, c.kills.since(begun), body))
		}
		return status, nil
	}
	if status >= http.StatusInternalServerError {
		c.internal(n, r, status, header.Get("X-Request-Id"))
		return http.StatusServiceUnavailable, nil
	}
	if len(r.expect) > 0 && !slices.Contains(r.expect, status) {
		c.tally.fail("%s %s: %d, want one of %v: %.200s", r.method, r.path, status, r.expect, body)
	}
	return status, body
}

// internal notes an error that the server did not expect, with what its log says of it.
func (c *chaos) internal(n *node, r request, status int, id string) {
	c.tally.add(strconv.Itoa(status)+" in place of 503", "")
	var says []string
	n.mu.Lock()
	for line := range strings.Lines(n.process.errout.String()) {
		if id != "" && strings.Contains(line, id) {
			says = append(says, line)
		}
	}
	n.mu.Unlock()
	c.tally.fail("%s %s: %d: %.1000s", r.method, r.path, status, strings.Join(says, ""))
}

func (c *chaos) once(url string, r request) (int, http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(context.Background(), r.method, url+r.path, bytes.NewReader(r.body))
	if err != nil {
		return 0, nil, nil, err
	}
	if r.credential != "" {
		req.Header.Set("X-Auth", r.credential)
	}
	if r.body != nil && strings.HasPrefix(r.path, "/api/") {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, body, errors.Join(err, resp.Body.Close())
}

// until repeats a request, each time to any server, until one answers it. It gives up after minutes, when that is a failure.
func (c *chaos) until(rng *rand.Rand, r request) (status int, body []byte) {
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50*time.Millisecond + some(rng, 100*time.Millisecond)) {
		status, body = c.call(c.nodes[rng.IntN(3)], r)
		if status != 0 && status != http.StatusServiceUnavailable {
			return status, body
		}
		if time.Now().After(deadline) {
			c.tally.fail("%s %s: never answered", r.method, r.path)
			return 0, nil
		}
	}
}

// load starts the clients.
func (c *chaos) load(seed uint64) {
	for id, client := range []func(*rand.Rand){
		c.uploader, c.uploader, c.uploader, c.remover, c.downloader, c.downloader, c.downloader, c.reader, c.minter, c.minter, c.meter,
	} {
		rng := rand.New(rand.NewPCG(seed, 100+uint64(id)))
		c.workers.Go(func() {
			for {
				select {
				case <-c.over:
					return
				case <-time.After(some(rng, 100*time.Millisecond)):
				}
				client(rng)
			}
		})
	}
}

// uploader uploads a file. Of one in four, servers keep a copy beside the bucket.
func (c *chaos) uploader(rng *rand.Rand) {
	payload := 300
	if rng.IntN(4) == 0 {
		payload = 100_000
	}
	data, info := random.Package(rng, random.Options{Name: fmt.Sprintf("p%x", rng.Uint64()), NoArch: "generic", Payload: payload})
	c.upload(rng, []string{chaosOpen, chaosMore}[rng.IntN(2)], artifact{info, data})
}

// upload sends a file until it is acknowledged. One that was stored although its answer was lost is acknowledged as the same.
func (c *chaos) upload(rng *rand.Rand, channel string, a artifact) {
	e := c.ledger.begin(channel, a)
	status, _ := c.until(rng, request{
		method: http.MethodPut, path: "/" + channel + "/" + a.ckey(), credential: c.session, body: a.data, expect: []int{http.StatusOK, http.StatusCreated},
	})
	if status == http.StatusOK || status == http.StatusCreated {
		c.ledger.acknowledge(e)
		c.tally.add("uploads acknowledged", "")
	}
}

// remover deletes a file now and then.
func (c *chaos) remover(rng *rand.Rand) {
	e := c.ledger.pick(rng, true)
	if e == nil {
		return
	}
	status, _ := c.until(rng, request{
		method: http.MethodDelete, path: "/api/channels/" + e.channel + "/artifacts/conda/" + e.name + "/files/" + e.file, credential: c.session,
		// It is not there where an answer before was lost.
		expect: []int{http.StatusNoContent, http.StatusOK, http.StatusNotFound},
	})
	if status != 0 {
		c.ledger.left(e)
		c.tally.add("deletions acknowledged", "")
	}
	time.Sleep(some(rng, time.Second))
}

func (c *chaos) downloader(rng *rand.Rand) {
	e := c.ledger.pick(rng, false)
	if e == nil {
		return
	}
	status, body := c.call(c.nodes[rng.IntN(3)], request{method: http.MethodGet, path: "/" + e.channel + "/" + e.file})
	switch {
	case status == 0 || status == http.StatusServiceUnavailable:
	case status == http.StatusOK && hash(body) == e.sum:
		c.tally.add("downloads", "")
	case c.ledger.stays(e.channel + "/" + e.file):
		c.tally.fail("GET %s/%s, which was acknowledged: %d with %d bytes: %.100s", e.channel, e.file, status, len(body), body)
	}
}

// reader fetches what an index names.
func (c *chaos) reader(rng *rand.Rand) {
	channel := []string{chaosOpen, chaosMore}[rng.IntN(2)]
	asked := time.Now()
	listed := c.index(rng, c.nodes[rng.IntN(3)], channel)
	if listed == nil {
		return
	}
	c.tally.add("indexes read", "")
	for _, wrong := range c.ledger.judge(channel, listed, asked) {
		c.tally.fail("an index of %s names %s", channel, wrong)
	}
	names := slices.Sorted(maps.Keys(listed))
	for range min(3, len(names)) {
		file := names[rng.IntN(len(names))]
		status, body := c.call(c.nodes[rng.IntN(3)], request{method: http.MethodGet, path: "/" + channel + "/" + file})
		if status == 0 || status == http.StatusServiceUnavailable {
			continue
		}
		if (status != http.StatusOK || hash(body) != listed[file]) && c.ledger.stays(channel+"/"+file) {
			c.tally.fail("an index of %s names %s: %d with %d bytes", channel, file, status, len(body))
		}
	}
}

// mint makes a token for the private channel.
func (c *chaos) mint(rng *rand.Rand, uses int64) (token api.TokenCreated, ok bool) {
	in, err := json.Marshal(api.TokenCreate{
		Name: "chaos", Resources: []api.TokenResource{{ResourceType: api.ResourceTypeChannel, ResourceID: chaosVault, Permission: api.LevelRead}},
		Restrictions: &api.TokenRestrictions{MaxUses: uses},
	})
	if err != nil {
		c.tally.fail("%v", err)
		return token, false
	}
	status, body := c.until(rng, request{method: http.MethodPost, path: "/api/account/tokens", credential: c.session, body: in, expect: []int{http.StatusOK, http.StatusCreated}})
	if status != http.StatusOK && status != http.StatusCreated {
		return token, false
	}
	if err := json.Unmarshal(body, &token); err != nil || token.Secret == "" {
		c.tally.fail("a token that is none: %v", err)
		return token, false
	}
	return token, true
}

// try uses a token at a server.
func (c *chaos) try(n *node, secret string) int {
	status, _ := c.call(n, request{method: http.MethodGet, path: "/" + chaosVault + "/" + c.secret.ckey(), credential: secret})
	return status
}

// minter makes a token, uses it everywhere, revokes it, and a second later it works nowhere.
func (c *chaos) minter(rng *rand.Rand) {
	token, ok := c.mint(rng, 0)
	if !ok {
		return
	}
	for _, n := range c.nodes {
		if got := c.try(n, token.Secret); got != 0 && got != http.StatusServiceUnavailable && got != http.StatusOK {
			c.tally.fail("a new token is answered %d", got)
		}
	}
	// It is not there where an answer before was lost.
	if status, _ := c.until(rng, request{
		method: http.MethodDelete, path: "/api/account/tokens/" + token.ID, credential: c.session, expect: []int{http.StatusNoContent, http.StatusOK, http.StatusNotFound},
	}); status == 0 {
		return
	}
	answered := time.Now()
	c.tally.add("tokens revoked", "")
	time.Sleep(time.Second)
	for range 3 {
		for _, n := range c.nodes {
			asked := time.Since(answered)
			switch got := c.try(n, token.Secret); got {
			case 0, http.StatusServiceUnavailable:
			case http.StatusUnauthorized:
				c.tally.add("revoked tokens refused", "")
			default:
				c.tally.fail("a revoked token that is used %s after the answer is answered %d", asked, got)
			}
		}
		time.Sleep(some(rng, 500*time.Millisecond))
	}
}

// meter uses up a token that is good for some uses: an answer that is lost may cost a use, and none is ever had for nothing.
func (c *chaos) meter(rng *rand.Rand) {
	const uses = 7
	token, ok := c.mint(rng, uses)
	if !ok {
		return
	}
	served, lost := 0, 0
	for tries := 0; tries < uses+3; {
		switch got := c.try(c.nodes[rng.IntN(3)], token.Secret); got {
		case 0, http.StatusServiceUnavailable:
			// It was refused without a use, or its answer was lost with one.
			lost++
			if lost > 100 {
				return
			}
			time.Sleep(100 * time.Millisecond)
		case http.StatusOK:
			served++
			tries++
		case http.StatusForbidden:
			tries++
		default:
			c.tally.fail("a token that is used up is answered %d", got)
			return
		}
	}
	if served > uses || served+lost < uses {
		c.tally.fail("a token good for %d uses was served %d times, and %d answers were lost", uses, served, lost)
	}
	c.tally.add("tokens used up", "")
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// unpacked is a file without its compression, if its name tells of one.
func unpacked(name string, data []byte) ([]byte, error) {
	if !strings.HasSuffix(name, ".zst") {
		return data, nil
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(data, nil)
}

// some is part of a while.
func some(rng *rand.Rand, while time.Duration) time.Duration {
	return time.Duration(rng.Int64N(int64(while)))
}
