package registry_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// TestListsAreWhatIsAllowed makes random sites and compares, for nobody in particular, every account and every string of
// every token, the channels that the list shows with those on which channel:view is allowed when each is asked for.
func TestListsAreWhatIsAllowed(t *testing.T) {
	sites := 120
	if raced {
		sites = 10
	}
	w := newReachWorld(t)
	callers, shown, hidden := 0, 0, 0
	for seed := range uint64(sites) {
		s := w.site(1_000_000 + seed)
		for _, x := range s.subjects() {
			for _, caller := range x.callers {
				callers++
				list, total, err := s.svc.Channels.List(t.Context(), caller, registry.ChannelFilter{IncludeSubchannels: true}, registry.Page{Limit: 1000})
				if err != nil {
					t.Fatal(err)
				}
				var got, want []string
				for _, c := range list {
					got = append(got, c.Path)
				}
				for _, c := range s.channels {
					if registry.Enforce(t.Context(), s.svc, caller, access.ChannelView, c.Path, "") == nil {
						want = append(want, c.Path)
					}
				}
				slices.Sort(got)
				slices.Sort(want)
				if diff := cmp.Diff(want, got); diff != "" || int(total) != len(want) {
					t.Errorf("site %d, %s: a total of %d, and the list (-allowed +listed):\n%s", s.seed, x.key, total, diff)
				}
				shown, hidden = shown+len(want), hidden+len(s.channels)-len(want)
			}
		}
		s.remove()
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d sites, %d callers, %d channels shown and %d not", sites, callers, shown, hidden)
	if shown == 0 || hidden == 0 {
		t.Error("all answers were the same: the sites prove nothing")
	}
}
