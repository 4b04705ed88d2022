package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kingsnake/internal/identity"
)

// The flood: so many requests a second with bad tokens and passwords, from one address, while good clients at another one
// download at half of the rate that they reach alone.
const (
	floodRate     = 2000
	floodAddress  = "127.0.0.2"
	goodAddress   = "127.0.0.3"
	goodClients   = 8
	openWorkers   = 64
	measureFor    = 3 * time.Second
	requestLimit  = 10 * time.Second
	maxOpenRate   = 20_000
	floodVariants = 4096
)

// flood compares the good clients' downloads with and without the flood, in interleaved rounds.
func (b *bench) flood(ctx context.Context) error {
	good := from(goodAddress)
	defer good.CloseIdleConnections()
	limit, err := b.closedLoop(ctx, good)
	if err != nil {
		return err
	}
	rate := min(limit/2, maxOpenRate)
	fmt.Printf("\n%d good clients alone: %.0f downloads/s; they go on at %.0f/s\n", goodClients, limit, rate)
	bad, err := b.badRequests()
	if err != nil {
		return err
	}
	var throughput, tail, each []float64
	pid := b.kingsnake.Process.Pid
	for range b.rounds {
		var alone, under, flooded loop
		usedAlone, err := cpuOf(pid, func() (err error) {
			alone, err = b.openLoop(ctx, good, rate, b.duration, b.download)
			return err
		})
		if err != nil {
			return err
		}
		usedUnder, err := cpuOf(pid, func() (err error) {
			under, flooded, err = b.underFlood(ctx, good, rate, bad)
			return err
		})
		if err != nil {
			return err
		}
		one := usedAlone / float64(len(alone.took))
		each = append(each, (usedUnder-one*float64(len(under.took)))/float64(len(flooded.took))/one)
		throughput = append(throughput, under.rate()/alone.rate())
		tail = append(tail, under.p99().Seconds()/alone.p99().Seconds())
		fmt.Printf("  alone %s\n  flood %s\n    bad %s\n    processor time of the server: %.2fs alone, %.2fs in the flood\n", alone, under, flooded, usedAlone, usedUnder)
	}
	row(fmt.Sprintf("downloads under %d bad requests/s, served of those served without", floodRate), throughput, ">= 0.90")
	row("  their p99, of that without", tail, "<= 2.00")
	row("  the server's processor time for a bad request, of a download's", each, "none")
	return nil
}

// cpuOf gives the processor time that a process spends meanwhile, in seconds.
func cpuOf(pid int, do func() error) (float64, error) {
	before, err := cpuSeconds(pid)
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := cpuSeconds(pid)
	return after - before, err
}

// underFlood measures the good clients in the middle of a flood.
func (b *bench) underFlood(ctx context.Context, good *http.Client, rate float64, bad []func(context.Context) (*http.Request, error)) (under, flooded loop, err error) {
	eve := from(floodAddress)
	defer eve.CloseIdleConnections()
	var floodErr error
	var wg sync.WaitGroup
	wg.Go(func() {
		var n atomic.Int64
		flooded, floodErr = b.openLoop(ctx, eve, floodRate, b.duration+time.Second, func(ctx context.Context) (*http.Request, error) {
			return bad[int(n.Add(1))%len(bad)](ctx)
		})
	})
	// In the first round this is also when the hashes are computed that the limiter lets through at once.
	time.Sleep(time.Second / 2)
	under, err = b.openLoop(ctx, good, rate, b.duration, b.download)
	wg.Wait()
	return under, flooded, errors.Join(err, floodErr)
}

// from is a client whose connections come from a loopback address.
func from(address string) *http.Client {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{
		Transport: &http.Transport{DialContext: d.DialContext, MaxIdleConnsPerHost: openWorkers, MaxConnsPerHost: openWorkers, DisableCompression: true},
		Timeout:   requestLimit,
	}
}

// download asks for the small package with a good token.
func (b *bench) download(ctx context.Context) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+b.small, http.NoBody)
	if err == nil {
		r.Header.Set("X-Auth", b.token)
	}
	return r, err
}

