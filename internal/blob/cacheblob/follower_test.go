package cacheblob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/cacheblob"
)

// large is longer than how far a copy may be behind those who wait for it.
const large = 10 << 20

func putLarge(t *testing.T, s blob.Store) (blob.Hash, []byte) {
	t.Helper()
	data := make([]byte, large)
	for i := range data {
		data[i] = byte(i * i >> 8)
	}
	h, err := blob.Put(t.Context(), s, data)
	if err != nil {
		t.Fatal(err)
	}
	return h, data
}

func open(t *testing.T, s blob.Store, h blob.Hash) blob.Reader {
	t.Helper()
	r, err := s.Open(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// want reads so many bytes and compares them.
func want(t *testing.T, what string, r io.Reader, data []byte) {
	t.Helper()
	got := make([]byte, len(data))
	if n, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%s: %d of %d bytes, %v", what, n, len(data), err)
	}
}

// TestReadAlong reads a blob of which only a part has come yet: nobody waits for the whole, ranges are got from where they
// are, and all of it is got from afar but once.
func TestReadAlong(t *testing.T) {
	const half = 3 << 19
	f := newGate(t, half)
	s := newCache(t, folder(t), f, 2*large, 1)
	h, data := putLarge(t, s)
	first, second := open(t, s, h), open(t, s, h)
	want(t, "the first", first, data[:half])
	want(t, "the second", second, data[:half])
	at := make([]byte, 1000)
	if n, err := second.ReadAt(at, 1<<20); n != len(at) || err != nil || !bytes.Equal(at, data[1<<20:1<<20+1000]) {
		t.Errorf("ReadAt = %d, %v", n, err)
	}
	if n := f.opened.Load(); n != 1 {
		t.Errorf("it was opened %d times afar, want once", n)
	}
	end := open(t, s, h)
	if _, err := end.Seek(-1000, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	want(t, "the end", end, data[large-1000:])
	if _, err := end.Seek(100, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	want(t, "the beginning after the end", end, data[100:2000])
	if n := f.opened.Load(); n != 2 {
		t.Errorf("it was opened %d times afar, want once more for the end", n)
	}
	close(f.gate)
	want(t, "the rest of the first", first, data[half:])
	want(t, "the rest of the second", second, data[half:])
	s.Settle()
	whole := open(t, s, h)
	if _, ok := whole.File(); !ok || f.opened.Load() != 2 {
		t.Errorf("in the end it is a file: %v, opened %d times afar, want a file that was not", ok, f.opened.Load())
	}
	want(t, "the copy", whole, data)
}

// TestReaderLeaves has the one go for whom a copy is made.
func TestReaderLeaves(t *testing.T) {
	f := newGate(t, 1<<20)
	s := newCache(t, folder(t), f, 2*large, 1)
	h, data := putLarge(t, s)
	ctx, leave := context.WithCancel(t.Context())
	r, err := s.Open(ctx, h)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "the first part", r, data[:1000])
	leave()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	close(f.gate)
	s.Settle()
	f.down.Store(true)
	want(t, "the copy", open(t, s, h), data)
}

// TestCopyIsSlow has a copy stand still for longer than readers have patience.
func TestCopyIsSlow(t *testing.T) {
	f := newGate(t, 1<<20)
	s := newCache(t, folder(t), f, 2*large, 1, func(o *cacheblob.Options) { o.Patience = time.Millisecond })
	h, data := putLarge(t, s)
	r := open(t, s, h)
	want(t, "the first part", r, data[:1<<20])
	<-f.gated
	// Whoever begins afar behind the gate does not come by it.
	got := make(chan error, 1)
	go func() {
		_, err := r.Seek(1<<20+1, io.SeekStart)
		if err == nil {
			_, err = io.ReadFull(r, make([]byte, 1000))
		}
		got <- err
	}()
	select {
	case err := <-got:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("a reader waits for a copy that does not grow")
	}
	close(f.gate)
	s.Settle()
}

// TestCopyBreaksOff has the making of a copy fail half-way: readers go on from afar, but for a blob that is damaged.
func TestCopyBreaksOff(t *testing.T) {
	for _, c := range []struct {
		name        string
		fails, want error
	}{
		{"unavailable", blob.ErrUnavailable, nil},
		{"damaged", blob.ErrDamaged, blob.ErrDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newGate(t, 1<<20)
			dir := folder(t)
			s := newCache(t, dir, f, 2*large, 1)
			h, data := putLarge(t, s)
			r := open(t, s, h)
			want(t, "the first part", r, data[:1<<20])
			<-f.gated
			f.failing.Store(&c.fails)
			close(f.gate)
			s.Settle()
			f.failing.Store(nil)
			rest, err := io.ReadAll(r)
			if !errors.Is(err, c.want) || c.want == nil && !bytes.Equal(rest, data[1<<20:]) {
				t.Errorf("the rest: %d bytes, %v, want %v", len(rest), err, c.want)
			}
			if n := bytesIn(t, dir); n != 0 || s.Stats().Held != 0 {
				t.Errorf("%d bytes are left of it and %d are noted", n, s.Stats().Held)
			}
		})
	}
}

// TestDeletedMeanwhile deletes a blob while it is copied: the copy is not kept.
func TestDeletedMeanwhile(t *testing.T) {
	f := newGate(t, 1<<20)
	dir := folder(t)
	s := newCache(t, dir, f, 2*large, 1)
	h, data := putLarge(t, s)
	r := open(t, s, h)
	want(t, "the first part", r, data[:1<<20])
	if err := s.Delete(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), h); !errors.Is(err, blob.ErrNotExist) {
		t.Errorf("opened after it was deleted: %v, want ErrNotExist", err)
	}
	close(f.gate)
	want(t, "the rest", r, data[1<<20:])
	s.Settle()
	if _, err := s.Open(t.Context(), h); !errors.Is(err, blob.ErrNotExist) || bytesIn(t, dir) != 0 {
		t.Errorf("in the end: %v and %d bytes, want ErrNotExist and none", err, bytesIn(t, dir))
	}
}

