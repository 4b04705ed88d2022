package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Download says what to fetch and where to put it.
type Download struct {
	// Channel and CKey name the file.
	Channel, CKey string
	// Label is the label to fetch the file under; empty means main.
	Label string
	// Path is where the file goes. What is there stays until the new file is complete and verified.
	Path string
	// SHA256 is the expected hash in hexadecimal. With it, a download that was cut off is continued by a later call.
	SHA256 string
	// Progress is told how many bytes of the file are there, and its size, -1 if unknown.
	Progress func(done, size int64)
}

// HashMismatchError says that a file arrived whole with other bytes than were expected.
type HashMismatchError struct {
	// Got and Want are SHA-256 in hexadecimal.
	Got, Want string
}

// Error says both hashes.
func (e *HashMismatchError) Error() string {
	return fmt.Sprintf("the file has SHA-256 %s instead of %s", e.Got, e.Want)
}

// DownloadFile fetches a file of a channel and answers its SHA-256 in hexadecimal. It writes to a temporary file beside
// the target, continues where a connection broke, verifies the hash, and then renames.
func (c *Client) DownloadFile(ctx context.Context, d Download) (sum string, err error) {
	subdir, filename, err := SplitCKey(d.CKey)
	if err != nil {
		return "", err
	}
	if raw, err := hex.DecodeString(d.SHA256); err != nil || len(raw) != 0 && len(raw) != sha256.Size {
		return "", errors.New("the expected SHA-256 is not 64 hexadecimal digits")
	}
	d.SHA256 = strings.ToLower(d.SHA256)
	segments := strings.Split(d.Channel, "/")
	if d.Label != "" {
		segments = append(segments, append([]string{"label"}, strings.Split(d.Label, "/")...)...)
	}
	u, err := c.path(append(segments, subdir, filename)...)
	if err != nil {
		return "", err
	}
	part, err := openPart(d.Path, d.SHA256)
	if err != nil {
		return "", err
	}
	defer part.close(&err)
	ctx, moved, stop := c.watch(ctx)
	defer stop()
	r := request{method: http.MethodGet, url: u, via: c.files, idempotent: true}
	f := &fetch{client: c, request: r, part: part, expected: d.SHA256, progress: func(done, size int64) {
		moved()
		if d.Progress != nil {
			d.Progress(done, size)
		}
	}}
	if err := f.run(ctx); err != nil {
		return "", err
	}
	return part.sum(), part.publish(d.Path)
}

// fetch is one download with its attempts.
type fetch struct {
	client   *Client
	request  request
	part     *partFile
	expected string
	progress func(done, size int64)
	// etag is the strong validator of the bytes in part; it is empty until an answer named one.
	etag string
}

// run tries until the file is whole, and gives up when several attempts in a row got no further than one before.
func (f *fetch) run(ctx context.Context) error {
	resumed, furthest, fruitless := f.part.size > 0, f.part.size, 0
	for {
		err := f.once(ctx)
		if err == nil && (f.expected == "" || f.part.sum() == f.expected) {
			return nil
		}
		if err == nil {
			mismatch := &HashMismatchError{Got: f.part.sum(), Want: f.expected}
			if err := f.part.reset(); err != nil || !resumed {
				return errors.Join(mismatch, err)
			}
			resumed, f.etag = false, "" // What was left from before did not fit: once more from the beginning.
			continue
		}
		if fruitless++; f.part.size > furthest {
			furthest, fruitless = f.part.size, 0
		}
		if _, cut := errors.AsType[*cutError](err); !cut || fruitless >= f.client.maxAttempts {
			return err
		}
		resumed = true
		f.client.log.DebugContext(ctx, "continuing a download", "url", f.request.url.String(), "at", f.part.size)
		if err := sleep(ctx, jitter(f.client.backoff)); err != nil {
			return fmt.Errorf("download: %w", err)
		}
	}
}

// once makes one request and appends what it brings.
func (f *fetch) once(ctx context.Context) error {
	r := f.request
	// Transparent gzip would make ranges and hashes mean something else.
	r.header = http.Header{"Accept-Encoding": {"identity"}}
	if f.part.size > 0 && (f.etag != "" || f.expected != "") {
		r.header.Set("Range", "bytes="+strconv.FormatInt(f.part.size, 10)+"-")
		if f.etag != "" {
			r.header.Set("If-Range", f.etag)
		}
	} else if err := f.part.reset(); err != nil {
		return err
	}
	err := f.client.send(ctx, r, f.receive)
	if StatusOf(err) == http.StatusRequestedRangeNotSatisfiable && f.part.size > 0 {
		// All of it may be there already; otherwise the comparison of the hashes starts over.
		return f.wholeOrReset()
	}
	return err
}

// wholeOrReset handles a refused range: the part is either the whole file or of no use.
func (f *fetch) wholeOrReset() error {
	if f.expected != "" && f.part.sum() == f.expected {
		return nil
	}
	if err := f.part.reset(); err != nil {
		return err
	}
	return &cutError{err: errors.New("the server refused to continue the download")}
}

// receive appends the body of an answer to the part.
func (f *fetch) receive(resp *http.Response) error {
	if resp.StatusCode != http.StatusPartialContent {
		if err := f.part.reset(); err != nil {
			return err
		}
	} else if !strings.HasPrefix(resp.Header.Get("Content-Range"), "bytes "+strconv.FormatInt(f.part.size, 10)+"-") {
		return fmt.Errorf("the server answered another range than asked: %q", resp.Header.Get("Content-Range"))
	}
	if tag := resp.Header.Get("ETag"); strings.HasPrefix(tag, `"`) {
		f.etag = tag
	}
	size := int64(-1)
	if resp.ContentLength >= 0 {
		size = f.part.size + resp.ContentLength
	}
	f.progress(f.part.size, size)
	buf := make([]byte, 128<<10)
	for {
		n, err := resp.Body.Read(buf)
		if _, werr := f.part.Write(buf[:n]); werr != nil {
			return fmt.Errorf("write the download: %w", werr)
		}
		f.progress(f.part.size, size)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &cutError{err: err}
		}
	}
}

// cutError marks a connection that broke within a body: the rest can be asked for.
type cutError struct{ err error }

func (e *cutError) Error() string { return "the connection broke: " + e.err.Error() }
func (e *cutError) Unwrap() error { return e.err }
