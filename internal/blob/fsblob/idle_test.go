//go:build unix

package fsblob

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kingsnake/internal/blob"
)

// newIdle makes a store with a blob of each text.
func newIdle(t *testing.T, texts ...string) (*Store, []blob.Hash) {
	t.Helper()
	s, err := Open(t.TempDir(), Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	hashes := make([]blob.Hash, len(texts))
	for i, text := range texts {
		if hashes[i], err = blob.Put(t.Context(), s, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return s, hashes
}

// open opens a blob that is there.
func open(t *testing.T, s *Store, h blob.Hash) *reader {
	t.Helper()
	rd, err := s.Open(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	r, ok := rd.(*reader)
	if !ok {
		t.Fatalf("a reader is a %T", rd)
	}
	return r
}

// read reads a blob to its end and closes it.
func read(t *testing.T, s *Store, h blob.Hash) string {
	t.Helper()
	r := open(t, s, h)
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (i *idle) len() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.files)
}

// TestFilesAreUsedAgain: the next reader gets the file of the one before, from its beginning, and nobody gets another's.
func TestFilesAreUsedAgain(t *testing.T) {
	s, hashes := newIdle(t, "one", "another")
	for range 2 {
		if text := read(t, s, hashes[0]); text != "one" || s.idle.len() != 1 {
			t.Errorf("a reader read %q, and %d files are open, want one", text, s.idle.len())
		}
	}
	a := open(t, s, hashes[0])
	if n := s.idle.len(); n != 0 {
		t.Errorf("the file is read, and kept %d times for others", n)
	}
	b := open(t, s, hashes[0])
	for _, r := range []*reader{a, b} {
		if data, err := io.ReadAll(r); string(data) != "one" || err != nil {
			t.Errorf("one of two readers at once read %q, %v", data, err)
		}
	}
	if err := errors.Join(a.Close(), b.Close()); err != nil {
		t.Fatal(err)
	}
	if text := read(t, s, hashes[1]); text != "another" || s.idle.len() != 3 {
		t.Errorf("the other blob is %q, and %d files of 3 are open", text, s.idle.len())
	}
}

// TestClosedReaderIsClosed: who closes a reader twice, or goes on reading, does not touch the next reader's file.
func TestClosedReaderIsClosed(t *testing.T) {
	s, hashes := newIdle(t, "content")
	old := open(t, s, hashes[0])
	file := old.file
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	next := open(t, s, hashes[0])
	if err := old.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the second Close = %v", err)
	}
	if n, err := old.Read(make([]byte, 3)); n != 0 || err == nil {
		t.Errorf("a closed reader read %d bytes, %v", n, err)
	}
	for _, closed := range []io.Seeker{old, file} {
		if _, err := closed.Seek(2, io.SeekStart); err == nil {
			t.Errorf("a closed %T moved", closed)
		}
	}
	if data, err := io.ReadAll(next); string(data) != "content" || err != nil {
		t.Errorf("the next reader read %q, %v", data, err)
	}
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDeletedFilesAreNotKept: a blob that is gone is gone, whoever deleted it, and its bytes are given back.
func TestDeletedFilesAreNotKept(t *testing.T) {
	s, hashes := newIdle(t, "deleted here", "deleted by others", "being read")
	for _, h := range hashes[:2] {
		read(t, s, h)
	}
	busy := open(t, s, hashes[2])
	if err := errors.Join(s.Delete(t.Context(), hashes[0]), s.root.Remove(blobPath(hashes[1])), s.Delete(t.Context(), hashes[2])); err != nil {
		t.Fatal(err)
	}
	if n := s.idle.len(); n != 1 {
		t.Errorf("%d files are open, want that alone which others deleted", n)
	}
	if data, err := io.ReadAll(busy); string(data) != "being read" || err != nil {
		t.Errorf("the reader of a deleted blob read %q, %v", data, err)
	}
	if err := busy.Close(); err != nil {
		t.Fatal(err)
	}
	for i, h := range hashes {
		if _, err := s.Open(t.Context(), h); !errors.Is(err, blob.ErrNotExist) {
			t.Errorf("Open of deleted blob %d = %v", i, err)
		}
	}
	if n := s.idle.len(); n != 0 {
		t.Errorf("%d files of deleted blobs are open", n)
	}
}

// TestReplacedFileIsReadAnew puts another file in the place of one that is kept open, as somebody does who mends a damaged
// blob from a backup.
func TestReplacedFileIsReadAnew(t *testing.T) {
	s, hashes := newIdle(t, "damaged")
	read(t, s, hashes[0])
	place := filepath.Join(s.root.Name(), filepath.FromSlash(blobPath(hashes[0])))
	if err := os.WriteFile(place+".new", []byte("mended!"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(place+".new", place); err != nil {
		t.Fatal(err)
	}
	if text := read(t, s, hashes[0]); text != "mended!" {
		t.Errorf("the blob is %q", text)
	}
}

// TestOpenFilesAreBounded: so many files stay open at most, those that were used last, and none for long.
func TestOpenFilesAreBounded(t *testing.T) {
	texts := make([]string, maxIdle+10)
	for i := range texts {
		texts[i] = strings.Repeat("x", i+1)
	}
	s, hashes := newIdle(t, texts...)
	synctest.Test(t, func(t *testing.T) {
		late := s.idle.late
		s.idle.late = nil // The timer must be one of this test's time.
		defer func() { s.idle.late = late }()
		for _, h := range hashes {
			read(t, s, h)
		}
		if n := s.idle.len(); n != maxIdle {
			t.Errorf("%d files are open, want %d", n, maxIdle)
		}
		if s.idle.pop(hashes[9]) != nil {
			t.Error("the file that was used first is still open")
		}
		time.Sleep(idleTime / 2)
		read(t, s, hashes[0])
		time.Sleep(idleTime/2 + time.Millisecond)
		synctest.Wait()
		if n := s.idle.len(); n != 1 {
			t.Errorf("after a while %d files are open, want that which was used since", n)
		}
		time.Sleep(idleTime)
		synctest.Wait()
		if n := s.idle.len(); n != 0 {
			t.Errorf("later %d files are open", n)
		}
	})
}

// TestNothingStaysOpen after the store was closed, not even what was read then.
func TestNothingStaysOpen(t *testing.T) {
	s, hashes := newIdle(t, "one", "two")
	read(t, s, hashes[0])
	busy := open(t, s, hashes[1])
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(busy); string(data) != "two" || err != nil {
		t.Errorf("an open reader read %q, %v", data, err)
	}
	f := busy.file
	if err := busy.Close(); err != nil {
		t.Fatal(err)
	}
	if n := s.idle.len(); n != 0 {
		t.Errorf("%d files are open", n)
	}
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file of the last reader was still open: %v", err)
	}
}

// TestReadersDoNotDisturbEachOther reads few blobs from many goroutines while they are deleted and come again.
func TestReadersDoNotDisturbEachOther(t *testing.T) {
	texts := []string{strings.Repeat("a", 5000), strings.Repeat("b", 7000), strings.Repeat("c", 9000)}
	s, hashes := newIdle(t, texts...)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 300 {
				n := i % len(texts)
				rd, err := s.Open(t.Context(), hashes[n])
				if errors.Is(err, blob.ErrNotExist) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				data, err := io.ReadAll(rd)
				if err := errors.Join(err, rd.Close()); err != nil || string(data) != texts[n] {
					t.Errorf("blob %d: %d bytes, %v", n, len(data), err)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 60 {
			n := i % len(texts)
			if err := s.Delete(t.Context(), hashes[n]); err != nil {
				t.Error(err)
			}
			if _, err := blob.Put(t.Context(), s, []byte(texts[n])); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
}
