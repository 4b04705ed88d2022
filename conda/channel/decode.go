package channel

import (
	"strings"
)

// decodeByte returns the first byte of s after percent-decoding and the number of bytes that it takes in s, which is 0
// if there is none or its escape is malformed.
func decodeByte(s string) (c byte, size int) {
	switch {
	case s == "":
		return 0, 0
	case s[0] != '%':
		return s[0], 1
	case len(s) < 3:
		return 0, 0
	}
	high, ok1 := unhex(s[1])
	low, ok2 := unhex(s[2])
	if !ok1 || !ok2 {
		return 0, 0
	}
	return high<<4 | low, 3
}

func unhex(c byte) (value byte, ok bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// decodePath decodes path once and refuses whatever could make two readers of it see different segments. It allocates
// only if there is something to decode.
func decodePath(path string) (string, error) {
	if len(path) > MaxPath {
		return "", ErrTooLong
	}
	if strings.Contains(path, "%") {
		decoded := make([]byte, 0, len(path))
		for rest := path; rest != ""; {
			c, size := decodeByte(rest)
			switch {
			case size == 0:
				return "", ErrEscape
			case size > 1 && c == '/':
				return "", ErrEscapedSlash
			}
			decoded = append(decoded, c)
			rest = rest[size:]
		}
		path = string(decoded)
	}
	if path == "" || path[0] != '/' {
		return "", ErrRelative
	}
	return path, checkSegments(path)
}

// checkSegments refuses bytes and segments that no path of a channel has. An empty segment at the end is left to the
// caller, since the URL of a channel may end in a slash.
func checkSegments(path string) error {
	begin := 1
	for i := 1; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			if c := path[i]; c < ' ' || c > '~' || c == '\\' {
				return ErrByte
			}
			continue
		}
		switch segment := path[begin:i]; {
		case segment == "" && i < len(path):
			return ErrEmptySegment
		case segment == "." || segment == "..":
			return ErrDotSegment
		}
		begin = i + 1
	}
	return nil
}
