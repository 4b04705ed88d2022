package registry

import "kingsnake/internal/access"

// What the store must be able to name without importing the package that decides.
type (
	Level         = access.Level
	TokenKind     = access.TokenKind
	PrincipalKind = access.PrincipalKind
	Problem       = access.Problem
	Privacy       = access.Privacy
)

// ParseLevel reads a level as the store keeps it; an unknown one grants nothing.
func ParseLevel(name string) Level {
	l, ok := access.ParseLevel(name)
	if !ok {
		return access.None
	}
	return l
}

// ParsePrincipalKind reads a kind as the store keeps it; an unknown one is nobody.
func ParsePrincipalKind(name string) PrincipalKind {
	for _, k := range []PrincipalKind{access.KindUser, access.KindServiceAccount} {
		if k.String() == name {
			return k
		}
	}
	return access.KindAnonymous
}

// ParseTokenKind reads a kind as the store keeps it; an unknown one opens nothing.
func ParseTokenKind(name string) TokenKind {
	for _, k := range []TokenKind{access.ScopeToken, access.ResourceToken} {
		if k.String() == name {
			return k
		}
	}
	return 0
}

// EncodeScopes is how the store keeps a set of scopes: by name, so that numbers may change.
func (t Token) EncodeScopes() []string { return t.Scopes.Names() }

// DecodeScopes sets the token's scopes from their names. A name that is not known any more opens nothing.
func (t *Token) DecodeScopes(names []string) {
	for _, n := range names {
		if s, ok := access.ParseScope(n); ok {
			t.Scopes = t.Scopes.Add(s)
		}
	}
}

// EncodeLevels gives a role's levels by the names of category and level.
func (r Role) EncodeLevels() map[string]string {
	m := make(map[string]string, len(r.Levels))
	for c, l := range r.Levels {
		m[string(c)] = l.String()
	}
	return m
}

// DecodeLevels is the inverse of EncodeLevels.
func (r *Role) DecodeLevels(m map[string]string) {
	r.Levels = make(map[access.Category]access.Level, len(m))
	for c, l := range m {
		r.Levels[access.Category(c)] = ParseLevel(l)
	}
}

// The kinds of accounts, for the store.
const (
	KindUser           = access.KindUser
	KindServiceAccount = access.KindServiceAccount
)
