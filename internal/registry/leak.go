package registry

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// MaxSuspects is how many strings can be reported at once.
const MaxSuspects = 100

// Suspect is a string that somebody found where it should not be, and where that was, in the finder's words.
type Suspect struct {
	String, URL, Source string
}

// LeakVerdict is what a finder is told of one string.
type LeakVerdict string

// The verdicts. None says more than who holds the string learns by using it.
const (
	// LeakRevoked means that the string is of this server and works no longer.
	LeakRevoked LeakVerdict = "revoked"
	// LeakReported means that the string is of this server and still works: its owner has been told.
	LeakReported LeakVerdict = "reported"
	// LeakUnknown means that the string has the right form and that this server never issued it, or forgot it long ago.
	LeakUnknown LeakVerdict = "unknown"
	// LeakMalformed means that the string is no token of any server like this one.
	LeakMalformed LeakVerdict = "malformed"
)

// Leak is what is known of a string of a token that was found where it should not be.
type Leak struct {
	At          time.Time
	Fingerprint string
	// URL and Source say where it was found, in the words of the finder.
	URL, Source string
	// Address is the finder's.
	Address string
	// LastUsedAt is when the string was last used before it was reported, and LastUsedAddress from where.
	LastUsedAt      time.Time
	LastUsedAddress string
}

// The bounds of what a finder says, in characters.
const (
	maxLeakURL    = 500
	maxLeakSource = 100
)

// tokenLike finds what looks like a token of a server like this one.
var tokenLike = regexp.MustCompile(`ks-[a-z]-[0-9A-Za-z]{20,}`)

// told makes the words of a finder safe to keep and to show: short, of one line, and without the string itself.
func told(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(clip(text, 4*limit), ""))
	runes := []rune(tokenLike.ReplaceAllString(text, "<TOKEN>"))
	return string(runes[:min(len(runes), limit)])
}

// storedLeak is how a leak is written to the store.
type storedLeak struct {
	At              int64  `json:"at"`
	Fingerprint     string `json:"fingerprint"`
	URL             string `json:"url,omitempty"`
	Source          string `json:"source,omitempty"`
	Address         string `json:"address,omitempty"`
	LastUsedAt      int64  `json:"last_used_at,omitempty"`
	LastUsedAddress string `json:"last_used_address,omitempty"`
}

// EncodeLeak gives what is known of a leak as JSON for the store, empty for nothing.
func (t Token) EncodeLeak() (string, error) {
	if t.Leak == nil {
		return "", nil
	}
	l := *t.Leak
	s := storedLeak{
		At: l.At.UnixMilli(), Fingerprint: l.Fingerprint, URL: l.URL, Source: l.Source, Address: l.Address, LastUsedAddress: l.LastUsedAddress,
	}
	if !l.LastUsedAt.IsZero() {
		s.LastUsedAt = l.LastUsedAt.UnixMilli()
	}
	b, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("leak of token %s: %w", t.PublicID, err)
	}
	return string(b), nil
}

// DecodeLeak is the inverse of EncodeLeak.
func (t *Token) DecodeLeak(text string) error {
	if text == "" {
		t.Leak = nil
		return nil
	}
	var s storedLeak
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return fmt.Errorf("leak of token %s: %w", t.PublicID, err)
	}
	t.Leak = &Leak{
		At: time.UnixMilli(s.At).UTC(), Fingerprint: s.Fingerprint, URL: s.URL, Source: s.Source, Address: s.Address, LastUsedAddress: s.LastUsedAddress,
	}
	if s.LastUsedAt != 0 {
		t.Leak.LastUsedAt = time.UnixMilli(s.LastUsedAt).UTC()
	}
	return nil
}

// Leaked tells a token that was revoked because a string of it was found where it should not be. It has no string until
// it is given a new one.
func (t Token) Leaked() bool { return t.Leak != nil && len(t.Secrets) == 0 }

// leakAfterReissue is what is still to be said of a leak once the token has a new string: nothing, unless the string that
// was found lives on for an overlap.
func (t Token) leakAfterReissue(overlap time.Duration) *Leak {
	if t.Leak == nil || overlap == 0 || !slices.ContainsFunc(t.Secrets, func(x Secret) bool { return x.Fingerprint == t.Leak.Fingerprint }) {
		return nil
	}
	return t.Leak
}
