package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// load is what wrk measured.
type load struct {
	requests, bytes float64 // per second
	cpuPerGB        float64
	cpuPerRequest   float64 // in microseconds
}

var (
	requestsLine = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)          //nolint:gochecknoglobals // A constant, but for the language.
	bytesLine    = regexp.MustCompile(`Transfer/sec:\s+([0-9.]+)([KMG]?B)`) //nolint:gochecknoglobals // As above.
	errorsLine   = regexp.MustCompile(`(?m)^\s*(Socket errors|Non-2xx).*$`) //nolint:gochecknoglobals // As above.
)

// ask is a request that wrk sends again and again.
type ask struct {
	url     string
	pid     int
	headers []string
}

// wrk runs wrk with so many threads and connections.
func (b *bench) wrk(ctx context.Context, a ask, threads, connections int) (l load, err error) {
	args := []string{"-t" + strconv.Itoa(threads), "-c" + strconv.Itoa(connections), "-d" + strconv.Itoa(max(1, int(b.duration.Seconds()))) + "s"}
	for _, h := range a.headers {
		args = append(args, "-H", h)
	}
	var out []byte
	used, err := cpuOf(a.pid, func() (err error) {
		if out, err = exec.CommandContext(ctx, "wrk", append(args, a.url)...).CombinedOutput(); err != nil {
			err = fmt.Errorf("wrk: %w\n%s", err, out)
		}
		return err
	})
	if err != nil {
		return load{}, err
	}
	if l, err = readWrk(out); err != nil {
		return load{}, fmt.Errorf("%s: %w", a.url, err)
	}
	seconds := max(1, b.duration.Truncate(1e9).Seconds())
	l.cpuPerGB, l.cpuPerRequest = used/(l.bytes*seconds/1e9), 1e6*used/(l.requests*seconds)
	return l, nil
}

// readWrk reads what wrk printed.
func readWrk(out []byte) (l load, err error) {
	if e := errorsLine.Find(out); e != nil {
		return load{}, fmt.Errorf("errors under load: %s", strings.TrimSpace(string(e)))
	}
	m, t := requestsLine.FindSubmatch(out), bytesLine.FindSubmatch(out)
	if m == nil || t == nil {
		return load{}, fmt.Errorf("wrk said something new:\n%s", out)
	}
	if l.requests, err = strconv.ParseFloat(string(m[1]), 64); err != nil {
		return load{}, err
	}
	if l.bytes, err = strconv.ParseFloat(string(t[1]), 64); err != nil {
		return load{}, err
	}
	l.bytes *= map[string]float64{"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}[string(t[2])]
	return l, nil
}

// compared is what all rounds measured of nginx and of each site.
type compared struct {
	nginx []load
	sites [columns][]load
	// beside is what nginx does beside each site, where that is not the same for all.
	beside [columns][]load
}

// compare runs interleaved rounds on nginx and on all sites.
func (b *bench) compare(ctx context.Context, connections int, theirs ask, ours []ask) (c compared, err error) {
	for range b.rounds {
		n, err := b.wrk(ctx, theirs, 2, connections)
		if err != nil {
			return c, err
		}
		c.nginx = append(c.nginx, n)
		for i, a := range ours {
			k, err := b.wrk(ctx, a, 2, connections)
			if err != nil {
				return c, err
			}
			c.sites[i] = append(c.sites[i], k)
		}
	}
	return c, nil
}

// compareEach is compare where nginx is asked for something else beside each site.
func (b *bench) compareEach(ctx context.Context, connections int, theirs, ours []ask) (c compared, err error) {
	for range b.rounds {
		for i := range ours {
			n, err := b.wrk(ctx, theirs[i], 2, connections)
			if err != nil {
				return c, err
			}
			k, err := b.wrk(ctx, ours[i], 2, connections)
			if err != nil {
				return c, err
			}
			c.beside[i], c.sites[i] = append(c.beside[i], n), append(c.sites[i], k)
		}
	}
	return c, nil
}

// each gives one number of each round.
func each(loads []load, get func(load) float64) []float64 {
	out := make([]float64, len(loads))
	for i, l := range loads {
		out[i] = get(l)
	}
	return out
}

// row makes a line of the ratios of one number, which is shown in a unit too.
func (c compared) row(what string, t target, get func(load) float64, show func(float64) string) row {
	r := row{What: what, Target: t}
	var numbers []string
	add := func(who string, loads []load) {
		if len(loads) > 0 {
			numbers = append(numbers, who+" "+show(middle(each(loads, get))))
		}
	}
	add("nginx", c.nginx)
	for i, s := range c.sites {
		if len(s) == 0 {
			continue
		}
		nginx := c.nginx
		if len(nginx) == 0 {
			nginx = c.beside[i]
			add("nginx", nginx)
		}
		r.Rounds[i] = ratios(each(s, get), each(nginx, get))
		add(columnName(i), s)
	}
	r.Numbers = strings.Join(numbers, ", ")
	return r
}

func columnName(column int) string {
	if column == embedded {
		return "SQLite"
	}
	return "PostgreSQL"
}
