package access

// Use is one right of a token on which a decision rested. The uses of a token, collected over time, say what it needs.
type Use struct {
	Scope Scope
	// Channel is the channel on which the right was asked. It is NoChannel for what is asked of no one channel: the site,
	// an account, a list of all that the token reaches. It is OtherChannels for channels that were not noted one by one.
	Channel int64
	// Package is a PackageName where a resource token's level on that package was what counted, AnyPackage where its level
	// on any package of the channel would have done, and otherwise empty.
	Package string
}

// What stands in a Use for something else than one channel or one package.
const (
	NoChannel     int64 = 0
	OtherChannels int64 = -1
	AnyPackage          = somePackage
)

// Use is the right of the caller's token on which the decision rests. There is none where it was refused, where an
// anonymous caller is let in although the token is not, and where there is no token.
func (d *Decision) Use() (Use, bool) {
	if !d.Allowed || d.AsAnonymous || d.caller == nil || d.caller.Token == nil {
		return Use{}, false
	}
	u := Use{Scope: d.Scope}
	if !d.Target.onChannel() {
		return u, true
	}
	u.Channel = d.Target.Channel.ID
	k := d.caller.Token
	if k.Kind == ResourceToken && d.Target.Kind == TargetPackage && known(k.Resources[u.Channel]) < catalogue[d.Scope].level {
		u.Package = d.Target.Package
	}
	return u, true
}

// Besides gives the channels on which a resource token had to hold the scope's level besides the one that was asked of:
// the subchannels that the action touches, and the channel above.
func (d *Decision) Besides() []int64 {
	if d.caller == nil || d.caller.Token == nil || d.caller.Token.Kind != ResourceToken {
		return nil
	}
	if d.Scope == SubchannelMirrorEdit && d.Target.Channel.ParentID != 0 {
		return append([]int64{d.Target.Channel.ParentID}, d.Target.Children...)
	}
	return d.Target.Children
}

// Opens reports whether the token lists what a use took. Whether its owner and its restrictions let it through is
// another question.
func (k *Token) Opens(u Use) bool {
	if !u.Scope.Known() {
		return false
	}
	if k.Kind != ResourceToken {
		return k.Kind == ScopeToken && k.Scopes.Has(u.Scope)
	}
	row := &catalogue[u.Scope]
	if !row.flags.has(resource) {
		return false
	}
	if u.Channel == NoChannel || u.Channel == OtherChannels {
		return k.opensSomewhere(u.Scope)
	}
	t := Target{Kind: TargetChannel, Channel: Channel{ID: u.Channel}}
	if u.Package != "" {
		t.Kind, t.Package = TargetPackage, u.Package
	}
	return k.level(&t) >= row.level
}

// opensSomewhere reports whether a resource token holds the scope's level on anything.
func (k *Token) opensSomewhere(s Scope) bool {
	needed := catalogue[s].level
	for _, l := range k.Resources {
		if known(l) >= needed {
			return true
		}
	}
	if !aboutPackages(s) {
		return false
	}
	for _, packages := range k.Packages {
		for _, l := range packages {
			if known(l) >= needed {
				return true
			}
		}
	}
	return false
}
