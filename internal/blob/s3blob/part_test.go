package s3blob_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/s3blob"
	"kingsnake/internal/s3test"
)

// ranges notes which ranges a service is asked for.
type ranges struct {
	mu    sync.Mutex
	asked []string
}

// note is a fault that passes all on, but cuts the first answer after so many bytes, where it is not negative.
func (n *ranges) note(cut int) s3test.Fault {
	return func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		n.mu.Lock()
		n.asked = append(n.asked, r.Method+" "+r.Header.Get("Range"))
		first := len(n.asked) == 1
		n.mu.Unlock()
		if first && cut >= 0 {
			s3test.CutAfter(w, r, pass, cut)
		}
		pass.ServeHTTP(w, r)
	}
}

// TestPart reads parts of a blob: the service is asked for them alone.
func TestPart(t *testing.T) {
	door := s3test.NewDoor(t)
	s := newStore(t, door.Location, s3blob.Options{})
	data := content(11, 3<<20)
	size := int64(len(data))
	h := put(t, s, data)
	type read struct{ from, n int }
	for _, c := range []struct {
		name   string
		off, n int64
		cut    int
		reads  []read
		want   []string
	}{
		{"in the middle", 1 << 20, 1000, -1, []read{{1 << 20, 1000}}, []string{"GET bytes=1048576-1049575"}},
		{"the beginning", 0, 100, -1, []read{{0, 100}}, []string{"GET bytes=0-99"}},
		{"the end", size - 1000, 1000, -1, []read{{len(data) - 1000, 1000}}, []string{"GET bytes=3144728-"}},
		{"all", 0, size, -1, []read{{0, len(data)}}, []string{"GET "}},
		{"cut on the way", 100, 1 << 20, 1000, []read{{100, 1 << 20}}, []string{"GET bytes=100-1048675", "GET bytes=1100-1048675"}},
		{"its own middle", 100, 1000, -1, []read{{600, 500}}, []string{"GET bytes=100-1099", "GET bytes=600-1099"}},
		{"more than was said", 100, 100, -1, []read{{100, 300}}, []string{"GET bytes=100-199", "GET bytes=200-"}},
		{"what lies before", 1000, 100, -1, []read{{1000, 100}, {10, 5}}, []string{"GET bytes=1000-1099", "GET bytes=10-1099"}},
		{"not known yet", 0, 0, -1, []read{{200, 100}}, []string{"GET bytes=200-"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got ranges
			door.Set(got.note(c.cut))
			r, err := s.OpenPart(t.Context(), h, size, c.off, c.n)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range c.reads {
				if _, err := r.Seek(int64(part.from), io.SeekStart); err != nil {
					t.Fatal(err)
				}
				p := make([]byte, part.n)
				if n, err := io.ReadFull(r, p); err != nil || !bytes.Equal(p, data[part.from:part.from+part.n]) {
					t.Errorf("from %d: %d of %d bytes, %v", part.from, n, part.n, err)
				}
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			if !slices.Equal(got.asked, c.want) {
				t.Errorf("the service was asked %q, want %q", got.asked, c.want)
			}
		})
	}
}

// TestPartOfSomethingElse asks for parts of what is not there, and of what is not as large as it should be.
func TestPartOfSomethingElse(t *testing.T) {
	s := newStore(t, s3test.Location(t), s3blob.Options{})
	h := put(t, s, content(12, 5000))
	for name, c := range map[string]struct {
		hash blob.Hash
		size int64
		want error
	}{
		"missing":   {blob.Sum([]byte("nothing")), 5000, blob.ErrNotExist},
		"longer":    {h, 4000, blob.ErrDamaged},
		"shorter":   {h, 6000, blob.ErrDamaged},
		"as it was": {h, 5000, nil},
	} {
		r, err := s.OpenPart(t.Context(), c.hash, c.size, 10, 100)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err != nil {
			continue
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
