package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/pgtest"
	"kingsnake/internal/s3test"
)

const (
	// envChaos is how long the chaos lasts, envChaosSeed what its course follows from.
	envChaos     = "KINGSNAKE_TEST_CHAOS"
	envChaosSeed = "KINGSNAKE_TEST_CHAOS_SEED"
	// settled is how long after the end of an outage its traces may still be felt.
	settled = 10 * time.Second
	// databaseAway is how long PostgreSQL stays away, storageAway how long the S3 server does, unless all is over sooner.
	databaseAway = 3 * time.Second
	storageAway  = 20 * time.Second
)

// TestChaos has three servers of one site under load while one after the other is killed, PostgreSQL crashes, and the S3
// server is away for a while. Clients are told of trouble by 503 with Retry-After alone, or by the end of their connection to
// a server that was killed; and whatever happens, nothing that was acknowledged is lost, no index names what is not there,
// and no token works a second after its end was acknowledged.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	length, seed, strict := time.Minute, uint64(1), false
	if given := os.Getenv(envChaos); given != "" {
		var err error
		strict = true
		if length, err = time.ParseDuration(given); err != nil {
			t.Fatal(err)
		}
	}
	if given := os.Getenv(envChaosSeed); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	pgtest.Require(t)
	c := newChaos(t, seed)
	c.away = min(storageAway, length/10)
	c.strict = strict
	c.load(seed)
	c.unleash(t, script(seed, length))
	close(c.over)
	c.workers.Wait()
	c.judge(t)
	t.Logf("seed %d, %s:\n%s", seed, length, c.tally.String())
}

// chaos is the site, and what its clients know of it.
type chaos struct {
	database *pgtest.Server
	storage  *s3test.Server
	away     time.Duration
	nodes    [3]*node
	http     *http.Client
	session  string
	// secret is a file of the private channel, which tokens are tried on.
	secret artifact
	// strict forgives no 503 while PostgreSQL and the S3 server are there. The short run, which has the machine not to itself,
	// forgives some.
	strict bool

	// outages are those of PostgreSQL and the S3 server, kills those of servers.
	outages, kills outages
	ledger         ledger
	tally          tally
	over           chan struct{}
	workers        sync.WaitGroup
}

// chaosCopies bounds the bytes of blobs that a server keeps beside the bucket: so few that copies come and go.
const chaosCopies = 2 << 20

// The channels of the site: two that anybody may read, and one that takes a token.
const (
	chaosVault = "vault"
	chaosOpen  = "open"
	chaosMore  = "more"
)

func newChaos(t *testing.T, seed uint64) *chaos {
	t.Helper()
	c := &chaos{
		database: pgtest.Start(t), storage: s3test.Start(t), over: make(chan struct{}), secret: made(seed, random.Options{NoArch: "generic"}),
		http: &http.Client{Timeout: 3 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 20 * time.Second}},
	}
	c.ledger.files = map[string]*entry{}
	t.Cleanup(c.http.CloseIdleConnections)
	three := launchApart(t, c.database.URL, c.storage.Location)
	for i, p := range three {
		c.nodes[i] = &node{process: p}
	}
	var err error
	admin, session := three[0].login(t)
	c.session = session
	for name, privacy := range map[string]api.Privacy{chaosVault: api.PrivacyPrivate, chaosOpen: api.PrivacyPublic, chaosMore: api.PrivacyPublic} {
		if _, err = admin.CreateChannel(t.Context(), api.ChannelCreate{Name: name, Privacy: privacy}); err != nil {
			t.Fatal(err)
		}
	}
	c.upload(rand.New(rand.NewPCG(seed, 1)), chaosVault, c.secret)
	return c
}

