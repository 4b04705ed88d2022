package client

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
)

const ckey = "noarch/a-1-0.conda"

// fileServer serves one file with an ETag and ranges, and breaks the connection after cutAt bytes of an answer's body
// as long as there are entries in it.
type fileServer struct {
	t       *testing.T
	content []byte
	cutAt   []int
	// requests are "Range|If-Range" of each request.
	requests []string
	etag     string
}

func (s *fileServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/team/"+ckey {
		s.t.Errorf("asked for %s", r.URL.Path)
	}
	s.requests = append(s.requests, r.Header.Get("Range")+"|"+r.Header.Get("If-Range"))
	w.Header().Set("ETag", s.etag)
	if len(s.cutAt) > 0 {
		w = &cutWriter{ResponseWriter: w, left: s.cutAt[0]}
		s.cutAt = s.cutAt[1:]
	}
	http.ServeContent(w, r, "a.conda", time.Time{}, bytes.NewReader(s.content))
}

// cutWriter breaks the connection when left bytes are written.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		_, _ = w.ResponseWriter.Write(p[:w.left])
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	w.left -= len(p)
	return w.ResponseWriter.Write(p)
}

func newFileServer(t *testing.T, cutAt ...int) (*fileServer, *Client, string) {
	s := &fileServer{t: t, content: content(500_000), etag: `"one"`, cutAt: cutAt}
	return s, newClient(t, s), filepath.Join(t.TempDir(), "a-1-0.conda")
}

// checkFile fails unless path holds want and nothing lies beside it.
func checkFile(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the file holds %d bytes (%v), not the %d served", len(got), err, len(want))
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the file: %v, %v", entries, err)
	}
}

func TestDownload(t *testing.T) {
	s, c, path := newFileServer(t)
	var last, size int64
	sum, err := c.DownloadFile(t.Context(), Download{Channel: "team", CKey: ckey, Path: path, Progress: func(d, n int64) { last, size = d, n }})
	if err != nil || sum != hexSum(s.content) {
		t.Fatalf("sum %q, error %v", sum, err)
	}
	checkFile(t, path, s.content)
	if last != int64(len(s.content)) || size != last {
		t.Errorf("progress ended at %d of %d", last, size)
	}
}

func TestDownloadContinues(t *testing.T) {
	s, c, path := newFileServer(t, 200_000, 1000)
	sum, err := c.DownloadFile(t.Context(), Download{Channel: "team", CKey: ckey, Path: path})
	if err != nil || sum != hexSum(s.content) {
		t.Fatalf("sum %q, error %v", sum, err)
	}
	checkFile(t, path, s.content)
	if len(s.requests) != 3 || s.requests[0] != "|" {
		t.Fatalf("requests %q", s.requests)
	}
	for _, r := range s.requests[1:] {
		if !strings.HasPrefix(r, "bytes=") || !strings.HasSuffix(r, `-|"one"`) || strings.HasPrefix(r, "bytes=0-") {
			t.Errorf("request %q does not continue what is there", r)
		}
	}
}

