package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
)

// Argon2 is how much work a password hash takes (RFC 9106).
type Argon2 struct {
	// Memory is in KiB.
	Memory, Time uint32
	Threads      uint8
}

// DefaultArgon2 is the second recommended choice of RFC 9106, for servers that hash several at once, but with one thread
// and not four: the work is the same, and a hash then takes one processor and leaves the others to requests.
func DefaultArgon2() Argon2 { return Argon2{Memory: 64 << 10, Time: 3, Threads: 1} }

const saltBytes = 16

// KeyBytes is the length of a key.
const KeyBytes = 32

// Key computes a hash here and now, which is slow on purpose.
func (c Argon2) Key(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, c.Time, c.Memory, c.Threads, KeyBytes)
}

// Compute computes an Argon2's Key, wherever it likes. It fails only when ctx ends.
type Compute func(ctx context.Context, c Argon2, password string, salt []byte) ([]byte, error)

// Passwords hashes passwords with argon2id. At most a few hashes run at once; further ones wait, so that a flood of
// logins takes neither all memory nor all processors.
type Passwords struct {
	cost    Argon2
	slots   *semaphore.Weighted
	compute Compute
	// decoy is verified against when there is no such user.
	decoy string
	// computed counts the hashes.
	computed atomic.Int64
}

// NewPasswords makes a hasher that runs at most concurrency hashes at once; 0 means half the processors. Without a compute
// they are computed in this process.
func NewPasswords(cost Argon2, concurrency int, compute Compute) *Passwords {
	if concurrency <= 0 {
		concurrency = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if compute == nil {
		compute = func(_ context.Context, c Argon2, password string, salt []byte) ([]byte, error) {
			return c.Key(password, salt), nil
		}
	}
	p := &Passwords{cost: cost, slots: semaphore.NewWeighted(int64(concurrency)), compute: compute}
	p.decoy = encodeHash(cost, make([]byte, saltBytes), make([]byte, KeyBytes))
	return p
}

// Hash gives the PHC string of a password.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer p.slots.Release(1)
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // It never fails.
	key, err := p.key(ctx, p.cost, password, salt)
	if err != nil {
		return "", err
	}
	return encodeHash(p.cost, salt, key), nil
}

// Verify tells whether a password belongs to a PHC string. With an empty one it does the same work and says no.
func (p *Passwords) Verify(ctx context.Context, encoded, password string) (bool, error) {
	absent := encoded == ""
	if absent {
		encoded = p.decoy
	}
	cost, salt, want, err := decodeHash(encoded)
	if err != nil {
		return false, err
	}
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return false, err
	}
	defer p.slots.Release(1)
	key, err := p.key(ctx, cost, password, salt)
	if err != nil {
		return false, err
	}
	same := subtle.ConstantTimeCompare(key, want) == 1
	return same && !absent, nil
}

// Computed tells how many hashes were computed. Nothing that a stranger sends may let it grow faster than the Limiter
// lets passwords through.
func (p *Passwords) Computed() int64 { return p.computed.Load() }

func (p *Passwords) key(ctx context.Context, c Argon2, password string, salt []byte) ([]byte, error) {
	p.computed.Add(1)
	return p.compute(ctx, c, password, salt)
}

func encodeHash(c Argon2, salt, hash []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Time, c.Threads, b64.EncodeToString(salt), b64.EncodeToString(hash))
}

var errBadHash = errors.New("a stored password hash is damaged")

func decodeHash(s string) (c Argon2, salt, hash []byte, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return c, nil, nil, errBadHash
	}
	var version int
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return c, nil, nil, errBadHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads); err != nil {
		return c, nil, nil, errBadHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	hash, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(hash) != KeyBytes {
		return c, nil, nil, errBadHash
	}
	return c, salt, hash, nil
}
