package s3blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"kingsnake/internal/blob"
)

const (
	// smallBlob is read into memory, and judged, before anybody gets a byte of it.
	smallBlob = 1 << 20
	// block is how much is read ahead where somebody reads here and there.
	block = 256 << 10
	// resumes is how often reading goes on after a connection was cut, without a byte in between.
	resumes = 3
)

// errStalled says that the service stopped sending.
var errStalled = errors.New("the service has stopped sending")

// memory is a small blob.
type memory struct{ *bytes.Reader }

func (memory) Close() error           { return nil }
func (memory) File() (*os.File, bool) { return nil, false }

// reader is a blob that comes as it is read. It is for one goroutine, but for ReadAt.
type reader struct {
	store *Store
	// ctx covers the reading, for all of which Open was given it.
	ctx  context.Context
	hash blob.Hash
	size int64
	// until is the end of the part that is wanted: who reads before it asks for no more. 0 is no part.
	until int64

	// pos is where Read goes on, body what comes from at on, as far as ends and until stop is called.
	pos  int64
	body io.ReadCloser
	at   int64
	ends int64
	stop context.CancelCauseFunc

	// sum has taken the first bytes of the blob, summed in number.
	sum    hash.Hash
	summed int64

	mu       sync.Mutex
	ahead    []byte
	aheadOff int64
}

// Open implements blob.Store. The context covers the reading, too.
func (s *Store) Open(ctx context.Context, h blob.Hash) (_ blob.Reader, rerr error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := &reader{store: s, ctx: ctx, hash: h, size: -1, sum: sha256.New()}
	if err := r.fetch(0); err != nil {
		return nil, err
	}
	if r.size > smallBlob {
		return r, nil
	}
	defer func() { rerr = errors.Join(rerr, r.Close()) }()
	data := make([]byte, r.size)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	if r.size == 0 {
		if err := r.judge(); err != nil {
			return nil, err
		}
	}
	return memory{bytes.NewReader(data)}, nil
}

// OpenPart implements blob.PartOpener. Where n is 0 the service is not asked for anything yet.
func (s *Store) OpenPart(ctx context.Context, h blob.Hash, size, off, n int64) (blob.Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := &reader{store: s, ctx: ctx, hash: h, sum: sha256.New(), size: size, until: off + n, pos: off}
	if n == 0 {
		return r, nil
	}
	if err := r.fetch(off); err != nil {
		return nil, err
	}
	return r, nil
}

// Size gives the length of the blob.
func (r *reader) Size() int64 { return r.size }

// File says that there is none.
func (r *reader) File() (*os.File, bool) { return nil, false }

// Close ends the reading.
func (r *reader) Close() error {
	r.drop()
	return nil
}

// drop gives up what is coming.
func (r *reader) drop() {
	if r.body == nil {
		return
	}
	r.stop(nil)
	// The connection is of no more use, and nothing was written to it.
	_ = r.body.Close()
	r.body = nil
}

// Seek implements io.Seeker; the service is asked by the next Read.
func (r *reader) Seek(offset int64, whence int) (int64, error) {
	pos, err := blob.Seek(r.pos, r.size, offset, whence)
	if err != nil {
		return 0, err
	}
	r.pos = pos
	return pos, nil
}

// fetch asks for the bytes from an offset on.
func (r *reader) fetch(off int64) error {
	end := int64(-1)
	if off < r.until && r.until < r.size {
		end = r.until
	}
	ctx, stop := context.WithCancelCause(r.ctx)
	out, err := r.get(ctx, off, end)
	if err != nil {
		stop(nil)
		return err
	}
	r.body, r.at, r.ends, r.stop = out.Body, off, off+aws.ToInt64(out.ContentLength), stop
	switch size := whole(out); {
	case r.size < 0:
		r.size = r.ends
	case size >= 0 && size != r.size:
		r.drop()
		return fmt.Errorf("read blob %s: %w: it has %d bytes, not %d", r.hash, blob.ErrDamaged, size, r.size)
	}
	return nil
}

// whole gives the size of the blob of which an answer has all or a part, or -1 where it does not tell.
func whole(out *s3.GetObjectOutput) int64 {
	if out.ContentRange == nil {
		return aws.ToInt64(out.ContentLength)
	}
	_, total, _ := strings.Cut(*out.ContentRange, "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if err != nil {
		return -1
	}
	return size
}

