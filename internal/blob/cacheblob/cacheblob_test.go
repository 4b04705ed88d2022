package cacheblob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/blobtest"
	"kingsnake/internal/blob/cacheblob"
	"kingsnake/internal/blob/fsblob"
)

// far is a store that counts how often it is read, and can be out of reach, slow, or break off.
type far struct {
	blob.Store
	opened atomic.Int64
	down   atomic.Bool
	// gate holds reading up from gateAt on until it is closed, and then fails if failing is set.
	gate    chan struct{}
	gateAt  int64
	failing atomic.Pointer[error]
	// gated is told when somebody comes to the gate.
	gated chan struct{}
}

func (f *far) Open(ctx context.Context, h blob.Hash) (blob.Reader, error) {
	f.opened.Add(1)
	if f.down.Load() {
		return nil, blob.ErrUnavailable
	}
	r, err := f.Store.Open(ctx, h)
	if err != nil || f.gate == nil {
		return r, err
	}
	return &gatedReader{Reader: r, ctx: ctx, far: f}, nil
}

// gatedReader waits where the gate is, if it comes there from before.
type gatedReader struct {
	blob.Reader
	ctx context.Context
	far *far
	pos int64
}

func (r *gatedReader) Seek(offset int64, whence int) (int64, error) {
	pos, err := r.Reader.Seek(offset, whence)
	r.pos = pos
	return pos, err
}

func (r *gatedReader) Read(p []byte) (int, error) {
	if r.pos == r.far.gateAt {
		select {
		case r.far.gated <- struct{}{}:
		default:
		}
		select {
		case <-r.far.gate:
		case <-r.ctx.Done():
			return 0, r.ctx.Err()
		}
		if err := r.far.failing.Load(); err != nil {
			return 0, *err
		}
	} else if r.pos < r.far.gateAt {
		p = p[:min(int64(len(p)), r.far.gateAt-r.pos)]
	}
	n, err := r.Reader.Read(p)
	r.pos += int64(n)
	return n, err
}

// newGate makes a store stop in the middle of each blob that is longer.
func newGate(t *testing.T, at int64) *far {
	f := newFar(t)
	f.gate, f.gateAt, f.gated = make(chan struct{}), at, make(chan struct{}, 1)
	return f
}

func newCache(t testing.TB, dir string, f blob.Store, size, minFile int64, more ...func(*cacheblob.Options)) *cacheblob.Store {
	t.Helper()
	o := cacheblob.Options{Far: f, Dir: dir, Size: size, MinFile: minFile, NoSync: true, Log: slog.New(slog.DiscardHandler)}
	for _, change := range more {
		change(&o)
	}
	s, err := cacheblob.Open(t.Context(), o)
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

// folder is one in memory where there is such a place: a store makes hundreds of folders in it.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "kingsnake-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func newFar(t *testing.T) *far {
	t.Helper()
	s, err := fsblob.Open(folder(t), fsblob.Options{NoSync: true})
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
	blobtest.Run(t, func(t *testing.T) blob.Store { return newCache(t, folder(t), newFar(t), 1<<20, 100) })
}

