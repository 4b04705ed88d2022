package access

// Opened is what the caller may do with a thing now: own are the scopes that its credential opens, open those that it may
// exercise only because anybody may. Together they are EffectiveScopes.
func Opened(c *Caller, t Target) (own, open ScopeSet) {
	for s := Scope(1); s < scopeEnd; s++ {
		if !catalogue[s].on.fits(s, &t) {
			continue
		}
		var d Decision
		d.decide(c, s, &t)
		switch {
		case d.AsAnonymous:
			open = open.Add(s)
		case d.Allowed:
			own = own.Add(s)
		}
	}
	return own, open
}

// Level is the highest level that a scope of the set needs, None for the empty set.
func (set ScopeSet) Level() Level {
	highest := None
	for s := range set.All() {
		highest = max(highest, catalogue[s].level)
	}
	return highest
}
