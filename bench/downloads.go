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
	errors          string
}

var (
	requestsLine = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	bytesLine    = regexp.MustCompile(`Transfer/sec:\s+([0-9.]+)([KMG]?B)`)
	errorsLine   = regexp.MustCompile(`(?m)^\s*(Socket errors|Non-2xx).*$`)
)

// wrk runs wrk against one of the servers.
func (b *bench) wrk(ctx context.Context, url string, pid, connections int, header string) (load, error) {
	before, err := cpuSeconds(pid)
	if err != nil {
		return load{}, err
	}
	args := []string{"-t2", "-c" + strconv.Itoa(connections), "-d" + strconv.Itoa(int(b.duration.Seconds())) + "s"}
	if header != "" {
		args = append(args, "-H", header)
	}
	out, err := exec.CommandContext(ctx, "wrk", append(args, url)...).CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	after, err := cpuSeconds(pid)
	if err != nil {
		return load{}, err
	}
	l := load{errors: strings.TrimSpace(errorsLine.FindString(string(out)))}
	m, t := requestsLine.FindSubmatch(out), bytesLine.FindSubmatch(out)
	if m == nil || t == nil {
		return load{}, fmt.Errorf("wrk said something new:\n%s", out)
	}
	l.requests, _ = strconv.ParseFloat(string(m[1]), 64)
	l.bytes, _ = strconv.ParseFloat(string(t[1]), 64)
	l.bytes *= map[string]float64{"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}[string(t[2])]
	l.cpuPerGB = (after - before) / (l.bytes * b.duration.Seconds() / 1e9)
	return l, nil
}

// compare runs interleaved rounds on both servers.
func (b *bench) compare(ctx context.Context, path string, connections int, each func(nginx, ours load)) error {
	for range b.rounds {
		n, err := b.wrk(ctx, b.nginxURL+path, b.nginx.Process.Pid, connections, "")
		if err != nil {
			return err
		}
		k, err := b.wrk(ctx, b.url+path, b.kingsnake.Process.Pid, connections, "X-Auth: "+b.token)
		if err != nil {
			return err
		}
		if n.errors+k.errors != "" {
			return fmt.Errorf("errors under load: nginx %q, kingsnake %q", n.errors, k.errors)
		}
		each(n, k)
	}
	return nil
}

func (b *bench) smallDownloads(ctx context.Context) error {
	for _, c := range []struct {
		connections int
		target      string
	}{{16, ">= 0.40"}, {64, ">= 0.50"}} {
		var ratios, nginx, ours []float64
		err := b.compare(ctx, b.small, c.connections, func(n, k load) {
			ratios, nginx, ours = append(ratios, k.requests/n.requests), append(nginx, n.requests), append(ours, k.requests)
		})
		if err != nil {
			return err
		}
		row(fmt.Sprintf("GET 4 kB package with a token, c=%d, requests/s of nginx", c.connections), ratios, c.target)
		n, _ := median(nginx)
		k, _ := median(ours)
		fmt.Printf("  requests/s: nginx %.0f, kingsnake %.0f\n", n, k)
	}
	return nil
}

func (b *bench) largeDownloads(ctx context.Context) error {
	var ratios, cpu []float64
	var last [2]load
	err := b.compare(ctx, b.big, 4, func(n, k load) {
		ratios, cpu, last = append(ratios, k.bytes/n.bytes), append(cpu, k.cpuPerGB/n.cpuPerGB), [2]load{n, k}
	})
	if err != nil {
		return err
	}
	row(fmt.Sprintf("GET %d MB package with a token, -t2 -c4, bytes/s of nginx", b.largeFile>>20), ratios, ">= 0.95")
	row("  processor time per GB, of nginx", cpu, "<= 1.10")
	fmt.Printf("  last round, GB/s: nginx %.2f, kingsnake %.2f; cpu s/GB: %.3f, %.3f\n", last[0].bytes/1e9, last[1].bytes/1e9, last[0].cpuPerGB, last[1].cpuPerGB)
	return nil
}
