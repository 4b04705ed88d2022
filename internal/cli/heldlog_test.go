package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"kingsnake/internal/config"
)

// lines gives what was written so far.
func lines(b *bytes.Buffer) int { return strings.Count(b.String(), "\n") }

func TestLogIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log, flush := newApp(Deps{Stderr: &out}).logger(config.Default())
		log.Info("one")
		log.With("a", 1).WithGroup("g").Info("two", "b", 2)
		if n := lines(&out); n != 0 {
			t.Errorf("%d lines were written at once:\n%s", n, &out)
		}
		time.Sleep(holdTime)
		synctest.Wait()
		if n := lines(&out); n != 2 || !strings.Contains(out.String(), "a=1 g.b=2") {
			t.Errorf("after a while %d lines of 2 are written:\n%s", n, &out)
		}
		log.Info("three")
		log.With("c", 3).Warn("four")
		if n := lines(&out); n != 4 {
			t.Errorf("at a warning %d lines of 4 are written:\n%s", n, &out)
		}
		log.Info("five")
		if err := flush(); err != nil || lines(&out) != 5 {
			t.Errorf("in the end %d lines of 5 are written (%v):\n%s", lines(&out), err, &out)
		}
		for range 2 * maxHeld / 100 {
			log.Info(strings.Repeat("x", 100))
		}
		synctest.Wait() // It is written while lines are added.
		if out.Len() < maxHeld {
			t.Errorf("%d bytes are written of more than %d", out.Len(), 2*maxHeld)
		}
	})
}

// fails is what cannot be written to.
type fails struct{}

var errFull = errors.New("the disk is full")

func (fails) Write([]byte) (int, error) { return 0, errFull }

// TestLogThatFails: what could not be written is told once, and does not pile up.
func TestLogThatFails(t *testing.T) {
	l := &heldLog{to: fails{}}
	if _, err := l.Write([]byte("line\n")); err != nil {
		t.Errorf("what is held fails at once: %v", err)
	}
	if err := l.Flush(); !errors.Is(err, errFull) {
		t.Errorf("Flush = %v, want %v", err, errFull)
	}
	if err := l.Flush(); err != nil {
		t.Errorf("the second Flush = %v", err)
	}
}
