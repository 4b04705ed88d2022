package storetest

import (
	"errors"

	"kingsnake/internal/index"
	"kingsnake/internal/registry"
)

func (s *suite) filters() {
	c, other := s.channel("team", private), s.channel("other", private)
	rules := registry.Filters{Conda: registry.FamilyFilter{ExcludeLicenses: []registry.LicenseFamily{"gpl3"}, ExcludeSpecs: []string{"a <2"}}}
	settings := registry.ChannelSettings{CVENotifications: &registry.CVENotifications{ScoreIncrease: true, ScoreThreshold: 7.5}}
	s.write(func(tx registry.Tx) error { return s.SetChannelRules(s.ctx(), tx, c.ID, rules, settings) })
	move := func(from, to int64) error {
		return s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.MoveFiltering(s.ctx(), tx, c.ID, from, to) })
	}
	s.fails("begin", move(-1, 1), nil)
	s.fails("go on where it is not", move(7, 8), registry.ErrNoRecord)
	s.fails("go on", move(1, 5), nil)
	c.Filters, c.Settings, c.Filtering = rules, settings, 5
	same(s, "rules", must[registry.Channel](s, "read")(s.ChannelByPath(s.ctx(), nil, "team")), c)
	same(s, "unfinished", must[[]string](s, "read")(s.FilteringChannels(s.ctx())), []string{"team"})
	s.fails("finish", move(5, 0), nil)
	same(s, "finished", must[[]string](s, "read")(s.FilteringChannels(s.ctx())), nil)

	one, two := s.file(c, "noarch", "a", "1.0", 0), s.file(c, "linux-64", "a", "2.0", 1)
	s.file(other, "noarch", "a", "1.0", 0)
	same(s, "files from the first", must[[]registry.File](s, "read")(s.FilesFrom(s.ctx(), nil, c.ID, one.ID, 9)), []registry.File{one, two})
	same(s, "files from the second", must[[]registry.File](s, "read")(s.FilesFrom(s.ctx(), nil, c.ID, one.ID+1, 9)), []registry.File{two})
	same(s, "no more than asked", must[[]registry.File](s, "read")(s.FilesFrom(s.ctx(), nil, c.ID, 1, 1)), []registry.File{one})
	s.write(func(tx registry.Tx) error {
		a := registry.Artifact{ID: one.ArtifactID, FileCount: 1, LatestVersionKey: []byte{}, About: []byte("{}"), Subdirs: []string{"linux-64"}, UpdatedAt: at(1)}
		return errors.Join(s.SetFiltered(s.ctx(), tx, one.ID, registry.CauseExcludeSpecs), s.UpdateArtifact(s.ctx(), tx, a))
	})
	one.Filtered = registry.CauseExcludeSpecs
	same(s, "a hidden file by its name", must[registry.File](s, "read")(s.FileByKey(s.ctx(), nil, c.ID, "noarch", one.Filename)), one)
	s.hidden(c, one, two)
	s.fails("hold the rules", s.Store.Write(s.ctx(), func(tx registry.Tx) error { return holdRules(s, tx, c.ID) }), nil)
	s.fails("hold the rules of nothing", s.Store.Write(s.ctx(), func(tx registry.Tx) error { return holdRules(s, tx, c.ID+99) }), registry.ErrNoRecord)
	s.fileChanges(c, other)
}

