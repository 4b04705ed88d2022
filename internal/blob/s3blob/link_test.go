package s3blob_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/blob/s3blob"
	"kingsnake/internal/s3test"
)

// TestLink fetches a blob as a client does that was sent to the service.
func TestLink(t *testing.T) {
	s := newStore(t, s3test.Location(t), s3blob.Options{})
	data := content(1, 1000)
	h := put(t, s, data)
	link, err := s.Link(t.Context(), h, blob.Link{Lifetime: time.Minute, MediaType: "text/x-test", CacheControl: "private, max-age=7"})
	if err != nil {
		t.Fatal(err)
	}
	unsigned, _, _ := strings.Cut(link, "?")
	for _, c := range []struct {
		name, method, url, ranges string
		status                    int
		want                      []byte
	}{
		{"all", http.MethodGet, link, "", http.StatusOK, data},
		{"a range", http.MethodGet, link, "bytes=100-199", http.StatusPartialContent, data[100:200]},
		{"another blob", http.MethodGet, strings.Replace(link, key(h), key(blob.Sum(nil)), 1), "", http.StatusForbidden, nil},
		{"without the signature", http.MethodGet, unsigned, "", http.StatusForbidden, nil},
		{"deletion", http.MethodDelete, link, "", http.StatusForbidden, nil},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, c.url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if c.ranges != "" {
			req.Header.Set("Range", c.ranges)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != c.status || c.want != nil && !bytes.Equal(got, c.want) {
			t.Errorf("%s: %s and %d bytes, want %d and %d", c.name, resp.Status, len(got), c.status, len(c.want))
		}
		if c.want == nil {
			continue
		}
		if got := resp.Header.Get("Content-Type") + "; " + resp.Header.Get("Cache-Control"); got != "text/x-test; private, max-age=7" {
			t.Errorf("%s: type and caching are %q", c.name, got)
		}
	}
	if strings.Contains(link, s3test.SecretKey) {
		t.Error("the link shows the secret")
	}
}

// TestClaim has two sites take one prefix, and others beside it.
func TestClaim(t *testing.T) {
	location := s3test.Location(t)
	s := newStore(t, location, s3blob.Options{})
	for range 2 {
		if err := s.Claim(t.Context(), "site one"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Claim(t.Context(), "site two"); !errors.Is(err, s3blob.ErrForeign) {
		t.Errorf("another site's claim: %v, want ErrForeign", err)
	}
	beside := newStore(t, strings.Replace(location, "?", "/two?", 1), s3blob.Options{})
	if err := beside.Claim(t.Context(), "site two"); err != nil {
		t.Error(err)
	}
	h := put(t, beside, []byte("of two"))
	if _, err := s.Stat(t.Context(), h); !errors.Is(err, blob.ErrNotExist) {
		t.Errorf("a blob of another prefix: %v, want ErrNotExist", err)
	}
	if infos := listed(t, s); len(infos) != 0 {
		t.Errorf("List yields %v of another prefix", infos)
	}
	if infos := listed(t, beside); len(infos) != 1 || infos[0].Hash != h {
		t.Errorf("List yields %v, want the one blob and not the claim", infos)
	}
}

func listed(t *testing.T, s blob.Store) (all []blob.Info) {
	t.Helper()
	for info, err := range s.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, info)
	}
	return all
}
