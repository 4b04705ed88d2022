// Command bench measures a build of Kingsnake beside nginx on the same machine in one run, and prints one table of ratios.
// nginx serves the same files without asking anybody who they are: it is the limit, not a competitor.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// settings are what a run can be told.
type settings struct {
	rounds    int
	duration  time.Duration
	uploads   int
	largeFile int
	dir       string
	// floodOnly measures only how good clients fare in a flood of bad ones, for which nothing has to be installed.
	floodOnly bool
	// replicasOnly measures only uploads to several servers of one site, for which nginx and wrk need not be installed.
	replicasOnly bool
	// uploadsOnly measures only small uploads to SQLite and files, also by the programs in beside, separated by commas, and writes a
	// profile of the first to uploadProfile.
	uploadsOnly           bool
	beside, uploadProfile string
	// forge is the data folder of the channel with 1,000,000 records.
	forge string
	large largeSettings
	// binary is a kingsnake that was built before.
	binary string
}

// bench is a run: nginx and the sites, with the same files.
type bench struct {
	settings
	table   table
	program string
	nginx   nginx
	sites   []*site
	// stops end what the sites are built on.
	stops []func() error
	// The paths of a small and a large package, the large one's hash, and the size of the index.
	small, big, bigSum string
	indexSize          int
	// published counts the rounds of uploads, of which no two upload the same.
	published int
}

func main() {
	var s settings
	flag.IntVar(&s.rounds, "rounds", 5, "interleaved rounds of each comparison")
	flag.DurationVar(&s.duration, "duration", 3*time.Second, "length of one measurement, in whole seconds")
	flag.IntVar(&s.uploads, "uploads", 900, "uploads of one measurement")
	flag.IntVar(&s.largeFile, "large", 100<<20, "size of the large package in bytes")
	flag.StringVar(&s.dir, "dir", "", "work folder, on the disk to measure; empty for a temporary one below bench/out")
	flag.StringVar(&s.binary, "kingsnake", "", "measure this program; empty builds the one of this folder")
	flag.BoolVar(&s.floodOnly, "flood", false, "only the flood of bad tokens and passwords, for which nothing has to be installed")
	flag.BoolVar(&s.replicasOnly, "replicas", false, "only uploads to three servers of one site, for which neither nginx nor wrk has to be installed")
	flag.StringVar(&s.forge, "forge", "bench/out/large/forge", "data folder of the channel with 1,000,000 records, which make bench-large makes")
	flag.BoolVar(&s.uploadsOnly, "small-uploads", false, "only small uploads to SQLite and files, for which nothing has to be installed")
	flag.StringVar(&s.beside, "beside", "", "with -small-uploads, programs to measure too, with commas between")
	flag.StringVar(&s.uploadProfile, "upload-profile", "", "with -small-uploads, write a profile of the server's processor time to this file")
	s.large.flags()
	flag.Parse()
	do := func(ctx context.Context) error { return run(ctx, s) }
	if s.large.wanted() {
		do = s.large.run
	}
	if err := do(context.Background()); err != nil {
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
	if s.floodOnly || s.replicasOnly {
		s.largeFile = 1 << 20 // It is not downloaded.
	}
	b := &bench{settings: s}
	before, measure := machine(), b.measure
	if s.uploadsOnly {
		measure = b.uploadsOnly
	}
	if err := errors.Join(measure(ctx), b.stop()); err != nil {
		return err
	}
	if s.uploadsOnly {
		fmt.Println(before)
		return nil
	}
	fmt.Printf("%s; rounds: %d of %s\n\n", before, s.rounds, s.duration)
	return b.table.print(os.Stdout)
}

// measure starts all there is and measures one thing after the other.
func (b *bench) measure(ctx context.Context) error {
	if err := b.start(ctx); err != nil {
		return err
	}
	all := []func(context.Context) error{
		b.smallDownloads, b.tails, b.largeDownloads, b.storage, b.indexDownloads, b.smallUploads, b.flood, b.replicas, b.decisions, b.largeIndex,
	}
	switch {
	case b.floodOnly:
		all = []func(context.Context) error{b.flood}
	case b.replicasOnly:
		all = []func(context.Context) error{b.replicas}
	}
	for _, measure := range all {
		// The disk has done then what the one before left to it.
		syscall.Sync()
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// machine tells on what was measured.
func machine() string {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return fmt.Sprintf("machine: %d cores", runtime.NumCPU())
	}
	return fmt.Sprintf("machine: %d cores, load before: %s", runtime.NumCPU(), load[:len(load)-1])
}
