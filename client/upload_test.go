package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
)

// content makes n bytes that differ from place to place.
func content(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * i >> 8)
	}
	return b
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// readUpload reads a multipart upload as a server does and answers its parts in order.
func readUpload(t *testing.T, r *http.Request) (fields []string, filename string, file []byte) {
	t.Helper()
	form, err := r.MultipartReader()
	if err != nil {
		t.Fatalf("not a form: %v", err)
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, filename, file
		}
		if err != nil {
			t.Errorf("next part: %v", err)
			return fields, filename, file
		}
		body, err := io.ReadAll(part)
		if err != nil {
			t.Errorf("part %s: %v", part.FormName(), err)
		}
		if part.FormName() == api.UploadFieldContent {
			filename, file = part.FileName(), body
			fields = append(fields, part.FormName())
			continue
		}
		fields = append(fields, part.FormName()+"="+string(body))
	}
}

func TestUploadFile(t *testing.T) {
	want := content(3 << 20)
	path := filepath.Join(t.TempDir(), "numpy-2.0-0.conda")
	if err := os.WriteFile(path, want, 0o600); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength <= int64(len(want)) {
			t.Errorf("content length %d is unknown or too small", r.ContentLength)
		}
		fields, filename, file := readUpload(t, r)
		wantFields := []string{"filetype=conda1", fmt.Sprintf("size=%d", len(want)), "sha256=" + hexSum(want), "force=true", "content"}
		if diff := cmp.Diff(wantFields, fields); diff != "" {
			t.Errorf("fields (-want +got):\n%s", diff)
		}
		if filename != "numpy-2.0-0.conda" || !bytes.Equal(file, want) {
			t.Errorf("got %d bytes as %q", len(file), filename)
		}
		answer(t, w, http.StatusCreated, api.UploadResult{CKey: "noarch/" + filename, Created: true})
	}))
	var seen []int64
	res, err := c.UploadFile(t.Context(), "team", path, UploadOptions{Force: true, Progress: func(n int64) { seen = append(seen, n) }})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(api.UploadResult{CKey: "noarch/numpy-2.0-0.conda", Created: true}, res); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if !slices.IsSorted(seen) || len(seen) < 2 || seen[len(seen)-1] != int64(len(want)) {
		t.Errorf("progress went %v, want it to rise to %d", seen, len(want))
	}
}

// countingReader counts what is read of an upload.
type countingReader struct {
	mu   sync.Mutex
	r    io.ReaderAt
	read int64
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read += int64(n)
	return n, err
}

// TestUploadRefusedEarly proves that a server which refuses by the headers never gets the file.
func TestUploadRefusedEarly(t *testing.T) {
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Expect"); got != "100-continue" {
			t.Errorf("Expect = %q", got)
		}
		answer(t, w, http.StatusUnauthorized, api.Problem{Code: api.CodeTokenExpired, Message: "token ci expired"})
	}))
	file := &countingReader{r: bytes.NewReader(content(1 << 20))}
	_, err := c.Upload(t.Context(), "team", Upload{Filename: "a-1-0.conda", Content: file, Size: 1 << 20})
	if CodeOf(err) != api.CodeTokenExpired {
		t.Errorf("error %v, want the server's", err)
	}
	if file.read != 0 {
		t.Errorf("%d bytes of the file were read", file.read)
	}
}

// TestUploadRefusedMidway proves that the server's reason arrives when it stops to read.
func TestUploadRefusedMidway(t *testing.T) {
	const size = 64 << 20
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.CopyN(io.Discard, r.Body, 1<<20); err != nil {
			t.Errorf("read the body: %v", err)
		}
		answer(t, w, http.StatusRequestEntityTooLarge, api.Problem{Code: api.CodeTooLarge, Message: "too large"})
	}))
	_, err := c.Upload(t.Context(), "team", Upload{Filename: "a-1-0.conda", Content: bytes.NewReader(content(size)), Size: size})
	if CodeOf(err) != api.CodeTooLarge {
		t.Errorf("error %v, want the server's", err)
	}
}

func TestUploadTriesAgain(t *testing.T) {
	want := content(100_000)
	calls := 0
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls == 1 {
			answer(t, w, http.StatusServiceUnavailable, api.Problem{Message: "busy"})
			return
		}
		_, _, file := readUpload(t, r)
		answer(t, w, http.StatusCreated, api.UploadResult{SHA256: hexSum(file)})
	}))
	res, err := c.Upload(t.Context(), "team", Upload{Filename: "a-1-0.conda", Content: bytes.NewReader(want), Size: int64(len(want))})
	if err != nil || res.SHA256 != hexSum(want) || calls != 2 {
		t.Errorf("got %+v, %v after %d calls", res, err, calls)
	}
}

// TestUploadStalls has a server that accepts the connection and reads nothing.
func TestUploadStalls(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := New("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.stallTimeout = 50 * time.Millisecond
	_, err = c.Upload(context.Background(), "team", Upload{Filename: "a-1-0.conda", Content: bytes.NewReader(content(10)), Size: 10})
	if err == nil || !strings.Contains(err.Error(), "nothing moved for 50ms") {
		t.Errorf("error %v, want it to say that nothing moved", err)
	}
}

func TestUploadFileRefusesDirectories(t *testing.T) {
	c := newClient(t, http.NotFoundHandler())
	if _, err := c.UploadFile(t.Context(), "team", t.TempDir(), UploadOptions{}); err == nil || StatusOf(err) != 0 {
		t.Errorf("error %v, want a local one", err)
	}
}
