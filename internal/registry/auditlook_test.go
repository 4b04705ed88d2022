package registry_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
)

// TestLooksFindAll goes on looking through a random audit until nothing is left, and compares what was found with what one
// search finds.
func TestLooksFindAll(t *testing.T) {
	w := newReachWorld(t)
	rng := rand.New(rand.NewPCG(1, 2))
	const rows = 400
	writeEvents(w, rng, rows)
	admin := identity.Local(w.now)
	minute := func(n int) time.Time { return w.now.Add(time.Duration(n) * time.Minute) }
	for name, f := range map[string]registry.AuditFilter{
		"all":              {},
		"a word":           {Query: "GRAPH"},
		"a rare word":      {Query: "only-once"},
		"nothing":          {Query: "nothing has it"},
		"somebody":         {User: "user1"},
		"and a word":       {User: "user1", Query: "graph"},
		"a token":          {Token: "token2"},
		"types":            {Types: []registry.EventType{registry.EventLogin}},
		"refused":          {Outcome: registry.Denial},
		"of a channel":     {Channel: "team"},
		"from a time":      {From: minute(300)},
		"until a time":     {Until: minute(100)},
		"between":          {From: minute(100), Until: minute(200), Query: "graph"},
		"before all":       {Until: minute(-100)},
		"after all":        {From: minute(1000)},
		"before a row":     {Before: 50},
		"no such user":     {User: "nobody"},
		"an empty between": {From: minute(100), Until: minute(101), Outcome: registry.Denial, User: "user3"},
	} {
		want, err := w.svc.Audit.List(t.Context(), admin, f, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			limit := 1 + rng.IntN(40)
			registry.LookAt(w.svc, 1+rng.IntN(90), 1+rng.IntN(90))
			var got []registry.Event
			looks, next := 0, f
			for more := true; more; more = next.Before > 0 {
				l, err := w.svc.Audit.Look(t.Context(), admin, next, limit)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				looks++
				full := len(l.Events) == limit && l.Next == l.Events[limit-1].ID && l.Back.IsZero()
				if len(l.Events) > limit || l.Full && !full || !l.Full && l.Back.IsZero() != (l.Next == 0) || looks > 2*rows {
					t.Fatalf("%s: look %d found %d of %d events, full %v, back to %s, next %d", name, looks, len(l.Events), limit, l.Full, l.Back, l.Next)
				}
				got, next.Before = append(got, l.Events...), l.Next
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s, %d at a time (-search +looks):\n%s", name, limit, diff)
			}
		}
	}
}

// TestWalksFindAll does the same from the oldest on.
func TestWalksFindAll(t *testing.T) {
	w := newReachWorld(t)
	rng := rand.New(rand.NewPCG(3, 4))
	const rows = 400
	writeEvents(w, rng, rows)
	admin := identity.Local(w.now)
	for name, f := range map[string]registry.AuditFilter{
		"all": {}, "a word": {Query: "GRAPH"}, "a rare word": {Query: "only-once"}, "nothing": {Query: "nothing has it"}, "somebody": {User: "user1", Query: "graph"},
		"between": {From: w.now.Add(100 * time.Minute), Until: w.now.Add(200 * time.Minute)}, "after all": {From: w.now.Add(time.Hour * 1000)},
	} {
		f.OldestFirst = true
		want, err := w.svc.Audit.List(t.Context(), admin, f, 1000)
		if err != nil {
			t.Fatal(err)
		}
		limit := 1 + rng.IntN(40)
		most := 1 + rng.IntN(90)
		registry.LookAt(w.svc, most, most)
		var got []registry.Event
		for more, walks := true, 0; more; walks++ {
			events, next, err := w.svc.Audit.Walk(t.Context(), admin, f, limit)
			if err != nil || len(events) > limit || next != 0 && next <= f.After || walks > 2*rows {
				t.Fatalf("%s: walk %d from %d found %d of %d events, next %d, %v", name, walks, f.After, len(events), limit, next, err)
			}
			if n := len(events); n > 0 && events[n-1].ID > f.After+int64(most) && f.From.IsZero() {
				t.Fatalf("%s: a walk from %d through %d rows came to %d", name, f.After, most, events[n-1].ID)
			}
			got, f.After, more = append(got, events...), next, next > 0
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s, %d at a time (-list +walks):\n%s", name, limit, diff)
		}
	}
}

