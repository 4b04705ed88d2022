package blob

import (
	"errors"
	"fmt"
	"io"
)

// Seek gives where the Seek of a reader of so many bytes goes that is at a position; it may be behind the end.
func Seek(pos, size, offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += pos
	case io.SeekEnd:
		offset += size
	default:
		return pos, fmt.Errorf("seek blob: whence %d is not known", whence)
	}
	if offset < 0 {
		return pos, errors.New("seek blob: before its begin")
	}
	return offset, nil
}