// get asks for bytes from an offset on, up to another or, where that is negative, to the end.
func (r *reader) get(ctx context.Context, off, end int64) (*s3.GetObjectOutput, error) {
	in := &s3.GetObjectInput{Bucket: &r.store.Bucket, Key: r.store.key(r.hash)}
	switch {
	case end >= 0:
		in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", off, end-1))
	case off > 0:
		in.Range = aws.String("bytes=" + strconv.FormatInt(off, 10) + "-")
	}
	out, err := r.store.client.GetObject(ctx, in)
	if err != nil {
		return nil, r.store.failedBlob(r.ctx, "read", r.hash, err)
	}
	if in.Range != nil && out.ContentRange == nil {
		return nil, errors.Join(fmt.Errorf("read blob %s: %w: the service does not know ranges", r.hash, blob.ErrUnavailable), out.Body.Close())
	}
	return out, nil
}

// Read implements io.Reader. Where the connection is cut it goes on with another.
func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if r.pos >= r.size {
		return 0, io.EOF
	}
	var failed error
	for try := range resumes + 1 {
		if err := pause(r.ctx, try); err != nil {
			return 0, err
		}
		if r.body != nil && (r.at != r.pos || r.at >= r.ends) {
			r.drop()
		}
		if r.body == nil {
			if err := r.fetch(r.pos); err != nil {
				return 0, err
			}
		}
		n, err := r.receive(p[:min(int64(len(p)), r.size-r.pos)])
		if err != nil {
			r.drop()
			failed = err
		}
		if n > 0 {
			return r.took(p[:n])
		}
	}
	return 0, fmt.Errorf("read blob %s: %w: the connection was cut %d times: %w", r.hash, blob.ErrUnavailable, resumes+1, failed)
}

// pause waits before another try.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(50 * time.Millisecond << try):
		return nil
	}
}

// receive reads what is coming, but does not wait forever.
func (r *reader) receive(p []byte) (int, error) {
	watch := time.AfterFunc(r.store.opts.Stall, func() { r.stop(errStalled) })
	defer watch.Stop()
	n, err := r.body.Read(p)
	r.at += int64(n)
	if n == 0 && errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // All of the blob has not come yet, or nobody would read on.
	}
	return n, err
}

// took counts and hashes what was read. The last bytes are handed out when the blob is what it should be.
func (r *reader) took(p []byte) (int, error) {
	if r.summed == r.pos {
		r.sum.Write(p)
		r.summed += int64(len(p))
	}
	if r.pos+int64(len(p)) == r.size && r.summed == r.size {
		if err := r.judge(); err != nil {
			return 0, err
		}
	}
	r.pos += int64(len(p))
	return len(p), nil
}

// judge compares the hash of the whole blob.
func (r *reader) judge() error {
	if got := blob.Hash(r.sum.Sum(nil)); got != r.hash {
		return fmt.Errorf("read blob %s: %w: its SHA-256 is %s", r.hash, blob.ErrDamaged, got)
	}
	return nil
}

// ReadAt implements io.ReaderAt, with a block read ahead.
func (r *reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read blob: before its begin")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	done := 0
	for done < len(p) && off < r.size {
		if off < r.aheadOff || off >= r.aheadOff+int64(len(r.ahead)) {
			if err := r.readAhead(off, max(int64(len(p)-done), block)); err != nil {
				return done, err
			}
		}
		n := copy(p[done:], r.ahead[off-r.aheadOff:])
		done, off = done+n, off+int64(n)
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// maxAhead bounds what is read ahead, however much is asked for at once.
const maxAhead = 4 << 20

// readAhead fetches a block.
func (r *reader) readAhead(off, n int64) error {
	n = min(n, maxAhead, r.size-off)
	data := make([]byte, n)
	var failed error
	for try := range resumes + 1 {
		if err := pause(r.ctx, try); err != nil {
			return err
		}
		if failed = r.readRange(data, off); failed == nil {
			r.ahead, r.aheadOff = data, off
			return nil
		}
		if errors.Is(failed, blob.ErrNotExist) || errors.Is(failed, blob.ErrUnavailable) {
			return failed // The request was tried again and again already.
		}
	}
	return fmt.Errorf("read blob %s: %w: %w", r.hash, blob.ErrUnavailable, failed)
}

func (r *reader) readRange(data []byte, off int64) (rerr error) {
	ctx, stop := context.WithCancelCause(r.ctx)
	defer stop(nil)
	out, err := r.get(ctx, off, off+int64(len(data)))
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, out.Body.Close()) }()
	for len(data) > 0 {
		watch := time.AfterFunc(r.store.opts.Stall, func() { stop(errStalled) })
		n, err := out.Body.Read(data)
		watch.Stop()
		data = data[n:]
		if err != nil && len(data) > 0 {
			return fmt.Errorf("read blob %s: %w", r.hash, err)
		}
	}
	return nil
}
