package fsblob

import "os"

// file is a name under which *os.File can be embedded beside a method File.
type file = os.File

// reader is an open blob.
type reader struct {
	*file
	size int64
}

func (r *reader) Size() int64 { return r.size }

func (r *reader) File() (*os.File, bool) { return r.file, true }
