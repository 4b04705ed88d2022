package registry

import "testing"

// TestGathering has more uploads wait than one write takes: each is taken once, in order, and always one of those who wait
// knows that it is to write.
func TestGathering(t *testing.T) {
	g := newGathering()
	all := make([]*waiting, 2*maxTogether+2)
	for i := range all {
		all[i] = &waiting{upload: &Upload{channel: Channel{ID: 7}}, turn: make(chan bool, 1)}
		if first := g.join(all[i]); first != (i == 0) {
			t.Fatalf("upload %d is the first: %v", i, first)
		}
	}
	if !g.join(&waiting{upload: &Upload{channel: Channel{ID: 8}}}) {
		t.Error("another channel's upload waits behind these")
	}
	taken := 0
	for _, want := range []int{maxTogether, maxTogether, 2} {
		if taken > 0 && !toldToWrite(all[taken]) {
			t.Errorf("upload %d does not know that it is to write", taken)
		}
		some := g.take(7)
		if len(some) != want {
			t.Fatalf("%d were taken, want %d", len(some), want)
		}
		for i, w := range some {
			if w != all[taken+i] {
				t.Errorf("upload %d was not taken in its turn", taken+i)
			}
		}
		taken += want
	}
	for i, w := range all {
		if toldToWrite(w) {
			t.Errorf("upload %d was told to write again", i)
		}
	}
	if !g.join(all[0]) {
		t.Error("after all were taken, the next is not the first")
	}
}

func toldToWrite(w *waiting) bool {
	select {
	case lead := <-w.turn:
		return lead
	default:
		return false
	}
}
