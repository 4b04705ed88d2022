package pkgfile

import (
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

// source is the caller's file. It remembers the first failure to read it, so
// that a broken disk is never reported as a broken package.
type source struct {
	r    io.ReaderAt
	size int64
	err  error
}

// ReadAt implements io.ReaderAt.
func (s *source) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(p, off)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		if n < len(p) && off+int64(n) < s.size {
			s.fail(fmt.Errorf("file ends at byte %d of %d: %w", off+int64(n), s.size, io.ErrUnexpectedEOF))
		}
	default:
		s.fail(err)
	}
	return n, err
}

func (s *source) fail(err error) {
	if s.err == nil {
		s.err = fmt.Errorf("read package: %w", err)
	}
}

// bytes reads n bytes at off; the caller knows that they lie inside the file.
func (s *source) bytes(off, n int64) ([]byte, error) {
	buf := make([]byte, n)
	if m, err := s.ReadAt(buf, off); int64(m) < n {
		return nil, errors.Join(s.err, err)
	}
	return buf, nil
}

// bounded stops a decoded stream at a limit.
type bounded struct {
	r      io.Reader
	member string
	left   int64
	err    *Error
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		b.err = refuse(CodeBomb, b.member, "expands to more than its compressed size can explain, or than this server "+
			"accepts; if the package is genuine, ask the operator to raise the limit")
		return 0, b.err
	}
	return n, err
}

// summed computes the CRC-32 of what passes through, and shows it to scan.
type summed struct {
	r    io.Reader
	crc  hash.Hash32
	scan func([]byte) error
	err  error
}

func newSummed(r io.Reader, scan func([]byte) error) *summed {
	return &summed{r: r, crc: crc32.NewIEEE(), scan: scan}
}

// Read implements io.Reader.
func (s *summed) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	s.crc.Write(p[:n])
	if s.err = s.scan(p[:n]); s.err != nil {
		return 0, s.err
	}
	return n, err
}
