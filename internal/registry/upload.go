package registry

import (
	"context"
	"crypto/md5" //nolint:gosec // conda's index lists MD5 sums beside SHA-256.
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"kingsnake/conda/pkgfile"
	"kingsnake/internal/access"
	"kingsnake/internal/blob"
)

// UploadLimits bounds what one upload may cost.
type UploadLimits struct {
	// MaxSize is the largest file in bytes.
	MaxSize int64
	// Package bounds the reading of the package.
	Package pkgfile.Limits
}

// Upload is the permission to put a file into a channel, given before any of its bytes are read.
type Upload struct {
	packages *Packages
	caller   *access.Caller
	channel  Channel
}

// UploadInput is a file on its way in.
type UploadInput struct {
	// Filename is the package's file name. Subdir is where the sender wants it; empty leaves that to the package.
	Filename, Subdir string
	Body             io.Reader
	// Size, SHA256 and MD5 (hex) are what the sender says, checked when they are given; Size is -1 for unknown.
	Size        int64
	SHA256, MD5 string
	// Force replaces a file of the same name, which asks for artifact:edit too.
	Force bool
}

// UploadResult says what became of an upload.
type UploadResult struct {
	Channel Channel
	File    File
	// Created tells that no file of this name was there before; Replaced that another one was.
	Created, Replaced bool
}

// BeginUpload asks for the right to upload to a channel. Nothing of the file need have been read.
func (s *Packages) BeginUpload(ctx context.Context, caller *access.Caller, path string) (*Upload, error) {
	c, err := s.lookup.on(ctx, s.core, caller, access.ArtifactCreate, path)
	if err != nil {
		return nil, err
	}
	if err := refuseFrozen(c); err != nil {
		return nil, err
	}
	return &Upload{packages: s, caller: caller, channel: c}, nil
}

// AllowForce asks for the right to overwrite.
func (u *Upload) AllowForce(ctx context.Context) error {
	_, err := u.packages.lookup.on(ctx, u.packages.core, u.caller, access.ArtifactEdit, u.channel.Path)
	return err
}

// Store takes the file in. When it returns without an error, the file is durable and in the channel; otherwise nothing
// of it is kept.
func (u *Upload) Store(ctx context.Context, in UploadInput) (_ UploadResult, rerr error) {
	s := u.packages
	if err := in.check(s.limits.MaxSize); err != nil {
		return UploadResult{}, err
	}
	if in.Force {
		if err := u.AllowForce(ctx); err != nil {
			return UploadResult{}, err
		}
	}
	staged, err := s.blobs.Stage(ctx)
	if err != nil {
		return UploadResult{}, blobError(err)
	}
	defer func() { rerr = errors.Join(rerr, staged.Discard()) }()
	sums, err := receive(staged, in, s.limits.MaxSize)
	if err != nil {
		return UploadResult{}, err
	}
	f, err := s.inspect(staged, in, sums)
	if err != nil {
		return UploadResult{}, err
	}
	f.ChannelID, f.Uploader = u.channel.ID, u.caller.Principal.Name
	if done, err := s.already(ctx, u.channel, f, in.Force); done != nil || err != nil {
		return pick(done), err
	}
	if err := staged.Commit(ctx, f.SHA256); err != nil {
		return UploadResult{}, blobError(err)
	}
	return s.publish(ctx, u, f, in.Force)
}

func pick(r *UploadResult) UploadResult {
	if r == nil {
		return UploadResult{}
	}
	return *r
}

// check judges what the sender says of the file.
func (in UploadInput) check(maxSize int64) error {
	if in.Filename == "" {
		return invalid("filename", "the file has no name; send name-version-build.conda or .tar.bz2")
	}
	if in.Size > maxSize {
		return tooLarge(maxSize)
	}
	for _, h := range []struct {
		field, value string
		digits       int
	}{{"sha256", in.SHA256, 2 * sha256.Size}, {"md5", in.MD5, 2 * md5.Size}} {
		if h.value == "" {
			continue
		}
		if _, err := hex.DecodeString(h.value); err != nil || len(h.value) != h.digits {
			return &Error{Code: CodeHashMismatch, Reason: "bad_hash", Field: h.field, Message: fmt.Sprintf("the declared %s is not %d hexadecimal digits", h.field, h.digits)}
		}
	}
	return nil
}

func tooLarge(limit int64) *Error {
	return errorf(CodeTooLarge, "the file is larger than this server takes (%d bytes); ask its administrator to raise max_upload_size", limit)
}

// sums are the hashes of what came in.
type sums struct {
	size   int64
	sha256 blob.Hash
	md5    [md5.Size]byte
}

// receive writes the body to its staging place, hashing it on the way, and compares it with what the sender said.
func receive(dst io.Writer, in UploadInput, maxSize int64) (sums, error) {
	h256, h5 := sha256.New(), md5.New() //nolint:gosec // see the import.
	w := &writeErr{w: dst}
	n, err := io.Copy(io.MultiWriter(w, h256, h5), io.LimitReader(in.Body, maxSize+1))
	switch {
	case w.err != nil:
		return sums{}, blobError(w.err)
	case err != nil:
		var known *Error
		if errors.As(err, &known) {
			return sums{}, known
		}
		return sums{}, &Error{Code: CodeBadPackage, Reason: "interrupted", Message: "the upload ended before the file was complete; send it again", Err: err}
	case n > maxSize:
		return sums{}, tooLarge(maxSize)
	case in.Size >= 0 && n != in.Size:
		return sums{}, &Error{Code: CodeHashMismatch, Reason: "size_mismatch", Field: "size", Message: fmt.Sprintf("the file has %d bytes, but %d were declared", n, in.Size)}
	}
	out := sums{size: n}
	h256.Sum(out.sha256[:0])
	h5.Sum(out.md5[:0])
	return out, errors.Join(compare("sha256", in.SHA256, h256), compare("md5", in.MD5, h5))
}

func compare(name, declared string, h hash.Hash) error {
	got := hex.EncodeToString(h.Sum(nil))
	if declared == "" || strings.EqualFold(declared, got) {
		return nil
	}
	return &Error{Code: CodeHashMismatch, Reason: name + "_mismatch", Field: name, Message: fmt.Sprintf("the file's %s is %s, but %s was declared; it was damaged on the way or is another file", name, got, strings.ToLower(declared))}
}

// writeErr remembers a failed write, to tell it from a failed read.
type writeErr struct {
	w   io.Writer
	err error
}

func (w *writeErr) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

// blobError words a failure of the blob storage.
func blobError(err error) error {
	if errors.Is(err, blob.ErrNoSpace) {
		return &Error{Code: CodeNoSpace, Message: "the server's disk is full; nothing was stored", Err: err}
	}
	if errors.Is(err, blob.ErrReadOnly) {
		return &Error{Code: CodeUnavailable, Message: "the server's storage is read-only; nothing was stored", Err: err}
	}
	return err
}
