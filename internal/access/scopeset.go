package access

import (
	"iter"
	"math/bits"
	"strings"
)

// ScopeSet is a set of scopes. It is a value of one word: copying, comparing and asking cost nothing. Its bits follow
// the numbers of the scopes, so it is stored by Names, never as a number.
type ScopeSet uint64

// The set must have a bit for every scope; this does not compile when the catalogue outgrows it.
const _ = uint64(1) << scopeEnd

// Scopes makes a set; unknown scopes are left out.
func Scopes(scopes ...Scope) ScopeSet {
	var set ScopeSet
	for _, s := range scopes {
		set = set.Add(s)
	}
	return set
}

// Has reports whether s is in the set.
func (set ScopeSet) Has(s Scope) bool { return s.Known() && set&(1<<s) != 0 }

// Add returns the set with s in it; an unknown scope changes nothing.
func (set ScopeSet) Add(s Scope) ScopeSet {
	if !s.Known() {
		return set
	}
	return set | 1<<s
}

// Union returns the scopes that are in either set.
func (set ScopeSet) Union(other ScopeSet) ScopeSet { return set | other }

// Intersect returns the scopes that are in both sets.
func (set ScopeSet) Intersect(other ScopeSet) ScopeSet { return set & other }

// Without returns the scopes of set that are not in other.
func (set ScopeSet) Without(other ScopeSet) ScopeSet { return set &^ other }

// SubsetOf reports whether every scope of set is in other.
func (set ScopeSet) SubsetOf(other ScopeSet) bool { return set&^other == 0 }

// Len is the number of scopes in the set.
func (set ScopeSet) Len() int { return bits.OnesCount64(uint64(set)) }

// All yields the scopes in the order of the catalogue.
func (set ScopeSet) All() iter.Seq[Scope] {
	return func(yield func(Scope) bool) {
		for s := Scope(1); s < scopeEnd; s++ {
			if set.Has(s) && !yield(s) {
				return
			}
		}
	}
}

// Names returns the names of the scopes in the order of the catalogue.
func (set ScopeSet) Names() []string {
	names := make([]string, 0, set.Len())
	for s := range set.All() {
		names = append(names, s.String())
	}
	return names
}

// UnknownScopes is the error of ParseScopeSet: the names that are not in the catalogue, in the order given.
type UnknownScopes []string

// Error names the scopes that do not exist.
func (u UnknownScopes) Error() string {
	return "unknown scopes: " + strings.Join(u, ", ")
}

// ParseScopeSet reads names. Where some are not in the catalogue the error is an UnknownScopes, and the set holds the
// others.
func ParseScopeSet(names []string) (ScopeSet, error) {
	var set ScopeSet
	var unknown UnknownScopes
	for _, name := range names {
		s, ok := ParseScope(name)
		if !ok {
			unknown = append(unknown, name)
			continue
		}
		set = set.Add(s)
	}
	if unknown != nil {
		return set, unknown
	}
	return set, nil
}
