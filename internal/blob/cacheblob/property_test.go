package cacheblob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/fsblob"
)

// brittle is a store whose readers break off now and then while broken is set, after whole blocks.
type brittle struct {
	blob.Store
	broken atomic.Bool
}

func (b *brittle) Open(ctx context.Context, h blob.Hash) (blob.Reader, error) {
	r, err := b.Store.Open(ctx, h)
	return &brittleReader{Reader: r, store: b}, err
}

type brittleReader struct {
	blob.Reader
	store *brittle
	reads int
}

func (r *brittleReader) Read(p []byte) (int, error) {
	if r.reads++; r.reads > 2 && r.store.broken.Load() {
		return 0, blob.ErrUnavailable
	}
	return r.Reader.Read(p[:min(len(p), 700)])
}

// kept is a blob of the property test.
type kept struct {
	hash blob.Hash
	data []byte
}

// part reads a part of a blob, or all of it, and may leave before the end. What comes has to be right, and all of it has to
// come unless the store behind breaks off.
func (k kept) part(t *rapid.T, s blob.Store, off, n int, mayFail bool) {
	r, err := s.Open(t.Context(), k.hash)
	if err != nil {
		t.Errorf("open: %v", err)
		return
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	if _, err := r.Seek(int64(off), io.SeekStart); err != nil {
		t.Errorf("seek: %v", err)
	}
	want := k.data[off:min(off+n, len(k.data))]
	got, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if !bytes.Equal(got, want[:min(len(got), len(want))]) {
		t.Errorf("bytes %d to %d of %d are others", off, off+len(got), len(k.data))
	}
	if err != nil && !(mayFail && errors.Is(err, blob.ErrUnavailable)) || err == nil && len(got) != len(want) {
		t.Errorf("%d bytes of %d from %d on: %v", len(got), len(want), off, err)
	}
}

// TestAnyOrder reads, deletes and leaves in any order and many at once, over a store that breaks off at times. What is read is
// right, and when all is done the folder has what is noted, which is within the bound.
func TestAnyOrder(t *testing.T) {
	behind, err := fsblob.Open(folder(t), fsblob.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := behind.Close(); err != nil {
			t.Error(err)
		}
	})
	far := &brittle{Store: behind}
	const bound = 20_000
	dir := folder(t)
	s := newCache(t, dir, far, bound, 100)
	seed := uint64(0)
	rapid.Check(t, func(rt *rapid.T) {
		var blobs []kept
		for _, size := range rapid.SliceOfN(rapid.IntRange(0, 12_000), 1, 6).Draw(rt, "sizes") {
			seed++
			data := make([]byte, size+8)
			rng := rand.New(rand.NewPCG(seed, 1))
			for i := range data {
				data[i] = byte(rng.Uint32())
			}
			h, err := blob.Put(t.Context(), s, data)
			if err != nil {
				rt.Fatal(err)
			}
			blobs = append(blobs, kept{h, data})
		}
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			broken := rapid.Bool().Draw(rt, "broken")
			far.broken.Store(broken)
			var group sync.WaitGroup
			for range rapid.IntRange(1, 5).Draw(rt, "readers") {
				k := rapid.SampledFrom(blobs).Draw(rt, "blob")
				off := rapid.IntRange(0, len(k.data)).Draw(rt, "offset")
				n := rapid.IntRange(0, len(k.data)).Draw(rt, "bytes")
				group.Go(func() { k.part(rt, s, off, n, true) })
			}
			group.Wait()
			s.Settle()
			far.broken.Store(false)
			k := rapid.SampledFrom(blobs).Draw(rt, "again")
			k.part(rt, s, 0, len(k.data), false)
			s.Settle()
		}
		if held, stored := s.Stats().Held, bytesIn(t, dir); held != stored || held > bound {
			rt.Fatalf("%d bytes are held and %d stored, of %d", held, stored, bound)
		}
		gone := rapid.SampledFrom(blobs).Draw(rt, "gone")
		if err := s.Delete(t.Context(), gone.hash); err != nil {
			rt.Fatal(err)
		}
		if _, err := s.Open(t.Context(), gone.hash); !errors.Is(err, blob.ErrNotExist) {
			rt.Fatalf("a blob that was deleted: %v", err)
		}
	})
}
