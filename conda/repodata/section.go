package repodata

import (
	"fmt"
	"io"
	"strings"
)

// flushSize is how much a streaming writer collects before it writes.
const flushSize = 64 << 10

// section is one part of an index file that holds one entry per package.
type section struct {
	open, close string // what comes before its first and after its last entry
	suffix      string // what the file names in it end in, if anything
	trim        bool   // whether the keys leave out the suffix
	list        bool   // whether it is a list of names
}

// sectionWriter writes the sections of an index file one after the other,
// copying finished values between generated keys.
type sectionWriter struct {
	w        io.Writer
	buf      []byte
	sections []section
	at       int // index of the open section, -1 before the first
	entries  int // in the open section
	last     string
	err      error
}

// add writes one entry into section i, closing those before it. The value is
// between prefix and suffix.
func (s *sectionWriter) add(i int, filename, prefix string, value []byte, suffix string) error {
	if s.err == nil {
		s.err = s.append(i, filename, prefix, value, suffix)
	}
	return s.err
}

func (s *sectionWriter) append(i int, filename, prefix string, value []byte, suffix string) error {
	sec := s.sections[i]
	stem, ok := strings.CutSuffix(filename, sec.suffix)
	if !ok || stem == "" {
		return fmt.Errorf("%w: file name %q does not end in %q", ErrInvalid, filename, sec.suffix)
	}
	if !sec.list && (len(value) < 2 || value[0] != '{' || value[len(value)-1] != '}') {
		return fmt.Errorf("%w: the entry of %q is not a finished JSON object", ErrInvalid, filename)
	}
	if err := s.advance(i); err != nil {
		return err
	}
	if s.entries > 0 {
		if filename <= s.last {
			return fmt.Errorf("%w: %q after %q", ErrOrder, filename, s.last)
		}
		s.buf = append(s.buf, ',')
	}
	s.entries++
	s.last = filename
	if sec.trim {
		filename = stem
	}
	s.buf = appendJSONString(s.buf, filename)
	if !sec.list {
		s.buf = append(s.buf, ':')
		s.buf = append(s.buf, prefix...)
		s.buf = append(s.buf, value...)
		s.buf = append(s.buf, suffix...)
	}
	if len(s.buf) >= flushSize {
		return s.flush()
	}
	return nil
}

// advance opens section i and closes all those before it, the empty ones too.
func (s *sectionWriter) advance(i int) error {
	if i < s.at {
		return fmt.Errorf("%w: the section is closed", ErrOrder)
	}
	for s.at < i {
		if s.at >= 0 {
			s.buf = append(s.buf, s.sections[s.at].close...)
		}
		s.at++
		s.entries = 0
		s.buf = append(s.buf, s.sections[s.at].open...)
	}
	return nil
}

// finish closes everything up to section i, appends tail and flushes.
func (s *sectionWriter) finish(i int, tail string) error {
	if s.err != nil {
		return s.err
	}
	if s.err = s.advance(i); s.err != nil {
		return s.err
	}
	s.buf = append(append(s.buf, s.sections[i].close...), tail...)
	if s.err = s.flush(); s.err != nil {
		return s.err
	}
	s.err = fmt.Errorf("%w: the file is closed", ErrOrder)
	return nil
}

func (s *sectionWriter) flush() error {
	_, err := s.w.Write(s.buf)
	s.buf = s.buf[:0]
	if err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	return nil
}
