package fsblob

import (
	"os"

	"kingsnake/internal/blob"
)

// file is a name under which *os.File can be embedded beside a method File.
type file = os.File

// reader is an open blob.
type reader struct {
	*file
	store *Store
	hash  blob.Hash
	size  int64
}

func (r *reader) Size() int64 { return r.size }

func (r *reader) File() (*os.File, bool) { return r.file, true }

// Close closes the file, which the next reader may find open in another way.
func (r *reader) Close() error {
	if r.file == nil {
		return os.ErrClosed
	}
	f := r.file
	r.file = nil
	return r.store.idle.put(r.hash, f)
}
