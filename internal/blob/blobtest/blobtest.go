// Package blobtest holds the tests that every blob.Store must pass. What only
// one kind of store promises, such as its file names, is tested beside it.
package blobtest

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"testing"

	"kingsnake/internal/blob"
)

// Run tests the stores that newStore makes, each of which must be empty.
func Run(t *testing.T, newStore func(t *testing.T) blob.Store) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, s blob.Store)
	}{
		{"RoundTrip", testRoundTrip},
		{"StagedReadBack", testStagedReadBack},
		{"NothingVisibleBeforeCommit", testNothingVisibleBeforeCommit},
		{"Absent", testAbsent},
		{"CommitTwice", testCommitTwice},
		{"CommitRefreshesModTime", testCommitRefreshesModTime},
		{"CommitConcurrently", testCommitConcurrently},
		{"CommitAndDeleteConcurrently", testCommitAndDeleteConcurrently},
		{"UseAfterCommit", testUseAfterCommit},
		{"UseAfterDiscard", testUseAfterDiscard},
		{"DeleteWhileOpen", testDeleteWhileOpen},
		{"ReadersAreIndependent", testReadersAreIndependent},
		{"List", testList},
		{"ListStopsEarly", testListStopsEarly},
		{"DeleteWhileListing", testDeleteWhileListing},
		{"Sweep", testSweep},
		{"SweptIsNotCommitted", testSweptIsNotCommitted},
		{"CancelledContext", testCancelledContext},
		{"Put", testPut},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, newStore(t)) })
	}
}

// content returns n bytes that differ with every seed.
func content(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, seed))
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return data
}

// stage returns staged bytes that are discarded when the test ends.
func stage(t *testing.T, s blob.Store, data []byte) blob.Staged {
	t.Helper()
	g, err := s.Stage(t.Context())
	if err != nil {
		t.Fatalf("Stage: %v", err)
	}
	t.Cleanup(func() {
		if err := g.Discard(); err != nil {
			t.Errorf("Discard at the end: %v", err)
		}
	})
	// In pieces, as an upload arrives.
	for chunk := range chunks(data, 64<<10) {
		if n, err := g.Write(chunk); err != nil || n != len(chunk) {
			t.Fatalf("Write of %d bytes = %d, %v", len(chunk), n, err)
		}
	}
	return g
}

func chunks(data []byte, size int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			n := min(size, len(data))
			if !yield(data[:n]) {
				return
			}
			data = data[n:]
		}
	}
}

// store commits data and returns its hash.
func store(t *testing.T, s blob.Store, data []byte) blob.Hash {
	t.Helper()
	h := blob.Sum(data)
	if err := stage(t, s, data).Commit(t.Context(), h); err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return h
}

// open returns a reader that is closed when the test ends.
func open(t *testing.T, s blob.Store, h blob.Hash) blob.Reader {
	t.Helper()
	r, err := s.Open(t.Context(), h)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

// wantContent fails unless the blob is stored and holds data.
func wantContent(t *testing.T, s blob.Store, h blob.Hash, data []byte) {
	t.Helper()
	r := open(t, s, h)
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read blob: %v", err)
	}
	if !bytes.Equal(got, data) {
		t.Fatalf("read %d bytes with hash %s, want %d with %s", len(got), blob.Sum(got), len(data), blob.Sum(data))
	}
	if r.Size() != int64(len(data)) {
		t.Errorf("Reader.Size = %d, want %d", r.Size(), len(data))
	}
	info, err := s.Stat(t.Context(), h)
	if err != nil {
		t.Fatalf("Stat: %v", err)
	}
	if info.Hash != h || info.Size != int64(len(data)) || info.ModTime.IsZero() {
		t.Errorf("Stat = %+v, want hash %s, size %d and a time", info, h, len(data))
	}
}

// listed returns all that List yields.
func listed(ctx context.Context, t *testing.T, s blob.Store) map[blob.Hash]int64 {
	t.Helper()
	sizes := map[blob.Hash]int64{}
	for info, err := range s.List(ctx) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		if _, twice := sizes[info.Hash]; twice {
			t.Errorf("List yields %s twice", info.Hash)
		}
		sizes[info.Hash] = info.Size
	}
	return sizes
}
