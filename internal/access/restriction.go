package access

import (
	"net/netip"
	"strings"
	"time"
)

// Restrictions narrow a token by where, when and how often it is used. The zero value restricts nothing.
type Restrictions struct {
	// Channels are patterns for the path of the channel, "channel" or "channel/subchannel". With any, the token works
	// only where a channel is named and matches.
	Channels []string
	// Packages are patterns for the name of the package, without its family. With any, the token works only for
	// artifact scopes and the index entries of matching packages.
	Packages []string
	// CIDRs are the networks from which the token may be used.
	CIDRs []netip.Prefix
	// NotBefore is when the token starts to work; zero means at once.
	NotBefore time.Time
	// MaxUses is how often the token may be used, 0 meaning without limit, and Uses how often it has been. Spending a
	// use is not this package's business; refusing a spent token is.
	MaxUses, Uses int64
}

// judge is the last gate of a token: the first restriction that is not met. It looks at names and at the caller, never
// at whether the channel exists, so that its answer gives nothing away.
func (r *Restrictions) judge(c *Caller, s Scope, row *row, t *Target) Reason {
	if why := r.judgeUse(c, row); why != ReasonNone {
		return why
	}
	switch {
	case len(r.Channels) > 0 && !r.matchChannel(s, t):
		return ReasonChannelPattern
	case len(r.Packages) > 0 && !r.matchPackage(s, t):
		return ReasonPackagePattern
	}
	return ReasonNone
}

// judgeUse judges what does not depend on the target: where, when and how often.
func (r *Restrictions) judgeUse(c *Caller, row *row) Reason {
	switch {
	case c.InURL && row.level > Read:
		return ReasonURLWrite
	case !r.NotBefore.IsZero() && c.Now.Before(r.NotBefore):
		return ReasonNotBefore
	case len(r.CIDRs) > 0 && !containsAddress(r.CIDRs, c.Address):
		return ReasonAddress
	case r.MaxUses > 0 && r.Uses >= r.MaxUses && row.flags.has(costs) && !c.Spent:
		return ReasonUses
	}
	return ReasonNone
}

// matchChannel reports whether a channel is named and within the patterns. Where a subchannel's mirrors are asked of
// the subchannel, its parent must be too.
func (r *Restrictions) matchChannel(s Scope, t *Target) bool {
	path := t.Channel.Path
	if path == "" || t.Kind == TargetAccount || t.Kind == TargetGroup || !matchAny(r.Channels, path) {
		return false
	}
	parent, _, isSub := strings.Cut(path, "/")
	return !isSub || s != SubchannelMirrorEdit || matchAny(r.Channels, parent)
}

// coversChildren reports whether all subchannels of the channel are within the patterns. The action's own subchannels
// are known by id only, so nothing less than all of them will do.
func (r *Restrictions) coversChildren(path string) bool {
	for _, pattern := range r.Channels {
		if matchChildren(pattern, path) {
			return true
		}
	}
	return len(r.Channels) == 0
}

// matchPackage reports whether the target is a package within the patterns. What package is not known yet may be one.
func (r *Restrictions) matchPackage(s Scope, t *Target) bool {
	if t.Kind != TargetPackage || !aboutPackages(s) {
		return false
	}
	return t.Package == somePackage || matchAny(r.Packages, t.bareName())
}

// aboutPackages reports whether the scope can be held to single packages.
func aboutPackages(s Scope) bool {
	return s >= ArtifactCreate && s <= ArtifactView || s == ChannelViewArtifacts || s == SubchannelViewArtifacts
}

// containsAddress reports whether the address is in one of the networks. An unknown address is in none; an IPv4 address
// in its IPv6 form is judged as IPv4.
func containsAddress(networks []netip.Prefix, address netip.Addr) bool {
	if !address.IsValid() {
		return false
	}
	address = address.Unmap().WithZone("")
	for _, n := range networks {
		if n.Contains(address) {
			return true
		}
	}
	return false
}

// ParseCIDR reads a network such as "10.0.0.0/8" or "2001:db8::/32", or a single address. Networks of IPv4 addresses in
// their IPv6 form become IPv4, and bits beyond the prefix are cleared.
func ParseCIDR(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}
