package registry

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Link is the hash of a row of the audit, by which the next row is tied to it.
type Link [sha256.Size]byte

// String gives the hash in hexadecimal.
func (l Link) String() string { return hex.EncodeToString(l[:]) }

// ParseLink reads what String writes.
func ParseLink(s string) (Link, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != sha256.Size {
		return Link{}, fmt.Errorf("%q is not a hash of %d hexadecimal digits", clip(s, 80), 2*sha256.Size)
	}
	return Link(b), nil
}

// chainFormat is the form in which rows are hashed now. A row names its own, so that a later form can hold more without
// the older rows becoming unreadable.
const chainFormat = 1

// Chained gives the event as row number seq of the audit, tied to the row before it. Texts lose what a database might
// not give back as it got it.
func (e Event) Chained(seq int64, prev Link) Event {
	for _, text := range []*string{
		(*string)(&e.Type), (*string)(&e.Outcome), &e.Principal, &e.Via, &e.TokenID, &e.Target, &e.Scope, &e.Reason, &e.Address, &e.Client, &e.RequestID, &e.Data,
	} {
		*text = storable(*text)
	}
	e.ID, e.Format, e.Prev = seq, chainFormat, prev
	e.Hash = e.digest()
	return e
}

// storable is a text without what PostgreSQL refuses: bytes that are not UTF-8, and zeros.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// digest is the SHA-256 of all that the row holds but its own hash: its form's name, then each column, each as four
// bytes of length, the highest first, and the bytes. Numbers are written in decimal; the time is in milliseconds since
// 1970. docs/audit.md describes it for those who verify by other means.
func (e Event) digest() Link {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	b := make([]byte, 0, 512)
	for _, field := range [...]string{
		"kingsnake audit row " + number(e.Format), number(e.ID), number(millis(e.At)), string(e.Type), string(e.Outcome),
		number(e.PrincipalID), e.Principal, e.Via, e.TokenID, number(e.SubjectID), number(e.ChannelID), e.Target, e.Scope, e.Reason,
		e.Address, e.Client, e.RequestID, e.Data, string(e.Prev[:]),
	} {
		b = appendField(b, field)
	}
	return sha256.Sum256(b)
}

// appendField appends a text after its length, so that no two lists of texts are written alike.
func appendField(b []byte, field string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(field))), field...)
}
