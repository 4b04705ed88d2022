package web

import (
	"slices"
	"testing"
	"time"

	"kingsnake/internal/registry"
)

// TestRelative looks where one unit gives way to the next.
func TestRelative(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		ahead time.Duration
		want  string
	}{
		{-59 * time.Second, "just now"},
		{-60 * time.Second, "1 minute ago"},
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

// TestLifetimes looks that no end of a token is offered twice, in whatever words.
func TestLifetimes(t *testing.T) {
	const day = 24 * time.Hour
	for _, x := range []struct {
		policy registry.TokenPolicy
		want   []string
	}{
		{registry.TokenPolicy{}, []string{"Never, as is usual here", "In 1 day", "In 7 days", "In 30 days", "In 90 days", "In 365 days", "On a date"}},
		{registry.TokenPolicy{DefaultLifetime: 90 * day}, []string{"In 90 days, as is usual here", "In 1 day", "In 7 days", "In 30 days", "In 365 days", "Never", "On a date"}},
		{registry.TokenPolicy{DefaultLifetime: 7 * day, MaxLifetime: 30 * day}, []string{"In 7 days, as is usual here", "In 1 day", "In 30 days", "On a date"}},
	} {
		var got []string
		for _, o := range lifetimes(x.policy) {
			got = append(got, o.Label)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%+v offers %q, want %q", x.policy, got, x.want)
		}
	}
}
