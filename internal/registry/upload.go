package registry

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // conda's index lists MD5 sums beside SHA-256.
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

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
	// staging is the number of the staged upload that this one ends, 0 for none.
	staging int64
	// expected is what Expect found.
	expected expected
}

// UploadInput is what the sender says of a file.
type UploadInput struct {
	// Filename is the package's file name. Subdir is where the sender wants it; empty leaves that to the package.
	Filename, Subdir string
	// Size, SHA256 and MD5 (hex) are what the sender says, checked when they are given; Size is -1 for unknown.
	Size        int64
	SHA256, MD5 string
	// Force replaces a file of the same name, which asks for artifact:edit too.
	Force bool
	// Labels are what the file is to carry, none meaning main. A file that is there already keeps its own besides; one
	// that replaces another has these only.
	Labels []string
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
	c, _, err := s.lookup.onSome(ctx, s.core, caller, access.ArtifactCreate, path)
	if err != nil {
		return nil, err
	}
	if err := refuseFrozen(c); err != nil {
		return nil, err
	}
	return &Upload{packages: s, caller: caller, channel: c}, nil
}

// allowForce asks for the right to overwrite.
func (u *Upload) allowForce(ctx context.Context) error {
	_, _, err := u.packages.lookup.onSome(ctx, u.packages.core, u.caller, access.ArtifactEdit, u.channel.Path)
	return err
}

// allowName asks again once the package's name is known, and before anything of it shows: a token may be narrowed to
// other packages.
func (u *Upload) allowName(ctx context.Context, name string, force bool) error {
	s, pkg := u.packages, access.PackageName(FamilyConda, name)
	_, err := s.lookup.onPackage(ctx, s.core, u.caller, access.ArtifactCreate, u.channel.Path, pkg)
	if err == nil && force {
		_, err = s.lookup.onPackage(ctx, s.core, u.caller, access.ArtifactEdit, u.channel.Path, pkg)
	}
	return err
}

// Received is a file that came in and is not in the channel yet.
type Received struct {
	upload *Upload
	staged blob.Staged
	sums   sums
	// whole is all of a small file, nil for a large one.
	whole []byte
}

// reader reads what came in.
func (r *Received) reader() io.ReaderAt {
	if r.whole != nil {
		return bytes.NewReader(r.whole)
	}
	return r.staged
}

// Receive takes the bytes in. Size is what the sender declares, -1 for unknown. The caller must Discard the result.
func (u *Upload) Receive(ctx context.Context, body io.Reader, size int64) (*Received, error) {
	limit := u.packages.limits.MaxSize
	if size > limit {
		u.leave()
		return nil, tooLarge(limit)
	}
	staged, err := u.packages.blobs.Stage(ctx)
	if err != nil {
		u.leave()
		return nil, blobError(err)
	}
	body = u.bound(body)
	got, whole, err := u.packages.receive(staged, body, limit)
	if err != nil {
		u.leave()
		return nil, errors.Join(refused(body, err), staged.Discard())
	}
	return &Received{upload: u, staged: staged, sums: got, whole: whole}, nil
}

// Discard lets go of the bytes; after a publication it does nothing.
func (r *Received) Discard() error {
	r.upload.leave()
	return r.staged.Discard()
}

