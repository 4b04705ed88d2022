package access

// On is the kind of thing that a scope is asked of.
type On uint8

// The kinds of things that scopes are asked of.
const (
	PlaceSystem          On = iota + 1 // the site itself
	PlaceChannel                       // a channel that is not a subchannel
	PlaceSubchannel                    // a subchannel
	PlaceParent                        // the channel or subchannel that holds the artifact
	PlaceParentChannel                 // the channel that holds the subchannel
	PlaceEitherChannel                 // a channel or a subchannel
	PlaceSystemOrChannel               // the site, and the channel too where one is named
	PlaceAccount                       // an account, usually one's own
	PlaceAnyAccount                    // the accounts of the site, or one of them
	PlaceGroup                         // a group of users
	PlaceAnything                      // oneself, a channel that one manages, or the site
)

// String names the kind of thing as the scopes page does.
func (o On) String() string {
	switch o {
	case PlaceSystem:
		return "system"
	case PlaceChannel:
		return "channel"
	case PlaceSubchannel:
		return "subchannel"
	case PlaceParent:
		return "parent channel or subchannel"
	case PlaceParentChannel:
		return "parent channel"
	case PlaceEitherChannel:
		return "channel or subchannel"
	case PlaceSystemOrChannel:
		return "system, and the channel where one is named"
	case PlaceAccount:
		return "own account; any account for admins"
	case PlaceAnyAccount:
		return "accounts, for admins"
	case PlaceGroup:
		return "the group itself"
	case PlaceAnything:
		return "oneself; a channel one manages; anything for admins"
	}
	return "unknown"
}

// Channels reports whether it is always a channel or subchannel, which a question has to name.
func (o On) Channels() bool {
	switch o {
	case PlaceChannel, PlaceSubchannel, PlaceParent, PlaceParentChannel, PlaceEitherChannel:
		return true
	}
	return false
}

// Info describes one scope.
type Info struct {
	Scope    Scope
	Name     string
	Category Category // the category whose role level is asked
	Level    Level    // the level that is needed
	On       On       // what it is asked of
	Sentence string   // what it lets the holder do
	// Documented says that the scope is one of the 37 that users of Anaconda Server know.
	Documented bool
	// AdminOnly says that no role but admin opens it.
	AdminOnly bool
	// Resource says that a resource token can open it.
	Resource bool
}

// row is a line of the catalogue as it is stored: flags and indexes that Decide reads without any conversion.
type row struct {
	name     string
	sentence string
	category uint8 // index into categories
	level    Level
	on       On
	flags    flags
}

type flags uint8

const (
	documented flags = 1 << iota
	resource         // a resource token can open it
	adminOnly        // only the role admin opens it
	ownAny           // any level of the category is enough for one's own account
	costs            // exercising it is a use of a token with max_uses
)

func (f flags) has(g flags) bool { return f&g != 0 }

// Info describes the scope; for an unknown one it is the zero Info.
func (s Scope) Info() Info {
	if !s.Known() {
		return Info{}
	}
	r := &catalogue[s]
	return Info{
		Scope: s, Name: r.name, Category: categories[r.category], Level: r.level, On: r.on, Sentence: r.sentence,
		Documented: r.flags.has(documented), AdminOnly: r.flags.has(adminOnly), Resource: r.flags.has(resource),
	}
}

// Catalogue returns all scopes in their order. The slice is the caller's to keep.
func Catalogue() []Info {
	all := make([]Info, 0, scopeEnd-1)
	for s := Scope(1); s < scopeEnd; s++ {
		all = append(all, s.Info())
	}
	return all
}

// Documented returns the 37 scopes that users of Anaconda Server know, in their order.
func Documented() []Scope {
	var all []Scope
	for s := Scope(1); s < scopeEnd; s++ {
		if catalogue[s].flags.has(documented) {
			all = append(all, s)
		}
	}
	return all
}
