package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/internal/blob"
)

func testRoundTrip(t *testing.T, s blob.Store) {
	for _, size := range []int{0, 1, 511, 4096, 5<<20 + 3} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			data := content(uint64(size), size)
			h := store(t, s, data)
			wantContent(t, s, h, data)
			// Seeks, reads of one byte, and reads at every sort of offset.
			if size <= 4096 {
				if err := iotest.TestReader(open(t, s, h), data); err != nil {
					t.Error(err)
				}
			}
			wantFile(t, s, h, data)
		})
	}
}

// wantFile checks the file behind a reader, where the store has one.
func wantFile(t *testing.T, s blob.Store, h blob.Hash, data []byte) {
	t.Helper()
	f, ok := open(t, s, h).File()
	if !ok {
		return
	}
	got, err := io.ReadAll(f)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("the reader's file holds %d bytes, %v, want %d", len(got), err, len(data))
	}
}

func testStagedReadBack(t *testing.T, s blob.Store) {
	data := content(20, 200<<10)
	half := len(data) / 2
	g := stage(t, s, data[:half])
	if got, err := io.ReadAll(io.NewSectionReader(g, 0, g.Size())); err != nil || !bytes.Equal(got, data[:half]) {
		t.Fatalf("read back %d staged bytes, %v, want %d", len(got), err, half)
	}
	// Reading must not disturb where the next write goes.
	if _, err := g.Write(data[half:]); err != nil {
		t.Fatal(err)
	}
	if g.Size() != int64(len(data)) {
		t.Errorf("Size = %d, want %d", g.Size(), len(data))
	}
	tail := make([]byte, 100)
	if n, err := g.ReadAt(tail, g.Size()-50); n != 50 || !errors.Is(err, io.EOF) {
		t.Errorf("ReadAt across the end = %d, %v, want 50, EOF", n, err)
	}
	if !bytes.Equal(tail[:50], data[len(data)-50:]) {
		t.Error("ReadAt across the end reads other bytes than were written")
	}
	if err := g.Commit(t.Context(), blob.Sum(data)); err != nil {
		t.Fatal(err)
	}
	wantContent(t, s, blob.Sum(data), data)
}

func testNothingVisibleBeforeCommit(t *testing.T, s blob.Store) {
	data := content(21, 1000)
	g := stage(t, s, data)
	wantAbsent(t, s, blob.Sum(data))
	if got := listed(t.Context(), t, s); len(got) != 0 {
		t.Errorf("List yields %d blobs while one is staged, want 0", len(got))
	}
	if err := g.Commit(t.Context(), blob.Sum(data)); err != nil {
		t.Fatal(err)
	}
	wantContent(t, s, blob.Sum(data), data)
}

func testAbsent(t *testing.T, s blob.Store) {
	h := blob.Sum([]byte("never stored"))
	wantAbsent(t, s, h)
	if err := s.Delete(t.Context(), h); err != nil {
		t.Errorf("Delete of an absent blob: %v", err)
	}
}

func wantAbsent(t *testing.T, s blob.Store, h blob.Hash) {
	t.Helper()
	if r, err := s.Open(t.Context(), h); !errors.Is(err, blob.ErrNotExist) {
		t.Errorf("Open = %v, %v, want ErrNotExist", r, err)
	}
	if info, err := s.Stat(t.Context(), h); !errors.Is(err, blob.ErrNotExist) {
		t.Errorf("Stat = %v, %v, want ErrNotExist", info, err)
	}
}

func testDeleteWhileOpen(t *testing.T, s blob.Store) {
	data := content(22, 200<<10)
	h := store(t, s, data)
	r := open(t, s, h)
	head := make([]byte, 1000)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), h); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	wantAbsent(t, s, h)
	rest, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(append(head, rest...), data) {
		t.Errorf("a reader opened before the deletion gets %d bytes, %v, want %d", len(head)+len(rest), err, len(data))
	}
}

func testReadersAreIndependent(t *testing.T, s blob.Store) {
	data := content(23, 1000)
	h := store(t, s, data)
	a, b := open(t, s, h), open(t, s, h)
	if _, err := a.Seek(500, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(b)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("after another reader's seek: %d bytes, %v, want %d", len(got), err, len(data))
	}
}

func testList(t *testing.T, s blob.Store) {
	want := map[blob.Hash]int64{}
	for i := range 300 {
		want[store(t, s, content(uint64(100+i), i))] = int64(i)
	}
	if diff := cmp.Diff(want, listed(t.Context(), t, s)); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	for h := range want {
		if err := s.Delete(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		delete(want, h)
		break
	}
	if diff := cmp.Diff(want, listed(t.Context(), t, s)); diff != "" {
		t.Errorf("List after Delete (-want +got):\n%s", diff)
	}
}

func testListStopsEarly(t *testing.T, s blob.Store) {
	for i := range 3 {
		store(t, s, content(uint64(500+i), 10))
	}
	seen := 0
	for _, err := range s.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		seen++
		break
	}
	if seen != 1 {
		t.Errorf("List yielded %d blobs before the break, want 1", seen)
	}
}

func testDeleteWhileListing(t *testing.T, s blob.Store) {
	const n = 50
	for i := range n {
		store(t, s, content(uint64(600+i), 10))
	}
	seen := 0
	for info, err := range s.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), info.Hash); err != nil {
			t.Fatal(err)
		}
		seen++
	}
	if rest := listed(t.Context(), t, s); seen != n || len(rest) != 0 {
		t.Errorf("List yielded %d blobs and left %d after deleting each, want %d and 0", seen, len(rest), n)
	}
}

func testCancelledContext(t *testing.T, s blob.Store) {
	data := content(24, 10)
	kept := store(t, s, data)
	g := stage(t, s, content(25, 10))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, openErr := s.Open(ctx, kept)
	_, statErr := s.Stat(ctx, kept)
	_, stageErr := s.Stage(ctx)
	_, sweepErr := s.Sweep(ctx, time.Now().Add(time.Hour))
	_, putErr := blob.Put(ctx, s, data)
	var listErr error
	for _, err := range s.List(ctx) {
		listErr = err
	}
	for name, err := range map[string]error{
		"Open": openErr, "Stat": statErr, "Stage": stageErr, "Sweep": sweepErr, "Put": putErr, "List": listErr,
		"Delete": s.Delete(ctx, kept),
		"Commit": g.Commit(ctx, blob.Sum(content(25, 10))),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v, want context.Canceled", name, err)
		}
	}
	wantAbsent(t, s, blob.Sum(content(25, 10)))
	wantContent(t, s, kept, data)
}

func testPut(t *testing.T, s blob.Store) {
	data := content(26, 12345)
	h, err := blob.Put(t.Context(), s, data)
	if err != nil || h != blob.Sum(data) {
		t.Fatalf("Put = %s, %v, want %s", h, err, blob.Sum(data))
	}
	wantContent(t, s, h, data)
	wantNothingStaged(t, s)
}
