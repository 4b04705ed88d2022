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
func (k *Token) narrowResources(full *Token, uses []Use) {
	var loose []Use
	for _, u := range uses {
		switch {
		case !full.Opens(u):
			// It was taken away since.
		case u.Channel == OtherChannels:
			k.keepAll(full, u.Scope)
		case u.Channel == NoChannel, u.Package == AnyPackage:
			loose = append(loose, u)
		default:
			k.keep(full, u)
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
		case k.Opens(u):
		case u.Channel != NoChannel:
			k.keepPackages(full, u.Channel, catalogue[u.Scope].level)
		default:
			k.keepAll(full, u.Scope)
		}
	}
}

// keep raises what a use took to its level.
func (k *Token) keep(full *Token, u Use) {
	needed := catalogue[u.Scope].level
	if u.Package != "" && known(full.Packages[u.Channel][u.Package]) >= needed {
		k.raisePackage(u.Channel, u.Package, needed)
		return
	}
	k.raise(u.Channel, needed)
}

// keepPackages raises all packages of a channel that full holds at a level to it or, where full holds it on the channel itself,
// the channel.
func (k *Token) keepPackages(full *Token, channel int64, needed Level) {
	if known(full.Resources[channel]) >= needed {
		k.raise(channel, needed)
		return
	}
	for name, l := range full.Packages[channel] {
		if known(l) >= needed {
			k.raisePackage(channel, name, needed)
		}
	}
}

// keepAll raises everything on which full opens a scope to the level of it.
func (k *Token) keepAll(full *Token, s Scope) {
	needed := catalogue[s].level
	for id, l := range full.Resources {
		if known(l) >= needed {
			k.raise(id, needed)
		}
	}
	if !aboutPackages(s) {
		return
	}
	for id := range full.Packages {
		if known(k.Resources[id]) < needed {
			k.keepPackages(full, id, needed)
		}
	}
}

func (k *Token) raise(channel int64, level Level) {
	if k.Resources == nil {
		k.Resources = map[int64]Level{}
	}
	k.Resources[channel] = max(k.Resources[channel], level)
}

func (k *Token) raisePackage(channel int64, name string, level Level) {
	if k.Packages == nil {
		k.Packages = map[int64]map[string]Level{}
	}
	if k.Packages[channel] == nil {
		k.Packages[channel] = map[string]Level{}
	}
	k.Packages[channel][name] = max(k.Packages[channel][name], level)
}
