package registry

import (
	"cmp"
	"slices"

	"kingsnake/internal/access"
)

// opened is what a caller may do on the channel by more than what anybody may: on all of it, and on some packages of it
// at least.
func (v *survey) opened(c *access.Caller) (whole, part access.ScopeSet) {
	on := v.channel.Access()
	whole = v.drawn(c, access.OnChannel)
	if !c.Token.ByPackage() {
		return whole, 0
	}
	if v.channel.Type != VirtualChannel {
		part, _ = access.Opened(c, access.OnSomePackage(on))
		return whole, part
	}
	// Which package it is matters here: it must be one that the token reaches in the virtual channel and in every source.
	for _, id := range v.ids {
		for name := range c.Token.Packages[id] {
			part = part.Union(v.drawn(c, func(ch access.Channel) access.Target {
				return access.Target{Kind: access.TargetPackage, Channel: ch, Package: name}
			}))
		}
	}
	channels := *c.Token
	channels.Packages = nil
	some := *c
	some.Token = &channels
	return whole, part.Union(v.drawn(&some, access.OnSomePackage)).Intersect(access.Scopes(access.ArtifactView, access.ArtifactDownload))
}

// drawn is what a caller may do on the channel or a package of it. On a virtual channel that goes for what shows packages
// only as far as it may do the same in every source, and for changes of packages not at all.
func (v *survey) drawn(c *access.Caller, on func(access.Channel) access.Target) access.ScopeSet {
	own, open := access.Opened(c, on(v.channel.Access()))
	if v.channel.Type != VirtualChannel {
		return own
	}
	type opened struct{ own, open access.ScopeSet }
	sources := make([]opened, len(v.channel.Sources))
	for i, src := range v.channel.Sources {
		sources[i].own, sources[i].open = access.Opened(c, on(src.Access()))
	}
	var all access.ScopeSet
	for s := range own.Union(open).All() {
		mine, everywhere := own.Has(s), true
		switch onVirtual(s) {
		case neverOnVirtual:
			continue
		case onEverySource:
			for i, src := range v.channel.Sources {
				there := s.For(src.Access())
				mine = mine || sources[i].own.Has(there)
				everywhere = everywhere && sources[i].own.Union(sources[i].open).Has(there)
			}
		}
		if mine && everywhere {
			all = all.Add(s)
		}
	}
	return all
}

// given tells whether an account was given anything on the channel, beyond what its privacy gives to all.
func (v *survey) given(who *candidate) bool {
	return len(v.grantPaths(who)) > 0
}

// paths are the ways on which an account reaches the channel.
func (v *survey) paths(who *candidate) []ReachPath {
	return append(v.grantPaths(who), v.privacyPath()...)
}

// grantPaths are those by what it was given, the strongest first. A service account is no administrator, whatever its roles.
func (v *survey) grantPaths(who *candidate) []ReachPath {
	var paths []ReachPath
	if who.principal.Admin && who.Kind == access.KindUser {
		paths = append(paths, ReachPath{Via: ViaAdministrator, Level: access.Manage})
	}
	for _, g := range who.grants {
		p := ReachPath{Via: ViaGroup, Name: g.Group, Level: g.Level, Until: g.Until}
		switch {
		case g.ChannelID == v.channel.ID && g.Owners:
			p.Via = ViaOwners
		case g.ChannelID == v.channel.ID:
		case g.ChannelID == v.channel.ParentID && g.Level == access.Manage:
			p.Via = ViaParent
			if !v.seesParent() {
				p.Name = ""
			}
		default:
			continue
		}
		paths = append(paths, p)
	}
	slices.SortStableFunc(paths, func(a, b ReachPath) int { return cmp.Compare(b.Level, a.Level) })
	return paths
}

// seesParent tells whether the caller may know the groups of the channel above.
func (v *survey) seesParent() bool {
	if v.parent == nil {
		sees := v.may(v.caller, access.ChannelGroupView, access.OnChannel(v.above))
		v.parent = &sees
	}
	return *v.parent
}

// ownPaths are the ways of a token itself.
func (v *survey) ownPaths(t Token, names bool, packages []string) []ReachPath {
	if t.Kind == access.ScopeToken {
		return []ReachPath{{Via: ViaScopes, Level: t.Scopes.Level()}}
	}
	var paths []ReachPath
	level := func(whole bool) (l access.Level) {
		for _, r := range t.Resources {
			if r.ChannelID == v.channel.ID && (r.Package == "") == whole {
				l = max(l, r.Level)
			}
		}
		return l
	}
	if names {
		paths = append(paths, ReachPath{Via: ViaResource, Level: level(true)})
	}
	if len(packages) > 0 {
		paths = append(paths, ReachPath{Via: ViaPackage, Level: level(false)})
	}
	return paths
}

// held are the roles that keep an account from all that it was given, none if they do not.
func (v *survey) held(who *candidate, reached access.Level) []string {
	for _, p := range v.paths(who) {
		if p.Level > reached {
			return who.principal.Roles
		}
	}
	return nil
}
