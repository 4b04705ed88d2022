package registry

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"kingsnake/internal/access"
)

// RestrictionsInput is what somebody asks a token to be narrowed to.
type RestrictionsInput struct {
	// Channels and Packages are patterns, AllowedCIDRs networks or single addresses.
	Channels, Packages, AllowedCIDRs []string
	// NotBefore is a date (from the beginning of that day, UTC) or RFC 3339, empty for at once.
	NotBefore string
	// MaxUses is how often the token may be used in all, 0 for no limit.
	MaxUses int64
}

// The bounds of restrictions.
const (
	maxRestrictionItems = 100
	maxMaxUses          = 1_000_000_000
)

// parse checks what was asked for.
func (in RestrictionsInput) parse() (access.Restrictions, error) {
	r := access.Restrictions{MaxUses: in.MaxUses}
	for field, list := range map[string][]string{"channels": in.Channels, "packages": in.Packages, "allowed_cidrs": in.AllowedCIDRs} {
		if len(list) > maxRestrictionItems {
			return r, invalid("restrictions."+field, "a token has at most %d of them", maxRestrictionItems)
		}
	}
	for _, p := range in.Channels {
		if !access.ValidPattern(p) {
			return r, invalid("restrictions.channels", "%q is no pattern for channels such as team, prod-* or team/*", clip(p, 300))
		}
	}
	for _, p := range in.Packages {
		if !access.ValidPattern(p) || strings.Contains(p, "/") {
			return r, invalid("restrictions.packages", "%q is no pattern for package names such as numpy or team-*", clip(p, 300))
		}
	}
	for _, text := range in.AllowedCIDRs {
		p, err := access.ParseCIDR(text)
		if err != nil {
			return r, invalid("restrictions.allowed_cidrs", "%q is neither a network such as 10.0.0.0/8 nor an address", clip(text, 64))
		}
		r.CIDRs = append(r.CIDRs, p)
	}
	if in.MaxUses < 0 || in.MaxUses > maxMaxUses {
		return r, invalid("restrictions.max_uses", "max_uses is not between 1 and %d", maxMaxUses)
	}
	r.Channels, r.Packages = slices.Clone(in.Channels), slices.Clone(in.Packages)
	var err error
	r.NotBefore, err = parseNotBefore(in.NotBefore)
	return r, err
}

func parseNotBefore(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, invalid("restrictions.not_before", "%q is neither a date (YYYY-MM-DD) nor a time (RFC 3339)", clip(text, 64))
	}
	return at.UTC(), nil
}

// validateRestrictions checks what a token's restrictions make of the rest of it.
func (t Token) validateRestrictions() error {
	r := t.Restrictions
	if !r.NotBefore.IsZero() && !t.ExpiresAt.IsZero() && !r.NotBefore.Before(t.ExpiresAt) {
		return invalid("restrictions.not_before", "the token would end before it begins")
	}
	return nil
}

// restricted tells whether there is any restriction.
func (t Token) restricted() bool {
	r := t.Restrictions
	return len(r.Channels)+len(r.Packages)+len(r.CIDRs) > 0 || !r.NotBefore.IsZero() || r.MaxUses > 0
}

// inherited fills in what the token that mints another one is restricted to and the other was not said to be: a child is
// never wider than its parent.
func inherited(r access.Restrictions, parent *access.Token) access.Restrictions {
	if parent == nil {
		return r
	}
	p := parent.Restrictions
	if len(r.Channels) == 0 {
		r.Channels = slices.Clone(p.Channels)
	}
	if len(r.Packages) == 0 {
		r.Packages = slices.Clone(p.Packages)
	}
	if len(r.CIDRs) == 0 {
		r.CIDRs = slices.Clone(p.CIDRs)
	}
	if r.NotBefore.IsZero() {
		r.NotBefore = p.NotBefore
	}
	if r.MaxUses == 0 && p.MaxUses > 0 {
		// Minting is itself a use. What is left afterwards may be nothing: the child then has one use that nothing pays for.
		r.MaxUses = max(1, p.MaxUses-p.Uses-1)
	}
	return r
}

// storedRestrictions are the restrictions as the store keeps them, but for the uses, which it counts.
type storedRestrictions struct {
	Channels  []string `json:"channels,omitempty"`
	Packages  []string `json:"packages,omitempty"`
	CIDRs     []string `json:"cidrs,omitempty"`
	NotBefore int64    `json:"not_before,omitempty"`
}

// EncodeRestrictions gives the restrictions, but for the uses, as JSON for the store.
func (t Token) EncodeRestrictions() (string, error) {
	r := t.Restrictions
	s := storedRestrictions{Channels: r.Channels, Packages: r.Packages}
	for _, p := range r.CIDRs {
		s.CIDRs = append(s.CIDRs, p.String())
	}
	if !r.NotBefore.IsZero() {
		s.NotBefore = r.NotBefore.UnixMilli()
	}
	b, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("restrictions of token %s: %w", t.PublicID, err)
	}
	return string(b), nil
}

// DecodeRestrictions is the inverse of EncodeRestrictions. What cannot be read is an error: a token must not come back
// wider than it was stored.
func (t *Token) DecodeRestrictions(text string) error {
	var s storedRestrictions
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return fmt.Errorf("restrictions of token %s: %w", t.PublicID, err)
	}
	t.Restrictions.Channels, t.Restrictions.Packages = s.Channels, s.Packages
	for _, c := range s.CIDRs {
		p, err := netip.ParsePrefix(c)
		if err != nil {
			return fmt.Errorf("restrictions of token %s: %w", t.PublicID, err)
		}
		t.Restrictions.CIDRs = append(t.Restrictions.CIDRs, p)
	}
	if s.NotBefore != 0 {
		t.Restrictions.NotBefore = time.UnixMilli(s.NotBefore).UTC()
	}
	return nil
}
