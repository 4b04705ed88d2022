package main

import (
	"testing"

	"kingsnake/bench/largesite"
)

// TestDecisions makes a small site as the large one is made: each known token reads its channel and no other, and the same
// when it is asked again.
func TestDecisions(t *testing.T) {
	ctx := t.Context()
	b := &bench{settings: settings{dir: t.TempDir(), rounds: 1}}
	j, held, err := b.holders(ctx, largesite.Holders{Users: 500, Channels: 200, Groups: 1000, Tokens: 4000})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := j.site.Store.Close(); err != nil {
			t.Error(err)
		}
	}()
	callers, took, err := j.cold(ctx, held)
	if err != nil {
		t.Fatal(err)
	}
	if len(callers) != coldTokens || len(took) != coldTokens {
		t.Fatalf("%d callers in %d measurements, want %d", len(callers), len(took), coldTokens)
	}
	strangers := 0
	for i, h := range held {
		if _, err := j.decide(ctx, h); err != nil {
			t.Errorf("token %d reads %s no more: %v", i, h.Channel, err)
		}
		other := held[(i+1)%len(held)].Channel
		if other == h.Channel {
			continue
		}
		strangers++
		if _, err := j.decide(ctx, largesite.Held{String: h.String, Channel: other}); err == nil {
			t.Errorf("token %d, which reads %s, reads %s too", i, h.Channel, other)
		}
	}
	if strangers == 0 {
		t.Error("all tokens read one channel")
	}
}
