package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"kingsnake/client"
)

// replicaCount is how many servers share the site.
const replicaCount = 3

// replicas compares three servers of the site on PostgreSQL and S3 with one of them, on the same processors: more cannot
// be had from them, and coordination must not cost much.
func (b *bench) replicas(ctx context.Context) (rerr error) {
	all := []*site{b.sites[shared]}
	defer func() {
		for _, s := range all[1:] {
			rerr = errors.Join(rerr, s.stop())
		}
	}()
	for n := 1; n < replicaCount; n++ {
		s, err := b.replica(ctx, all[0], n)
		if err != nil {
			return err
		}
		all = append(all, s)
	}
	same := []*site{all[0], all[0], all[0]}
	downloads := row{What: "downloads of 4 kB from three replicas, of one's", Target: atLeast(0.9, "")}
	uploads := row{What: "small uploads to three replicas, of one's", Target: atLeast(0.9, "")}
	spent := row{What: "their processor time, of one's"}
	var got, sent, used [2][]float64
	var by [2]times
	for round := range b.rounds {
		for i, servers := range [][]*site{same, all} {
			if !b.replicasOnly {
				d, err := b.downloadsFrom(ctx, servers)
				if err != nil {
					return err
				}
				got[i] = append(got[i], d)
			}
			before, err := processorTimes()
			if err != nil {
				return err
			}
			u, err := b.uploadRound(ctx, round, servers...)
			if err != nil {
				return err
			}
			after, err := processorTimes()
			if err != nil {
				return err
			}
			sent[i] = append(sent[i], u)
			by[i] = addTimes(by[i], before, after, float64(b.uploads*b.rounds))
			used[i] = append(used[i], after.total()-before.total())
		}
	}
	for _, r := range []struct {
		row
		v       [2][]float64
		numbers string
	}{
		{downloads, got, "one " + perSecond(middle(got[0])) + ", three " + perSecond(middle(got[1]))},
		{uploads, sent, "one " + perSecond(middle(sent[0])) + ", three " + perSecond(middle(sent[1]))},
		{spent, used, "an upload to one: " + listTimes(by[0]) + "; to three: " + listTimes(by[1])},
	} {
		if r.Rounds[shared] = ratios(r.v[1], r.v[0]); len(r.Rounds[shared]) > 0 {
			r.Numbers = r.numbers
			b.table.add(r.row)
		}
	}
	return nil
}

// replica starts another server of a site, with the site's key and otherwise an empty data folder, and with further settings
// in its environment.
func (b *bench) replica(ctx context.Context, first *site, n int, settings ...string) (*site, error) {
	s := *first
	s.process = process{}
	s.dir, s.log = fmt.Sprintf("%s-%d", first.dir, n), fmt.Sprintf("%s-%d", first.log, n)
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	const keyFile = "site.key"
	key, err := os.ReadFile(filepath.Join(first.dir, keyFile))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(s.dir, keyFile), key, 0o600); err != nil {
		return nil, err
	}
	if err := s.start(ctx, b.program, settings...); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	c, err := client.New(s.url, client.WithCredential(client.Session(s.session)))
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.uploader = c
	return &s, nil
}

// downloadsFrom gives how many small downloads a second all servers reach together, each asked by a wrk of its own.
func (b *bench) downloadsFrom(ctx context.Context, servers []*site) (float64, error) {
	loads := make([]load, len(servers))
	errs := make([]error, len(servers))
	var wg sync.WaitGroup
	for i, s := range servers {
		wg.Go(func() {
			loads[i], errs[i] = b.wrk(ctx, ask{s.url + b.small, s.pid(), []string{"X-Auth: " + s.token}}, 1, 16)
		})
	}
	wg.Wait()
	var total float64
	for _, l := range loads {
		total += l.requests
	}
	return total, errors.Join(errs...)
}
