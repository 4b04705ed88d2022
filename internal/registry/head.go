package registry

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"strconv"
	"time"
)

// Head is a signed statement of how far the audit goes and what it ends in. Who keeps one elsewhere notices later if the
// rows up to it were rewritten, or the end of the audit was cut off.
type Head struct {
	// Number counts heads, from 1.
	Number int64
	// Day is the day, UTC, that the head closes or, for one that somebody asked for, the day on which it was made.
	Day string
	// Seq and Hash are the number and the hash of the last row, Rows how many rows came since the head before.
	Seq  int64
	Hash Link
	Rows int64
	// SignedAt is when it was signed, to the millisecond.
	SignedAt time.Time
	// Prev is the hash of the head before, zeros for the first.
	Prev Link
	// Key is the fingerprint of the public key.
	Key string
	// Signature is that of Message.
	Signature []byte
}

// HeadSigner signs heads with a key that lives outside the database.
type HeadSigner interface {
	SignHead(message []byte) []byte
	// HeadKey is the public key, which may be given to anybody.
	HeadKey() ed25519.PublicKey
}

// Message is what is signed: every field of the head but the signature, written like the columns of a row.
func (h Head) Message() []byte {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	var b []byte
	for _, field := range [...]string{
		"kingsnake audit head 1", number(h.Number), h.Day, number(h.Seq), string(h.Hash[:]), number(h.Rows), number(millis(h.SignedAt)),
		string(h.Prev[:]), h.Key,
	} {
		b = appendField(b, field)
	}
	return b
}

// link is the hash that the next head names.
func (h Head) link() Link {
	return sha256.Sum256(appendField(appendField(nil, string(h.Message())), string(h.Signature)))
}

// signed is the head with its signature.
func (h Head) signed(signer HeadSigner) Head {
	h.Key = KeyFingerprint(signer.HeadKey())
	h.Signature = signer.SignHead(h.Message())
	return h
}

// KeyFingerprint names a public key in few letters.
func KeyFingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// EachHead gives heads that are in memory as VerifyAudit reads them.
func EachHead(heads []Head) iter.Seq2[Head, error] {
	return func(yield func(Head, error) bool) {
		for _, h := range heads {
			if !yield(h, nil) {
				return
			}
		}
	}
}

// millis is a time as it is kept and hashed, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
