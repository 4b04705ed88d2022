package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"

	"kingsnake/bench/largesite"
	"kingsnake/conda/channel"
)

func requestsOf(l load) float64      { return l.requests }
func bytesOf(l load) float64         { return l.bytes }
func cpuPerGBOf(l load) float64      { return l.cpuPerGB }
func cpuPerRequestOf(l load) float64 { return l.cpuPerRequest }

func perSecond(v float64) string { return number(v, "/s") }

// asks are the requests for a path that nginx and each site get, with further headers.
func (b *bench) asks(path string) (theirs ask, ours []ask) {
	for _, s := range b.sites {
		ours = append(ours, ask{s.url + path, s.pid(), []string{"X-Auth: " + s.token}})
	}
	return ask{url: b.nginx.url + path, pid: b.nginx.pid()}, ours
}

// smallDownloads measures a package of 4 kB at two numbers of connections, and remembers how many each site reaches.
func (b *bench) smallDownloads(ctx context.Context) error {
	theirs, ours := b.asks(b.small)
	for _, g := range []struct {
		connections int
		least       float64
	}{{16, 0.45}, {64, 0.50}} {
		c, err := b.compare(ctx, g.connections, theirs, ours)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("GET of a 4 kB package with a token, c=%d, requests of nginx", g.connections)
		b.table.add(c.row(what, atLeast(g.least, ""), requestsOf, perSecond))
		if g.connections == 16 {
			b.table.add(c.row("its processor time, of nginx", target{}, cpuPerRequestOf, func(v float64) string { return number(v, "µs") }))
			for i, s := range b.sites {
				s.most = middle(each(c.sites[i], requestsOf))
			}
		}
	}
	return nil
}

// How many connections ask for large packages, and for small ones.
const largeConnections, smallConnections = 4, 16

// largeDownloads measures a large package. The site on S3 has it in its local cache, as it has what is read often.
func (b *bench) largeDownloads(ctx context.Context) error {
	if err := b.keepLarge(ctx); err != nil {
		return err
	}
	theirs, err := b.sameFiles()
	if err != nil {
		return err
	}
	_, ours := b.asks(b.big)
	c, err := b.compareEach(ctx, largeConnections, theirs, ours)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("GET of a %d MB package with a token, -t2 -c4, of S3 from the local cache, bytes of nginx", b.largeFile>>20)
	b.table.add(c.row(what, atLeast(0.95, ""), bytesOf, func(v float64) string { return number(v/1e9, "GB/s") }))
	b.table.add(c.row("its processor time per GB, of nginx", atMost(1.1, ""), cpuPerGBOf, func(v float64) string { return number(1000*v, "ms") }))
	return nil
}

// sameFiles gives nginx the very files that the sites send. How fast the kernel sends a file depends on the pieces of memory
// in which it came to have it, which it finds for two copies as chance has it.
func (b *bench) sameFiles() (theirs []ask, err error) {
	for i, s := range b.sites {
		folder := "blobs"
		if s.blobs != "" {
			folder = "blob-cache"
		}
		path := "/same/" + strconv.Itoa(i)
		if err := b.nginx.link(path, filepath.Join(s.dir, folder, "sha256", b.bigSum[:2], b.bigSum[2:])); err != nil {
			return nil, err
		}
		theirs = append(theirs, ask{url: b.nginx.url + path, pid: b.nginx.pid()})
	}
	return theirs, nil
}

// indexPath is the index file that is downloaded.
const indexPath = "/" + largesite.Forge + "/" + channel.Noarch + "/repodata.json.zst"

// indexDownloads measures repodata.json.zst, and asking for it by clients that have it.
func (b *bench) indexDownloads(ctx context.Context) error {
	theirs, ours := b.asks(indexPath)
	c, err := b.compare(ctx, 16, theirs, ours)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("GET of repodata.json.zst of %d kB, c=16, requests of nginx", b.indexSize/1000)
	b.table.add(c.row(what, atLeast(0.75, ""), requestsOf, perSecond))
	for _, a := range append([]*ask{&theirs}, pointers(ours)...) {
		if err := a.unlessChanged(ctx); err != nil {
			return err
		}
	}
	if c, err = b.compare(ctx, 16, theirs, ours); err != nil {
		return err
	}
	b.table.add(c.row("its 304, c=16, requests of nginx", atLeast(0.5, ""), requestsOf, perSecond))
	return nil
}

func pointers(asks []ask) []*ask {
	out := make([]*ask, len(asks))
	for i := range asks {
		out[i] = &asks[i]
	}
	return out
}

// unlessChanged makes a request one of a client that has the file, and sees that it is told so.
func (a *ask) unlessChanged(ctx context.Context) error {
	_, header, _, err := get(ctx, a.url, a.headers)
	if err != nil {
		return err
	}
	a.headers = append(a.headers, "If-None-Match: "+header.Get("ETag"))
	status, _, _, err := get(ctx, a.url, a.headers)
	if err == nil && status != http.StatusNotModified {
		err = fmt.Errorf("%s answers %d to who has it", a.url, status)
	}
	return err
}
