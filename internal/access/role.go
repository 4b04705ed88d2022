package access

import "fmt"

// Role is a named set of levels, one per category; a category that is not named has level None.
type Role struct {
	Name   string
	Levels map[Category]Level
}

// The names of the built-in roles.
const (
	RoleEveryone = "everyone"
	RoleAuthor   = "author"
	RoleAdmin    = "admin"
)

// Everyone is the built-in role that every principal holds, anonymous callers too.
func Everyone() Role {
	return Role{Name: RoleEveryone, Levels: map[Category]Level{
		CategoryChannel:         Read,
		CategoryChannelGroup:    Read,
		CategorySubchannel:      Read,
		CategorySubchannelGroup: Read,
		CategoryArtifact:        Read,
	}}
}

// Author is the built-in role that people get when they have an account, unless the site's settings say otherwise.
func Author() Role {
	return Role{Name: RoleAuthor, Levels: map[Category]Level{
		CategoryChannel:         Manage,
		CategoryDefaultChannel:  Manage,
		CategoryChannelGroup:    Manage,
		CategorySubchannel:      Manage,
		CategorySubchannelGroup: Manage,
		CategoryArtifact:        Manage,
		CategoryCVE:             Read,
		CategoryUserToken:       Manage,
	}}
}

// Admin is the built-in role that may do everything. Its holder has Principal.Admin set too, which is what opens the
// channels and accounts of others; the levels alone do not.
func Admin() Role {
	levels := make(map[Category]Level, numCategories)
	for _, c := range categories {
		levels[c] = Manage
	}
	return Role{Name: RoleAdmin, Levels: levels}
}

// ValidRoleName reports whether a custom role may have that name: a lower-case letter, then letters, digits, "_" and
// "-", at most 64 bytes in all, and not the name of a built-in role.
func ValidRoleName(name string) bool {
	if name == "" || len(name) > 64 || name == RoleEveryone || name == RoleAuthor || name == RoleAdmin {
		return false
	}
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || c != '_' && c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

// Validate reports a category or a level that does not exist. The name is judged by ValidRoleName, because only the
// creation of a role has to.
func (r Role) Validate() error {
	for c, l := range r.Levels {
		if !c.Known() {
			return fmt.Errorf("role %s: there is no category %q", r.Name, string(c))
		}
		if !l.Known() {
			return fmt.Errorf("role %s: there is no level %d for category %s", r.Name, uint8(l), c)
		}
	}
	return nil
}

// Scopes is what the role opens: every scope whose level it reaches. Scopes that only admins have are among them for
// the role admin only.
func (r Role) Scopes() ScopeSet {
	ceiling := CeilingOf(r)
	var set ScopeSet
	for s := Scope(1); s < scopeEnd; s++ {
		info := &catalogue[s]
		if info.flags.has(adminOnly) && r.Name != RoleAdmin {
			continue
		}
		if ceiling[info.category] >= info.lowest() {
			set = set.Add(s)
		}
	}
	return set
}

// lowest is the least level of the category that opens the scope for anything at all.
func (r *row) lowest() Level {
	if r.flags.has(ownAny) {
		return min(Read, r.level)
	}
	return r.level
}

// Ceiling is the highest level that a principal's roles give, per category. It is a value, to be compiled once when a
// principal is loaded.
type Ceiling [numCategories]Level

// CeilingOf joins roles: for each category the highest level counts. Levels and categories that do not exist count as
// nothing. Everyone need not be named, because Decide adds it for every principal; Author must be where it applies.
func CeilingOf(roles ...Role) Ceiling {
	var ceiling Ceiling
	for _, r := range roles {
		for c, l := range r.Levels {
			if i := c.index(); i >= 0 && l.Known() {
				ceiling[i] = max(ceiling[i], l)
			}
		}
	}
	return ceiling
}

// Level is the highest level on that category; None for a category that does not exist.
func (c *Ceiling) Level(category Category) Level {
	if i := category.index(); i >= 0 {
		return c[i]
	}
	return None
}

// everyoneLevel is Everyone compiled, written as a switch so that it costs neither memory nor time.
func everyoneLevel(category uint8) Level {
	switch category {
	case iChannel, iChannelGroup, iSubchannel, iSubchannelGroup, iArtifact:
		return Read
	}
	return None
}

// serviceAccountLevel is the fixed ceiling of service accounts: the things of channels, and nothing else.
func serviceAccountLevel(category uint8) Level {
	switch category {
	case iChannel, iChannelGroup, iSubchannel, iSubchannelGroup, iArtifact:
		return Manage
	}
	return None
}
