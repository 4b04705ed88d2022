package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"

	"kingsnake/internal/registry"
)

// A token string is "ks-<kind>-", then 30 base62 digits of randomness and 6 of a CRC-32 over all before them. conda cuts
// a token in a URL at the first character that is not a letter, a digit or a hyphen, so there are no others.
const (
	tokenPrefix   = "ks-"
	tokenRandom   = 30
	tokenChecksum = 6
	tokenHead     = len("ks-r-")
	base62        = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// TokenLength is the length of every token string.
const TokenLength = tokenHead + tokenRandom + tokenChecksum

// tokenKinds are the letters that a token can have: resource, scope, service account, minted for CI, one-time.
const tokenKinds = "rsaob"

// Mint makes a new token string.
func (k *Keys) Mint(letter byte) registry.Minted {
	s := make([]byte, 0, TokenLength)
	s = append(s, tokenPrefix...)
	s = append(s, letter, '-')
	s = appendRandom(s, tokenRandom)
	s = appendChecksum(s)
	token := string(s)
	mac := k.MAC(token)
	return registry.Minted{String: token, MAC: mac[:], Fingerprint: Fingerprint(token)}
}

// Recognize gives what is kept of a string that has the form of a token.
func (k *Keys) Recognize(s string) (registry.Minted, bool) {
	if !WellFormed(s) {
		return registry.Minted{}, false
	}
	mac := k.MAC(s)
	return registry.Minted{String: s, MAC: mac[:], Fingerprint: Fingerprint(s)}, true
}

// appendRandom adds uniformly random base62 digits.
func appendRandom(s []byte, n int) []byte {
	// Bytes from 248 on would make the first digits likelier than the last.
	const fair = 256 - 256%len(base62)
	var buf [64]byte
	for n > 0 {
		_, _ = rand.Read(buf[:]) // It never fails.
		for _, b := range buf {
			if int(b) < fair && n > 0 {
				s = append(s, base62[int(b)%len(base62)])
				n--
			}
		}
	}
	return s
}

// appendChecksum adds the CRC-32 of s in base62, most significant digit first.
func appendChecksum(s []byte) []byte {
	digits := checksum(string(s))
	return append(s, digits[:]...)
}

// checksum gives the CRC-32 of s in base62, most significant digit first. The package hash/crc32 takes only what is on the heap.
func checksum(s string) (digits [tokenChecksum]byte) {
	sum := ^uint32(0)
	for i := range len(s) {
		sum = crc32.IEEETable[byte(sum)^s[i]] ^ sum>>8
	}
	sum = ^sum
	for i := tokenChecksum - 1; i >= 0; i-- {
		digits[i] = base62[sum%62]
		sum /= 62
	}
	return digits
}

// WellFormed tells whether s can be a token of a Kingsnake server: it refuses typing errors and garbage without a hash
// or a query.
func WellFormed(s string) bool {
	if len(s) != TokenLength || s[:len(tokenPrefix)] != tokenPrefix || s[tokenHead-1] != '-' {
		return false
	}
	known := false
	for i := range len(tokenKinds) {
		known = known || tokenKinds[i] == s[len(tokenPrefix)]
	}
	if !known {
		return false
	}
	body := len(s) - tokenChecksum
	want := checksum(s[:body])
	return string(want[:]) == s[body:]
}

// Fingerprint names a token to whoever holds its string: the first 12 hexadecimal digits of its SHA-256.
func Fingerprint(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:6])
}
