package storetest

import (
	"slices"

	"kingsnake/internal/index"
	"kingsnake/internal/registry"
)

// relabel gives a file other labels.
func (s *suite) relabel(f *registry.File, labels ...string) {
	s.Helper()
	f.Labels = labels
	s.write(func(tx registry.Tx) error { return s.SetFileLabels(s.ctx(), tx, *f) })
}

// shown are the names of the files that a place's repodata.json holds, those of the shard of one package, and how many
// facts there are.
func (s *suite) shown(src index.Source, name string) (files, shard []string, facts int) {
	s.Helper()
	s.fails("files", s.EachFile(s.ctx(), src, index.Section{Format: "conda"}, func(f index.File) error {
		files = append(files, f.Filename)
		return nil
	}), nil)
	for _, f := range must[[]index.File](s, "shard")(s.ShardFiles(s.ctx(), src, name)) {
		shard = append(shard, f.Filename)
	}
	src.Place = src.Place.Labelled("")
	s.fails("facts", s.EachFact(s.ctx(), src, func([]byte) error { facts++; return nil }), nil)
	return files, shard, facts
}

func (s *suite) labels() {
	c, other := s.channel("team", private), s.channel("other", public)
	one, two := s.file(c, "noarch", "a", "1.0", 0), s.file(c, "noarch", "a", "2.0", 0)
	plain, elsewhere := s.file(c, "noarch", "b", "1.0", 0), s.file(other, "noarch", "a", "1.0", 0)
	s.relabel(&one, "dev", "main")
	s.relabel(&two, "dev", "x/y")
	s.relabel(&elsewhere, "dev")
	for _, f := range []registry.File{one, two, plain} {
		same(s, "labels of "+f.Filename, must[registry.File](s, "read")(s.FileByKey(s.ctx(), nil, c.ID, "noarch", f.Filename)), f)
	}
	for place, want := range map[registry.Place][]string{
		"noarch": {one.Filename, plain.Filename}, "label/dev/noarch": {one.Filename, two.Filename}, "label/x/y/noarch": {two.Filename},
		"label/x/noarch": nil, "label/dev/linux-64": nil, "label/Dev/noarch": nil, "label/d%/noarch": nil,
	} {
		files, shard, facts := s.shown(index.Source{Channel: c.ID, Place: place}, "a")
		same(s, string(place), files, want)
		same(s, string(place)+", package a", shard, slices.DeleteFunc(slices.Clone(want), func(f string) bool { return f == plain.Filename }))
		if place.Subdir() == "noarch" && facts != len(want) {
			s.Errorf("%s has the facts of %d files, want %d", place, facts, len(want))
		}
	}
	a := must[registry.Artifact](s, "package")(s.ArtifactByName(s.ctx(), nil, c.ID, "conda", "a"))
	b := must[registry.Artifact](s, "package")(s.ArtifactByName(s.ctx(), nil, c.ID, "conda", "b"))
	a.FileCount, b.FileCount = 2, 1
	a.LatestVersionKey, b.LatestVersionKey = []byte{1}, []byte{1}
	s.write(func(tx registry.Tx) error { return s.UpdateArtifact(s.ctx(), tx, a) })
	s.write(func(tx registry.Tx) error { return s.UpdateArtifact(s.ctx(), tx, b) })
	list, total, err := s.ListLabels(s.ctx(), c.ID, registry.Page{Limit: 2, Offset: 1})
	same(s, "a page of labels", list, []registry.Label{{Name: "main", Files: 2}, {Name: "x/y", Files: 1}})
	if total != 3 || err != nil {
		s.Errorf("%d labels, %v, want 3", total, err)
	}
	found, _, err := s.ListFiles(s.ctx(), nil, registry.FileFilter{ArtifactID: a.ID, Label: "main"}, registry.Page{Limit: 9})
	same(s, "files of main", found, []registry.File{one})
	s.fails("files of main", err, nil)
	s.relabel(&two, "main")
	same(s, "labels are replaced", must[registry.File](s, "read")(s.FileByKey(s.ctx(), nil, c.ID, "noarch", two.Filename)), two)
	s.write(func(tx registry.Tx) error { return s.DeleteFile(s.ctx(), tx, one.ID) })
	files, _, _ := s.shown(index.Source{Channel: c.ID, Place: "label/dev/noarch"}, "a")
	same(s, "labels die with the file", files, nil)
	s.placesExist(c)
}

func (s *suite) placesExist(c registry.Channel) {
	s.write(func(tx registry.Tx) error {
		marked, err := s.MarkSubdir(s.ctx(), tx, c.ID, "label/dev/linux-64", "a", at(1))
		same(s, "marked", marked, []int64{c.ID})
		if err == nil {
			err = s.EnsureSubdir(s.ctx(), tx, c.ID, "label/dev/noarch", at(1))
		}
		return err
	})
	s.write(func(tx registry.Tx) error { return s.EnsureSubdir(s.ctx(), tx, c.ID, "noarch", at(1)) })
	for place, want := range map[string]int64{"label/dev/linux-64": 1, "label/dev/noarch": 0, "noarch": 3} {
		if n, exists, err := s.Generation(s.ctx(), c.ID, place); n != want || !exists || err != nil {
			s.Errorf("%s: generation %d %t %v, want %d", place, n, exists, err, want)
		}
	}
	same(s, "subdirs of main", must[[]index.Subdir](s, "subdirs")(s.Subdirs(s.ctx(), c.ID)), []index.Subdir{{Name: "noarch", Generation: 3}})
	same(s, "stale", must[[]index.Shard](s, "stale")(s.StaleShards(s.ctx(), c.ID, "label/dev/linux-64", "", 9)), []index.Shard{{Name: "a", Generation: 1}})
}
