package cacheblob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/blobtest"
	"kingsnake/internal/blob/cacheblob"
	"kingsnake/internal/blob/fsblob"
)

// far is a store that counts how often it is read, and can be out of reach.
type far struct {
	blob.Store
	opened atomic.Int64
	down   atomic.Bool
}

func (f *far) Open(ctx context.Context, h blob.Hash) (blob.Reader, error) {
	f.opened.Add(1)
	if f.down.Load() {
		return nil, blob.ErrUnavailable
	}
	return f.Store.Open(ctx, h)
}

func newCache(t *testing.T, dir string, f *far, size, minFile int64) *cacheblob.Store {
	t.Helper()
	s, err := cacheblob.Open(t.Context(), cacheblob.Options{Far: f, Dir: dir, Size: size, MinFile: minFile, NoSync: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newFar(t *testing.T) *far {
	t.Helper()
	s, err := fsblob.Open(t.TempDir(), fsblob.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &far{Store: s}
}

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return newCache(t, t.TempDir(), newFar(t), 1<<20, 100) })
}

func put(t *testing.T, s blob.Store, seed byte, n int) blob.Hash {
	t.Helper()
	h, err := blob.Put(t.Context(), s, bytes.Repeat([]byte{seed}, n))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func read(t *testing.T, s blob.Store, h blob.Hash) error {
	t.Helper()
	r, err := s.Open(t.Context(), h)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if blob.Sum(data) != h {
		t.Errorf("read %d bytes that are not blob %s", len(data), h)
	}
	return nil
}

// TestCopiesAreUsed reads blobs while the store behind is out of reach.
func TestCopiesAreUsed(t *testing.T) {
	f, dir := newFar(t), t.TempDir()
	s := newCache(t, dir, f, 8000, 100)
	small, kept, large := put(t, s, 1, 99), put(t, s, 2, 1000), put(t, s, 3, 1001)
	for _, h := range []blob.Hash{small, kept, large} {
		if err := read(t, s, h); err != nil {
			t.Fatal(err)
		}
	}
	again := newCache(t, dir, f, 8000, 100)
	f.down.Store(true)
	for name, s := range map[string]blob.Store{"the cache": s, "the cache opened again": again} {
		for h, want := range map[blob.Hash]error{small: blob.ErrUnavailable, kept: nil, large: blob.ErrUnavailable} {
			if err := read(t, s, h); !errors.Is(err, want) {
				t.Errorf("%s: read %s = %v, want %v", name, h, err, want)
			}
		}
	}
}

// TestOldCopiesGo fills the cache over its bound.
func TestOldCopiesGo(t *testing.T) {
	f, dir := newFar(t), t.TempDir()
	s := newCache(t, dir, f, 8000, 1)
	var all []blob.Hash
	for seed := range byte(10) {
		all = append(all, put(t, s, seed, 1000))
	}
	for _, h := range all {
		if err := errors.Join(read(t, s, h), read(t, s, all[0])); err != nil {
			t.Fatal(err)
		}
	}
	f.down.Store(true)
	for i, h := range all {
		want := error(nil)
		if i == 1 || i == 2 {
			want = blob.ErrUnavailable // Those used longest ago.
		}
		if err := read(t, s, h); !errors.Is(err, want) {
			t.Errorf("blob %d: %v, want %v", i, err, want)
		}
	}
	var total int64
	copies, err := fsblob.Open(dir, fsblob.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	for info, err := range copies.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size
	}
	if err := copies.Close(); err != nil {
		t.Error(err)
	}
	if total != 8000 {
		t.Errorf("the copies have %d bytes, want 8000", total)
	}
}

// TestManyWhoAsk opens one blob many times at once, and finds it whole each time.
func TestManyWhoAsk(t *testing.T) {
	f := newFar(t)
	s := newCache(t, t.TempDir(), f, 8<<20, 1)
	h := put(t, s, 1, 1<<20)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := read(t, s, h); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	before := f.opened.Load()
	if err := read(t, s, h); err != nil || f.opened.Load() != before {
		t.Errorf("a copied blob was read from afar: %v", err)
	}
}