// badRequests makes the requests of the flood: unknown tokens in headers and URLs, strings that are none, passwords where
// none are taken, and sign-ins with wrong passwords, of users that there are and that there are not.
func (b *bench) badRequests() ([]func(context.Context) (*http.Request, error), error) {
	keys, err := identity.NewKeys(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	get := func(path, name, value string) func(context.Context) (*http.Request, error) {
		return func(ctx context.Context) (*http.Request, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+path, http.NoBody)
			if err == nil && name != "" {
				r.Header.Set(name, value)
			}
			return r, err
		}
	}
	signIn := func(user, password string) func(context.Context) (*http.Request, error) {
		body := fmt.Sprintf(`{"username": %q, "password": %q}`, user, password)
		return func(ctx context.Context) (*http.Request, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/api/auth/login", strings.NewReader(body))
			if err == nil {
				r.Header.Set("Content-Type", "application/json")
			}
			return r, err
		}
	}
	var out []func(context.Context) (*http.Request, error)
	for n := range floodVariants {
		token := keys.Mint('r').String
		basic := "Basic " + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "user%d:password%d", n, n))
		out = append(out,
			get(b.small, "X-Auth", token), signIn("admin", fmt.Sprint("wrong", n)), get("/t/"+token+b.small, "", ""), get(b.small, "Authorization", basic),
			get("/api/channels/bench", "Authorization", "Bearer "+token), signIn(fmt.Sprint("user", n), "wrong"), get(b.small, "X-Auth", "hunter2"),
		)
	}
	return out, nil
}

// closedLoop gives how many downloads a second the good clients reach, each sending the next when the last has come.
func (b *bench) closedLoop(ctx context.Context, c *http.Client) (float64, error) {
	end := time.Now().Add(measureFor)
	var n atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, goodClients)
	for w := range goodClients {
		wg.Go(func() {
			for time.Now().Before(end) && errs[w] == nil {
				var status int
				if status, errs[w] = send(ctx, c, b.download); errs[w] == nil && status != http.StatusOK {
					errs[w] = fmt.Errorf("a good client was answered %d", status)
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / measureFor.Seconds(), errors.Join(errs...)
}

// loop is what came of requests at a constant rate.
type loop struct {
	length   time.Duration
	took     []time.Duration
	statuses map[int]int
}

func (l loop) rate() float64 { return float64(l.statuses[http.StatusOK]) / l.length.Seconds() }

func (l loop) p99() time.Duration { return l.took[len(l.took)*99/100] }

// String writes how many answers of each status came, and how late.
func (l loop) String() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%6d requests in %v: median %v, p99 %v;", len(l.took), l.length.Round(time.Millisecond), l.took[len(l.took)/2].Round(time.Microsecond), l.p99().Round(time.Microsecond))
	for _, status := range slices.Sorted(maps.Keys(l.statuses)) {
		fmt.Fprintf(&b, " %d: %d", status, l.statuses[status])
	}
	return b.String()
}

// openLoop sends requests at a constant rate, whether or not the ones before are answered, and measures each from the time
// at which it was due: what waits for a slow answer is late too.
func (b *bench) openLoop(ctx context.Context, c *http.Client, rate float64, length time.Duration, request func(context.Context) (*http.Request, error)) (loop, error) {
	total := int64(rate * length.Seconds())
	type part struct {
		took     []time.Duration
		statuses map[int]int
		err      error
	}
	parts := make([]part, openWorkers)
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for w := range parts {
		wg.Go(func() {
			p := &parts[w]
			p.statuses = map[int]int{}
			for {
				i := next.Add(1) - 1
				if i >= total || p.err != nil {
					return
				}
				due := start.Add(time.Duration(float64(i) / rate * float64(time.Second)))
				time.Sleep(time.Until(due))
				var status int
				status, p.err = send(ctx, c, request)
				p.took = append(p.took, time.Since(due))
				p.statuses[status]++
			}
		})
	}
	wg.Wait()
	out := loop{length: time.Since(start), statuses: map[int]int{}}
	var errs []error
	for _, p := range parts {
		out.took = append(out.took, p.took...)
		for status, n := range p.statuses {
			out.statuses[status] += n
		}
		errs = append(errs, p.err)
	}
	slices.Sort(out.took)
	return out, errors.Join(errs...)
}

// send sends a request, reads the answer whole, and gives its status.
func send(ctx context.Context, c *http.Client, request func(context.Context) (*http.Request, error)) (int, error) {
	r, err := request(ctx)
	if err != nil {
		return 0, err
	}
	resp, err := c.Do(r)
	if os.IsTimeout(err) {
		// A sign-in that waits for its turn; the row shows it as status 0.
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, errors.Join(err, resp.Body.Close())
}
