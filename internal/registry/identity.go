package registry

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"time"
)

// Identity is who an account is at a provider elsewhere. Issuer and subject together never change hands.
type Identity struct {
	ID          int64
	PublicID    string
	PrincipalID int64
	Issuer      string
	Subject     string
	CreatedAt   time.Time
	LastLoginAt time.Time
}

// Claimed is a role or a group that an account has because a provider said so.
type Claimed struct {
	ID        int64
	Name      string
	ExpiresAt time.Time
}

// ExternalStore keeps identities, and what their claims gave.
type ExternalStore interface {
	InsertIdentity(ctx context.Context, tx Tx, i Identity) (int64, error)
	UpdateIdentity(ctx context.Context, tx Tx, id int64, login time.Time) error
	DeleteIdentity(ctx context.Context, tx Tx, id int64) error
	IdentityBySubject(ctx context.Context, tx Tx, issuer, subject string) (Identity, error)
	Identities(ctx context.Context, tx Tx, principal int64) ([]Identity, error)
	// SetClaimRoles and SetClaimGroups replace what the login before gave.
	SetClaimRoles(ctx context.Context, tx Tx, principal int64, roles []int64, until time.Time) error
	SetClaimGroups(ctx context.Context, tx Tx, principal int64, groups []int64, until time.Time) error
	ClaimRoles(ctx context.Context, tx Tx, principal int64, now time.Time) ([]Claimed, error)
	ClaimGroups(ctx context.Context, tx Tx, principal int64, now time.Time) ([]Claimed, error)
	GroupsByName(ctx context.Context, tx Tx, names []string) ([]Group, error)
	InsertGroup(ctx context.Context, tx Tx, g Group) (int64, error)
	// InsertSpent answers ErrTaken for what was there already.
	InsertSpent(ctx context.Context, tx Tx, hash []byte, until time.Time) error
}

// Person is somebody whom a provider vouches for, in the provider's words.
type Person struct {
	Issuer, Subject string
	// Names are what the account may be called, the best first.
	Names []string
	Email string
	// EmailVerified says that the provider has made sure whose address it is.
	EmailVerified bool
	// Values are those of the claim that roles and groups are read from.
	Values []string
}

// ExternalPolicy is whom the site lets in, and what it makes of their claims.
type ExternalPolicy struct {
	// Roles and Groups are the names that a value gives.
	Roles, Groups map[string][]string
	// EveryGroup gives every ordinary group that exists and is called like a value.
	EveryGroup bool
	// AllowedDomains and AllowedValues let in only who has one of them; empty lets everybody in.
	AllowedDomains, AllowedValues []string
	// ClaimsLifetime is how long after a login what the claims gave is held.
	ClaimsLifetime time.Duration
}

// The reasons why somebody whom the provider knows is not let in.
const reasonNotAllowed = "identity_not_allowed"

// admit refuses who is not to be let in.
func (p ExternalPolicy) admit(who Person) error {
	if len(p.AllowedDomains) > 0 {
		at := strings.LastIndexByte(who.Email, '@')
		domain := strings.ToLower(who.Email[at+1:])
		known := slices.ContainsFunc(p.AllowedDomains, func(d string) bool { return strings.ToLower(d) == domain })
		if !who.EmailVerified || at < 0 || !known {
			return &Error{Code: CodeCredential, Reason: reasonNotAllowed, Message: "this site is for people with a verified e-mail address of certain domains, and the provider names no such address for you"}
		}
	}
	if len(p.AllowedValues) > 0 && !slices.ContainsFunc(who.Values, func(v string) bool { return slices.Contains(p.AllowedValues, v) }) {
		return &Error{Code: CodeCredential, Reason: reasonNotAllowed, Message: "this site is for members of certain groups, and the provider does not count you among them; ask an administrator of the site"}
	}
	return nil
}

// given collects what the values give by a map, each name once, sorted.
func given(values []string, by map[string][]string) []string {
	var names []string
	for _, v := range values {
		names = append(names, by[v]...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// maxDerivedName leaves room for the number that tells namesakes apart.
const maxDerivedName = 90

// derivedName makes a user name of what somebody is called elsewhere: "user" if nothing of it can be used.
func derivedName(names []string) string {
	for _, name := range names {
		if at := strings.IndexByte(name, '@'); at > 0 {
			name = name[:at]
		}
		valid := strings.Map(func(r rune) rune {
			switch {
			case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("._-+", r):
				return r
			}
			return '-'
		}, clip(name, maxDerivedName))
		valid = strings.Trim(valid, "._-+")
		if validateUsername(valid) == nil {
			return valid
		}
	}
	return "user"
}

// spentHash is what is kept of something that works once.
func spentHash(kind, what string) []byte {
	sum := sha256.Sum256([]byte(kind + "\x00" + what))
	return sum[:]
}

func claimedNames(claims []Claimed) []string {
	names := make([]string, len(claims))
	for i, c := range claims {
		names[i] = c.Name
	}
	return names
}
