package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"kingsnake/api"
)

// Upload is a package file to send.
type Upload struct {
	// Filename is the package's file name, such as "numpy-2.0-0.conda".
	Filename string
	// Content holds the file, Size its length in bytes. It is read from the beginning for each attempt.
	Content io.ReaderAt
	Size    int64
	// SHA256 is the expected hash in hexadecimal; empty leaves the check to the transport.
	SHA256 string
	// Force replaces another file of the same name.
	Force bool
	// Labels are what the file is to carry; none means "main".
	Labels []string
	// Progress is told how many bytes of Content are sent. It starts over when an attempt is repeated, is called from
	// another goroutine, never concurrently with itself, and not after Upload has returned.
	Progress func(sent int64)
}

// smallUpload is a size in bytes up to which a file is sent at once: to ask whether to send it would take as long.
const smallUpload = 64 << 10

// Upload sends a package file to a channel. For all but small files the request asks for "100 Continue", so that a refusal by
// token, name or size arrives before the file is sent. Sending the same file twice does no harm: the second answer has Created false.
func (c *Client) Upload(ctx context.Context, channel string, up Upload) (api.UploadResult, error) {
	var out api.UploadResult
	u, err := c.path(append([]string{"api"}, channelSegments(channel, "artifacts")...)...)
	if err != nil {
		return out, err
	}
	head, tail, contentType, err := up.envelope()
	if err != nil {
		return out, err
	}
	ctx, moved, stop := c.watch(ctx)
	defer stop()
	var current *meter
	defer func() {
		if current != nil {
			current.release()
		}
	}()
	r := request{
		method: http.MethodPost, url: u, via: c.calls, idempotent: true,
		header: http.Header{"Accept": {"application/json"}, "Content-Type": {contentType}},
		size:   int64(len(head)) + up.Size + int64(len(tail)),
		body: func() io.ReadCloser {
			if current != nil {
				current.release()
			}
			whole := io.MultiReader(bytes.NewReader(head), io.NewSectionReader(up.Content, 0, up.Size), bytes.NewReader(tail))
			current = &meter{r: whole, report: func(done int64) {
				moved()
				if up.Progress != nil {
					up.Progress(min(max(done-int64(len(head)), 0), up.Size))
				}
			}}
			return current
		},
	}
	if up.Size > smallUpload {
		r.header.Set("Expect", "100-continue")
	}
	err = c.send(ctx, r, func(resp *http.Response) error { return decode(resp, &out) })
	return out, err
}

// envelope makes what stands before and after the file in the multipart body, so that the body's length is known
// without holding the file in memory.
func (up Upload) envelope() (head, tail []byte, contentType string, err error) {
	if up.Size < 0 || up.Filename == "" || up.Content == nil {
		return nil, nil, "", errors.New("an upload needs a file name, a content and its size")
	}
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	fields := [][2]string{
		{api.UploadFieldFileType, string(api.FileTypeConda)},
		{api.UploadFieldSize, strconv.FormatInt(up.Size, 10)},
	}
	if up.SHA256 != "" {
		fields = append(fields, [2]string{api.UploadFieldSHA256, up.SHA256})
	}
	if up.Force {
		fields = append(fields, [2]string{api.UploadFieldForce, "true"})
	}
	for _, label := range up.Labels {
		fields = append(fields, [2]string{api.UploadFieldLabel, label})
	}
	for _, f := range fields {
		if err := form.WriteField(f[0], f[1]); err != nil {
			return nil, nil, "", fmt.Errorf("write the form: %w", err)
		}
	}
	if _, err := form.CreateFormFile(api.UploadFieldContent, up.Filename); err != nil {
		return nil, nil, "", fmt.Errorf("write the form: %w", err)
	}
	head = bytes.Clone(buf.Bytes())
	buf.Reset()
	if err := form.Close(); err != nil {
		return nil, nil, "", fmt.Errorf("write the form: %w", err)
	}
	return head, buf.Bytes(), form.FormDataContentType(), nil
}

// UploadOptions change how UploadFile works.
type UploadOptions struct {
	// Force, Labels and Progress are those of Upload.
	Force    bool
	Labels   []string
	Progress func(sent int64)
}

// UploadFile hashes a file and sends it with its hash, so that the server refuses it if it changes on the way.
func (c *Client) UploadFile(ctx context.Context, channel, path string, opts UploadOptions) (api.UploadResult, error) {
	f, err := os.Open(path)
	if err != nil {
		return api.UploadResult{}, err
	}
	defer f.Close() //nolint:errcheck // The file is only read.
	info, err := f.Stat()
	if err != nil {
		return api.UploadResult{}, err
	}
	if !info.Mode().IsRegular() {
		return api.UploadResult{}, fmt.Errorf("%s is not a regular file", path)
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(f, 0, info.Size())); err != nil {
		return api.UploadResult{}, err
	}
	return c.Upload(ctx, channel, Upload{
		Filename: filepath.Base(path), Content: f, Size: info.Size(),
		SHA256: hex.EncodeToString(hash.Sum(nil)), Force: opts.Force, Labels: opts.Labels, Progress: opts.Progress,
	})
}
