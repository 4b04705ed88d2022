// Package tokenscan finds strings of tokens in streams and files by their form and their checksum, without a server. It
// knows the form from package identity. Out of scope: whether a string works, and what is packed or encrypted.
package tokenscan

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"kingsnake/internal/identity"
)

// Match is a string of a token in a stream.
type Match struct {
	// Line and Column count from 1, the column in bytes.
	Line, Column int64
	// Token is the string itself, which is not to be shown.
	Token string
}

// A string stands in a file as it is, or with a zero byte between any two letters, as in UTF-16.
const (
	wideLength = 2*identity.TokenLength - 1
	// chunk is how much is read at a time.
	chunk = 256 << 10
)

// Stream calls found for each string of a token in r, in order, and stops at the first error that found returns. It holds
// a part of the stream of constant size in memory.
func Stream(r io.Reader, found func(Match) error) error {
	s := stream{buf: make([]byte, 0, chunk+wideLength), line: 1}
	for {
		n, err := r.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return fmt.Errorf("read: %w", err)
		}
		// What begins too near to the end is looked at again when more of it is there.
		until := len(s.buf) - wideLength + 1
		if end {
			until = len(s.buf)
		}
		if until > 0 {
			if err := s.search(until, found); err != nil {
				return err
			}
		}
		if end {
			return nil
		}
	}
}

// stream is a window of a stream that moves on.
type stream struct {
	buf []byte
	// line is the line in which the window begins, column how many bytes of it lie before the window.
	line, column int64
}

// search reports the strings that begin before a place in the window, and moves the window there.
func (s *stream) search(until int, found func(Match) error) error {
	var hits []hit
	hits = s.collect(hits, until, "ks-", identity.TokenLength, 1)
	hits = s.collect(hits, until, "k\x00s\x00-\x00", wideLength, 2)
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(a.at, b.at) })
	at := 0
	for _, h := range hits {
		s.advance(s.buf[at:h.at])
		at = h.at
		if err := found(Match{Line: s.line, Column: s.column + 1, Token: h.token}); err != nil {
			return err
		}
	}
	s.advance(s.buf[at:until])
	s.buf = s.buf[:copy(s.buf, s.buf[until:])]
	return nil
}

// hit is a string at a place in the window.
type hit struct {
	at    int
	token string
}

// collect finds strings that begin before a place, whose letters are step bytes apart and take length bytes together.
func (s *stream) collect(hits []hit, until int, begin string, length, step int) []hit {
	for at := 0; ; {
		i := bytes.Index(s.buf[at:min(len(s.buf), until+len(begin)-1)], []byte(begin))
		if i < 0 {
			return hits
		}
		at += i
		if token, ok := read(s.buf[at:], length, step); ok {
			hits = append(hits, hit{at, token})
		}
		at++
	}
}

// read takes a string from the beginning of b, if one stands there.
func read(b []byte, length, step int) (string, bool) {
	if len(b) < length {
		return "", false
	}
	letters := make([]byte, 0, identity.TokenLength)
	for i := range length {
		switch {
		case i%step == 0:
			letters = append(letters, b[i])
		case b[i] != 0:
			return "", false
		}
	}
	return string(letters), identity.WellFormed(string(letters))
}

// advance moves the place in the stream behind some bytes.
func (s *stream) advance(b []byte) {
	if n := bytes.Count(b, []byte{'\n'}); n > 0 {
		s.line += int64(n)
		s.column = int64(len(b) - bytes.LastIndexByte(b, '\n') - 1)
		return
	}
	s.column += int64(len(b))
}
