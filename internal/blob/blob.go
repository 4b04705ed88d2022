package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"time"
)

// The errors that every store reports, to be tested for with errors.Is.
var (
	// ErrNotExist says that the store holds no blob of that hash.
	ErrNotExist = errors.New("blob does not exist")
	// ErrConflict says that the store holds another content under the hash
	// that a commit names: either the stored blob is damaged or the caller
	// hashed wrongly. The stored blob is left alone.
	ErrConflict = errors.New("blob exists with a different content")
	// ErrDamaged says that a blob's bytes are not those that were stored.
	ErrDamaged = errors.New("the bytes are not what was stored")
	// ErrNoSpace says that the disk, or the account's quota on it, is full.
	ErrNoSpace = errors.New("no space left for blobs")
	// ErrReadOnly says that the store cannot be written to at all.
	ErrReadOnly = errors.New("blob storage is read-only")
	// ErrUnavailable says that the storage could not be reached or refused
	// all requests; whether it holds a blob is not known.
	ErrUnavailable = errors.New("blob storage is not available")
	// ErrFinished says that staged bytes were used after Commit or Discard.
	ErrFinished = errors.New("staged blob is already committed or discarded")
)

// IgnoreMissing is err, but nil where it says that there is no such blob or, on a store's own disk, no such file.
func IgnoreMissing(err error) error {
	if errors.Is(err, ErrNotExist) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// A Store keeps blobs. Its methods may be called concurrently, and return
// the context's error when the context has ended before they begin.
type Store interface {
	// Stage opens a place for bytes that have no name yet. The context covers
	// this call only, not the life of what it returns.
	Stage(ctx context.Context) (Staged, error)

	// Open returns a reader of the blob, or ErrNotExist. The context covers
	// the reading, too. Reading on keeps working when the blob is deleted
	// meanwhile; reading elsewhere may not.
	Open(ctx context.Context, h Hash) (Reader, error)

	// Stat describes the blob, or returns ErrNotExist.
	Stat(ctx context.Context, h Hash) (Info, error)

	// Delete removes the blob; it is no error if there is none. A crash
	// shortly after may bring the blob back, so whoever collects garbage
	// must work from List and not from a memory of what it deleted.
	Delete(ctx context.Context, h Hash) error

	// List yields every blob in no particular order, in bounded memory. Blobs
	// committed or deleted meanwhile may be yielded or not. An error is
	// yielded once, with a zero Info, and ends the sequence.
	List(ctx context.Context) iter.Seq2[Info, error]

	// Sweep removes staged bytes that were last written before olderThan and
	// never committed, as a crash leaves them, and says how many it removed.
	// It cannot know a slow upload from an abandoned one: a Commit of bytes
	// that were swept fails, so olderThan should lie hours in the past.
	Sweep(ctx context.Context, olderThan time.Time) (int, error)

	// Check tells what keeps blobs from being stored and read just now. It
	// should take less than a second.
	Check(ctx context.Context) error
}

// A Linker is a store whose blobs clients can fetch by themselves.
type Linker interface {
	// Link returns a URL that gives whoever has it one blob for a while. It
	// does not look whether there is such a blob.
	Link(ctx context.Context, h Hash, l Link) (string, error)
}

// Link says how a blob is given out.
type Link struct {
	Lifetime time.Duration
	// MediaType and CacheControl become headers of the answer.
	MediaType, CacheControl string
}

// Staged is a blob in the making. It is for one goroutine at a time, except
// that ReadAt may be called concurrently while nobody writes.
type Staged interface {
	// Write appends. After it has failed, only Discard can succeed.
	io.Writer
	// ReadAt reads what was written so far.
	io.ReaderAt
	// Size returns the number of bytes written so far.
	Size() int64

	// Commit makes the bytes a blob named h, durable and visible to every
	// reader when it returns nil. If that blob exists already the staged
	// bytes are dropped, which is a success too; its ModTime becomes the
	// present in either case. Commit does not hash: the caller has. After a
	// failure, only Discard can succeed and the bytes must be staged anew.
	Commit(ctx context.Context, h Hash) error

	// Discard drops the bytes. It does nothing after Commit or Discard, so it
	// can be deferred as soon as Stage has returned.
	Discard() error
}

// Reader reads one blob and must be closed.
type Reader interface {
	io.ReadSeekCloser
	io.ReaderAt
	// Size returns the length of the blob in bytes.
	Size() int64
	// File returns the open file behind the reader and true when there is
	// one, so that a server can let the kernel copy it to a socket. The file
	// shares its offset with the reader and is closed by it.
	File() (*os.File, bool)
}

// Info describes a stored blob.
type Info struct {
	Hash Hash
	Size int64
	// ModTime is when the blob was last committed. A garbage collector that
	// spares recent blobs thereby spares those that an upload has found to
	// exist, but not yet written into the database.
	ModTime time.Time
}

// Put stores data and returns its hash. It suits content that is in memory
// anyway, such as index files.
func Put(ctx context.Context, s Store, data []byte) (h Hash, err error) {
	staged, err := s.Stage(ctx)
	if err != nil {
		return Hash{}, err
	}
	defer func() { err = errors.Join(err, staged.Discard()) }()
	if _, err := staged.Write(data); err != nil {
		return Hash{}, err
	}
	h = Sum(data)
	return h, staged.Commit(ctx, h)
}