// TestDiskFails takes the folder away in which copies are made, and then the disk's room.
func TestDiskFails(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	spare := int64(1 << 30)
	f, dir := newFar(t), folder(t)
	s := newCache(t, dir, f, 10_000, 1, func(o *cacheblob.Options) {
		o.Now, o.Spare = func() time.Time { return now }, func() int64 { return spare }
	})
	hidden := filepath.Join(folder(t), "hidden")
	a, b, c, d := put(t, s, 1, 3000), put(t, s, 2, 3000), put(t, s, 3, 3000), put(t, s, 4, 3000)
	for _, step := range []struct {
		what string
		do   func() error
		read blob.Hash
		held int64
	}{
		{"without the folder", func() error { return os.Rename(filepath.Join(dir, "staging"), hidden) }, a, 0},
		{"with it again, but right after", func() error { return os.Rename(hidden, filepath.Join(dir, "staging")) }, a, 0},
		{"later", func() error { now = now.Add(2 * time.Minute); return nil }, a, 3000},
		{"one more", nil, b, 6000},
		{"the disk has room for less than that", func() error { spare = 1000; return nil }, c, 6000},
		{"the disk lacks more than all copies have", func() error { spare = -4000; return nil }, d, 6000},
		{"the disk lacks little", func() error { spare = -100; return nil }, d, 3000},
	} {
		if step.do != nil {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
		}
		if err := read(t, s, step.read); err != nil {
			t.Errorf("%s: %v", step.what, err)
		}
		if got := s.Stats().Held; got != step.held || bytesIn(t, dir) != got {
			t.Errorf("%s: %d bytes are held and %d stored, want %d", step.what, got, bytesIn(t, dir), step.held)
		}
	}
}

// TestCrash leaves a part of a copy as a crash does: it is not served, and goes.
func TestCrash(t *testing.T) {
	f, dir := newFar(t), folder(t)
	h := put(t, newCache(t, dir, f, 8000, 1), 1, 1000)
	part := filepath.Join(dir, "staging", "part")
	if err := os.WriteFile(part, make([]byte, 500), 0o600); err != nil {
		t.Fatal(err)
	}
	young := newCache(t, dir, f, 8000, 1)
	if err := read(t, young, h); err != nil {
		t.Error(err)
	}
	if n := bytesIn(t, dir); n != 1500 {
		t.Errorf("%d bytes are stored, want the copy and what may be still written to", n)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(part, old, old); err != nil {
		t.Fatal(err)
	}
	if n := newCache(t, dir, f, 8000, 1).Stats().Held; n != 1000 || bytesIn(t, dir) != 1000 {
		t.Errorf("%d bytes are held and %d stored, want the copy alone", n, bytesIn(t, dir))
	}
}

// TestClose ends what is under way, but not for those who read.
func TestClose(t *testing.T) {
	f := newGate(t, 1<<20)
	dir := folder(t)
	s, err := cacheblob.Open(t.Context(), cacheblob.Options{Far: f, Dir: dir, Size: 2 * large, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	h, data := putLarge(t, s)
	r := open(t, s, h)
	want(t, "the first part", r, data[:1<<20])
	<-f.gated
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	close(f.gate)
	want(t, "the rest", r, data[1<<20:])
	if n := bytesIn(t, dir); n != 0 {
		t.Errorf("%d bytes are left of the copy", n)
	}
}
