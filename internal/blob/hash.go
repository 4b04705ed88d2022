package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Hash is the SHA-256 of a blob's content and its only name.
type Hash [sha256.Size]byte

// Sum returns the hash of data.
func Sum(data []byte) Hash { return sha256.Sum256(data) }

// String returns the hash as 64 lower-case hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads the form that String writes. Digits above nine must be lower
// case, so that every hash has exactly one spelling.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if len(s) != hex.EncodedLen(len(h)) {
		return Hash{}, fmt.Errorf("a SHA-256 has %d hexadecimal digits, not %d", hex.EncodedLen(len(h)), len(s))
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, fmt.Errorf("parse SHA-256 %q: %w", s, err)
	}
	if h.String() != s {
		return Hash{}, fmt.Errorf("parse SHA-256 %q: the digits must be lower case", s)
	}
	return h, nil
}

// IsZero reports whether h names no blob.
func (h Hash) IsZero() bool { return h == Hash{} }
