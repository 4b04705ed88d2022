package access

import (
	"cmp"
	"slices"
)

// Narrow returns the token with no more scopes, channels, packages and levels than the uses took, as far as it still
// holds them. The result opens every one of those uses that the token opens, and lists nothing that the token does not.
// Kind, restrictions and end stay as they are. Without any use nothing is left.
//
// A use that named no one thing, which is a list of all that the token reaches or the index of a token that holds single
// packages, takes one thing that is left. Where the other uses leave none, all stay at the level that it took.
func (k *Token) Narrow(uses []Use) *Token {
	n := *k
	n.Scopes, n.Resources, n.Packages = 0, nil, nil
	switch k.Kind {
	case ScopeToken:
		for _, u := range uses {
			n.Scopes = n.Scopes.Add(u.Scope)
		}
		n.Scopes = n.Scopes.Intersect(k.Scopes)
	case ResourceToken:
		n.narrowResources(k, uses)
	}
	return &n
}

// narrowResources fills in what the uses took of a resource token.
func (n *Token) narrowResources(k *Token, uses []Use) {
	var loose []Use
	for _, u := range uses {
		switch {
		case !k.Opens(u):
			// It was taken away since.
		case u.Channel == OtherChannels:
			n.keepAll(k, u.Scope)
		case u.Channel == NoChannel, u.Package == AnyPackage:
			loose = append(loose, u)
		default:
			n.keep(k, u)
		}
	}
	// What satisfies the higher level satisfies the lower one, and one channel satisfies what any channel would.
	slices.SortStableFunc(loose, func(a, b Use) int {
		if c := cmp.Compare(catalogue[b.Scope].level, catalogue[a.Scope].level); c != 0 {
			return c
		}
		return cmp.Compare(b.Channel, a.Channel)
	})
	for _, u := range loose {
		switch {
		case n.Opens(u):
		case u.Channel != NoChannel:
			n.keepPackages(k, u.Channel, catalogue[u.Scope].level)
		default:
			n.keepAll(k, u.Scope)
		}
	}
}

// keep raises what a use took to its level.
func (n *Token) keep(k *Token, u Use) {
	needed := catalogue[u.Scope].level
	if u.Package != "" && known(k.Packages[u.Channel][u.Package]) >= needed {
		n.raisePackage(u.Channel, u.Package, needed)
		return
	}
	n.raise(u.Channel, needed)
}

// keepPackages raises all packages of a channel that k holds at a level to it or, where k holds it on the channel itself,
// the channel.
func (n *Token) keepPackages(k *Token, channel int64, needed Level) {
	if known(k.Resources[channel]) >= needed {
		n.raise(channel, needed)
		return
	}
	for name, l := range k.Packages[channel] {
		if known(l) >= needed {
			n.raisePackage(channel, name, needed)
		}
	}
}

// keepAll raises everything on which k opens a scope to the level of it.
func (n *Token) keepAll(k *Token, s Scope) {
	needed := catalogue[s].level
	for id, l := range k.Resources {
		if known(l) >= needed {
			n.raise(id, needed)
		}
	}
	if !aboutPackages(s) {
		return
	}
	for id := range k.Packages {
		if known(n.Resources[id]) < needed {
			n.keepPackages(k, id, needed)
		}
	}
}

func (n *Token) raise(channel int64, level Level) {
	if n.Resources == nil {
		n.Resources = map[int64]Level{}
	}
	n.Resources[channel] = max(n.Resources[channel], level)
}

func (n *Token) raisePackage(channel int64, name string, level Level) {
	if n.Packages == nil {
		n.Packages = map[int64]map[string]Level{}
	}
	if n.Packages[channel] == nil {
		n.Packages[channel] = map[string]Level{}
	}
	n.Packages[channel][name] = max(n.Packages[channel][name], level)
}
