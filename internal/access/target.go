package access

import "strings"

// Privacy is who may read a channel without being granted anything on it.
type Privacy string

// The privacies. Any other value, the empty one too, is treated like Private.
const (
	Private       Privacy = "private"       // nobody
	Authenticated Privacy = "authenticated" // every logged-in principal
	Public        Privacy = "public"        // everyone
)

// Known reports whether the privacy is one of the three.
func (p Privacy) Known() bool { return p == Private || p == Authenticated || p == Public }

// Channel is what a decision needs to know of a channel or subchannel.
type Channel struct {
	ID       int64   // 0: there is no such channel
	ParentID int64   // 0: it is not a subchannel
	Path     string  // "channel" or "channel/subchannel"; for one that does not exist, the path that was asked for
	Privacy  Privacy // a subchannel's privacy is its own
}

// TargetKind says what sort of thing a scope is asked of.
type TargetKind uint8

// The kinds of targets. The zero value is none, and every scope is refused on it.
const (
	TargetNone TargetKind = iota
	TargetSystem
	TargetChannel
	TargetPackage
	TargetAccount
	TargetGroup
)

// Target is what a scope is asked of. Make one with the functions below.
type Target struct {
	Kind    TargetKind
	Channel Channel // for channels and packages; for a channel to be created only its Path
	// Package is "family/name", such as "conda/numpy"; empty stands for the whole channel, somePackage for a package
	// that is not known yet.
	Package string
	Account int64 // 0: no particular account, or one that does not exist
	Group   int64 // 0: a group yet to be created
	// Children are the ids of the subchannels that an action on their channel touches too: all of them for
	// channel:delete, the one in question for subchannel.mirror:edit.
	Children []int64
}

// somePackage stands for a package whose name is not known yet. No package name contains a star.
const somePackage = "*"

// OnSystem is the site itself.
func OnSystem() Target { return Target{Kind: TargetSystem} }

// OnChannel is a whole channel or subchannel with all that is in it.
func OnChannel(ch Channel) Target { return Target{Kind: TargetChannel, Channel: ch} }

// OnNewChannel is the site, asked for a new channel of that name, so that a token restricted to some channel names can
// be held to them.
func OnNewChannel(path string) Target {
	return Target{Kind: TargetSystem, Channel: Channel{Path: path}}
}

// OnPackage is one package of a channel: its files, and its entries in the index.
func OnPackage(ch Channel, family, name string) Target {
	return Target{Kind: TargetPackage, Channel: ch, Package: PackageName(family, name)}
}

// OnSomePackage is a package of the channel that is not known yet: an upload whose file has not been read, an index
// that will be filtered. What is allowed here must be asked again for each package. Only callers whose token is
// narrowed to some packages get another answer than on the whole channel.
func OnSomePackage(ch Channel) Target {
	return Target{Kind: TargetPackage, Channel: ch, Package: somePackage}
}

// OnAccount is one account, one's own or another's.
func OnAccount(id int64) Target { return Target{Kind: TargetAccount, Account: id} }

// OnGroup is one group of users; id 0 is a group yet to be created.
func OnGroup(id int64) Target { return Target{Kind: TargetGroup, Group: id} }

// With returns the target with subchannels that the action touches too.
func (t Target) With(children ...int64) Target {
	t.Children = children
	return t
}

// PackageName is how a package is named in a Target and in a token's Packages.
func PackageName(family, name string) string { return family + "/" + name }

// onChannel reports whether the target is a channel or something in it.
func (t *Target) onChannel() bool { return t.Kind == TargetChannel || t.Kind == TargetPackage }

// bareName is the package's name without its family.
func (t *Target) bareName() string {
	_, name, _ := strings.Cut(t.Package, "/")
	return name
}

// fits reports whether a scope of that place can be asked of the target at all.
func (o On) fits(s Scope, t *Target) bool {
	sub := t.Channel.ParentID != 0
	switch o {
	case PlaceSystem:
		return t.Kind == TargetSystem
	case PlaceChannel:
		return !sub && (t.Kind == TargetChannel || t.Kind == TargetPackage && s == ChannelViewArtifacts)
	case PlaceSubchannel:
		return sub && (t.Kind == TargetChannel || t.Kind == TargetPackage && s == SubchannelViewArtifacts)
	case PlaceParent:
		return t.onChannel()
	case PlaceParentChannel:
		// A subchannel's mirrors may be asked of the subchannel itself: its parent's id is all that is needed.
		return t.Kind == TargetChannel && (!sub || s == SubchannelMirrorEdit)
	case PlaceEitherChannel:
		return t.Kind == TargetChannel
	case PlaceSystemOrChannel:
		return t.Kind == TargetSystem || t.onChannel()
	case PlaceAccount:
		return t.Kind == TargetAccount
	case PlaceAnyAccount:
		return t.Kind == TargetAccount || t.Kind == TargetSystem
	case PlaceGroup:
		return t.Kind == TargetGroup
	case PlaceAnything:
		return t.Kind == TargetAccount || t.Kind == TargetSystem || t.Kind == TargetChannel
	}
	return false
}
