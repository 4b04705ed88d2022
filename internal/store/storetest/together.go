package storetest

import (
	"encoding/json"
	"fmt"

	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
)

// together tests that what is written at once is what is written one by one.
func (s *suite) together() {
	c := s.channel("together", private)
	ensure := func(tx registry.Tx, names ...string) map[string]registry.Artifact {
		var list []registry.Artifact
		for _, name := range names {
			list = append(list, registry.Artifact{ChannelID: c.ID, Family: registry.FamilyConda, Name: name, LatestVersionKey: []byte{}, CreatedAt: at(0), UpdatedAt: at(0)})
		}
		got, err := s.EnsureArtifacts(s.ctx(), tx, c.ID, registry.FamilyConda, list)
		if err != nil || len(got) != len(names) {
			s.Fatalf("%d packages, %v; want %d", len(got), err, len(names))
		}
		return got
	}
	var had registry.Artifact
	s.write(func(tx registry.Tx) error { had = ensure(tx, "a")["a"]; return nil })
	files := make([]registry.File, 35) // It takes each of the statements that there are for several.
	for i := range files {
		name := fmt.Sprintf("a-%d-0.conda", i)
		files[i] = registry.File{
			ChannelID: c.ID, Subdir: []string{"noarch", "linux-64"}[i%2], Filename: name, Format: "conda", Name: "a", Version: fmt.Sprint(i), Build: "0",
			VersionKey: []byte{byte(i)}, Size: int64(i), SHA256: blob.Sum([]byte(name)), MD5: [16]byte{byte(i)}, Record: json.RawMessage(`{"i":` + fmt.Sprint(i) + `}`),
			RunExports: json.RawMessage(`{}`), Facts: json.RawMessage(`{}`), Uploader: "ada", Labels: []string{"main"}, CreatedAt: at(i), UpdatedAt: at(i),
		}
	}
	var made map[string]registry.Artifact
	s.write(func(tx registry.Tx) error {
		made = ensure(tx, "b", "a", "c")
		same(s, "a package that was there", made["a"], had)
		for i := range files {
			files[i].ArtifactID = had.ID
		}
		ids, err := s.InsertFiles(s.ctx(), tx, files)
		for i, id := range ids {
			files[i].ID = id
		}
		return err
	})
	for _, f := range files {
		same(s, "a file", must[registry.File](s, "read")(s.FileByKey(s.ctx(), nil, c.ID, f.Subdir, f.Filename)), f)
	}
	next := files[0]
	next.Filename = "a-99-0.conda"
	err := s.Store.Write(s.ctx(), func(tx registry.Tx) error {
		_, err := s.InsertFiles(s.ctx(), tx, []registry.File{next, files[1]})
		return err
	})
	s.fails("a file name that is taken, among others", err, registry.ErrTaken)
	_, err = s.FileByKey(s.ctx(), nil, c.ID, next.Subdir, next.Filename)
	s.fails("a file of that write", err, registry.ErrNoRecord)
	s.growTogether(c, made)

	var marked []int64
	s.write(func(tx registry.Tx) (err error) {
		marked, err = s.MarkNames(s.ctx(), tx, c.ID, "noarch", []string{"b", "a"}, at(1))
		return err
	})
	same(s, "who shows it", marked, []int64{c.ID})
	same(s, "the names of a place", must[[]string](s, "names")(s.Names(s.ctx(), c.ID, "noarch")), []string{"a", "b"})
	n, exists, err := s.Generation(s.ctx(), c.ID, "noarch")
	if err != nil || !exists || n != 1 {
		s.Errorf("generation %d, %v, %v; want 1", n, exists, err)
	}
}

// growTogether offers files of two packages of three.
func (s *suite) growTogether(c registry.Channel, made map[string]registry.Artifact) {
	var list []registry.Growth
	for i, name := range []string{"a", "b"} {
		g := registry.Growth{Was: made[name], Now: made[name]}
		g.Now.FileCount, g.Now.LatestVersion, g.Now.LatestVersionKey = int64(i+1), "2."+name, []byte{2, byte(i)}
		g.Now.Summary, g.Now.About, g.Now.Subdirs, g.Now.UpdatedAt = "what "+name+" is", json.RawMessage(`{"n":"`+name+`"}`), []string{"noarch"}, at(9)
		list = append(list, g)
	}
	s.write(func(tx registry.Tx) error { return s.GrowArtifacts(s.ctx(), tx, c.ID, list) })
	for _, g := range list {
		same(s, "a package that grew", must[registry.Artifact](s, "read")(s.ArtifactByName(s.ctx(), nil, c.ID, registry.FamilyConda, g.Now.Name)), g.Now)
	}
	same(s, "another package", must[registry.Artifact](s, "read")(s.ArtifactByName(s.ctx(), nil, c.ID, registry.FamilyConda, "c")), made["c"])
	stats, err := s.ChannelStats(s.ctx(), c.ID)
	if err != nil || stats.Packages != 2 {
		s.Errorf("%d packages are counted, %v; want 2", stats.Packages, err)
	}
	if there, err := s.WordsToLearn(s.ctx()); err != nil || !there {
		s.Errorf("words to learn: %v, %v", there, err)
	}
	gone := registry.Growth{Was: list[0].Now, Now: list[0].Now}
	gone.Now.ID = -1
	err = s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.GrowArtifacts(s.ctx(), tx, c.ID, []registry.Growth{gone}) })
	s.fails("a package that is not there", err, registry.ErrNoRecord)
}