// launchApart starts three servers as on three machines: they share the database, the bucket and the site's key.
func launchApart(t *testing.T, database, blobs string) trio {
	t.Helper()
	env := []string{
		"KINGSNAKE_DATABASE=" + database, "KINGSNAKE_DATABASE_CONNECTIONS=8", "KINGSNAKE_BLOBS=" + blobs, "KINGSNAKE_LOG_LEVEL=error",
		"KINGSNAKE_BLOB_CACHE=" + strconv.Itoa(chaosCopies),
	}
	for name, value := range s3test.Environ() {
		env = append(env, name+"="+value)
	}
	var three trio
	var key []byte
	for i := range three {
		dir := t.TempDir()
		file := filepath.Join(dir, "site.key")
		if i > 0 {
			if err := os.WriteFile(file, key, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		three[i] = launchWith(t, dir, env)
		if i == 0 {
			var err error
			if key, err = os.ReadFile(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	return three
}

// event is a part of the script: something breaks.
type event struct {
	at time.Duration
	// server is the one that is killed, or database for PostgreSQL, or storage for the S3 server.
	server int
}

const (
	database = -1
	storage  = -2
)

func (e event) String() string {
	what := fmt.Sprintf("server %d is killed", e.server)
	switch e.server {
	case database:
		what = "PostgreSQL crashes"
	case storage:
		what = "the S3 server goes away"
	}
	return fmt.Sprintf("%7s %s", e.at.Round(100*time.Millisecond), what)
}

// script is what breaks when: a server every half minute, or more often in a short run, and PostgreSQL and the S3 server once.
func script(seed uint64, length time.Duration) []event {
	rng := rand.New(rand.NewPCG(seed, 2))
	every := min(30*time.Second, length/5)
	events := []event{{length / 2, database}, {length * 3 / 4, storage}}
	for at := every; at < length; at += every {
		events = append(events, event{at + some(rng, every/2), rng.IntN(3)})
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return events
}

// unleash lets happen what is in the script.
func (c *chaos) unleash(t *testing.T, events []event) {
	t.Helper()
	begun := time.Now()
	for _, e := range events {
		time.Sleep(time.Until(begun.Add(e.at)))
		// The one before may have taken longer.
		e.at = time.Since(begun)
		t.Log(e)
		broken := &c.kills
		if e.server < 0 {
			broken = &c.outages
		}
		broken.begin()
		switch e.server {
		case database:
			crash(t, c.database, databaseAway)
		case storage:
			crash(t, c.storage, c.away)
		default:
			c.nodes[e.server].replace(t)
		}
		broken.end()
		c.tally.add("events", e.String())
	}
	time.Sleep(settled)
}

// crash has a server away for a while.
func crash(t *testing.T, server interface {
	Crash() error
	Return(ctx context.Context) error
}, away time.Duration,
) {
	t.Helper()
	if err := server.Crash(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(away)
	if err := server.Return(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// node is one of the servers, which may be away.
type node struct {
	mu      sync.Mutex
	process *process
	// life is even while the server lives, and another number in each of its lives.
	life int
}

// replace kills the server and starts another one in its place.
func (n *node) replace(t *testing.T) {
	t.Helper()
	n.set(n.process)
	n.process.kill(t)
	n.set(launchWith(t, n.process.data, n.process.env))
}

func (n *node) set(p *process) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.process = p
	n.life++
}

// now gives where the server is, and its life.
func (n *node) now() (url string, life int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.process.url, n.life
}

// outages tells when something was broken.
type outages struct {
	mu     sync.Mutex
	parts  int
	ending time.Time
}

func (o *outages) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.parts++
}

func (o *outages) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.parts--
	o.ending = time.Now()
}

// since tells whether anything was broken at any time since then, or shortly before.
func (o *outages) since(then time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.parts > 0 || o.ending.Add(settled).After(then)
}

// judge compares, when all is well again, what the site has with what it acknowledged.
func (c *chaos) judge(t *testing.T) {
	t.Helper()
	want := c.ledger.settled(t)
	for i, n := range c.nodes {
		for channel := range want {
			c.eventually(t, n, channel, want[channel], i == 0)
		}
	}
	for _, n := range c.nodes {
		n.process.stop(t)
	}
	var report struct {
		Sound   bool     `json:"sound"`
		Files   int      `json:"package_files"`
		Bad     int      `json:"bad_index_files"`
		Missing []string `json:"missing"`
		Damaged []string `json:"damaged"`
	}
	c.copies(t)
	unmarshal(t, c.nodes[0].process.tool(t, "verify", "--json"), &report)
	files := 0
	for _, list := range want {
		files += len(list)
	}
	if !report.Sound || report.Bad != 0 || report.Files != files || len(report.Missing)+len(report.Damaged) != 0 {
		t.Errorf("verify = %+v, want %d sound package files", report, files)
	}
	for _, f := range c.tally.failures() {
		t.Error(f)
	}
	forgiven := c.tally.count("calls") / 20
	if c.strict {
		forgiven = 0
	}
	if trouble := c.tally.count(needless503); trouble > forgiven {
		t.Errorf("%d of %d calls were answered 503 while PostgreSQL and the S3 server were there", trouble, c.tally.count("calls"))
	}
	for _, what := range []string{
		"uploads acknowledged", "deletions acknowledged", "downloads", "indexes read", "revoked tokens refused", "tokens used up", excused503,
	} {
		if c.tally.count(what) == 0 {
			t.Errorf("there were no %s: this was no test of them", what)
		}
	}
}

// eventually waits until a server's index of a channel is exactly what it should be, and fetches every file where thorough.
func (c *chaos) eventually(t *testing.T, n *node, channel string, want map[string]string, thorough bool) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 3))
	var listed map[string]string
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		listed = c.index(rng, n, channel)
		if listed != nil && len(differences(listed, want)) == 0 {
			break
		}
		if time.Now().After(deadline) {
			d := differences(listed, want)
			t.Errorf("the index of %s at %s is wrong in %d places, such as %s", channel, n.process.url, len(d), strings.Join(d[:min(len(d), 3)], "; "))
			break
		}
	}
	if !thorough {
		return
	}
	for file, sum := range want {
		if status, body := c.call(n, request{method: http.MethodGet, path: "/" + channel + "/" + file, credential: c.session}); status != http.StatusOK || hash(body) != sum {
			t.Errorf("%s/%s was acknowledged; at the end it is answered %d with %d bytes", channel, file, status, len(body))
		}
	}
}

// differences names what two lists of files do not have in common.
func differences(got, want map[string]string) (all []string) {
	for file, sum := range want {
		if got[file] != sum {
			all = append(all, fmt.Sprintf("%s has hash %q, want %q", file, got[file], sum))
		}
	}
	for file := range got {
		if _, ok := want[file]; !ok {
			all = append(all, file+" should not be there")
		}
	}
	return all
}

// index reads the index of a channel's noarch files: their hashes by their names. It is nil when the server did not answer.
func (c *chaos) index(rng *rand.Rand, n *node, channel string) map[string]string {
	kind := []string{"repodata.json", "repodata.json.zst"}[rng.IntN(2)]
	status, body := c.call(n, request{method: http.MethodGet, path: "/" + channel + "/noarch/" + kind, credential: c.session, expect: []int{http.StatusOK}})
	if status != http.StatusOK {
		return nil
	}
	text, err := unpacked(kind, body)
	var index struct {
		Packages map[string]struct {
			SHA256 string `json:"sha256"`
		} `json:"packages.conda"`
	}
	if err == nil {
		err = json.Unmarshal(text, &index)
	}
	if err != nil {
		c.tally.fail("the index %s of %s is broken: %v", kind, channel, err)
		return nil
	}
	listed := map[string]string{}
	for file, record := range index.Packages {
		listed["noarch/"+file] = record.SHA256
	}
	return listed
}
