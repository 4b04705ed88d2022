package access

// MayRead reports whether the caller may know that the target exists: whether some scope on it passes all gates. Who
// may not read a thing gets the answer that is given for things that do not exist.
//
// A package is readable to whoever may read it or its channel; a channel is readable also to those who reach only some
// of its packages.
func MayRead(c *Caller, t Target) bool {
	d := Reading(c, t)
	return d.Allowed
}

// Reading is a decision by which the caller may know that the target exists, one that does not allow where it may not.
func Reading(c *Caller, t Target) Decision {
	switch t.Kind {
	case TargetChannel, TargetPackage:
		if t.Channel.ID == 0 {
			return Decision{}
		}
		if d := anyScope(c, &t); d.Allowed {
			return d
		}
		other := OnChannel(t.Channel)
		if t.Kind == TargetChannel {
			other = OnSomePackage(t.Channel)
		}
		return anyScope(c, &other)
	}
	return anyScope(c, &t)
}

// anyScope decides on the first scope that passes on the target, if any does. Reading is tried first, because nearly
// always it is the answer.
func anyScope(c *Caller, t *Target) Decision {
	for _, reading := range [...]bool{true, false} {
		for s := Scope(1); s < scopeEnd; s++ {
			r := &catalogue[s]
			if (r.level == Read) != reading || !r.on.fits(s, t) {
				continue
			}
			if d := Decide(c, s, *t); d.Allowed {
				return d
			}
		}
	}
	return Decision{}
}

// EffectiveScopes lists the scopes that the caller may exercise on the target now, in the order of the catalogue.
func EffectiveScopes(c *Caller, t Target) []Scope {
	var scopes []Scope
	for s := Scope(1); s < scopeEnd; s++ {
		if !catalogue[s].on.fits(s, &t) {
			continue
		}
		var d Decision
		if d.decide(c, s, &t); d.Allowed {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// Narrowed reports whether the caller may exercise the scope on some packages of the channel but not on the channel as
// a whole. Lists and index files then hold only those packages for which Decide says yes, one by one.
func Narrowed(c *Caller, s Scope, ch Channel) bool {
	if Decide(c, s, OnChannel(ch)).Allowed {
		return false
	}
	return Decide(c, s, OnSomePackage(ch)).Allowed
}
