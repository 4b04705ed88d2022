package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// keepLarge has the site on S3 copy the large package to its local cache, as it does for its users when it is read a second
// time.
func (b *bench) keepLarge(ctx context.Context) error {
	s := b.sites[shared]
	const most = 120
	for range most {
		if err := s.fetch(ctx, b.big, io.Discard); err != nil {
			return err
		}
		held, err := s.cached(ctx)
		if err != nil {
			return err
		}
		if held >= float64(b.largeFile) {
			return nil
		}
		time.Sleep(time.Second / 2)
	}
	return fmt.Errorf("%s does not copy %s: is there room on the disk?", s.url, b.big)
}

// cached tells how many bytes the site has in its local cache.
func (s *site) cached(ctx context.Context) (float64, error) {
	_, _, body, err := get(ctx, s.url+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(body)); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "kingsnake_blob_cache_bytes "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, errors.New("the server does not tell what is in its cache")
}

// fetch downloads a file, and goes where it is sent.
func (s *site) fetch(ctx context.Context, path string, to io.Writer) (rerr error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("X-Auth", s.token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{to}, resp.Body, make([]byte, 256<<10))
	return err
}

// storage measures what the local cache and redirects change for the large package, with servers of the site on S3 that are
// set to have no cache, and to send clients to S3.
func (b *bench) storage(ctx context.Context) (rerr error) {
	var variants []*site
	defer func() {
		for _, s := range variants {
			rerr = errors.Join(rerr, s.stop())
		}
	}()
	for i, setting := range []string{"KINGSNAKE_BLOB_CACHE=0", "KINGSNAKE_BLOB_DOWNLOADS=redirect"} {
		s, err := b.replica(ctx, b.sites[shared], 10+i, setting)
		if err != nil {
			return err
		}
		variants = append(variants, s)
	}
	uncached, redirect := variants[0], variants[1]
	large, _ := b.asks(b.big)
	small, _ := b.asks(b.small)
	var read, followed, sent compared
	for range b.rounds {
		for _, m := range []struct {
			to     *compared
			theirs ask
			ours   func() (load, error)
		}{
			{&read, large, func() (load, error) { return b.follow(ctx, uncached) }},
			{&followed, large, func() (load, error) { return b.follow(ctx, redirect) }},
			{&sent, small, func() (load, error) { return b.wrk(ctx, redirect.ask(b.big), 2, smallConnections) }},
		} {
			connections := largeConnections
			if m.to == &sent {
				connections = smallConnections
			}
			n, err := b.wrk(ctx, m.theirs, 2, connections)
			if err != nil {
				return err
			}
			k, err := m.ours()
			if err != nil {
				return err
			}
			m.to.nginx, m.to.sites[shared] = append(m.to.nginx, n), append(m.to.sites[shared], k)
		}
	}
	perGB := func(v float64) string { return number(1000*v, "ms") }
	rate := func(v float64) string { return number(v/1e9, "GB/s") }
	name := fmt.Sprintf("of the %d MB package", b.largeFile>>20)
	b.table.add(read.row("GET "+name+" from S3 without a local cache (blob_cache = 0), bytes of nginx", target{}, bytesOf, rate))
	b.table.add(read.row("its processor time per GB, of nginx", target{}, cpuPerGBOf, perGB))
	b.table.add(followed.row("GET "+name+" by redirect, the redirect followed, c=4, bytes of nginx", target{}, bytesOf, rate))
	b.table.add(followed.row("its processor time per GB, of nginx", target{}, cpuPerGBOf, perGB))
	b.table.add(sent.row("302 for the large package, c=16, requests of nginx for a 4 kB file", target{}, requestsOf, perSecond))
	b.table.add(sent.row("its processor time, of nginx", target{}, cpuPerRequestOf, func(v float64) string { return number(v, "µs") }))
	return nil
}

// ask is the request for a path of a site.
func (s *site) ask(path string) ask {
	return ask{s.url + path, s.pid(), []string{"X-Auth: " + s.token}}
}

// follow downloads the large package again and again, by as many clients as wrk is told to be. It follows redirects, which
// wrk does not, and waits for what takes long.
func (b *bench) follow(ctx context.Context, s *site) (l load, err error) {
	var total, requests atomic.Int64
	var took time.Duration
	used, err := cpuOf(s.pid(), func() error {
		began := time.Now()
		errs := make([]error, largeConnections)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				for errs[i] == nil && time.Since(began) < b.duration {
					errs[i] = s.fetch(ctx, b.big, counter{&total})
					requests.Add(1)
				}
			})
		}
		wg.Wait()
		took = time.Since(began)
		return errors.Join(errs...)
	})
	if err != nil {
		return load{}, err
	}
	l.bytes, l.requests = float64(total.Load())/took.Seconds(), float64(requests.Load())/took.Seconds()
	l.cpuPerGB, l.cpuPerRequest = used/(float64(total.Load())/1e9), 1e6*used/float64(requests.Load())
	return l, nil
}

// counter counts bytes.
type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}
