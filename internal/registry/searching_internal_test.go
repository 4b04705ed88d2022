package registry

import (
	"slices"
	"testing"
	"time"
)

// TestWordsWaitWhileFilesPourIn looks each second, while files come in at different rates.
func TestWordsWaitWhileFilesPourIn(t *testing.T) {
	now := time.Unix(0, 0)
	feed := &Feed{}
	s := newSearching(&core{feed: feed, now: func() time.Time { return now }}, nil)
	p := pour{since: now}
	type second struct {
		files int
		waits bool
	}
	seconds := []second{{0, false}, {busy - 1, false}, {busy, true}, {500, true}, {0, false}}
	seconds = append(seconds, slices.Repeat([]second{{busy, true}}, 29)...)
	seconds = append(seconds, second{busy, false}, second{busy, true})
	for i, second := range seconds {
		for range second.files {
			feed.Publish([]Change{{Kind: ChangedFiles}, {Kind: ChangedToken}})
		}
		now = now.Add(time.Second)
		if got := s.pouring(&p); got != second.waits {
			t.Errorf("second %d, %d files: waits %v, want %v", i, second.files, got, second.waits)
		}
	}
}

// TestWordsAreLearnedByOneServer: while files pour in, a server that hears that another has learned words waits as long as
// after it did so itself.
func TestWordsAreLearnedByOneServer(t *testing.T) {
	now := time.Unix(1000, 0)
	feed := &Feed{}
	s := newSearching(&core{feed: feed, now: func() time.Time { return now }}, nil)
	p := pour{since: now}
	begun := now
	for _, c := range []struct {
		after time.Duration
		heard bool
		waits bool
	}{
		{learnLatest - time.Second, true, true},
		{learnLatest, false, true},
		{2*learnLatest - 2*time.Second, false, true},
		{2*learnLatest - time.Second, false, false},
	} {
		now = begun.Add(c.after)
		for range busy {
			feed.Publish([]Change{{Kind: ChangedFiles}})
		}
		if c.heard {
			feed.Publish([]Change{{Kind: ChangedWords}})
		}
		if got := s.pouring(&p); got != c.waits {
			t.Errorf("after %v: waits %v, want %v", c.after, got, c.waits)
		}
	}
}
