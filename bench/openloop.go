package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// openWorkers is how many requests of an open loop can be under way at once.
const openWorkers = 64

// sender sends one request and gives the status of its answer, 0 where none came in time.
type sender func() (int, error)

// loop is what came of requests at a constant rate.
type loop struct {
	length   time.Duration
	took     []time.Duration
	statuses map[int]int
}

func (l loop) rate() float64 { return float64(l.statuses[http.StatusOK]) / l.length.Seconds() }

func (l loop) p99() time.Duration { return percentile(l.took, 0.99) }

// String writes how many answers of each status came, and how late.
func (l loop) String() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%6d requests in %v: median %v, p99 %v;", len(l.took), l.length.Round(time.Millisecond),
		percentile(l.took, 0.5).Round(time.Microsecond), l.p99().Round(time.Microsecond))
	for _, status := range slices.Sorted(maps.Keys(l.statuses)) {
		fmt.Fprintf(&b, " %d: %d", status, l.statuses[status])
	}
	return b.String()
}

// openLoop sends requests at a constant rate, whether or not the ones before are answered, and measures each from the time
// at which it was due: what waits for a slow answer is late too. Each sender has one request under way at most.
func openLoop(rate float64, length time.Duration, senders []sender) (loop, error) {
	total := int64(rate * length.Seconds())
	parts := make([]loop, len(senders))
	errs := make([]error, len(senders))
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for w, send := range senders {
		wg.Go(func() {
			p := &parts[w]
			p.statuses = map[int]int{}
			for errs[w] == nil {
				i := next.Add(1) - 1
				if i >= total {
					return
				}
				due := start.Add(time.Duration(float64(i) * float64(time.Second) / rate))
				time.Sleep(time.Until(due))
				var status int
				status, errs[w] = send()
				p.took = append(p.took, time.Since(due))
				p.statuses[status]++
			}
		})
	}
	wg.Wait()
	out := loop{length: time.Since(start), statuses: map[int]int{}}
	for _, p := range parts {
		out.took = append(out.took, p.took...)
		for status, n := range p.statuses {
			out.statuses[status] += n
		}
	}
	slices.Sort(out.took)
	return out, errors.Join(errs...)
}

// closedLoop gives how many requests a second the senders reach, each sending the next when the last was answered.
func closedLoop(length time.Duration, senders []sender) (float64, error) {
	end := time.Now().Add(length)
	var n atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, len(senders))
	for w, send := range senders {
		wg.Go(func() {
			for time.Now().Before(end) && errs[w] == nil {
				var status int
				if status, errs[w] = send(); errs[w] == nil && status != http.StatusOK {
					errs[w] = fmt.Errorf("a good client was answered %d", status)
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / length.Seconds(), errors.Join(errs...)
}

// sendersTo makes senders with connections of their own from an address, which take turns with the requests.
func sendersTo(ctx context.Context, url, from string, n int, requests ...[]byte) (senders []sender, closeAll func() error) {
	var next atomic.Int64
	connections := make([]*connection, n)
	for i := range connections {
		c := connect(ctx, url, from)
		connections[i] = c
		senders = append(senders, func() (int, error) { return c.send(requests[int(next.Add(1))%len(requests)]) })
	}
	return senders, func() error {
		var errs []error
		for _, c := range connections {
			errs = append(errs, c.close())
		}
		return errors.Join(errs...)
	}
}

// calmPart is the part of its own maximum at which a server's answers are timed.
const calmPart = 0.4

// tails measures how late the latest answers are when there is no hurry: p99 at 40% of each site's maximum, and nginx's at
// the rate of the first site.
func (b *bench) tails(ctx context.Context) error {
	r := row{What: "its p99 at 40% of its own maximum, open loop", Target: atMost(5, "ms")}
	var theirs []float64
	for range b.rounds {
		p99, err := b.tail(ctx, b.nginx.url, calmPart*b.sites[0].most)
		if err != nil {
			return err
		}
		theirs = append(theirs, p99)
		for i, s := range b.sites {
			if p99, err = b.tail(ctx, s.url, calmPart*s.most, "X-Auth: "+s.token); err != nil {
				return err
			}
			r.Rounds[i] = append(r.Rounds[i], p99)
		}
	}
	r.Numbers = "nginx at the rate of SQLite " + number(middle(theirs), "ms")
	for i, s := range b.sites {
		r.Numbers += ", " + columnName(i) + " at " + perSecond(calmPart*s.most)
	}
	b.table.add(r)
	return nil
}

// tail gives the p99 of downloads of the small package at a rate, in milliseconds.
func (b *bench) tail(ctx context.Context, url string, rate float64, headers ...string) (p99 float64, rerr error) {
	senders, closeAll := sendersTo(ctx, url, "", openWorkers, written(http.MethodGet, url+b.small, nil, headers...))
	defer func() { rerr = errors.Join(rerr, closeAll()) }()
	// The connections are opened before it counts.
	if _, err := openLoop(rate, min(b.duration, time.Second)/4, senders); err != nil {
		return 0, err
	}
	l, err := openLoop(rate, b.duration, senders)
	if err == nil && l.statuses[http.StatusOK] != len(l.took) {
		err = fmt.Errorf("errors under load: %s", l)
	}
	return l.p99().Seconds() * 1000, err
}
