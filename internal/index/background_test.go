package index

import (
	"testing"
	"time"

	"kingsnake/internal/registry"
)

// TestAgenda: repodata.json is due a moment after the first change, shards a moment after the last one.
func TestAgenda(t *testing.T) {
	const wait = 500 * time.Millisecond
	start := time.Unix(1000, 0)
	p := place{1, "noarch"}
	for _, c := range []struct {
		name      string
		changes   []time.Duration
		elsewhere bool
		rests     time.Duration
		// took is how long the last build of repodata.json was, 0 for unknown.
		took time.Duration
		// When the two are due, after the start.
		shards, repodata time.Duration
	}{
		{name: "one change", changes: []time.Duration{0}, shards: wait, repodata: wait},
		{name: "two changes", changes: []time.Duration{0, 300 * time.Millisecond}, shards: 800 * time.Millisecond, repodata: wait},
		{name: "changes without end", changes: every(100*time.Millisecond, 20*time.Second), shards: pouring * wait, repodata: wait},
		{name: "of another server", changes: []time.Duration{0, time.Second}, elsewhere: true, shards: time.Second + wait + elsewhere, repodata: wait + elsewhere},
		{
			name: "without end, of another server", changes: every(100*time.Millisecond, 20*time.Second), elsewhere: true,
			shards: pouring*wait + elsewhere, repodata: wait + elsewhere,
		},
		{name: "changes without end where a build is quick", changes: every(100*time.Millisecond, 20*time.Second), took: wait / 2, shards: pouring * wait, repodata: pouringFew * wait},
		{name: "two changes where a build is quick", changes: []time.Duration{0, 300 * time.Millisecond}, took: wait / 2, shards: 800 * time.Millisecond, repodata: 800 * time.Millisecond},
		{name: "changes without end where it is not", changes: every(100*time.Millisecond, 20*time.Second), took: wait/2 + 1, shards: pouring * wait, repodata: wait},
		{name: "after a long build", changes: []time.Duration{0}, rests: 3 * time.Second, shards: wait, repodata: 3 * time.Second},
	} {
		shards, repodata := newAgenda(registry.IndexShards), newAgenda(registry.IndexRepodata)
		if c.took > 0 {
			repodata.took[p] = c.took
		}
		if c.rests > 0 {
			repodata.rests[p] = start.Add(c.rests)
		}
		for a, want := range map[*agenda]time.Duration{shards: c.shards, repodata: c.repodata} {
			for _, after := range c.changes {
				a.add(change{p, c.elsewhere}, start.Add(after), wait)
			}
			if got := a.due[p].at.Sub(start); got != want {
				t.Errorf("%s: %s is due after %v, want %v", c.name, a.kind, got, want)
			}
			if got := a.untilNext(start); got != want {
				t.Errorf("%s: the next %s is due after %v, want %v", c.name, a.kind, got, want)
			}
		}
	}
}

// every gives the times from 0 to an end.
func every(step, end time.Duration) (list []time.Duration) {
	for at := time.Duration(0); at < end; at += step {
		list = append(list, at)
	}
	return list
}
