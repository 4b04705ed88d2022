package main

import (
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

	_ "github.com/jackc/pgx/v5/stdlib" // The bare loops write to the same kinds of database.
	_ "modernc.org/sqlite"

	"kingsnake/conda/random"
	"kingsnake/internal/blob"
	"kingsnake/internal/blob/s3blob"
)

// uploaders is how many clients upload at once.
const uploaders = 8

// smallUploads compares durable uploads with the bare cost of durability on the same disk: one file fsync, one
// directory fsync and one SQLite commit with synchronous FULL for each, one after another. Beside it are those of the site
// on PostgreSQL and S3, whose durability is that of these two.
func (b *bench) smallUploads(ctx context.Context) error {
	var bare, bareBoth []float64
	var ours [columns][]float64
	for round := range b.rounds {
		n, err := b.bareLoop(ctx, round, max(200, b.uploads/4))
		if err != nil {
			return fmt.Errorf("bare loop: %w", err)
		}
		bare = append(bare, n)
		for i, s := range b.sites {
			k, err := b.uploadRound(ctx, round, s)
			if err != nil {
				return fmt.Errorf("uploads: %w", err)
			}
			ours[i] = append(ours[i], k)
		}
		if n, err = b.bareShared(ctx, round, max(200, b.uploads/4)); err != nil {
			return fmt.Errorf("bare loop of PostgreSQL and S3: %w", err)
		}
		bareBoth = append(bareBoth, n)
	}
	what := fmt.Sprintf("small uploads, %d clients, each durable before its 201", uploaders)
	b.table.add(row{
		What: what + ", of a bare loop of fsyncs", Target: atLeast(0.35, ""), Rounds: [columns][]float64{embedded: ratios(ours[embedded], bare)},
		Numbers: "bare loop " + perSecond(middle(bare)) + ", SQLite " + perSecond(middle(ours[embedded])),
	})
	b.table.add(row{
		What: what + ", a second", Target: atLeast(300, "/s"), Rounds: [columns][]float64{shared: ours[shared]},
		Numbers: "bare loop of a PUT and a commit for each, as many at once: " + perSecond(middle(bareBoth)),
	})
	return nil
}

// uploadRound uploads new packages by way of servers of the same site, in turns, and gives how many per second were
// acknowledged.
func (b *bench) uploadRound(ctx context.Context, round int, servers ...*site) (float64, error) {
	type pkg struct {
		data []byte
		name string
	}
	b.published++
	rng := rand.New(rand.NewPCG(uint64(b.published), 3)) //nolint:gosec // Repeatable on purpose.
	all := make([]pkg, b.uploads)
	for i := range all {
		data, info := random.Package(rng, random.Options{
			NoArch: "generic", Name: fmt.Sprintf("pkg%d", i%200), Version: fmt.Sprintf("%d.%d.%d", b.published, round, i), Payload: 1000,
		})
		all[i] = pkg{data, info.Filename}
	}
	return rateOf(len(all), func(client, i int) error {
		s := servers[client%len(servers)]
		return s.upload(ctx, s.uploader, all[i].name, all[i].data)
	})
}

// rateOf has as many clients as upload do n things, each the next one, and gives how many per second were done.
func rateOf(n int, do func(client, i int) error) (float64, error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, uploaders)
	start := time.Now()
	for client := range uploaders {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && errs[client] == nil; i = next.Add(1) - 1 {
				errs[client] = do(client, int(i))
			}
		})
	}
	wg.Wait()
	return float64(n) / time.Since(start).Seconds(), errors.Join(errs...)
}

// bareShared does what an upload to PostgreSQL and S3 cannot do without, for as many clients at once: each puts an object and
// commits a row. It gives how many per second, which is what those two processes leave room for on this machine.
func (b *bench) bareShared(ctx context.Context, round, n int) (_ float64, rerr error) {
	s := b.sites[shared]
	location, err := s3blob.ParseLocation(s.blobs)
	if err != nil {
		return 0, err
	}
	blobs, err := s3blob.New(ctx, location, s3blob.Options{Dir: filepath.Join(b.dir, "bare-staging")})
	if err != nil {
		return 0, err
	}
	db, err := sql.Open("pgx", s.database)
	if err != nil {
		return 0, err
	}
	defer func() { rerr = errors.Join(rerr, db.Close()) }()
	db.SetMaxOpenConns(uploaders)
	db.SetMaxIdleConns(uploaders)
	if _, err := db.ExecContext(ctx, `CREATE TABLE bare_loop (name TEXT)`); err != nil {
		return 0, err
	}
	defer func() {
		_, err := db.ExecContext(ctx, `DROP TABLE bare_loop`)
		rerr = errors.Join(rerr, err)
	}()
	return rateOf(n, func(_, i int) error {
		name := fmt.Sprintf("bare-%d-%d", round, i)
		if _, err := blob.Put(ctx, blobs, append(make([]byte, 2000), name...)); err != nil {
			return err
		}
		_, err := db.ExecContext(ctx, `INSERT INTO bare_loop (name) VALUES ($1)`, name)
		return err
	})
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