func put(t *testing.T, s blob.Store, seed byte, n int) blob.Hash {
	t.Helper()
	h, err := blob.Put(t.Context(), s, bytes.Repeat([]byte{seed}, n))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// read reads a blob, waits for its copy, and tells an error.
func read(t *testing.T, s *cacheblob.Store, h blob.Hash) error {
	t.Helper()
	r, err := s.Open(t.Context(), h)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	s.Settle()
	if blob.Sum(data) != h {
		t.Errorf("read %d bytes that are not blob %s", len(data), h)
	}
	return nil
}

// TestCopiesAreUsed reads blobs while the store behind is out of reach.
func TestCopiesAreUsed(t *testing.T) {
	f, dir := newFar(t), folder(t)
	s := newCache(t, dir, f, 8000, 100)
	small, kept, large := put(t, s, 1, 99), put(t, s, 2, 1000), put(t, s, 3, 4001)
	for _, h := range []blob.Hash{small, kept, large, large} {
		if err := read(t, s, h); err != nil {
			t.Fatal(err)
		}
	}
	again := newCache(t, dir, f, 8000, 100)
	f.down.Store(true)
	for name, s := range map[string]*cacheblob.Store{"the cache": s, "the cache opened again": again} {
		for h, want := range map[blob.Hash]error{small: blob.ErrUnavailable, kept: nil, large: blob.ErrUnavailable} {
			if err := read(t, s, h); !errors.Is(err, want) {
				t.Errorf("%s: read %s = %v, want %v", name, h, err, want)
			}
		}
	}
}

// TestOldCopiesGo fills the cache over its bound, with blobs that are asked for twice.
func TestOldCopiesGo(t *testing.T) {
	f, dir := newFar(t), folder(t)
	s := newCache(t, dir, f, 8000, 1)
	var all []blob.Hash
	for seed := range byte(10) {
		all = append(all, put(t, s, seed, 1000))
	}
	for _, h := range all {
		if err := errors.Join(read(t, s, h), read(t, s, h), read(t, s, all[0])); err != nil {
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
	if total := bytesIn(t, dir); total != 8000 || s.Stats().Held != total {
		t.Errorf("the copies have %d bytes and are said to have %d, want 8000", total, s.Stats().Held)
	}
}

// bytesIn counts the bytes in a folder, those of copies that are not whole included.
func bytesIn(t testing.TB, dir string) (total int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return total
}

// TestOneWhoReadsAll reads more blobs than the cache can hold, once each, which leaves those in it that are read often.
func TestOneWhoReadsAll(t *testing.T) {
	f := newFar(t)
	s := newCache(t, folder(t), f, 8000, 1)
	var hot []blob.Hash
	for seed := range byte(8) {
		hot = append(hot, put(t, s, seed, 1000))
		if err := read(t, s, hot[seed]); err != nil {
			t.Fatal(err)
		}
	}
	for seed := range byte(40) {
		if err := read(t, s, put(t, s, 100+seed, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	f.down.Store(true)
	for i, h := range hot {
		if err := read(t, s, h); err != nil {
			t.Errorf("copy %d: %v", i, err)
		}
	}
}

// TestSecondReadWithinTheHour is about how long it is remembered that a blob was asked for.
func TestSecondReadWithinTheHour(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f := newFar(t)
	s := newCache(t, folder(t), f, 1000, 1, func(o *cacheblob.Options) { o.Now = func() time.Time { return now } })
	first, a, b := put(t, s, 1, 500), put(t, s, 2, 500), put(t, s, 3, 400)
	for _, h := range []blob.Hash{first, a} {
		if err := read(t, s, h); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range []struct {
		after time.Duration
		want  bool
	}{{0, false}, {3 * time.Hour, false}, {59 * time.Minute, true}} {
		now = now.Add(c.after)
		if err := read(t, s, b); err != nil {
			t.Fatal(err)
		}
		if got := s.Stats().Held == 900; got != c.want {
			t.Errorf("read %d: copied is %v, want %v", i+1, got, c.want)
		}
	}
}

// TestManyWhoAsk opens one blob many times at once, and finds it whole each time.
func TestManyWhoAsk(t *testing.T) {
	f := newFar(t)
	s := newCache(t, folder(t), f, 8<<20, 1)
	h := put(t, s, 1, 1<<20)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			r, err := s.Open(t.Context(), h)
			if err != nil {
				t.Error(err)
				return
			}
			data, err := io.ReadAll(r)
			if err := errors.Join(err, r.Close()); err != nil || blob.Sum(data) != h {
				t.Errorf("%d bytes, %v", len(data), err)
			}
		})
	}
	group.Wait()
	s.Settle()
	before := f.opened.Load()
	if err := read(t, s, h); err != nil || f.opened.Load() != before {
		t.Errorf("a copied blob was read from afar: %v", err)
	}
}
