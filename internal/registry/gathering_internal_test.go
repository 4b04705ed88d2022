package registry

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestSettle waits for uploads that are announced until each has arrived or has failed, which the first to write cannot tell
// apart, and not for those of another channel or those announced later.
func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGathering()
		start := time.Now()
		g.settle(7)
		one, two, other := g.announce(7), g.announce(7), g.announce(8)
		defer other()
		settled := make(chan time.Duration)
		go func() {
			g.settle(7)
			settled <- time.Since(start)
		}()
		synctest.Wait()
		later := g.announce(7)
		one()
		one() // As by a defer, after it arrived.
		time.Sleep(longestSettling / 2)
		synctest.Wait()
		select {
		case after := <-settled:
			t.Fatalf("settled after %v, before all had arrived", after)
		default:
		}
		two()
		if got, want := <-settled, longestSettling/2; got != want {
			t.Errorf("settled after %v, want %v", got, want)
		}
		later()
		if len(g.coming) != 1 {
			t.Errorf("%d channels have uploads that are coming, want 1", len(g.coming))
		}
	})
}

// TestSettleHasAnEnd: a disk that does not answer holds up who waits on it only.
func TestSettleHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGathering()
		defer g.announce(7)()
		start := time.Now()
		g.settle(7)
		if got := time.Since(start); got != longestSettling {
			t.Errorf("settled after %v, want %v", got, longestSettling)
		}
	})
}
