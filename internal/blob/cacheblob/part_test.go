package cacheblob_test

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	"kingsnake/internal/blob"
	"kingsnake/internal/s3test"
)

func openPart(t *testing.T, s blob.Store, h blob.Hash, off, n int64) blob.Reader {
	t.Helper()
	r, err := blob.OpenPart(t.Context(), s, h, large, off, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := r.Seek(off, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPartsAlone reads parts of a blob that is not copied: the service is asked for them alone, again and again, and nothing
// is copied. Of one that is copied the service is not asked for parts.
func TestPartsAlone(t *testing.T) {
	door := s3test.NewDoor(t)
	s := newCache(t, folder(t), newBucket(t, door.Location), 2*large, 1)
	h, data := putLarge(t, s)
	var mu sync.Mutex
	var asked []string
	door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		mu.Lock()
		asked = append(asked, r.Method+" "+r.Header.Get("Range"))
		mu.Unlock()
		pass.ServeHTTP(w, r)
	})
	wantAsked := func(what string, all ...string) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(asked, all) {
			t.Errorf("%s: the service was asked %q, want %q", what, asked, all)
		}
		asked = nil
	}
	for range 3 {
		want(t, "the end", openPart(t, s, h, large-1000, 1000), data[large-1000:])
		want(t, "the middle", openPart(t, s, h, 5<<20, 1000), data[5<<20:5<<20+1000])
		wantAsked("parts", "GET bytes=10484760-", "GET bytes=5242880-5243879")
	}
	s.Settle()
	if stats := s.Stats(); stats.Held != 0 || stats.Hits != 0 || stats.Misses != 6 {
		t.Errorf("after parts: %+v, want 6 misses and nothing held", stats)
	}
	want(t, "all of it as a part", openPart(t, s, h, 0, large), data)
	s.Settle()
	wantAsked("all", "GET ")
	want(t, "the end of the copy", openPart(t, s, h, large-1000, 1000), data[large-1000:])
	wantAsked("a part of the copy")
	if stats := s.Stats(); stats.Held != large || stats.Hits != 1 {
		t.Errorf("in the end: %+v, want one hit and all held", stats)
	}
}

// TestPartsOfWhatComes reads parts of a blob that is being copied: those that are there or come soon along with it, those far
// ahead from afar.
func TestPartsOfWhatComes(t *testing.T) {
	const half = 3 << 19
	f := newGate(t, half)
	s := newCache(t, folder(t), f, 2*large, 1)
	h, data := putLarge(t, s)
	first := open(t, s, h)
	want(t, "the first", first, data[:half])
	want(t, "what is there", openPart(t, s, h, 1000, 1000), data[1000:2000])
	soon := openPart(t, s, h, half+1000, 1000)
	if n := f.opened.Load(); n != 1 {
		t.Errorf("it was opened %d times afar, want once", n)
	}
	want(t, "what is far ahead", openPart(t, s, h, large-1000, 1000), data[large-1000:])
	if n := f.opened.Load(); n != 2 {
		t.Errorf("it was opened %d times afar, want once more for the end", n)
	}
	close(f.gate)
	want(t, "what comes soon", soon, data[half+1000:half+2000])
	want(t, "the rest", first, data[half:])
	s.Settle()
	if n := f.opened.Load(); n != 2 {
		t.Errorf("it was opened %d times afar, want no more for what came soon", n)
	}
}
