package storetest

import (
	"slices"

	"kingsnake/internal/index"
	"kingsnake/internal/registry"
)

func (s *suite) sources() {
	first, second := s.channel("first", private), s.channel("second", public)
	all, bare := s.channel("all", private), s.channel("bare", private)
	set := func(v registry.Channel, sources ...registry.Channel) {
		s.Helper()
		s.write(func(tx registry.Tx) error { return s.SetChannelSources(s.ctx(), tx, v.ID, sources) })
	}
	paths := func(list []registry.Channel, err error) (names []string) {
		s.Helper()
		s.fails("channels", err, nil)
		for _, c := range list {
			names = append(names, c.Path)
		}
		return names
	}
	set(all, second, first)
	set(bare, first)
	same(s, "sources in order", paths(s.ChannelSources(s.ctx(), nil, all.ID)), []string{"second", "first"})
	same(s, "sources of an ordinary channel", paths(s.ChannelSources(s.ctx(), nil, first.ID)), nil)
	same(s, "virtual channels", paths(s.VirtualChannels(s.ctx(), nil, first.ID)), []string{"all", "bare"})
	list, total, err := s.ListChannels(s.ctx(), registry.ChannelFilter{Visible: []registry.ChannelSet{{Top: true, IDs: []int64{all.ID}}}, SourceID: first.ID}, registry.Page{Limit: 9})
	if same(s, "virtual channels that may be seen", paths(list, err), []string{"all"}); total != 1 {
		s.Errorf("%d virtual channels, want 1", total)
	}

	a, b := s.file(first, "noarch", "a", "1.0", 0), s.file(second, "noarch", "b", "1.0", 0)
	twin := s.file(second, "noarch", "a", "1.0", 0)
	dev := s.file(second, "noarch", "a", "2.0", 0)
	s.relabel(&dev, "dev")
	src := index.Source{Channel: all.ID, Virtual: true, Place: "noarch"}
	files, shard, facts := s.shown(src, "a")
	same(s, "the first source wins", files, []string{twin.Filename, b.Filename})
	if same(s, "in shards too", shard, []string{twin.Filename}); facts != 2 {
		s.Errorf("the facts of %d files, want 2", facts)
	}
	content := func() (sum string) {
		s.Helper()
		found, total, err := s.ListFiles(s.ctx(), nil, registry.FileFilter{VirtualID: all.ID, Name: "a", CKey: a.CKey()}, registry.Page{Limit: 9})
		if err != nil || total != 1 || len(found) != 1 {
			s.Fatalf("%d files, %d in all, %v, want 1", len(found), total, err)
		}
		return found[0].SHA256.String()
	}
	same(s, "its file", content(), twin.SHA256.String())
	set(all, first, second)
	same(s, "in another order", content(), a.SHA256.String())
	files, _, _ = s.shown(index.Source{Channel: all.ID, Virtual: true, Place: "label/dev/noarch"}, "a")
	same(s, "a label of the sources", files, []string{dev.Filename})
	packages, total, err := s.ListArtifacts(s.ctx(), registry.ArtifactFilter{VirtualID: all.ID, Visible: []registry.ChannelSet{{Top: true, Sub: true, All: true}}}, registry.Page{Limit: 9})
	if err != nil || total != 2 || len(packages) != 2 || packages[0].Name != "a" || packages[1].Name != "b" {
		s.Errorf("packages %v, %d in all, %v, want a and b", packages, total, err)
	}
	s.marks(first, second, all, bare)
	s.write(func(tx registry.Tx) error { return s.DeleteChannel(s.ctx(), tx, first.ID) })
	same(s, "a deleted source is none", paths(s.ChannelSources(s.ctx(), nil, all.ID)), []string{"second"})
}

// marks checks that virtual channels change with their sources, and when they get others.
func (s *suite) marks(first, second, all, bare registry.Channel) {
	mark := func(id int64) (out []registry.Marked) {
		s.Helper()
		s.write(func(tx registry.Tx) (err error) { out, err = s.MarkChannel(s.ctx(), tx, id, at(2)); return err })
		slices.SortFunc(out, func(a, b registry.Marked) int { return int(a.ChannelID - b.ChannelID) })
		return out
	}
	generation := func(c registry.Channel) int64 {
		s.Helper()
		n, _, err := s.Generation(s.ctx(), c.ID, "noarch")
		s.fails("generation", err, nil)
		return n
	}
	names := func(c registry.Channel) (names []string) {
		s.Helper()
		for _, x := range must[[]index.Shard](s, "stale")(s.StaleShards(s.ctx(), c.ID, "noarch", "", 9)) {
			names = append(names, x.Name)
		}
		return names
	}
	same(s, "a new virtual channel has the places of its sources", mark(bare.ID), []registry.Marked{{ChannelID: bare.ID, Place: "noarch"}})
	same(s, "and their packages", names(bare), []string{"a"})
	before, beside := generation(all), generation(second)
	same(s, "a source and what is over it", mark(first.ID), []registry.Marked{
		{ChannelID: first.ID, Place: "noarch"}, {ChannelID: all.ID, Place: "noarch"}, {ChannelID: bare.ID, Place: "noarch"},
	})
	if generation(all) != before+1 || generation(second) != beside {
		s.Errorf("generations %d and %d after %d and %d: want one more of the virtual channel alone", generation(all), generation(second), before, beside)
	}
	s.write(func(tx registry.Tx) error {
		marked, err := s.MarkSubdir(s.ctx(), tx, second.ID, "noarch", "c", at(3))
		slices.Sort(marked)
		same(s, "an upload marks what is over the channel", marked, []int64{second.ID, all.ID})
		return err
	})
	if n := generation(all); n != before+2 {
		s.Errorf("generation %d after an upload to a source, want %d", n, before+2)
	}
	same(s, "its package is out of date", names(all), []string{"a", "b", "c"})
}
