package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// profileSeconds is how long a profile of a server that takes uploads is.
const profileSeconds = 8

// programs gives those that -small-uploads compares: the one of this folder, or that of -kingsnake, and those of -beside.
func (b *bench) programs(ctx context.Context) ([]string, error) {
	first, err := b.build(ctx)
	if err != nil {
		return nil, err
	}
	list := []string{first}
	for p := range strings.SplitSeq(b.beside, ",") {
		if p == "" {
			continue
		}
		if p, err = filepath.Abs(p); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// uploadsOnly compares the small uploads of several programs, each on SQLite and files, and of the bare loop: a round of each
// in turns. It prints them and what processor time an upload takes.
func (b *bench) uploadsOnly(ctx context.Context) error {
	list, err := b.programs(ctx)
	if err != nil {
		return err
	}
	for i, program := range list {
		s := &site{dir: filepath.Join(b.dir, fmt.Sprintf("site-%d", i)), log: filepath.Join(b.dir, fmt.Sprintf("site-%d.log", i))}
		b.sites = append(b.sites, s)
		if err := errors.Join(s.start(ctx, program), s.signInUploader(ctx)); err != nil {
			return err
		}
	}
	// The first uploads find nothing prepared.
	for _, s := range b.sites {
		if _, err := b.uploadRound(ctx, b.rounds, s); err != nil {
			return err
		}
	}
	wait := b.profileUploads(ctx)
	rates, costs := make([][]float64, len(list)), make([][]float64, len(list))
	for round := range b.rounds {
		bare, err := b.bareLoop(ctx, round, max(200, b.uploads/4))
		if err != nil {
			return err
		}
		fmt.Printf("bare loop %s", perSecond(bare))
		for i, s := range b.sites {
			var rate float64
			cost, err := cpuOf(s.pid(), func() (err error) {
				rate, err = b.uploadRound(ctx, round, s)
				return err
			})
			if err != nil {
				return err
			}
			cost *= 1000 / float64(b.uploads)
			rates[i], costs[i] = append(rates[i], rate/bare), append(costs[i], cost)
			fmt.Printf("; program %d %s, %.2f of it, %s each", i, perSecond(rate), rate/bare, number(cost, "ms"))
		}
		fmt.Println()
	}
	for i := range list {
		fmt.Printf("program %d, median: %.2f of the bare loop, processor time %s an upload\n", i, middle(rates[i]), number(middle(costs[i]), "ms"))
	}
	return wait()
}

// profileUploads takes the profile that -upload-profile asks for from the first server.
func (b *bench) profileUploads(ctx context.Context) (wait func() error) {
	if b.uploadProfile == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() {
		f, err := os.Create(b.uploadProfile)
		if err == nil {
			err = b.sites[0].uploader.Profile(ctx, "profile", profileSeconds, func(r io.Reader) error {
				_, err := io.Copy(f, r)
				return errors.Join(err, f.Close())
			})
		}
		done <- err
	}()
	return func() error { return <-done }
}
