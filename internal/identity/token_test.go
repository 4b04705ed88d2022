package identity

import (
	"bytes"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"
	"time"
)

func testKeys(t testing.TB) *Keys {
	t.Helper()
	k, err := NewKeys(bytes.Repeat([]byte{7}, siteKeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var tokenForm = regexp.MustCompile(`^ks-[rsaob]-[0-9A-Za-z]{36}$`)

func TestMintedTokensDifferAndAreWellFormed(t *testing.T) {
	k := testKeys(t)
	seen := map[string]bool{}
	for range 100_000 {
		m := k.Mint('s')
		if seen[m.String] || !tokenForm.MatchString(m.String) || !WellFormed(m.String) {
			t.Fatalf("Mint = %q, want a new token of the form %s", m.String, tokenForm)
		}
		seen[m.String] = true
	}
	m := k.Mint('r')
	if mac := k.MAC(m.String); !bytes.Equal(mac[:], m.MAC) || m.Fingerprint != Fingerprint(m.String) || len(m.Fingerprint) != 12 {
		t.Errorf("Mint = %+v, which does not belong together", m)
	}
}

// TestChecksum changes every character to every other and swaps all neighbours: no mistyped token passes.
func TestChecksum(t *testing.T) {
	good := testKeys(t).Mint('r').String
	for i := range len(good) {
		for _, c := range []byte("-" + base62) {
			if c == good[i] {
				continue
			}
			bad := good[:i] + string(c) + good[i+1:]
			if WellFormed(bad) {
				t.Errorf("%q passes, mistyped from %q", bad, good)
			}
		}
		if i > 0 && good[i-1] != good[i] {
			bad := good[:i-1] + string(good[i]) + string(good[i-1]) + good[i+1:]
			if WellFormed(bad) {
				t.Errorf("%q passes, transposed from %q", bad, good)
			}
		}
	}
	for _, s := range []string{"", "ks-", "ks-r-", good[1:], good + "x", "<TOKEN>", "*****"} {
		if WellFormed(s) {
			t.Errorf("WellFormed(%q) = true", s)
		}
	}
}

func TestKeysOfOtherSitesDiffer(t *testing.T) {
	other, err := NewKeys(bytes.Repeat([]byte{8}, siteKeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	token := testKeys(t).Mint('r').String
	first, again := testKeys(t), testKeys(t)
	if first.MAC(token) != again.MAC(token) {
		t.Error("the MAC of one site changes")
	}
	if testKeys(t).MAC(token) == other.MAC(token) {
		t.Error("two sites give one MAC")
	}
}

func TestLoadKeysMakesOneForItsOwner(t *testing.T) {
	file := filepath.Join(t.TempDir(), "site.key")
	first, err := LoadKeys(file)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadKeys(file)
	if err != nil || first.MAC("x") != again.MAC("x") {
		t.Errorf("the second start has another key (%v)", err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v, want 0600", info.Mode(), err)
	}
	if err := os.WriteFile(file, []byte("not a key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeys(file); err == nil {
		t.Error("a damaged key was taken")
	}
}

func TestPasswords(t *testing.T) {
	p := NewPasswords(Argon2{Memory: 64, Time: 1, Threads: 1}, 1, nil)
	hash, err := p.Hash(t.Context(), "a good password")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		hash, password string
		want           bool
	}{{hash, "a good password", true}, {hash, "another password", false}, {hash, "", false}, {"", "a good password", false}, {"", "", false}} {
		if got, err := p.Verify(t.Context(), tc.hash, tc.password); got != tc.want || err != nil {
			t.Errorf("Verify(%q, %q) = %v, %v, want %v", tc.hash, tc.password, got, err, tc.want)
		}
	}
	if _, err := p.Verify(t.Context(), "$argon2id$broken", "x"); err == nil {
		t.Error("a damaged hash was read")
	}
	if again, err := p.Hash(t.Context(), "a good password"); err != nil || again == hash {
		t.Errorf("two hashes of one password are equal (%v)", err)
	}
}

// TestPasswordsLeaveProcessors: unless somebody says otherwise, hashes take at most half the processors.
func TestPasswordsLeaveProcessors(t *testing.T) {
	cost := DefaultArgon2()
	p, half := NewPasswords(cost, 0, nil), max(1, runtime.GOMAXPROCS(0)/2)
	slots := 0
	for p.slots.TryAcquire(1) {
		slots++
	}
	if got := slots * int(cost.Threads); got != half {
		t.Errorf("%d hashes at once on %d threads each take %d processors, want %d", slots, cost.Threads, got, half)
	}
}

func TestSessions(t *testing.T) {
	k, now := testKeys(t), time.Now()
	bearer, err := k.SignSession("session-1", "ada", now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.ReadSession(bearer, now); got != "session-1" || err != nil {
		t.Errorf("ReadSession = %q, %v", got, err)
	}
	if _, err := k.ReadSession(bearer, now.Add(2*time.Hour)); err == nil {
		t.Error("a session outlived its end")
	}
	if _, err := k.ReadSession(bearer[:len(bearer)-2]+"xx", now); err == nil {
		t.Error("a forged signature was taken")
	}
}

func TestLimiter(t *testing.T) {
	l, now := NewLimiter(), time.Now()
	eve, ada := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for i := range badTokensBurst {
		if _, ok := l.BadToken(eve, now); !ok {
			t.Fatalf("bad token %d was slowed down", i)
		}
	}
	if wait, ok := l.BadToken(eve, now); ok || wait <= 0 {
		t.Errorf("the flood goes on: %v, %v", wait, ok)
	}
	if _, ok := l.BadToken(ada, now); !ok {
		t.Error("another address is slowed down too")
	}
	if _, ok := l.BadToken(eve, now.Add(time.Second)); !ok {
		t.Error("a second later it is still slowed down")
	}
	for range 3 * perAccountBurst {
		refund, _, ok := l.Password(ada, "ada", now)
		if !ok {
			t.Fatal("right passwords were counted as guesses")
		}
		refund()
	}
	guesses := 0
	for {
		if _, _, ok := l.Password(eve, "ada", now); !ok {
			break
		}
		guesses++
	}
	if guesses != perAccountBurst {
		t.Errorf("%d guesses at one account, want %d", guesses, perAccountBurst)
	}
}

// TestLimiterWhenRequestsOvertake: requests that reach the limiter in another order than they came in get no more chances.
func TestLimiterWhenRequestsOvertake(t *testing.T) {
	l, now := NewLimiter(), time.Now()
	eve := netip.MustParseAddr("192.0.2.1")
	tokens, passwords := 0, 0
	for i := range 1000 {
		at := now.Add(-time.Duration(i%2) * time.Minute)
		if _, ok := l.BadToken(eve, at); ok {
			tokens++
		}
		// Each for another account, since what is limited here is the address.
		if _, _, ok := l.Password(eve, strconv.Itoa(i), at); ok {
			passwords++
		}
		if i >= badTokensBurst && !l.Flooding(eve, at) {
			t.Fatalf("after %d bad tokens it is no flood", i)
		}
	}
	if tokens != badTokensBurst || passwords != passwordsBurst {
		t.Errorf("%d bad tokens and %d passwords were let through at once, want %d and %d", tokens, passwords, badTokensBurst, passwordsBurst)
	}
}

// TestLimiterGivesBack: the try of a right password is given back once, and never more than there was at first.
func TestLimiterGivesBack(t *testing.T) {
	l, now := NewLimiter(), time.Now()
	ada := netip.MustParseAddr("192.0.2.2")
	tries := func() (n int) {
		for {
			if _, _, ok := l.Password(ada, strconv.Itoa(n), now); !ok {
				return n
			}
			n++
		}
	}
	refund, _, _ := l.Password(ada, "ada", now)
	refund()
	if got := tries(); got != passwordsBurst {
		t.Errorf("%d tries after a right password, want %d", got, passwordsBurst)
	}
	if wait := l.Passwords(ada, now); wait <= 0 {
		t.Errorf("when all tries are spent the next is in %v", wait)
	}
	refund()
	if got := tries(); got != 1 {
		t.Errorf("%d tries after one was given back, want 1", got)
	}
	if wait := l.Passwords(ada, now.Add(time.Minute)); wait != 0 {
		t.Errorf("a minute later the next try is in %v", wait)
	}
}

func TestOneNetworkPerIPv6Client(t *testing.T) {
	a, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff:1")
	if network(a) != network(b) {
		t.Errorf("%s and %s count apart", a, b)
	}
	if mapped := netip.MustParseAddr("::ffff:192.0.2.1"); network(mapped) != netip.MustParseAddr("192.0.2.1") {
		t.Errorf("network(%s) = %s", mapped, network(mapped))
	}
}

func FuzzFromRequest(f *testing.F) {
	f.Add("Basic dXNlcjpwYXNz", "", "")
	f.Add("Bearer a.b.c", "x", "y")
	f.Add("token ks-r-1", "", "ks-r-2")
	f.Fuzz(func(t *testing.T, authorization, auth, key string) {
		h := http.Header{"Authorization": {authorization}}
		if auth != "" {
			h["X-Auth"] = []string{auth}
		}
		if key != "" {
			h["X-Api-Key"] = []string{key}
		}
		if c := FromRequest(h, "", false); c.Kind == NoCredential {
			t.Errorf("a credential was overlooked in %q", h)
		}
		if c := FromRequest(h, "url", true); c.Secret != "url" || !c.InURL {
			t.Errorf("the URL's token does not win: %+v", c)
		}
	})
}
