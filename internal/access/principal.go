package access

import "time"

// PrincipalKind says what sort of principal somebody is.
type PrincipalKind uint8

// The kinds of principals. The zero value is the one with the fewest rights.
const (
	KindAnonymous      PrincipalKind = iota // nobody in particular
	KindUser                                // a person
	KindServiceAccount                      // an account that belongs to a channel and lives by its tokens
	KindSystem                              // the server itself: background jobs, the mirror, local commands
)

// String names the kind as audit entries do.
func (k PrincipalKind) String() string {
	switch k {
	case KindAnonymous:
		return "anonymous"
	case KindUser:
		return "user"
	case KindServiceAccount:
		return "service account"
	case KindSystem:
		return "system"
	}
	return "unknown"
}

// Grant is a level on one channel and the group by which the principal has it.
type Grant struct {
	Level Level
	Group string // the group's name, for explanations; several groups: the one that gives the level
}

// Principal is who somebody is and what they hold, as of now. It is read by many requests at once and must not be
// changed after it has been handed out; a change is a new Principal.
type Principal struct {
	ID   int64
	Kind PrincipalKind
	Name string
	// Active is false for a disabled account, which is then treated like anonymous.
	Active bool
	// Admin says that the principal holds the role admin. It means nothing on service accounts and anonymous.
	Admin bool
	// Roles are the names of the roles held, for explanations; Ceiling is what they amount to. A service account's
	// ceiling is fixed and this one is not read.
	Roles   []string
	Ceiling Ceiling
	// Channels are the levels that the principal's groups give, by channel id. A subchannel has its own entries; that
	// Manage on a channel reaches its subchannels is known here and needs none.
	Channels map[int64]Grant
	// Groups are the principal's levels over groups themselves, by group id: Read to see a group, Manage to change it.
	Groups map[int64]Level
	// Lapses is when the first of the rights that are only lent to the principal ends: from then on it must be read
	// anew. The zero time is never.
	Lapses time.Time
}

// Anonymous returns the principal that stands for callers without a credential, with the built-in role everyone.
func Anonymous() *Principal {
	return &Principal{
		Kind: KindAnonymous, Name: "anonymous", Active: true,
		Roles: []string{RoleEveryone}, Ceiling: CeilingOf(Everyone()),
	}
}

// System returns the principal of a part of the server, such as "mirror" or "local". It may do everything; it exists
// so that what the server does by itself is decided and audited like everything else.
func System(name string) *Principal {
	return &Principal{
		Kind: KindSystem, Name: name, Active: true, Admin: true,
		Roles: []string{RoleAdmin}, Ceiling: CeilingOf(Admin()),
	}
}

// isAdmin reports whether the principal passes everywhere. A service account never does, whatever its record says.
func (p *Principal) isAdmin() bool {
	return p != nil && p.Admin && (p.Kind == KindUser || p.Kind == KindSystem)
}

// loggedIn reports whether the principal is somebody; a nil principal is anonymous.
func (p *Principal) loggedIn() bool {
	return p != nil && (p.Kind == KindUser || p.Kind == KindServiceAccount || p.Kind == KindSystem)
}

// channelLevel is gate 2: the principal's level on an existing channel, and where it comes from.
func (p *Principal) channelLevel(ch *Channel) (Level, Source) {
	if p.isAdmin() {
		return Manage, SourceAdmin
	}
	level, source := None, SourceNone
	switch {
	case ch.Privacy == Public:
		level, source = Read, SourcePublic
	case ch.Privacy == Authenticated && p.loggedIn():
		level, source = Read, SourceAuthenticated
	}
	if !p.loggedIn() {
		return level, source
	}
	if g := p.Channels[ch.ID]; g.Level.Known() && g.Level > level {
		level, source = g.Level, SourceGroup
	}
	if ch.ParentID != 0 && level < Manage && p.Channels[ch.ParentID].Level == Manage {
		level, source = Manage, SourceParent
	}
	return level, source
}
