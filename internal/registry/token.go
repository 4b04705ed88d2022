package registry

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"kingsnake/internal/access"
)

// Token is a lasting grant with a name; its strings come and go. It never holds a string.
type Token struct {
	ID       int64
	PublicID string
	OwnerID  int64
	// OwnerPublicID and Owner name the account that the token acts for.
	OwnerPublicID, Owner string
	OwnerKind            access.PrincipalKind
	MintedBy             int64
	Kind                 access.TokenKind
	Name                 string
	Description          string
	Metadata             json.RawMessage
	Scopes               access.ScopeSet
	Resources            []TokenResource
	// Restrictions narrow it further.
	Restrictions access.Restrictions
	// ExpiresAt is the zero time for a token without an end.
	ExpiresAt time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
	// Secrets are its strings, the current one first. A token that was revoked because of a leak has none.
	Secrets []Secret
	// Leak says that a string of it was found where it should not be; nil for nothing known.
	Leak *Leak
}

// TokenResource is one channel, or one package of a channel, that a resource token reaches.
type TokenResource struct {
	ChannelID int64
	Path      string
	// Package is "family/name", empty for the whole channel.
	Package string
	Level   access.Level
}

// Name is the channel's path or, for one package, that and the package.
func (r TokenResource) Name() string {
	if r.Package == "" {
		return r.Path
	}
	return r.Path + "/" + r.Package
}

// Secret is one string of a token, without the string.
type Secret struct {
	ID          int64
	TokenID     int64
	MAC         []byte
	Fingerprint string
	// RetiresAt is the end of an overlap, zero for the current string.
	RetiresAt       time.Time
	CreatedAt       time.Time
	LastUsedAt      time.Time
	LastUsedAddress string
	LastUsedClient  string
	Uses            int64
	Refusals        int64
}

// Span is how long the string works by itself.
func (s Secret) Span() StringSpan { return StringSpan{s.CreatedAt, s.RetiresAt} }

// TokenState is the stage of life of a token.
type TokenState string

// The states of a token that still exists.
const (
	TokenActive   TokenState = "active"
	TokenExpiring TokenState = "expiring"
	TokenExpired  TokenState = "expired"
	// TokenLeaked is a token that was revoked because a string of it was found where it should not be.
	TokenLeaked TokenState = "leaked"
)

// ExpiringWithin is how long before its end a token is called expiring.
const ExpiringWithin = 14 * 24 * time.Hour

// State tells the stage of life at a time. maxLifetime bounds the age of a string, 0 for no bound.
func (t Token) State(now time.Time, maxLifetime time.Duration) TokenState {
	end := t.End(maxLifetime)
	switch {
	case t.Leaked():
		return TokenLeaked
	case end.IsZero():
		return TokenActive
	case !now.Before(end):
		return TokenExpired
	case end.Sub(now) < ExpiringWithin:
		return TokenExpiring
	}
	return TokenActive
}

// End is when the current string stops working, zero for never.
func (t Token) End(maxLifetime time.Duration) time.Time {
	end := t.ExpiresAt
	if len(t.Secrets) > 0 && maxLifetime > 0 {
		if limit := t.Secrets[0].CreatedAt.Add(maxLifetime); end.IsZero() || limit.Before(end) {
			end = limit
		}
	}
	return end
}

// Access is what the decision needs to know of the token.
func (t Token) Access() *access.Token {
	a := &access.Token{ID: t.ID, PublicID: t.PublicID, Name: t.Name, Kind: t.Kind, Scopes: t.Scopes, ExpiresAt: t.ExpiresAt, Restrictions: t.Restrictions}
	a.Metered = t.Restrictions.MaxUses > 0
	for _, r := range t.Resources {
		if r.Package == "" {
			if a.Resources == nil {
				a.Resources = make(map[int64]access.Level, len(t.Resources))
			}
			a.Resources[r.ChannelID] = r.Level
			continue
		}
		if a.Packages == nil {
			a.Packages = map[int64]map[string]access.Level{}
		}
		if a.Packages[r.ChannelID] == nil {
			a.Packages[r.ChannelID] = map[string]access.Level{}
		}
		a.Packages[r.ChannelID][r.Package] = r.Level
	}
	return a
}

// The bounds of what people write into a token.
const (
	maxTokenName      = 128
	maxTokenMetadata  = 16 << 10
	maxTokenResources = 1000
)

// validateTexts checks name, description and metadata.
func (t Token) validateTexts() error {
	switch {
	case strings.TrimSpace(t.Name) == "":
		return invalid("name", "a token needs a name, so that you can tell it from the others later")
	case utf8.RuneCountInString(t.Name) > maxTokenName:
		return invalid("name", "the name has more than %d characters", maxTokenName)
	case strings.ContainsFunc(t.Name, unicode.IsControl):
		return invalid("name", "the name contains control characters")
	case utf8.RuneCountInString(t.Description) > maxDescription:
		return invalid("description", "the description has more than %d characters", maxDescription)
	case len(t.Metadata) > maxTokenMetadata:
		return invalid("metadata", "the metadata has more than %d bytes", maxTokenMetadata)
	}
	return nil
}

// OneTime tells a token that is good for one use.
func (t Token) OneTime() bool { return t.Restrictions.MaxUses == 1 }

// TokenPolicy is what the site demands of tokens.
type TokenPolicy struct {
	// DefaultLifetime is given to tokens whose creator names no end, 0 for none. MaxLifetime bounds the age of a
	// string, at creation and at use, 0 for no bound.
	DefaultLifetime, MaxLifetime time.Duration
}

// ExpiresNever is the word for a token without an end.
const ExpiresNever = "never"

// expiry reads an expiration: YYYY-MM-DD (good through that day, UTC), RFC 3339, "never", or empty for the default.
func (p TokenPolicy) expiry(text string, now time.Time) (time.Time, error) {
	at, err := p.parseExpiry(text, now)
	if err != nil {
		return time.Time{}, err
	}
	if !at.IsZero() && !at.After(now) {
		return time.Time{}, invalid("expires_at", "%s is in the past", text)
	}
	if p.MaxLifetime == 0 {
		return at, nil
	}
	limit := now.Add(p.MaxLifetime)
	if text == "" && (at.IsZero() || at.After(limit)) {
		return limit, nil
	}
	// A date names a whole day: the last day that is allowed counts to its end, and the string's age ends it earlier.
	if at.IsZero() || at.After(limit.Add(24*time.Hour)) {
		return time.Time{}, invalid("expires_at", "tokens of this site live at most %s; choose a date until %s", days(p.MaxLifetime), limit.Format(time.DateOnly))
	}
	return at, nil
}

func (p TokenPolicy) parseExpiry(text string, now time.Time) (time.Time, error) {
	switch text {
	case "":
		if p.DefaultLifetime == 0 {
			return time.Time{}, nil
		}
		return now.Add(p.DefaultLifetime), nil
	case ExpiresNever:
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, invalid("expires_at", "%q is neither a date (YYYY-MM-DD) nor a time (RFC 3339) nor the word never", text)
	}
	return at.UTC(), nil
}

func days(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return strconv.FormatInt(int64(d/(24*time.Hour)), 10) + " days"
	}
	return d.String()
}
