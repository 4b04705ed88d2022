package storetest

import (
	"kingsnake/internal/registry"
)

// channelCounts tests that what is kept of a channel's packages is what they add up to.
func (s *suite) channelCounts() {
	c := s.channel("counted", "private")
	add := func(name string) registry.Artifact {
		a := registry.Artifact{ChannelID: c.ID, Family: registry.FamilyConda, Name: name, LatestVersionKey: []byte{}, CreatedAt: at(0), UpdatedAt: at(0)}
		s.write(func(tx registry.Tx) (err error) { a, err = s.EnsureArtifact(s.ctx(), tx, a); return err })
		return a
	}
	want := func(what string, packages, downloads int64) {
		s.Helper()
		stats, err := s.ChannelStats(s.ctx(), c.ID)
		if err != nil || stats.Packages != packages || stats.Downloads != downloads {
			s.Errorf("%s: %d packages, %d downloads, %v; want %d and %d", what, stats.Packages, stats.Downloads, err, packages, downloads)
		}
		every := []registry.ChannelSet{{Top: true, Sub: true, All: true}}
		for _, f := range []registry.ArtifactFilter{{ChannelID: c.ID, Visible: every}, {ChannelID: c.ID, Visible: every, Families: []string{registry.FamilyConda}}} {
			list, total, err := s.ListArtifacts(s.ctx(), f, registry.Page{Limit: 9})
			if err != nil || total != packages || int64(len(list)) != packages {
				s.Errorf("%s: a list of %d packages, %d in all, %v; want %d", what, len(list), total, err, packages)
			}
		}
	}
	one, two := add("one"), add("two")
	want("without files", 0, 0)
	offer := func(a registry.Artifact, files int64) {
		a.FileCount, a.LatestVersionKey = files, []byte{1}
		s.write(func(tx registry.Tx) error { return s.UpdateArtifact(s.ctx(), tx, a) })
	}
	grow := func(was, a registry.Artifact) {
		a.LatestVersionKey = []byte{1}
		s.write(func(tx registry.Tx) error { return s.GrowArtifact(s.ctx(), tx, was, a) })
	}
	offer(one, 2)
	offer(one, 3)
	was := two
	two.FileCount = 1
	grow(was, two)
	was, two.LatestVersion = two, "2.0"
	grow(was, two)
	same(s, "grown", must[registry.Artifact](s, "read")(s.ArtifactByName(s.ctx(), nil, c.ID, two.Family, two.Name)).LatestVersion, "2.0")
	s.write(func(tx registry.Tx) error { return s.AddDownloads(s.ctx(), tx, 0, one.ID, 5) })
	s.write(func(tx registry.Tx) error { return s.AddDownloads(s.ctx(), tx, 0, two.ID, 2) })
	want("with two packages", 2, 7)
	offer(two, 0)
	want("with one that is hidden", 1, 7)
	s.write(func(tx registry.Tx) error { return s.DeleteArtifact(s.ctx(), tx, one.ID) })
	want("without the first", 0, 2)
	s.write(func(tx registry.Tx) error { return s.DeleteArtifact(s.ctx(), tx, two.ID) })
	want("without both", 0, 0)
}

// boundedTotals tests that a list is counted as far as a page asks for.
func (s *suite) boundedTotals() {
	c := s.channel("bounded", "private")
	for _, name := range []string{"graph-a", "graph-b", "graph-c"} {
		a := registry.Artifact{ChannelID: c.ID, Family: registry.FamilyConda, Name: name, LatestVersionKey: []byte{}, CreatedAt: at(0), UpdatedAt: at(0)}
		s.write(func(tx registry.Tx) (err error) {
			if a, err = s.EnsureArtifact(s.ctx(), tx, a); err != nil {
				return err
			}
			a.FileCount, a.LatestVersionKey = 1, []byte{1}
			return s.UpdateArtifact(s.ctx(), tx, a)
		})
	}
	f := registry.ArtifactFilter{ChannelID: c.ID, Query: "graph", Visible: []registry.ChannelSet{{Top: true, Sub: true, All: true}}}
	for enough, want := range map[int]int64{0: 3, 1: 2, 2: 3, 3: 3} {
		list, total, err := s.ListArtifacts(s.ctx(), f, registry.Page{Limit: 9, Enough: enough})
		if err != nil || total != want || len(list) != 3 {
			s.Errorf("counted up to %d: %d packages, %d in all, %v; want 3 and %d", enough, len(list), total, err, want)
		}
	}
}
