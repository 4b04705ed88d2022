package cacheblob_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/cacheblob"
	"kingsnake/internal/blob/s3blob"
	"kingsnake/internal/s3test"
)

func newBucket(t *testing.T, location string) *s3blob.Store {
	t.Helper()
	l, err := s3blob.ParseLocation(location)
	if err != nil {
		t.Fatal(err)
	}
	s, err := s3blob.New(t.Context(), l, s3blob.Options{Dir: folder(t), Credentials: s3test.Credentials(), Attempts: 2})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestS3Fails reads a blob while the service fails in one way after another, and
// again when it has come to itself.
func TestS3Fails(t *testing.T) {
	cutOnce := func(after int) func() s3test.Fault {
		return func() s3test.Fault {
			var gets atomic.Int64
			return func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
				if r.Method == http.MethodGet && gets.Add(1) == 1 {
					s3test.CutAfter(w, r, pass, after)
				}
				pass.ServeHTTP(w, r)
			}
		}
	}
	cutAlways := func() s3test.Fault {
		return func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
			s3test.CutAfter(w, r, pass, 3_000_000)
		}
	}
	for _, c := range []struct {
		name   string
		fault  func() s3test.Fault
		damage bool
		// want is the error of who reads all, and copied tells whether there is a copy in the end.
		want   error
		copied bool
	}{
		{name: "nothing fails", copied: true},
		{name: "cut at once", fault: cutOnce(0), copied: true},
		{name: "cut in the middle", fault: cutOnce(3 << 20), copied: true},
		{name: "cut again and again", fault: cutAlways, copied: true},
		{name: "down", fault: func() s3test.Fault { return s3test.Down }, want: blob.ErrUnavailable},
		{name: "damaged", damage: true, want: blob.ErrDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			door := s3test.NewDoor(t)
			dir := folder(t)
			s := newCache(t, dir, newBucket(t, door.Location), 2*large, 1)
			h, data := putLarge(t, s)
			if c.damage {
				door.Damage(t, "sha256/"+h.String()[:2]+"/"+h.String()[2:])
			}
			if c.fault != nil {
				door.Set(c.fault())
			}
			got, err := readAll(t, s, h)
			if !errors.Is(err, c.want) || c.want == nil && !bytes.Equal(got, data) || len(got) == len(data) && c.want != nil {
				t.Errorf("all: %d bytes, %v, want %v", len(got), err, c.want)
			}
			s.Settle()
			door.Set(nil)
			if held := s.Stats().Held; held != bytesIn(t, dir) || (held == large) != c.copied {
				t.Errorf("%d bytes are held and %d stored; copied should be %v", held, bytesIn(t, dir), c.copied)
			}
			if c.damage {
				return
			}
			if got, err := readAll(t, s, h); err != nil || !bytes.Equal(got, data) {
				t.Errorf("afterwards: %d bytes, %v", len(got), err)
			}
		})
	}
}

func readAll(t *testing.T, s *cacheblob.Store, h blob.Hash) ([]byte, error) {
	t.Helper()
	r, err := s.Open(t.Context(), h)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

// TestFolderGoes removes the folder of the copies under a running server, which has to live on without.
func TestFolderGoes(t *testing.T) {
	dir := filepath.Join(folder(t), "cache")
	s := newCache(t, dir, newBucket(t, s3test.Location(t)), 2*large, 1)
	h, data := putLarge(t, s)
	for _, what := range []string{"at first", "from the copy", "without the folder"} {
		got, err := readAll(t, s, h)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, %v", what, len(got), err)
		}
		s.Settle()
		if what == "from the copy" {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
}
