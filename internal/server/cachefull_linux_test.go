package server_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/cacheblob"
	"kingsnake/internal/blob/fsblob"
)

// TestCacheDiskFull has the disk of the copies run full in the middle of one: who reads gets all, nothing is left of the copy,
// and smaller ones are made after.
func TestCacheDiskFull(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "disk")
	smallDisk(t, dir, 8)
	far, err := fsblob.Open(t.TempDir(), fsblob.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	for _, c := range []struct {
		what string
		data []byte
		held int64
	}{
		{"more than the disk has", large, 0},
		{"less, by another server", large[:1<<20], 1 << 20},
	} {
		s, err := cacheblob.Open(t.Context(), cacheblob.Options{
			Far: far, Dir: filepath.Join(dir, "cache"), Size: 64 << 20, NoSync: true, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		h, err := blob.Put(t.Context(), far, c.data)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Open(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, c.data) {
			t.Errorf("%s: %d bytes of %d, %v", c.what, len(got), len(c.data), err)
		}
		settles(t, c.what, s, filepath.Join(dir, "cache", "staging"), c.held)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := far.Close(); err != nil {
		t.Error(err)
	}
}

// settles waits until no copy is being made and so many bytes are held.
func settles(t *testing.T, what string, s *cacheblob.Store, staging string, held int64) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		staged, err := os.ReadDir(staging)
		if err != nil {
			t.Fatal(err)
		}
		if len(staged) == 0 && s.Stats().Held == held {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %d are being made and %d bytes held, want none and %d", what, len(staged), s.Stats().Held, held)
		}
	}
}
