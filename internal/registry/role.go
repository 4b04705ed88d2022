package registry

import (
	"maps"
	"slices"

	"kingsnake/internal/access"
)

// maxRoles bounds the roles of a site. Every load of a principal reads them all.
const maxRoles = 1000

// foreignCategory is a category that clients of Anaconda Server may name. Here channel:edit covers what it is about, so
// that a role cannot give a level on it.
const foreignCategory = "channel.routes-filtered"

// RoleInput is what somebody asks of a role. Levels are names by the name of their category; a category that is missing,
// or whose level is empty, has none.
type RoleInput struct {
	Name   string
	Levels map[string]string
}

// role reads the input. The name is judged where it is known what it is for.
func (in RoleInput) role() (access.Role, error) {
	r := access.Role{Name: in.Name, Levels: map[access.Category]access.Level{}}
	for _, name := range slices.Sorted(maps.Keys(in.Levels)) {
		level, known := access.ParseLevel(in.Levels[name])
		if in.Levels[name] == "" {
			level, known = access.None, true
		}
		category := access.Category(name)
		switch {
		case !known:
			return r, invalid("permissions", "%s: there is no level %q; the levels are none, read, write, manage", clip(name, 64), clip(in.Levels[name], 64))
		case name == foreignCategory && level == access.None:
		case !category.Known():
			return r, invalid("permissions", "there is no category %q; GET /api/system/resource_types lists them", clip(name, 64))
		case level > access.None:
			r.Levels[category] = level
		}
	}
	return r, nil
}

// validateRoleName judges the name of a role that is to be made or renamed. That of a built-in role is taken, which the
// store says.
func validateRoleName(name string) error {
	switch name {
	case access.RoleEveryone, access.RoleAuthor, access.RoleAdmin:
		return nil
	}
	if !access.ValidRoleName(name) {
		return invalid("name", "role name %q: a lower-case letter comes first, then up to 63 lower-case letters, digits, _ and -", clip(name, 64))
	}
	return nil
}
