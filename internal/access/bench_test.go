package access_test

import (
	"net/netip"
	"testing"
	"time"

	. "kingsnake/internal/access"
)

type question struct {
	name   string
	caller *Caller
	scope  Scope
	target Target
}

// questions are the decisions whose cost is watched: the everyday ones, a principal with 100,000 grants and a token
// with 1,000 resources, and the longest way through all gates.
func questions() []question {
	grants := make(map[int64]Level, 100_000)
	for id := range int64(100_000) {
		grants[id+1] = Write
	}
	resources := make(map[int64]Level, 1000)
	for id := range int64(1000) {
		resources[id*100+1] = Write
	}
	rich := user(7, grants)
	private := Channel{ID: 50_001, Path: "prod", Privacy: Private}
	locked := withResources(rich, resources)
	locked.Now, locked.Address = time.Unix(2e9, 0), netip.MustParseAddr("10.1.2.3")
	locked.Token.ExpiresAt = time.Unix(3e9, 0)
	locked.Token.Restrictions = Restrictions{
		Channels: []string{"dev-*", "test-*/nightly", "pro*"}, Packages: []string{"py*", "num*"},
		CIDRs:     []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("10.0.0.0/8")},
		NotBefore: time.Unix(1e9, 0), MaxUses: 10, Uses: 3,
	}
	return []question{
		{"anonymous", nil, ArtifactDownload, OnPackage(open, "conda", "numpy")},
		{"anonymous_refused", nil, ArtifactDownload, OnPackage(prod, "conda", "numpy")},
		{"session_100k_grants", session(rich), ArtifactDownload, OnPackage(private, "conda", "numpy")},
		{"scope_token_100k_grants", withScopes(rich, ArtifactDownload), ArtifactDownload, OnPackage(private, "conda", "numpy")},
		{"resource_token_1000_of_100k", withResources(rich, resources), ArtifactCreate, OnPackage(private, "conda", "numpy")},
		{"resource_token_refused", withResources(rich, resources), ArtifactDelete, OnChannel(sub)},
		{"all_restrictions", locked, ArtifactDownload, OnPackage(private, "conda", "numpy")},
		{"bad_token_on_public", &Caller{Problem: ProblemExpired}, ChannelViewArtifacts, OnChannel(open)},
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, q := range questions() {
		b.Run(q.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Decide(q.caller, q.scope, q.target)
			}
		})
	}
}

func BenchmarkMayRead(b *testing.B) {
	for _, q := range questions() {
		b.Run(q.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				MayRead(q.caller, q.target)
			}
		})
	}
}

func BenchmarkVisibleChannels(b *testing.B) {
	for _, q := range questions()[2:5] {
		b.Run(q.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				VisibleChannels(q.caller, q.scope)
			}
		})
	}
}

// A decision is asked for every file of a download, so it must not give the garbage collector anything to do.
func TestDecideDoesNotAllocate(t *testing.T) {
	var allowed int
	for _, q := range questions() {
		for what, ask := range map[string]func() bool{
			"Decide":  func() bool { return Decide(q.caller, q.scope, q.target).Allowed },
			"MayRead": func() bool { return MayRead(q.caller, q.target) },
		} {
			if got := testing.AllocsPerRun(100, func() { ask() }); got != 0 {
				t.Errorf("%s(%s) allocates %v times, want 0", what, q.name, got)
			}
			if ask() {
				allowed++
			}
		}
	}
	if allowed != 12 {
		t.Errorf("%d of the questions are answered yes, want 12: they no longer go all the way", allowed)
	}
}
