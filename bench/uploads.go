package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // The bare loop writes to the same kind of database.

	"kingsnake/client"
	"kingsnake/conda/random"
)

// uploaders is how many clients upload at once.
const uploaders = 8

// smallUploads compares durable uploads with the bare cost of durability on the same disk: one file fsync, one
// directory fsync and one SQLite commit with synchronous FULL for each, one after another.
func (b *bench) smallUploads(ctx context.Context) error {
	var ratios, bare, ours []float64
	for round := range b.rounds {
		n, err := b.bareLoop(ctx, round, max(200, b.uploads/4))
		if err != nil {
			return fmt.Errorf("bare loop: %w", err)
		}
		k, err := b.uploadRound(ctx, round)
		if err != nil {
			return fmt.Errorf("uploads: %w", err)
		}
		ratios, bare, ours = append(ratios, k/n), append(bare, n), append(ours, k)
	}
	row(fmt.Sprintf("small uploads, %d clients, of a bare fsync loop", uploaders), ratios, ">= 0.25")
	n, _ := median(bare)
	k, _ := median(ours)
	fmt.Printf("  per second: bare loop %.0f, kingsnake %.0f\n", n, k)
	return nil
}

// uploadRound uploads new packages and gives how many per second were acknowledged.
func (b *bench) uploadRound(ctx context.Context, round int) (float64, error) {
	type pkg struct {
		data []byte
		name string
	}
	rng := rand.New(rand.NewPCG(uint64(round)+10, 3))
	packages := make([]pkg, b.uploads)
	for i := range packages {
		data, info := random.Package(rng, random.Options{
			NoArch: "generic", Name: fmt.Sprintf("pkg%d", i%200), Version: fmt.Sprintf("%d.%d", round, i), Payload: 1000,
		})
		packages[i] = pkg{data, info.Filename}
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, uploaders)
	start := time.Now()
	for w := range uploaders {
		wg.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= int64(len(packages)) {
					return
				}
				p := packages[i]
				_, err := b.uploader.Upload(ctx, "bench", client.Upload{Filename: p.name, Content: bytes.NewReader(p.data), Size: int64(len(p.data))})
				if err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(len(packages)) / time.Since(start).Seconds(), errors.Join(errs...)
}

// bareLoop writes n files durably, each with a row, and gives how many per second.
func (b *bench) bareLoop(ctx context.Context, round, n int) (_ float64, rerr error) {
	dir := filepath.Join(b.dir, fmt.Sprintf("bare-%d", round))
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return 0, err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "bare.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return 0, err
	}
	defer func() { rerr = errors.Join(rerr, db.Close()) }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)`); err != nil {
		return 0, err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return 0, err
	}
	defer func() { rerr = errors.Join(rerr, folder.Close()) }()
	data := make([]byte, 2000)
	start := time.Now()
	for i := range n {
		name := fmt.Sprintf("file-%d", i)
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return 0, err
		}
		_, err = f.Write(data)
		if err := errors.Join(err, f.Sync(), f.Close(), folder.Sync()); err != nil {
			return 0, err
		}
		if _, err := db.ExecContext(ctx, `INSERT INTO t (name) VALUES (?)`, name); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}
