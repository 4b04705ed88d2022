package store

import (
	"errors"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"kingsnake/internal/registry"
)

// TestMembersOfABatch has writes wait for one another, of which some fail or panic, the first among them: each is written
// whole or not at all, and none is told of another's failure.
func TestMembersOfABatch(t *testing.T) {
	for _, outcomes := range [][]string{
		{"fails"},
		{"panics"},
		{"works", "works"},
		{"fails", "works"},
		{"panics", "works"},
		{"works", "fails"},
		{"works", "fails", "works"},
		{"works", "panics", "works"},
		{"fails", "fails", "works", "works"},
	} {
		s := openTest(t, filepath.Join(t.TempDir(), "db"))
		errs := writeInLine(t, s, outcomes)
		for i, outcome := range outcomes {
			if err := errs[i]; (outcome == "works") != (err == nil) || outcome == "fails" && !errors.Is(err, errOfMember) {
				t.Errorf("%v: write %d: %v", outcomes, i, err)
			}
			checkWritten(t.Context(), t, s, string(rune('a'+i)), outcome == "works")
		}
		if err := s.Write(t.Context(), func(registry.Tx) error { return nil }); err != nil {
			t.Errorf("%v: a write after them: %v", outcomes, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

var errOfMember = errors.New("the write's own")

// writeInLine runs a write for each outcome, of which each begins while the one before is in its transaction.
func writeInLine(t *testing.T, s *Store, outcomes []string) []error {
	ctx := t.Context()
	errs, done := make([]error, len(outcomes)), make(chan struct{})
	for i, outcome := range outcomes {
		begun := make(chan struct{})
		go func() {
			defer func() {
				if p := recover(); p != nil {
					errs[i] = errPanicked
				}
				done <- struct{}{}
			}()
			errs[i] = s.Write(ctx, func(tx registry.Tx) error {
				close(begun)
				for i+1 < len(outcomes) && s.writer.waiting.Load() == 0 {
					runtime.Gosched() // The next one waits for this.
				}
				name := string(rune('a' + i))
				if err := errors.Join(s.SetSetting(ctx, tx, name, outcome, time.Now()),
					s.InsertAudit(ctx, tx, registry.Event{At: time.Now(), Type: "test", Target: name, Format: 1})); err != nil {
					return err
				}
				switch outcome {
				case "fails":
					return errOfMember
				case "panics":
					panic("as is wanted")
				}
				return nil
			})
		}()
		<-begun
	}
	for range outcomes {
		<-done
	}
	return errs
}