// Publish puts the file into the channel. When it returns without an error, the file is durable and visible; otherwise
// nothing of it is kept.
func (r *Received) Publish(ctx context.Context, in UploadInput) (UploadResult, error) {
	u := r.upload
	s := u.packages
	labels, err := ParseLabels(in.Labels)
	if err != nil {
		return UploadResult{}, err
	}
	if err := r.sums.check(in); err != nil {
		return UploadResult{}, err
	}
	if in.Force {
		if err := u.allowForce(ctx); err != nil {
			return UploadResult{}, err
		}
	}
	f, err := s.inspect(ctx, r.reader(), in, r.sums)
	if err != nil {
		return UploadResult{}, err
	}
	if err := u.allowName(ctx, f.Name, in.Force); err != nil {
		return UploadResult{}, err
	}
	f.ChannelID, f.Uploader, f.Labels = u.channel.ID, u.caller.Principal.Name, labels
	if done, err := s.already(ctx, u.channel, f, in.Force); done != nil || err != nil {
		return pick(done), err
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	arrived := func() {}
	if r.whole != nil && u.usual(f, in.Force) {
		arrived = s.gathered.announce(u.channel.ID)
		defer arrived()
	}
	if err := r.staged.Commit(ctx, f.SHA256); err != nil {
		return UploadResult{}, blobError(err)
	}
	u.leave() // From here on the transaction counts.
	return s.publish(ctx, u, f, in.Force, arrived)
}

func pick(r *UploadResult) UploadResult {
	if r == nil {
		return UploadResult{}
	}
	return *r
}

func tooLarge(limit int64) *Error {
	return errorf(CodeTooLarge, "the file is larger than this server takes (%d bytes); ask its administrator to raise max_upload_size", limit)
}

// sums are the size and the hashes of what came in.
type sums struct {
	size   int64
	sha256 blob.Hash
	md5    [md5.Size]byte
}

// copyBuffer is how much of a body is read at once.
const copyBuffer = 32 << 10

// receive writes the body to its staging place, hashing it on the way. It gives a small one whole.
func (s *Packages) receive(dst io.Writer, body io.Reader, maxSize int64) (_ sums, whole []byte, _ error) {
	h256, h5 := sha256.New(), md5.New() //nolint:gosec // see the import.
	w := &writeErr{w: dst}
	pieces := blob.NewGatherer(w)
	buffer, ok := s.buffers.Get().(*[copyBuffer]byte)
	if !ok {
		buffer = new([copyBuffer]byte)
	}
	n, err := io.CopyBuffer(io.MultiWriter(pieces, h256, h5), io.LimitReader(body, maxSize+1), buffer[:])
	s.buffers.Put(buffer)
	if held := pieces.Held(); int64(len(held)) == n {
		whole = held
	}
	if w.err == nil {
		err = errors.Join(err, pieces.Flush())
	}
	switch {
	case w.err != nil:
		return sums{}, nil, blobError(w.err)
	case err != nil:
		return sums{}, nil, &Error{Code: CodeBadPackage, Reason: "interrupted", Message: "the upload ended before the file was complete; send it again", Err: err}
	case n > maxSize:
		return sums{}, nil, tooLarge(maxSize)
	}
	out := sums{size: n}
	h256.Sum(out.sha256[:0])
	h5.Sum(out.md5[:0])
	return out, whole, nil
}

// check compares what came in with what the sender says of it.
func (s sums) check(in UploadInput) error {
	if in.Filename == "" {
		return invalid("filename", "the file has no name; send name-version-build.conda or .tar.bz2")
	}
	if in.Size >= 0 && in.Size != s.size {
		return &Error{Code: CodeHashMismatch, Reason: "size_mismatch", Field: "size", Message: fmt.Sprintf("the file has %d bytes, but %d were declared", s.size, in.Size)}
	}
	if err := compare("sha256", in.SHA256, s.sha256[:]); err != nil {
		return err
	}
	return compare("md5", in.MD5, s.md5[:])
}

// compare judges a declared hash; an empty one says nothing.
func compare(name, declared string, sum []byte) error {
	if declared == "" {
		return nil
	}
	got := hex.EncodeToString(sum)
	if len(declared) != len(got) {
		return &Error{Code: CodeHashMismatch, Reason: "bad_hash", Field: name, Message: fmt.Sprintf("the declared %s is not %d hexadecimal digits", name, len(got))}
	}
	if !strings.EqualFold(declared, got) {
		return &Error{Code: CodeHashMismatch, Reason: name + "_mismatch", Field: name, Message: fmt.Sprintf(
			"the file's %s is %s, but another was declared; it was damaged on the way or is another file", name, got)}
	}
	return nil
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

// storageRetry is when to try again what needs a disk that somebody has to mend first.
const storageRetry = 30 * time.Second

// blobError words a failure of the blob storage.
func blobError(err error) error {
	if errors.Is(err, blob.ErrNoSpace) {
		return &Error{Code: CodeNoSpace, Message: "the server's disk is full; nothing was stored", Err: err}
	}
	if errors.Is(err, blob.ErrReadOnly) {
		return &Error{Code: CodeUnavailable, Message: "the server's storage is read-only; nothing was stored", RetryAfter: storageRetry, Err: err}
	}
	return err
}
