package identity

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"kingsnake/internal/memo"
)

// Limiter slows down who guesses. It never touches who holds a good token: it is asked only after a credential failed,
// or before a password is tried.
type Limiter struct {
	tokens    *buckets[netip.Addr]
	passwords *buckets[netip.Addr]
	accounts  *buckets[guessed]
	leaks     *buckets[netip.Addr]
}

// guessed is an account whose password is guessed from an address.
type guessed struct {
	from    netip.Addr
	account string
}

// The rates. A client that holds a stale token asks for half a dozen files at once, so bursts are generous.
const (
	badTokensPerSecond  = 10
	badTokensBurst      = 200
	passwordsPerMinute  = 20
	passwordsBurst      = 20
	perAccountPerMinute = 6
	perAccountBurst     = 10
	leaksPerSecond      = 5
	leaksBurst          = 300
	maxBuckets          = 100_000
	// maxAccount bounds what is kept of an account's name, which is whatever somebody typed.
	maxAccount = 200
)

// NewLimiter makes a limiter with the built-in rates.
func NewLimiter() *Limiter {
	return &Limiter{
		tokens:    newBuckets[netip.Addr](badTokensPerSecond, badTokensBurst),
		passwords: newBuckets[netip.Addr](rate.Limit(passwordsPerMinute)/60, passwordsBurst),
		accounts:  newBuckets[guessed](rate.Limit(perAccountPerMinute)/60, perAccountBurst),
		leaks:     newBuckets[netip.Addr](leaksPerSecond, leaksBurst),
	}
}

// BadToken counts a bad token from an address. It tells whether there were too many, and when to try again.
func (l *Limiter) BadToken(a netip.Addr, now time.Time) (wait time.Duration, ok bool) {
	return l.tokens.take(network(a), 1, now)
}

// Flooding tells that the next bad token from an address will be one too many. It counts nothing.
func (l *Limiter) Flooding(a netip.Addr, now time.Time) bool {
	return l.tokens.wait(network(a), now) > 0
}

// Passwords tells how long an address has to wait until it may try any password, 0 if it need not. It counts nothing.
func (l *Limiter) Passwords(a netip.Addr, now time.Time) time.Duration {
	return l.passwords.wait(network(a), now)
}

// Leaks asks whether an address may report n more strings that it found, before any of them is looked for.
func (l *Limiter) Leaks(a netip.Addr, n int, now time.Time) (wait time.Duration, ok bool) {
	return l.leaks.take(network(a), n, now)
}

// Password asks whether an address may try a password for an account now, before anything slow is done. A try whose
// password is right is given back by calling refund, so that only guesses count.
func (l *Limiter) Password(a netip.Addr, account string, now time.Time) (refund func(), wait time.Duration, ok bool) {
	from := network(a)
	if wait, ok = l.passwords.take(from, 1, now); !ok {
		return nil, wait, false
	}
	of := guessed{from, account[:min(len(account), maxAccount)]}
	if wait, ok = l.accounts.take(of, 1, now); !ok {
		return nil, wait, false
	}
	return func() {
		l.passwords.giveBack(from, now)
		l.accounts.giveBack(of, now)
	}, 0, true
}

// network is what counts as one client: an IPv4 address, or the /64 of an IPv6 one, which a single client can fill.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, err := a.Prefix(64)
		if err == nil {
			return p.Addr()
		}
	}
	return a
}

// buckets are token buckets by key, the least used of which are forgotten when there are too many.
type buckets[K comparable] struct {
	limit rate.Limit
	burst int
	byKey memo.Bounded[K, *bucket]
}

func newBuckets[K comparable](limit rate.Limit, burst int) *buckets[K] {
	return &buckets[K]{limit: limit, burst: burst, byKey: memo.NewBounded[K, *bucket](maxBuckets, nil)}
}

// wait tells when the key will have a chance, without spending it; 0 for now.
func (b *buckets[K]) wait(key K, now time.Time) time.Duration {
	if one, found := b.byKey.GetIfPresent(key); found {
		return one.wait(1, now)
	}
	return 0
}

// take spends n of the key's chances, which may not be more than the burst.
func (b *buckets[K]) take(key K, n int, now time.Time) (wait time.Duration, ok bool) {
	one, found := b.byKey.GetIfPresent(key)
	if !found {
		one, _ = b.byKey.SetIfAbsent(key, &bucket{chances: rate.NewLimiter(b.limit, b.burst)})
	}
	return one.take(n, now)
}

// giveBack returns one chance.
func (b *buckets[K]) giveBack(key K, now time.Time) {
	if one, found := b.byKey.GetIfPresent(key); found {
		one.giveBack(now)
	}
}

// bucket has the chances of one key. Requests overtake one another on their way here, each with the time at which it came. In a
// bucket time only goes on: a rate.Limiter that is asked about an earlier time counts what has passed since then twice, so that
// a flood would get the more chances the slower the server is.
type bucket struct {
	mu      sync.Mutex
	latest  time.Time
	chances *rate.Limiter
}

// at gives the time in the bucket.
func (b *bucket) at(now time.Time) time.Time {
	if now.After(b.latest) {
		b.latest = now
	}
	return b.latest
}

// wait tells when there will be n chances; 0 for now.
func (b *bucket) wait(n int, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.until(n, b.at(now))
}

func (b *bucket) until(n int, now time.Time) time.Duration {
	missing := float64(n) - b.chances.TokensAt(now)
	return max(0, time.Duration(missing/float64(b.chances.Limit())*float64(time.Second)))
}

func (b *bucket) take(n int, now time.Time) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.at(now)
	if b.chances.AllowN(now, n) {
		return 0, true
	}
	return max(1, b.until(n, now)), false
}

// giveBack takes a chance less than none, of which there are never more than the burst.
func (b *bucket) giveBack(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.chances.AllowN(b.at(now), -1)
}
