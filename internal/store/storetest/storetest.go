// Package storetest is the conformance suite of the store: what the domain relies on, whatever the database. A database
// passes when Run does.
//
// Out of scope: how fast a database is, and what of its own settings makes it durable.
package storetest

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kingsnake/internal/index"
	"kingsnake/internal/registry"
	"kingsnake/internal/upkeep"
)

// Store is all that is tested.
type Store interface {
	registry.Store
	index.Store
	upkeep.Store
	PruneChanges(ctx context.Context, tx registry.Tx, before time.Time) error
	Setting(ctx context.Context, tx registry.Tx, name string) (string, error)
	SetSetting(ctx context.Context, tx registry.Tx, name, value string, at time.Time) error
	HoldCleanup(ctx context.Context, tx registry.Tx, holder string, until, now time.Time) (int64, error)
	RenewHold(ctx context.Context, tx registry.Tx, id int64, until, now time.Time) error
	ReleaseHold(ctx context.Context, tx registry.Tx, id int64) error
	Ping(ctx context.Context) error
	Close() error
}

// Open opens a database. Calls with one name in one test open the same one.
type Open func(t *testing.T, name string) Store

// Run runs the suite.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*suite){
		"writes are durable":        (*suite).durable,
		"two processes write":       (*suite).twoWriters,
		"two processes claim jobs":  (*suite).twoRunners,
		"a failed write":            (*suite).failedWrite,
		"a panic in a write":        (*suite).panicInWrite,
		"a cancelled write":         (*suite).cancelledWrite,
		"reads inside a write":      (*suite).readsInside,
		"accounts":                  (*suite).accounts,
		"roles":                     (*suite).roles,
		"ownings":                   (*suite).ownings,
		"sessions":                  (*suite).sessions,
		"tokens":                    (*suite).tokens,
		"dead strings":              (*suite).deadStrings,
		"leaks":                     (*suite).leaks,
		"limits of tokens":          (*suite).tokenLimits,
		"uses of tokens":            (*suite).tokenUses,
		"the last use of a string":  (*suite).lastUse,
		"narrowed lists":            (*suite).narrowedLists,
		"channels":                  (*suite).channels,
		"groups":                    (*suite).groups,
		"service accounts":          (*suite).serviceAccounts,
		"packages":                  (*suite).packages,
		"uploads written together":  (*suite).together,
		"labels":                    (*suite).labels,
		"jobs":                      (*suite).jobs,
		"chores":                    (*suite).chores,
		"parts of a write":          (*suite).parts,
		"ranges of files":           (*suite).ranges,
		"sources":                   (*suite).sources,
		"depends":                   (*suite).depends,
		"what filters hide":         (*suite).filters,
		"quotas":                    (*suite).quotas,
		"what an index reads":       (*suite).indexReads,
		"what an index keeps":       (*suite).indexKeeps,
		"blobs that are named":      (*suite).namedBlobs,
		"holds of the cleanup":      (*suite).cleanupHolds,
		"doomed blobs":              (*suite).doomedBlobs,
		"the audit":                 (*suite).audit,
		"the audit's chain":         (*suite).auditChain,
		"the audit's queries":       (*suite).auditQueries,
		"the audit's heads":         (*suite).auditHeads,
		"the feed":                  (*suite).feed,
		"settings":                  (*suite).settings,
		"identities and claims":     (*suite).identities,
		"trusted publishing":        (*suite).trust,
		"reach of a channel":        (*suite).reach,
		"tokens that end":           (*suite).endings,
		"digests":                   (*suite).digests,
		"what works once":           (*suite).spent,
		"uploads under way":         (*suite).stagings,
		"a deleted channel":         (*suite).deletedChannel,
		"what goes with a channel":  (*suite).losses,
		"counts of a channel":       (*suite).channelCounts,
		"totals that are bounded":   (*suite).boundedTotals,
		"likes are taken by letter": (*suite).likes,
		"texts in order":            (*suite).textOrder,
		"texts that are none":       (*suite).badTexts,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &suite{T: t, open: open}
			s.Store = open(t, "site")
			t.Cleanup(func() {
				if err := s.Store.Close(); err != nil {
					t.Error(err)
				}
			})
			test(s)
		})
	}
}

// suite is one test's store and what it knows of it.
type suite struct {
	*testing.T
	Store
	open Open
}

// at is when everything happens, to the millisecond, which is as exact as a store keeps times.
func at(minutes int) time.Time {
	return time.Date(2026, 11, 21, 12, 0, 0, int(7*time.Millisecond), time.UTC).Add(time.Duration(minutes) * time.Minute)
}

// ctx is the test's.
func (s *suite) ctx() context.Context { return s.T.Context() }

// write runs fn in a transaction of its own.
func (s *suite) write(fn func(tx registry.Tx) error) {
	s.Helper()
	if err := s.Store.Write(s.ctx(), fn); err != nil {
		s.Fatalf("write: %v", err)
	}
}

// same compares what was read with what was written; an empty list is as good as none.
func same[T any](s *suite, what string, got, want T) {
	s.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// must gives a value, or ends the test.
func must[T any](s *suite, what string) func(T, error) T {
	s.Helper()
	return func(v T, err error) T {
		s.Helper()
		if err != nil {
			s.Fatalf("%s: %v", what, err)
		}
		return v
	}
}

// fails fails unless err is of the wanted kind.
func (s *suite) fails(what string, err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("%s: error %v, want %v", what, err, want)
	}
}
