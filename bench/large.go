package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime/pprof"
	"time"

	"kingsnake/bench/largesite"
	"kingsnake/internal/config"
	"kingsnake/internal/server"
)

// largeSettings say what to do with a large site, which is kept between runs, since making it takes minutes.
type largeSettings struct {
	// dir is the site's data folder and database the URL of its PostgreSQL, empty for SQLite in dir.
	dir, database string
	fill          string
	pages, index  bool
	seed          uint64
	part          float64
	requests      int
	only          string
	profile       string
	// rows is a file for the rows of the table that the index gives.
	rows string
}

func (l *largeSettings) flags() {
	flag.StringVar(&l.dir, "data", "", "data folder of a large site")
	flag.StringVar(&l.database, "database", "", "URL of the large site's PostgreSQL; empty for SQLite in its data folder")
	flag.StringVar(&l.fill, "fill", "", "make a large site in the folder of -data: site or forge")
	flag.BoolVar(&l.pages, "pages", false, "measure every page and list of the large site in -data")
	flag.BoolVar(&l.index, "index", false, "measure the index of the large channel in -data")
	flag.Uint64Var(&l.seed, "seed", 1, "seed of the large site")
	flag.Float64Var(&l.part, "part", 1, "make this part of the large site only")
	flag.IntVar(&l.requests, "requests", 20, "requests of each page")
	flag.StringVar(&l.only, "only", "", "measure only pages whose path holds this")
	flag.StringVar(&l.profile, "cpuprofile", "", "write a profile of the processor time to this file")
	flag.StringVar(&l.rows, "rows", "", "with -index, write the rows of the table to this file too")
}

func (l *largeSettings) wanted() bool { return l.fill != "" || l.pages || l.index }

func (l *largeSettings) run(ctx context.Context) (rerr error) {
	if l.dir == "" {
		return errors.New("say with -data where the large site is")
	}
	fmt.Println(machine())
	if l.profile != "" {
		f, err := os.Create(l.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return errors.Join(err, f.Close())
		}
		defer func() {
			pprof.StopCPUProfile()
			rerr = errors.Join(rerr, f.Close())
		}()
	}
	if l.fill != "" {
		if err := l.fillSite(ctx); err != nil {
			return err
		}
	}
	if l.pages {
		if err := l.measurePages(ctx); err != nil {
			return err
		}
	}
	if l.index {
		return l.measureIndex(ctx)
	}
	return nil
}

// config is that of the large site.
func (l *largeSettings) config() config.Config {
	cfg := config.Default()
	cfg.DataDir, cfg.Database, cfg.AdminPassword = l.dir, config.Secret(l.database), largesite.Password
	return cfg
}

func quiet() server.Options {
	return server.Options{Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))}
}

func (l *largeSettings) fillSite(ctx context.Context) (rerr error) {
	site, err := server.OpenSite(ctx, l.config(), quiet())
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, site.Store.Close()) }()
	say := func(s string) { fmt.Fprintln(os.Stderr, s) }
	begun := time.Now()
	switch l.fill {
	case "site":
		err = largesite.Fill(ctx, site, l.seed, largesite.Large().Part(l.part), say)
	case "forge":
		err = largesite.FillForge(ctx, site, l.seed, int(l.part*1_000_000), int(l.part*30_000), say)
	default:
		err = fmt.Errorf("-fill takes site or forge, not %q", l.fill)
	}
	if err == nil {
		fmt.Printf("filled %s in %s\n", l.dir, time.Since(begun).Round(time.Second))
	}
	return err
}
