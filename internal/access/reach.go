package access

// Reach is the level of a category that the caller may exercise somewhere: what its roles give, cut down to what its
// token lets through, and never less than what anonymous callers have. Whether it may do so on one channel is another
// question.
func (c *Caller) Reach(category Category) Level {
	level := c.Level(category)
	if c == nil || c.Token == nil || level == None {
		return level
	}
	i := uint8(category.index())
	return max(c.Token.reach(i, level), c.ceiling(nil, i))
}

// reach is the highest level that the token lets through in a category, given that of its owner.
func (k *Token) reach(category uint8, ceiling Level) Level {
	reached := None
	for s := Scope(1); s < scopeEnd; s++ {
		r := &catalogue[s]
		switch {
		case r.category != category || ceiling < r.lowest():
		case k.Kind == ScopeToken && k.Scopes.Has(s):
			reached = max(reached, min(r.level, ceiling))
		case k.Kind == ResourceToken && r.flags.has(resource):
			reached = max(reached, min(k.highest(category), ceiling))
		}
	}
	return reached
}

// highest is the highest level that a resource token holds on any channel; for artifacts, on any package too.
func (k *Token) highest(category uint8) Level {
	top := None
	for _, l := range k.Resources {
		top = max(top, known(l))
	}
	if category != iArtifact {
		return top
	}
	for _, packages := range k.Packages {
		for _, l := range packages {
			top = max(top, known(l))
		}
	}
	return top
}