// TestHistoriesAreBounded: a search of a history looks through so many rows, says how far that was, and goes on from there
// until it has found what a search of all would.
func TestHistoriesAreBounded(t *testing.T) {
	w := newReachWorld(t)
	rng := rand.New(rand.NewPCG(5, 6))
	writeEvents(w, rng, 400)
	admin := identity.Local(w.now)
	for name, f := range map[string]registry.HistoryFilter{"the site": {Query: "graph"}, "somebody": {Query: "graph", User: "user1"}, "nothing": {Query: "nothing has it"}} {
		registry.LookAt(w.svc, 1000, 1000)
		all, err := w.svc.Audit.SystemHistory(t.Context(), admin, f, registry.Page{Limit: 1000})
		if err != nil || !all.Back.IsZero() {
			t.Fatalf("%s: %v, back to %s, want all looked at", name, err, all.Back)
		}
		registry.LookAt(w.svc, 50, 50)
		found := map[int64]bool{}
		steps := 0
		for more := true; more; steps++ {
			h, err := w.svc.Audit.SystemHistory(t.Context(), admin, f, registry.Page{Limit: 1000})
			if err != nil || len(h.Items) > 50 || h.Total != int64(len(h.Items)) || !h.Back.IsZero() && !f.Until.IsZero() && !h.Back.Before(f.Until) || steps > 400 {
				t.Fatalf("%s: step %d until %s: %d items of %d, back to %s, %v", name, steps, f.Until, len(h.Items), h.Total, h.Back, err)
			}
			for _, item := range h.Items {
				found[item.ID] = true
			}
			f.Until, more = h.Back, !h.Back.IsZero()
		}
		if f.User == "" && steps < 8 {
			t.Errorf("%s: 400 rows were looked through in %d steps of 50", name, steps)
		}
		for _, item := range all.Items {
			if !found[item.ID] {
				t.Errorf("%s: event %d was not found in steps", name, item.ID)
			}
		}
		if len(found) != len(all.Items) {
			t.Errorf("%s: %d events were found in steps, want %d", name, len(found), len(all.Items))
		}
	}
}

// writeEvents writes events, a minute apart, not quite in the order of their times.
func writeEvents(w *reachWorld, rng *rand.Rand, rows int) {
	w.Helper()
	words := []string{"graph", "Graph-tool", "numpy", "geography"}
	for i := range rows {
		e := registry.Event{
			At: w.now.Add(time.Duration(i+rng.IntN(20)) * time.Minute), Type: registry.EventLogin, Outcome: registry.Done, Principal: fmt.Sprintf("user%d", rng.IntN(20)),
			TokenID: []string{"", "", "token1", "token2"}[rng.IntN(4)], Target: []string{"team", "team/sub", "teams", "other"}[rng.IntN(4)], Data: "{}",
		}
		switch rng.IntN(5) {
		case 0:
			e.Type, e.Data = registry.EventArtifactAdded, fmt.Sprintf(`{"name":%q}`, words[rng.IntN(len(words))])
		case 1:
			e.Outcome, e.Reason, e.Client = registry.Denial, "level", words[rng.IntN(len(words))]+"/1"
		}
		if i == 123 {
			e.RequestID = "only-once"
		}
		if err := w.db.Write(w.Context(), func(tx registry.Tx) error { return w.db.InsertAudit(w.Context(), tx, e) }); err != nil {
			w.Fatal(err)
		}
	}
}
