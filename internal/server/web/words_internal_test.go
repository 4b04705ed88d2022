package web

import (
	"testing"
	"time"
)

// TestRelative looks where one unit gives way to the next.
func TestRelative(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		ahead time.Duration
		want  string
	}{
		{-44 * time.Second, "just now"},
		{-50 * time.Second, "less than a minute ago"},
		{time.Second, "in less than a minute"},
		{-2 * time.Hour, "2 hours ago"},
		{59 * day, "in 59 days"},
		{60 * day, "in 2 months"},
		{90*day - time.Second, "in 3 months"},
		{-365 * day, "12 months ago"},
		{730*day - time.Second, "in 24 months"},
		{-1000 * day, "3 years ago"},
	} {
		if got := relative(now, now.Add(x.ahead)); got != x.want {
			t.Errorf("%v ahead is worded %q, want %q", x.ahead, got, x.want)
		}
	}
}
