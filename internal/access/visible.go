package access

import "slices"

// Visible describes, as plain data, the channels on which a caller may exercise a scope, for lists that a database
// filters. A row belongs to it if it is of a kind that Top or Sub names and
//
//	privacy IN Open
//	OR  (All OR privacy IN Privacies OR id IN IDs OR parent_id IN Parents)
//	    AND (NOT Limited OR id IN Within OR the row is a package and it is IN Packages[id])
//	    AND (no ChannelPatterns, or one matches the path)
//	    AND (no PackagePatterns, or the row is a package and one matches its name)
//
// which is what Includes computes and what Decide says of the same row. The ids are in no particular order.
type Visible struct {
	Top, Sub bool      // whether channels and subchannels can belong to it at all
	Open     []Privacy // seen by everybody, with no further condition

	All       bool // every channel, by right of the principal
	Privacies []Privacy
	IDs       []int64
	Parents   []int64 // the channels whose subchannels belong to it

	Limited  bool // a resource token: only what the token lists
	Within   []int64
	Packages map[int64][]string // further packages ("family/name") that the token lists one by one

	ChannelPatterns []string
	PackagePatterns []string
}

// VisibleChannels describes the channels, and within them the packages, on which the caller may exercise the scope: the
// union of what its credential opens and of what is open to everybody.
//
// It answers for scopes that are asked of the listed channels themselves. For all others, and for
// subchannel.mirror:edit whose level is asked of a channel that is not the listed one, it describes nothing.
func VisibleChannels(c *Caller, s Scope) Visible {
	var v Visible
	if !s.Known() || s == SubchannelMirrorEdit {
		return v
	}
	r := &catalogue[s]
	top, sub := Target{Kind: TargetChannel}, Target{Kind: TargetChannel, Channel: Channel{ParentID: 1}}
	v.Top, v.Sub = r.on.fits(s, &top), r.on.fits(s, &sub)
	if !v.Top && !v.Sub {
		return v
	}
	v.Open = openTo(c, nil, r)
	if c.LoggedIn() && c.roleGate(c.Principal, r, &top).State == Passed {
		v.add(c, s, r)
	}
	return v
}

// openTo lists the privacies that give the principal the scope's level.
func openTo(c *Caller, p *Principal, r *row) []Privacy {
	var open []Privacy
	channel := Target{Kind: TargetChannel}
	if c.roleGate(p, r, &channel).State != Passed {
		return nil
	}
	for _, privacy := range [...]Privacy{Public, Authenticated} {
		if level, _ := p.channelLevel(&Channel{Privacy: privacy}); level >= r.level {
			open = append(open, privacy)
		}
	}
	return open
}

// add describes what the caller's own rights open, once its roles are known to reach the scope.
func (v *Visible) add(c *Caller, s Scope, r *row) {
	if c.InURL && r.level > Read || !v.limit(c, s, r) {
		return
	}
	p := c.Principal
	if v.All = p.isAdmin(); v.All {
		return
	}
	v.Privacies = openTo(c, p, r)
	for id, g := range p.Channels {
		if known(g.Level) >= r.level && v.reaches(c.Token, id) {
			v.IDs = append(v.IDs, id)
		}
		if g.Level == Manage && v.Sub {
			v.Parents = append(v.Parents, id)
		}
	}
}

// limit describes what the token takes away. It returns false when the token opens nothing at all.
func (v *Visible) limit(c *Caller, s Scope, r *row) bool {
	k := c.Token
	if k == nil {
		return true
	}
	if k.Restrictions.judgeUse(c, r) != ReasonNone || len(k.Restrictions.Packages) > 0 && !aboutPackages(s) {
		return false
	}
	switch k.Kind {
	case ScopeToken:
		if !k.Scopes.Has(s) || c.Principal.Kind == KindServiceAccount {
			return false
		}
	case ResourceToken:
		if !r.flags.has(resource) {
			return false
		}
		v.limitTo(k, s, r.level)
	default:
		return false
	}
	v.ChannelPatterns = k.Restrictions.Channels
	v.PackagePatterns = k.Restrictions.Packages
	return true
}

func (v *Visible) limitTo(k *Token, s Scope, needed Level) {
	v.Limited = true
	for id, l := range k.Resources {
		if known(l) >= needed {
			v.Within = append(v.Within, id)
		}
	}
	if !aboutPackages(s) {
		return
	}
	for id, packages := range k.Packages {
		for name, l := range packages {
			if known(l) < needed {
				continue
			}
			if v.Packages == nil {
				v.Packages = map[int64][]string{}
			}
			v.Packages[id] = append(v.Packages[id], name)
		}
	}
}

// reaches reports whether a limited description can hold the channel at all, so that a small token of a principal with
// many grants stays small.
func (v *Visible) reaches(k *Token, id int64) bool {
	if !v.Limited {
		return true
	}
	_, whole := k.Resources[id]
	_, part := v.Packages[id]
	return whole || part
}

// Empty reports whether no row belongs to it.
func (v *Visible) Empty() bool {
	return !v.Top && !v.Sub || len(v.Open) == 0 && !v.Own()
}

// Own reports whether rows can belong to it by the caller's own rights, and not only because everybody sees them.
func (v *Visible) Own() bool {
	owned := v.All || len(v.Privacies)+len(v.IDs)+len(v.Parents) > 0
	held := !v.Limited || len(v.Within)+len(v.Packages) > 0
	return (v.Top || v.Sub) && owned && held
}

// Includes reports whether a channel belongs to it or, where a PackageName is given, that package of the channel. It
// is what a database query made from Visible has to mean.
func (v *Visible) Includes(ch Channel, pkg string) bool {
	if ch.ID == 0 || ch.ParentID == 0 && !v.Top || ch.ParentID != 0 && !v.Sub {
		return false
	}
	if slices.Contains(v.Open, ch.Privacy) {
		return true
	}
	if !v.All && !slices.Contains(v.Privacies, ch.Privacy) && !slices.Contains(v.IDs, ch.ID) &&
		(ch.ParentID == 0 || !slices.Contains(v.Parents, ch.ParentID)) {
		return false
	}
	if v.Limited && !slices.Contains(v.Within, ch.ID) && (pkg == "" || !slices.Contains(v.Packages[ch.ID], pkg)) {
		return false
	}
	if len(v.ChannelPatterns) > 0 && !matchAny(v.ChannelPatterns, ch.Path) {
		return false
	}
	t := Target{Package: pkg}
	return len(v.PackagePatterns) == 0 || pkg != "" && matchAny(v.PackagePatterns, t.bareName())
}
