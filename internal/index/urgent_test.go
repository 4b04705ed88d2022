package index

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

// TestLongBuildStandsBack: a long build waits while shards are made, and goes on at once when they are, or when it has stood
// back for as long as it has worked.
func TestLongBuildStandsBack(t *testing.T) {
	for _, c := range []struct {
		name string
		// How long the long build worked before, and how long each urgent one takes, after a second of work each.
		worked time.Duration
		urgent []time.Duration
		// How long it waited in all.
		want time.Duration
	}{
		{name: "nothing urgent", worked: time.Second},
		{name: "one", worked: time.Second, urgent: []time.Duration{300 * time.Millisecond}, want: 300 * time.Millisecond},
		{name: "one longer than the work", worked: time.Second, urgent: []time.Duration{5 * time.Second}, want: 2 * time.Second},
		{name: "several", worked: time.Second, urgent: []time.Duration{100 * time.Millisecond, 50 * time.Millisecond}, want: 150 * time.Millisecond},
		{name: "without end", urgent: []time.Duration{time.Minute, time.Minute, time.Minute, time.Minute}, want: 4 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var u urgent
				var out bytes.Buffer
				w := u.behind(&out)
				time.Sleep(c.worked)
				var waited time.Duration
				for _, takes := range c.urgent {
					time.Sleep(time.Second)
					end := u.begin()
					go func() {
						time.Sleep(takes)
						end()
					}()
					begun := time.Now()
					if _, err := w.Write([]byte("x")); err != nil {
						t.Error(err)
					}
					waited += time.Since(begun)
					if rest := takes - time.Since(begun); rest > 0 {
						// What is urgent ends; the long build does not work meanwhile.
						s, ok := w.(*standing)
						if !ok {
							t.Fatal("another writer")
						}
						s.begun = s.begun.Add(rest)
						time.Sleep(rest)
						synctest.Wait()
					}
				}
				if waited != c.want {
					t.Errorf("the long build waited %v, want %v", waited, c.want)
				}
				if got := out.Len(); got != len(c.urgent) {
					t.Errorf("%d pieces were written, want %d", got, len(c.urgent))
				}
			})
		})
	}
}

// TestUrgentBuildsEndTogether: the long build goes on when the last of several urgent ones has ended.
func TestUrgentBuildsEndTogether(t *testing.T) {
	var u urgent
	if u.busy() != nil {
		t.Error("busy before anything began")
	}
	first, second := u.begin(), u.begin()
	idle := u.busy()
	first()
	select {
	case <-idle:
		t.Error("idle while one of two goes on")
	default:
	}
	second()
	select {
	case <-idle:
	default:
		t.Error("not idle after both ended")
	}
	if u.busy() != nil {
		t.Error("busy after both ended")
	}
}
