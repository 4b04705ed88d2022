// Command bench measures a build of Kingsnake beside nginx on the same machine in one run, and prints ratios. nginx
// serves the same files without asking anybody who they are: it is the limit, not a competitor.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// settings are what a run can be told.
type settings struct {
	rounds    int
	duration  time.Duration
	uploads   int
	largeFile int
	dir       string
	// floodOnly measures only how good clients fare in a flood of bad ones, which takes neither nginx nor wrk.
	floodOnly bool
	large     largeSettings
	// binary is a kingsnake that was built before.
	binary string
}

func main() {
	var s settings
	flag.IntVar(&s.rounds, "rounds", 5, "interleaved rounds of each comparison")
	flag.DurationVar(&s.duration, "duration", 4*time.Second, "length of one measurement")
	flag.IntVar(&s.uploads, "uploads", 1500, "uploads of one measurement")
	flag.IntVar(&s.largeFile, "large", 100<<20, "size of the large package in bytes")
	flag.StringVar(&s.dir, "dir", "", "work folder, on the disk to measure; empty for a temporary one below bench/out")
	flag.StringVar(&s.binary, "kingsnake", "", "measure this program; empty builds the one of this folder")
	flag.BoolVar(&s.floodOnly, "flood", false, "only the flood of bad tokens and passwords, for which nothing has to be installed")
	s.large.flags()
	flag.Parse()
	if s.large.wanted() {
		if err := s.large.run(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(context.Background(), s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) (rerr error) {
	if s.dir == "" {
		if err := os.MkdirAll("bench/out", 0o750); err != nil {
			return err
		}
		dir, err := os.MkdirTemp("bench/out", "run-")
		if err != nil {
			return err
		}
		s.dir = dir
		defer func() { rerr = errors.Join(rerr, os.RemoveAll(dir)) }()
	}
	abs, err := filepath.Abs(s.dir)
	if err != nil {
		return err
	}
	s.dir = abs
	if s.floodOnly {
		s.largeFile = 1 << 20 // It is not downloaded.
	}
	b := &bench{settings: s}
	defer func() { rerr = errors.Join(rerr, b.stop()) }()
	if err := b.start(ctx); err != nil {
		return err
	}
	fmt.Println(machine())
	all := []func(context.Context) error{b.smallDownloads, b.largeDownloads, b.smallUploads, b.decisions, b.flood}
	if b.floodOnly {
		all = []func(context.Context) error{b.flood}
	}
	for _, measure := range all {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// machine tells on what was measured.
func machine() string {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	load, _ := os.ReadFile("/proc/loadavg")
	return fmt.Sprintf("machine: %d cores, Linux %sload before: %s", cores(), kernel, load)
}

// median and spread (greatest minus least, in parts of the median) of some measurements.
func median(v []float64) (mid, spread float64) {
	v = slices.Clone(v)
	slices.Sort(v)
	mid = v[len(v)/2]
	return mid, (v[len(v)-1] - v[0]) / mid
}

// row prints one line of the table of ratios.
func row(what string, ratios []float64, target string) {
	mid, spread := median(ratios)
	fmt.Printf("%-58s %6.2f  (spread %.0f%%)  target %s\n", what, mid, 100*spread, target)
}

// decisions runs the benchmark of a warm decision.
func (b *bench) decisions(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "go", "test", "./internal/access", "-run", "^$", "-bench", "Decide", "-benchmem", "-benchtime", "200ms").CombinedOutput()
	fmt.Printf("\nwarm decision (target: at most 1000 ns/op, 0 allocs/op)\n%s", out)
	return err
}
