package storetest

import (
	"encoding/json"

	"kingsnake/internal/registry"
)

// depends: what packages depend on is known until they change.
func (s *suite) depends() {
	c := s.channel("team", private)
	s.file(c, "noarch", "a", "1.0", 0)
	s.file(c, "noarch", "b", "1.0", 0)
	unknown := func() (names []string, list []registry.Artifact) {
		list = must[[]registry.Artifact](s, "unknown")(s.UnknownDepends(s.ctx(), c.ID, 10))
		for _, a := range list {
			names = append(names, a.Name)
		}
		return names, list
	}
	names, list := unknown()
	same(s, "new packages", names, []string{"a", "b"})
	set := func(a registry.Artifact, names ...string) {
		s.write(func(tx registry.Tx) error { return s.SetDepends(s.ctx(), tx, a, names) })
	}
	users := func(name string) (out []string) {
		f := registry.ArtifactFilter{Visible: []registry.ChannelSet{{Top: true, All: true}}, ChannelID: c.ID, DependsOn: name}
		found, _, err := s.ListArtifacts(s.ctx(), f, registry.Page{Limit: 9})
		s.fails("dependants", err, nil)
		for _, a := range found {
			out = append(out, a.Name)
		}
		return out
	}
	set(list[0], "x", "y")
	set(list[1], "y")
	same(s, "dependants", users("y"), []string{"a", "b"})
	same(s, "dependants", users("x"), []string{"a"})
	set(list[0], "z")
	same(s, "what it was before", users("x"), nil)
	names, _ = unknown()
	same(s, "all are known", names, nil)

	changed := list[1]
	changed.About, changed.LatestVersionKey, changed.UpdatedAt = json.RawMessage(`{}`), []byte("1"), at(9)
	s.write(func(tx registry.Tx) error { return s.UpdateArtifact(s.ctx(), tx, changed) })
	names, _ = unknown()
	same(s, "a changed package", names, []string{"b"})
	set(list[1], "late")
	names, _ = unknown()
	same(s, "one that changed while it was read", names, []string{"b"})
}