// TestDownloadFileChangesMidway has the file replaced between two attempts: the parts must not be mixed.
func TestDownloadFileChangesMidway(t *testing.T) {
	s, c, path := newFileServer(t, 200_000)
	next := bytes.Repeat([]byte("new"), 100_000)
	c.transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Range") != "" {
			s.content, s.etag = next, `"two"`
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	sum, err := c.As(Credential{}).DownloadFile(t.Context(), Download{Channel: "team", CKey: ckey, Path: path})
	if err != nil || sum != hexSum(next) {
		t.Fatalf("sum %q, error %v", sum, err)
	}
	checkFile(t, path, next)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestDownloadContinuesLater proves that what one call left is used by the next, if the hash is known.
func TestDownloadContinuesLater(t *testing.T) {
	s, c, path := newFileServer(t)
	c.maxAttempts = 1
	s.cutAt = []int{200_000, 0}
	d := Download{Channel: "team", CKey: ckey, Path: path, SHA256: hexSum(s.content)}
	if _, err := c.DownloadFile(t.Context(), d); err == nil {
		t.Fatal("the cut download succeeded")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an unfinished file has its final name: %v", err)
	}
	s.requests = nil
	if _, err := c.DownloadFile(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	checkFile(t, path, s.content)
	if len(s.requests) != 1 || !strings.HasPrefix(s.requests[0], "bytes=") {
		t.Errorf("requests %q, want one that continues", s.requests)
	}
}

func TestDownloadStalePart(t *testing.T) {
	for name, left := range map[string][]byte{
		"other bytes":  bytes.Repeat([]byte("x"), 1000),
		"too long":     bytes.Repeat([]byte("x"), 600_000),
		"all is there": content(500_000),
	} {
		s, c, path := newFileServer(t)
		sum := hexSum(s.content)
		part := filepath.Join(filepath.Dir(path), ".a-1-0.conda."+sum[:16]+".part")
		if err := os.WriteFile(part, left, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.DownloadFile(t.Context(), Download{Channel: "team", CKey: ckey, Path: path, SHA256: sum}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		checkFile(t, path, s.content)
	}
}

func TestDownloadHashMismatch(t *testing.T) {
	s, c, path := newFileServer(t)
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := c.DownloadFile(t.Context(), Download{Channel: "team", CKey: ckey, Path: path, SHA256: hexSum([]byte("other"))})
	var mismatch *HashMismatchError
	if !errors.As(err, &mismatch) {
		t.Fatalf("error %v, want a mismatch", err)
	}
	want := &HashMismatchError{Got: hexSum(s.content), Want: hexSum([]byte("other"))}
	if diff := cmp.Diff(want, mismatch); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	checkFile(t, path, []byte("old"))
}

// TestDownloadGivesUp has a server that breaks each answer at the same place.
func TestDownloadGivesUp(t *testing.T) {
	cuts := make([]int, 50)
	s, c, path := newFileServer(t, cuts...)
	if _, err := c.DownloadFile(t.Context(), Download{Channel: "team", CKey: ckey, Path: path}); err == nil {
		t.Fatal("the download succeeded")
	}
	if got := len(s.requests); got != c.maxAttempts {
		t.Errorf("%d requests, want %d", got, c.maxAttempts)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestDownloadRefused(t *testing.T) {
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(t, w, http.StatusForbidden, api.Problem{Code: api.CodeForbidden})
	}))
	path := filepath.Join(t.TempDir(), "x")
	if _, err := c.DownloadFile(t.Context(), Download{Channel: "team", CKey: ckey, Path: path}); CodeOf(err) != api.CodeForbidden {
		t.Errorf("error %v, want the server's", err)
	}
}

// TestDownloadRedirect has the server send the client to a storage, which must not get the credential.
func TestDownloadRedirect(t *testing.T) {
	want := content(1000)
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, h := range []string{"X-Auth", "Authorization"} {
			if r.Header.Get(h) != "" {
				t.Errorf("the storage got %s", h)
			}
		}
		_, _ = w.Write(want)
	}))
	defer storage.Close()
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Auth") == "" {
			t.Error("the server did not get the token")
		}
		http.Redirect(w, r, storage.URL+"/blob", http.StatusFound)
	}), WithCredential(Token("ks-r-secret")))
	path := filepath.Join(t.TempDir(), "x.conda")
	if _, err := c.DownloadFile(t.Context(), Download{Channel: "team", CKey: ckey, Path: path, SHA256: hexSum(want)}); err != nil {
		t.Fatal(err)
	}
	checkFile(t, path, want)
}

func TestDownloadChecksItsInput(t *testing.T) {
	c := newClient(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the server was asked for %s", r.RequestURI)
	}))
	for _, d := range []Download{
		{Channel: "team", CKey: "a-1-0.conda"},
		{Channel: "team", CKey: ckey, SHA256: "../../../etc/passwd/xxxxxxxxx"},
		{Channel: "team", CKey: ckey, SHA256: "abcd"},
		{Channel: "../team", CKey: ckey},
	} {
		d.Path = filepath.Join(t.TempDir(), "x")
		if _, err := c.DownloadFile(t.Context(), d); err == nil {
			t.Errorf("%+v was accepted", d)
		}
	}
}

func ExampleSplitCKey() {
	subdir, filename, err := SplitCKey("linux-64/numpy-2.0-0.conda")
	fmt.Println(subdir, filename, err)
	// Output: linux-64 numpy-2.0-0.conda <nil>
}
