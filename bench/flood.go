package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
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
	measureFor    = 3 * time.Second
	maxOpenRate   = 20_000
	floodVariants = 4096
)

// flooding is what rounds with and without the flood gave: how late the good clients' latest answers were, in ms. The control is
// that while nginx has the flood: what the load takes of a machine that it shares with the servers.
type flooding struct{ alone, under, control, throughput, each []float64 }

// overAlone are numbers in parts of the median of rounds without the flood. Single rounds differ so much that dividing each by its
// neighbour would say more of both than of the flood.
func (f flooding) overAlone(numbers []float64) []float64 {
	out := make([]float64, len(numbers))
	for i, n := range numbers {
		out[i] = n / middle(f.alone)
	}
	return out
}

// flood compares the good clients' downloads with and without the flood, in interleaved rounds on each site.
func (b *bench) flood(ctx context.Context) error {
	throughput := row{What: fmt.Sprintf("downloads under %d bad requests/s, of those without", floodRate), Target: atLeast(0.9, "")}
	tail := row{What: "their p99, of that without", Target: atMost(2, "")}
	control := row{What: "their p99 while nginx gets the bad requests instead, of that without"}
	each := row{What: "processor time for a bad request, of a download's"}
	for i, s := range b.sites {
		f, rate, err := b.floodSite(ctx, s)
		if err != nil {
			return err
		}
		throughput.Rounds[i], tail.Rounds[i], control.Rounds[i], each.Rounds[i] = f.throughput, f.overAlone(f.under), f.overAlone(f.control), f.each
		throughput.Numbers += columnName(i) + " at " + perSecond(rate) + " "
		tail.Numbers += fmt.Sprintf("%s %s and %s ", columnName(i), number(middle(f.under), "ms"), number(middle(f.alone), "ms"))
	}
	b.table.add(throughput)
	b.table.add(tail)
	if b.nginx.url != "" {
		b.table.add(control)
	}
	b.table.add(each)
	return nil
}

// floodSite does it at one site, and gives the rate of the good clients too.
func (b *bench) floodSite(ctx context.Context, s *site) (f flooding, rate float64, rerr error) {
	good, closeGood := sendersTo(ctx, s.url, goodAddress, openWorkers, written(http.MethodGet, s.url+b.small, nil, "X-Auth: "+s.token))
	defer func() { rerr = errors.Join(rerr, closeGood()) }()
	limit, err := closedLoop(min(measureFor, b.duration), good[:goodClients])
	if err != nil {
		return f, 0, err
	}
	rate = min(limit/2, maxOpenRate)
	bad, err := badRequests(s.url, b.small)
	if err != nil {
		return f, 0, err
	}
	fmt.Fprintf(os.Stderr, "%d good clients alone: %.0f downloads/s; they go on at %.0f/s\n", goodClients, limit, rate)
	// A p99 is decided by few moments of a round, so there are about twice as many as of other comparisons.
	for range 2*b.rounds - 1 {
		if err := b.floodRound(ctx, s, good, rate, bad, &f); err != nil {
			return f, 0, err
		}
	}
	return f, rate, nil
}

// floodRound adds a round: without the flood, with it, and while nginx has it.
func (b *bench) floodRound(ctx context.Context, s *site, good []sender, rate float64, bad [][]byte, f *flooding) error {
	var alone, under, flooded loop
	usedAlone, err := cpuOf(s.pid(), func() (err error) {
		alone, err = openLoop(rate, b.duration, good)
		return err
	})
	if err != nil {
		return err
	}
	usedUnder, err := cpuOf(s.pid(), func() (err error) {
		under, flooded, err = b.underFlood(ctx, s.url, good, rate, bad)
		return err
	})
	if err != nil {
		return err
	}
	if b.nginx.url != "" {
		beside, _, err := b.underFlood(ctx, b.nginx.url, good, rate, bad)
		if err != nil {
			return err
		}
		f.control = append(f.control, beside.p99().Seconds()*1000)
	}
	one := usedAlone / float64(len(alone.took))
	f.each = append(f.each, (usedUnder-one*float64(len(under.took)))/float64(len(flooded.took))/one)
	f.throughput = append(f.throughput, under.rate()/alone.rate())
	f.alone, f.under = append(f.alone, alone.p99().Seconds()*1000), append(f.under, under.p99().Seconds()*1000)
	fmt.Fprintf(os.Stderr, "  alone %s\n  flood %s\n    bad %s\n    processor time of the server: %.2fs alone, %.2fs in the flood\n", alone, under, flooded, usedAlone, usedUnder)
	return nil
}

// underFlood measures the good clients in the middle of a flood, which url gets.
func (b *bench) underFlood(ctx context.Context, url string, good []sender, rate float64, bad [][]byte) (under, flooded loop, err error) {
	eve, closeEve := sendersTo(ctx, url, floodAddress, openWorkers, bad...)
	var floodErr error
	var wg sync.WaitGroup
	wg.Go(func() { flooded, floodErr = openLoop(floodRate, b.duration+time.Second, eve) })
	// In the first round this is also when the hashes are computed that the limiter lets through at once.
	time.Sleep(time.Second / 2)
	under, err = openLoop(rate, b.duration, good)
	wg.Wait()
	return under, flooded, errors.Join(err, floodErr, closeEve())
}

// badRequests makes the requests of the flood: unknown tokens in headers and URLs, strings that are none, passwords where
// none are taken, and sign-ins with wrong passwords, of users that there are and that there are not.
func badRequests(url, file string) ([][]byte, error) {
	keys, err := identity.NewKeys(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	get := func(path string, headers ...string) []byte { return written(http.MethodGet, url+path, nil, headers...) }
	signIn := func(user, password string) []byte {
		return written(http.MethodPost, url+"/api/auth/login", fmt.Appendf(nil, `{"username": %q, "password": %q}`, user, password), "Content-Type: application/json")
	}
	var out [][]byte
	for n := range floodVariants {
		token := keys.Mint('r').String
		basic := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "user%d:password%d", n, n))
		out = append(out,
			get(file, "X-Auth: "+token), signIn("admin", fmt.Sprint("wrong", n)), get("/t/"+token+file), get(file, "Authorization: Basic "+basic),
			get("/api/channels/"+packages, "Authorization: Bearer "+token), signIn(fmt.Sprint("user", n), "wrong"), get(file, "X-Auth: hunter2"),
		)
	}
	return out, nil
}
