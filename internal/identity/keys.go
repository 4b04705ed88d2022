package identity

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// siteKeyBytes is the length of the site key.
const siteKeyBytes = 32

// Keys are what the site key gives: one key for each purpose. The site key lives outside the database, so that who can
// read or write the database can neither confirm nor plant a token.
type Keys struct {
	token   []byte
	session []byte
	head    ed25519.PrivateKey
	signIn  []byte
	macs    sync.Pool
}

// NewKeys derives the keys from a site key.
func NewKeys(site []byte) (*Keys, error) {
	if len(site) != siteKeyBytes {
		return nil, fmt.Errorf("the site key has %d bytes; it must have %d", len(site), siteKeyBytes)
	}
	k := &Keys{}
	var seed []byte
	for purpose, key := range map[string]*[]byte{"token mac": &k.token, "session signature": &k.session, "audit head signature": &seed, "sign-in attempt": &k.signIn} {
		derived, err := hkdf.Key(sha256.New, site, nil, "kingsnake "+purpose, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("derive key: %w", err)
		}
		*key = derived
	}
	k.head = ed25519.NewKeyFromSeed(seed)
	k.macs.New = func() any { return &mac{hash: hmac.New(sha256.New, k.token)} }
	return k, nil
}

// LoadKeys reads the site key from a file, making one at the first start. The file is all that stands between a stolen
// database and forged sessions, so nobody else may read it.
func LoadKeys(path string) (*Keys, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKeys(path)
	}
	if err != nil {
		return nil, fmt.Errorf("site key: %w", err)
	}
	site, err := hex.DecodeString(string(trimNewline(data)))
	if err != nil {
		return nil, fmt.Errorf("site key %s is not hexadecimal; restore it from a backup, since no token or session works without it", path)
	}
	return NewKeys(site)
}

func trimNewline(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}

// makeKeys writes a new site key durably, without ever replacing one.
func makeKeys(path string) (_ *Keys, rerr error) {
	site := make([]byte, siteKeyBytes)
	// crypto/rand.Read never fails.
	_, _ = rand.Read(site)
	tmp, err := os.CreateTemp(filepath.Dir(path), ".site.key-*")
	if err != nil {
		return nil, fmt.Errorf("site key: %w", err)
	}
	defer func() {
		if err := os.Remove(tmp.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			rerr = errors.Join(rerr, err)
		}
	}()
	_, err = tmp.WriteString(hex.EncodeToString(site) + "\n")
	if err := errors.Join(err, tmp.Chmod(0o600), tmp.Sync(), tmp.Close()); err != nil {
		return nil, fmt.Errorf("site key: %w", err)
	}
	switch err := os.Link(tmp.Name(), path); {
	case errors.Is(err, fs.ErrExist):
		return LoadKeys(path) // Another server of the site was quicker.
	case err != nil:
		return nil, fmt.Errorf("site key: %w", err)
	}
	return NewKeys(site)
}

// SignIn is the key of sign-ins that are under way.
func (k *Keys) SignIn() []byte { return slices.Clone(k.signIn) }

// mac computes MACs, one after the other, in memory of its own.
type mac struct {
	hash hash.Hash
	in   [TokenLength]byte
	sum  [sha256.Size]byte
}

// MAC is what is kept of a token string, and found by.
func (k *Keys) MAC(token string) (sum [sha256.Size]byte) {
	m, ok := k.macs.Get().(*mac)
	if !ok {
		return sum
	}
	defer k.macs.Put(m)
	m.hash.Reset()
	// A hash never fails to write.
	_, _ = m.hash.Write(append(m.in[:0], token...))
	m.hash.Sum(m.sum[:0])
	return m.sum
}

// SignHead signs a head of the audit. Anybody can check it with HeadKey.
func (k *Keys) SignHead(message []byte) []byte { return ed25519.Sign(k.head, message) }

// HeadKey is the public key of SignHead: the same for as long as the site key is.
func (k *Keys) HeadKey() ed25519.PublicKey {
	// The public key is the second half of the private one (RFC 8032).
	return ed25519.PublicKey(slices.Clone(k.head[ed25519.PrivateKeySize-ed25519.PublicKeySize:]))
}
