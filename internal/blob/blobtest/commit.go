package blobtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"kingsnake/internal/blob"
)

func testCommitTwice(t *testing.T, s blob.Store) {
	data := content(1, 1000)
	h := store(t, s, data)
	if again := store(t, s, data); again != h {
		t.Fatalf("second commit is named %s, want %s", again, h)
	}
	wantContent(t, s, h, data)
	if got := listed(t.Context(), t, s); len(got) != 1 {
		t.Errorf("List yields %d blobs, want 1", len(got))
	}
	wantNothingStaged(t, s)
}

func testCommitRefreshesModTime(t *testing.T, s blob.Store) {
	data := content(2, 10)
	h := store(t, s, data)
	first, err := s.Stat(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	// Stores keep time in ticks of their own, up to a second long.
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		store(t, s, data)
		info, err := s.Stat(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		if info.ModTime.After(first.ModTime) {
			return
		}
	}
	t.Errorf("ModTime is still %v after further commits", first.ModTime)
}

func testCommitConcurrently(t *testing.T, s blob.Store) {
	const writers = 16
	data := content(3, 300<<10)
	h := blob.Sum(data)
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			if err := commitAndRead(t.Context(), s, h, data); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	wantContent(t, s, h, data)
	if got := listed(t.Context(), t, s); len(got) != 1 {
		t.Errorf("List yields %d blobs, want 1", len(got))
	}
	wantNothingStaged(t, s)
}

// commitAndRead stores data and checks that the blob is whole right after.
func commitAndRead(ctx context.Context, s blob.Store, h blob.Hash, data []byte) (err error) {
	if _, err := blob.Put(ctx, s, data); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	r, err := s.Open(ctx, h)
	if err != nil {
		return fmt.Errorf("open after commit: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	got, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if blob.Sum(got) != h {
		return fmt.Errorf("after commit the blob has %d bytes of hash %s", len(got), blob.Sum(got))
	}
	return nil
}

// testCommitAndDeleteConcurrently lets a garbage collector work against
// uploads of the blob it collects. Neither may fail, and readers see the
// whole blob or none.
func testCommitAndDeleteConcurrently(t *testing.T, s blob.Store) {
	const rounds = 50
	data := content(4, 10<<10)
	h := blob.Sum(data)
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for range rounds {
				if err := commitAndRead(t.Context(), s, h, data); err != nil && !errors.Is(err, blob.ErrNotExist) {
					t.Error(err)
				}
			}
		})
	}
	group.Go(func() {
		for range rounds {
			if err := s.Delete(t.Context(), h); err != nil {
				t.Error(err)
			}
		}
	})
	group.Wait()
	store(t, s, data)
	wantContent(t, s, h, data)
}

func testUseAfterCommit(t *testing.T, s blob.Store) {
	data := content(5, 100)
	g := stage(t, s, data)
	if err := g.Commit(t.Context(), blob.Sum(data)); err != nil {
		t.Fatal(err)
	}
	if err := g.Discard(); err != nil {
		t.Errorf("Discard after Commit: %v", err)
	}
	wantFinished(t, g, blob.Sum(data))
	wantContent(t, s, blob.Sum(data), data)
}

func testUseAfterDiscard(t *testing.T, s blob.Store) {
	data := content(6, 100)
	g := stage(t, s, data)
	for i := range 2 {
		if err := g.Discard(); err != nil {
			t.Errorf("Discard %d: %v", i, err)
		}
	}
	wantFinished(t, g, blob.Sum(data))
	wantAbsent(t, s, blob.Sum(data))
	wantNothingStaged(t, s)
}

func wantFinished(t *testing.T, g blob.Staged, h blob.Hash) {
	t.Helper()
	if _, err := g.Write([]byte("x")); !errors.Is(err, blob.ErrFinished) {
		t.Errorf("Write = %v, want ErrFinished", err)
	}
	if _, err := g.ReadAt(make([]byte, 1), 0); !errors.Is(err, blob.ErrFinished) {
		t.Errorf("ReadAt = %v, want ErrFinished", err)
	}
	if err := g.Commit(t.Context(), h); !errors.Is(err, blob.ErrFinished) {
		t.Errorf("Commit = %v, want ErrFinished", err)
	}
}

func testSweep(t *testing.T, s blob.Store) {
	kept := store(t, s, content(7, 100))
	stage(t, s, content(8, 100))
	stage(t, s, nil)
	if n, err := s.Sweep(t.Context(), time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Errorf("Sweep of what is an hour old = %d, %v, want 0", n, err)
	}
	if n, err := s.Sweep(t.Context(), time.Now().Add(time.Hour)); n != 2 || err != nil {
		t.Errorf("Sweep of everything = %d, %v, want 2", n, err)
	}
	wantNothingStaged(t, s)
	wantContent(t, s, kept, content(7, 100))
}

func testSweptIsNotCommitted(t *testing.T, s blob.Store) {
	data := content(9, 100)
	g := stage(t, s, data)
	if n, err := s.Sweep(t.Context(), time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Fatalf("Sweep = %d, %v, want 1", n, err)
	}
	if err := g.Commit(t.Context(), blob.Sum(data)); err == nil {
		t.Error("Commit of swept bytes succeeds")
	}
	wantAbsent(t, s, blob.Sum(data))
}

// wantNothingStaged fails if there is anything that a sweep would remove.
func wantNothingStaged(t *testing.T, s blob.Store) {
	t.Helper()
	if n, err := s.Sweep(t.Context(), time.Now().Add(time.Hour)); n != 0 || err != nil {
		t.Errorf("Sweep = %d, %v, want nothing left to sweep", n, err)
	}
}