// hidden checks that nothing that is offered tells of a hidden file.
func (s *suite) hidden(c registry.Channel, one, two registry.File) {
	list := func(f registry.FileFilter) []registry.File {
		f.ArtifactID = one.ArtifactID
		list, total, err := s.ListFiles(s.ctx(), nil, f, registry.Page{Limit: 9})
		if err != nil || int(total) != len(list) {
			s.Errorf("%d files of %d, %v", len(list), total, err)
		}
		return list
	}
	same(s, "files", list(registry.FileFilter{}), []registry.File{two})
	same(s, "files with the hidden ones", list(registry.FileFilter{Hidden: true}), []registry.File{two, one})
	sum := must[registry.ArtifactSummary](s, "summary")(s.ArtifactSummary(s.ctx(), nil, one.ArtifactID))
	same(s, "summary", sum, registry.ArtifactSummary{Total: 2, FileCount: 1, Subdirs: []string{"linux-64"}, Latest: two})
	none := func(what string) error { s.Errorf("%s tells of a hidden file", what); return nil }
	s.fails("files", s.EachFile(s.ctx(), index.Source{Channel: c.ID, Place: "noarch"}, index.Section{Format: "conda"}, func(index.File) error { return none("the index") }), nil)
	n := 0
	s.fails("facts", s.EachFact(s.ctx(), index.Source{Channel: c.ID}, func([]byte) error { n++; return nil }), nil)
	if n != 1 {
		s.Errorf("facts of %d files, want 1", n)
	}
	same(s, "shard", must[[]index.File](s, "read")(s.ShardFiles(s.ctx(), index.Source{Channel: c.ID, Place: "noarch"}, "a")), nil)
	s.relabel(&one, "dev")
	labels, _, err := s.ListLabels(s.ctx(), c.ID, registry.Page{Limit: 9})
	s.fails("labels", err, nil)
	same(s, "labels without those of hidden files", labels, []registry.Label{{Name: "main", Files: 1}})
	s.relabel(&one, "main")
	all := []registry.ChannelSet{{Top: true, Sub: true, All: true}}
	if _, total, err := s.ListArtifacts(s.ctx(), registry.ArtifactFilter{Visible: all, ChannelID: c.ID, Subdir: "noarch"}, registry.Page{Limit: 9}); err != nil || total != 0 {
		s.Errorf("%d packages for the subdir of a hidden file, %v", total, err)
	}
	s.write(func(tx registry.Tx) error {
		a := registry.Artifact{ID: one.ArtifactID, LatestVersionKey: []byte{}, About: []byte("{}"), UpdatedAt: at(2)}
		return errors.Join(s.SetFiltered(s.ctx(), tx, two.ID, registry.CauseLicense), s.UpdateArtifact(s.ctx(), tx, a))
	})
	sum = must[registry.ArtifactSummary](s, "summary")(s.ArtifactSummary(s.ctx(), nil, one.ArtifactID))
	same(s, "summary of nothing", sum, registry.ArtifactSummary{Total: 2})
	if _, total, err := s.ListArtifacts(s.ctx(), registry.ArtifactFilter{Visible: all, ChannelID: c.ID}, registry.Page{Limit: 9}); err != nil || total != 0 {
		s.Errorf("%d packages of which nothing is offered, %v", total, err)
	}
}

func (s *suite) fileChanges(c, other registry.Channel) {
	old := registry.FileChange{ChannelID: c.ID, CKey: "noarch/a", Cause: registry.CauseLicense, Change: registry.RouteRemoved, At: at(0)}
	young := registry.FileChange{ChannelID: c.ID, CKey: "noarch/a", Cause: registry.CauseLicense, Change: registry.RouteAdded, At: at(5)}
	s.write(func(tx registry.Tx) error {
		return errors.Join(s.InsertFileChange(s.ctx(), tx, old), s.InsertFileChange(s.ctx(), tx, young),
			s.InsertFileChange(s.ctx(), tx, registry.FileChange{ChannelID: other.ID, CKey: "x", At: at(0)}))
	})
	read := func(p registry.Page, want int64) []registry.FileChange {
		list, total, err := s.ListFileChanges(s.ctx(), c.ID, p)
		if err != nil || total != want {
			s.Errorf("%d changes, %v, want %d", total, err, want)
		}
		for i := range list {
			list[i].ID = 0
		}
		return list
	}
	same(s, "changes", read(registry.Page{Limit: 9}, 2), []registry.FileChange{young, old})
	same(s, "the second page", read(registry.Page{Limit: 1, Offset: 1}, 2), []registry.FileChange{old})
	s.write(func(tx registry.Tx) error { return s.PruneFileChanges(s.ctx(), tx, c.ID, at(5)) })
	same(s, "what is left", read(registry.Page{Limit: 9}, 1), []registry.FileChange{young})
}

// holdRules holds the rules of a channel to the end of a write.
func holdRules(s *suite, tx registry.Tx, channel int64) error {
	_, err := s.HoldRules(s.ctx(), tx, channel, 0)
	return err
}

func (s *suite) quotas() {
	c := s.channel("team", private)
	add := func(n int64) error {
		return s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.AddChannelBytes(s.ctx(), tx, c.ID, n) })
	}
	s.fails("without a quota", add(1<<40), nil)
	s.write(func(tx registry.Tx) error { return s.SetChannelQuota(s.ctx(), tx, c.ID, 100) })
	s.fails("above it", add(1), registry.ErrNoRecord)
	s.fails("less is always good", add(-(1<<40)+60), nil)
	s.fails("too much", add(41), registry.ErrNoRecord)
	s.fails("to the last byte", add(40), nil)
	c.UsedBytes, c.QuotaBytes = 100, 100
	same(s, "what was counted", must[registry.Channel](s, "read")(s.ChannelByPath(s.ctx(), nil, "team")), c)
	c.UsedBytes += 7
	s.write(func(tx registry.Tx) error {
		same(s, "what is counted, whatever the quota", must[registry.Channel](s, "hold")(s.HoldRules(s.ctx(), tx, c.ID, 7)), c)
		return nil
	})
	same(s, "what was counted then", must[registry.Channel](s, "read")(s.ChannelByPath(s.ctx(), nil, "team")), c)
	err := s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.SetChannelQuota(s.ctx(), tx, c.ID+99, 1) })
	s.fails("a channel that is gone", err, registry.ErrNoRecord)
}
