package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"kingsnake/internal/blob"
	"kingsnake/internal/index"
	"kingsnake/internal/registry"
)

// file puts a package file into a channel, as an upload does.
func (s *suite) file(c registry.Channel, subdir, name, version string, build int64) registry.File {
	s.Helper()
	filename := fmt.Sprintf("%s-%s-%d.conda", name, version, build)
	f := registry.File{
		ChannelID: c.ID, Subdir: subdir, Filename: filename, Format: "conda", Name: name, Version: version, Build: fmt.Sprint(build), BuildNumber: build,
		VersionKey: []byte(version), Size: 100 + build, SHA256: blob.Sum([]byte(c.Path + subdir + filename)), MD5: [16]byte{1, 2},
		Record: json.RawMessage(`{"name":"` + name + `"}`), RunExports: json.RawMessage(`{}`), Facts: json.RawMessage(`{"f":"` + filename + `"}`),
		Uploader: "ada", Labels: []string{"main"}, CreatedAt: at(int(build)), UpdatedAt: at(int(build)),
	}
	s.write(func(tx registry.Tx) error {
		a, err := s.EnsureArtifact(s.ctx(), tx, registry.Artifact{ChannelID: c.ID, Family: "conda", Name: name, LatestVersionKey: []byte{}, CreatedAt: at(0), UpdatedAt: at(0)})
		if err != nil {
			return err
		}
		f.ArtifactID = a.ID
		if f.ID, err = s.InsertFile(s.ctx(), tx, f); err != nil {
			return err
		}
		a.FileCount++
		a.LatestVersionKey = append([]byte{}, a.LatestVersionKey...)
		if err := s.UpdateArtifact(s.ctx(), tx, a); err != nil {
			return err
		}
		_, err = s.MarkSubdir(s.ctx(), tx, c.ID, registry.Place(subdir), name, at(0))
		return err
	})
	return f
}

func (s *suite) packages() {
	c, other := s.channel("team", private), s.channel("other", public)
	one, two := s.file(c, "noarch", "a", "1.0", 0), s.file(c, "linux-64", "a", "2.0", 3)
	s.file(other, "noarch", "b", "1.0", 0)
	same(s, "a file", must[registry.File](s, "read")(s.FileByKey(s.ctx(), nil, c.ID, "noarch", one.Filename)), one)
	err := s.Store.Write(s.ctx(), func(tx registry.Tx) error { _, err := s.InsertFile(s.ctx(), tx, one); return err })
	s.fails("a file name that is taken", err, registry.ErrTaken)

	sum := must[registry.ArtifactSummary](s, "summary")(s.ArtifactSummary(s.ctx(), nil, one.ArtifactID))
	same(s, "what files say together", sum, registry.ArtifactSummary{Total: 2, FileCount: 2, Subdirs: []string{"linux-64", "noarch"}, Latest: two})
	a := registry.Artifact{
		ID: one.ArtifactID, ChannelID: c.ID, ChannelPath: "team", Privacy: "private", Family: "conda", Name: "a", FileCount: 2, LatestVersion: "2.0",
		LatestVersionKey: []byte("2.0"), Summary: "Sum of it", About: json.RawMessage(`{"x":1}`), Subdirs: sum.Subdirs, CreatedAt: at(0), UpdatedAt: at(4),
	}
	s.write(func(tx registry.Tx) error { return s.UpdateArtifact(s.ctx(), tx, a) })
	s.write(func(tx registry.Tx) error { return s.AddDownloads(s.ctx(), tx, one.ID, a.ID, 5) })
	a.DownloadCount, one.DownloadCount = 5, 5
	same(s, "a package", must[registry.Artifact](s, "read")(s.ArtifactByName(s.ctx(), nil, c.ID, "conda", "a")), a)

	all := []registry.ChannelSet{{Top: true, Sub: true, All: true}}
	for what, f := range map[string]registry.ArtifactFilter{
		"of a channel": {Visible: all, ChannelID: c.ID}, "by its summary": {Visible: all, Query: "SUM of"}, "by name": {Visible: all, OnlyNames: []string{"a", "zz"}},
		"by subdir": {Visible: all, Subdir: "linux-64"}, "by change": {Visible: all, UpdatedSince: at(4)},
		"that may be seen": {Visible: []registry.ChannelSet{{Top: true, IDs: []int64{c.ID}}}},
	} {
		list, total, err := s.ListArtifacts(s.ctx(), f, registry.Page{Limit: 9})
		if err != nil || total != 1 {
			s.Errorf("%s: %d packages, %v, want 1", what, total, err)
		}
		same(s, what, list, []registry.Artifact{a})
	}
	if _, total, err := s.ListArtifacts(s.ctx(), registry.ArtifactFilter{}, registry.Page{Limit: 9}); err != nil || total != 0 {
		s.Errorf("who may see nothing finds %d packages, %v", total, err)
	}
	page := registry.Page{Limit: 1, Offset: 1, Sort: []registry.Sort{{By: "ckey", Descending: true}}}
	list, total, err := s.ListFiles(s.ctx(), nil, registry.FileFilter{ArtifactID: a.ID}, page)
	if same(s, "the second page", list, []registry.File{two}); err != nil || total != 2 {
		s.Errorf("%d files, %v, want 2", total, err)
	}
	list, _, err = s.ListFiles(s.ctx(), nil, registry.FileFilter{ArtifactID: a.ID, CKey: one.CKey(), Version: "1.0", Subdirs: []string{"noarch"}}, registry.Page{Limit: 5})
	if same(s, "one file", list, []registry.File{one}); err != nil {
		s.Error(err)
	}
	s.replaceAndDelete(c, one, two)
}

func (s *suite) replaceAndDelete(c registry.Channel, one, two registry.File) {
	one.SHA256, one.Size, one.Uploader, one.UpdatedAt, one.Record = blob.Sum([]byte("new")), 7, "bob", at(8), json.RawMessage(`{"new":1}`)
	s.write(func(tx registry.Tx) error { return s.ReplaceFile(s.ctx(), tx, one) })
	same(s, "a replaced file", must[registry.File](s, "read")(s.FileByKey(s.ctx(), nil, c.ID, "noarch", one.Filename)), one)
	s.write(func(tx registry.Tx) error { return s.DeleteFile(s.ctx(), tx, two.ID) })
	_, err := s.FileByKey(s.ctx(), nil, c.ID, "linux-64", two.Filename)
	s.fails("a deleted file", err, registry.ErrNoRecord)
	s.write(func(tx registry.Tx) error { return s.DeleteArtifact(s.ctx(), tx, one.ArtifactID) })
	_, err = s.FileByKey(s.ctx(), nil, c.ID, "noarch", one.Filename)
	s.fails("a deleted package's file", err, registry.ErrNoRecord)
}

func (s *suite) indexReads() {
	c := s.channel("team", private)
	b, a := s.file(c, "noarch", "b", "1.0", 0), s.file(c, "noarch", "a", "1.0", 0)
	n, exists, err := s.Generation(s.ctx(), c.ID, "noarch")
	if n != 2 || !exists || err != nil {
		s.Errorf("generation %d %t %v, want 2", n, exists, err)
	}
	if n, exists, err := s.Generation(s.ctx(), c.ID, "win-64"); n != 0 || exists || err != nil {
		s.Errorf("a subdir without packages has generation %d %t %v", n, exists, err)
	}
	same(s, "subdirs", must[[]index.Subdir](s, "subdirs")(s.Subdirs(s.ctx(), c.ID)), []index.Subdir{{Name: "noarch", Generation: 2}})
	noarch := index.Source{Channel: c.ID, Place: "noarch"}
	var names, facts []string
	err = s.EachFile(s.ctx(), noarch, index.Section{Format: "conda"}, func(f index.File) error {
		names = append(names, f.Filename+string(f.Record))
		return nil
	})
	same(s, "files in order", names, []string{a.Filename + string(a.Record), b.Filename + string(b.Record)})
	s.fails("files", err, nil)
	for _, other := range []index.Section{{Format: "tar.bz2"}, {Format: "conda", V3: true}} {
		s.fails("another section", s.EachFile(s.ctx(), noarch, other, func(index.File) error { return context.Canceled }), nil)
	}
	s.fails("facts", s.EachFact(s.ctx(), index.Source{Channel: c.ID}, func(raw []byte) error { facts = append(facts, string(raw)); return nil }), nil)
	slices.Sort(facts)
	same(s, "facts", facts, []string{string(a.Facts), string(b.Facts)})

	stale := must[[]index.Shard](s, "stale")(s.StaleShards(s.ctx(), c.ID, "noarch", "", 10))
	same(s, "stale shards", stale, []index.Shard{{Name: "a", Generation: 2}, {Name: "b", Generation: 1}})
	for after, want := range map[string]int{"": 0, "a": 1} {
		same(s, "the next after "+after, must[[]index.Shard](s, "stale")(s.StaleShards(s.ctx(), c.ID, "noarch", after, 1)), stale[want:want+1])
	}
	same(s, "none is left", len(must[[]index.Shard](s, "stale")(s.StaleShards(s.ctx(), c.ID, "noarch", "b", 10))), 0)
	files := must[[]index.File](s, "files")(s.ShardFiles(s.ctx(), noarch, "a"))
	same(s, "a shard's files", files, []index.File{{Filename: a.Filename, Record: a.Record, RunExports: a.RunExports}})
	made := stale[0]
	made.Built, made.Hash = 2, blob.Sum([]byte("shard a"))
	s.write(func(tx registry.Tx) error { return s.SetShards(s.ctx(), tx, c.ID, "noarch", []index.Shard{made}) })
	s.write(func(tx registry.Tx) error {
		return s.SetShards(s.ctx(), tx, c.ID, "noarch", []index.Shard{{Name: "gone", Generation: 3, Built: 3, Hash: made.Hash}})
	})
	older := made
	older.Built, older.Hash = 1, blob.Sum([]byte("older"))
	s.write(func(tx registry.Tx) error { return s.SetShards(s.ctx(), tx, c.ID, "noarch", []index.Shard{older}) })
	same(s, "still stale", must[[]index.Shard](s, "stale")(s.StaleShards(s.ctx(), c.ID, "noarch", "", 10)), stale[1:])
	s.write(func(tx registry.Tx) error {
		return s.SetShards(s.ctx(), tx, c.ID, "noarch", []index.Shard{{Name: "b", Generation: 1, Built: 1}})
	})
	shards := map[string]blob.Hash{}
	s.fails("shards", s.EachShard(s.ctx(), c.ID, "noarch", func(name string, h blob.Hash) error { shards[name] = h; return nil }), nil)
	same(s, "shards", shards, map[string]blob.Hash{"a": made.Hash})
}

func (s *suite) indexKeeps() {
	c := s.channel("team", private)
	newer := index.Pointer{Generation: 5, Hash: blob.Sum([]byte("5")), Size: 9, BuiltAt: at(1)}
	set := func(p index.Pointer) {
		s.write(func(tx registry.Tx) error {
			return s.SetPointer(s.ctx(), tx, c.ID, "noarch", registry.IndexRepodata, p)
		})
	}
	_, err := s.Pointer(s.ctx(), c.ID, "noarch", registry.IndexRepodata)
	s.fails("no index yet", err, registry.ErrNoRecord)
	set(newer)
	set(index.Pointer{Generation: 4, Hash: blob.Sum([]byte("4")), BuiltAt: at(2)})
	same(s, "an older build does not win", must[index.Pointer](s, "read")(s.Pointer(s.ctx(), c.ID, "noarch", registry.IndexRepodata)), newer)

	h := blob.Sum([]byte("shard"))
	holds := func(subdir string, want bool) {
		s.Helper()
		if got := must[bool](s, "holds")(s.HoldsBlob(s.ctx(), c.ID, subdir, "shard", h)); got != want {
			s.Errorf("%s holds the blob: %t, want %t", subdir, got, want)
		}
	}
	hold := func(tx registry.Tx) error { return s.HoldBlobs(s.ctx(), tx, c.ID, "noarch", "shard", at(0), h) }
	replace := func(tx registry.Tx) error {
		return s.ReplaceBlobs(s.ctx(), tx, c.ID, "noarch", "shard", at(3), h)
	}
	lapse := func(tx registry.Tx) error { return s.LapseBlobs(s.ctx(), tx, true, at(4)) }
	s.write(hold)
	holds("noarch", true)
	holds("linux-64", false)
	s.write(lapse)
	holds("noarch", true)
	s.write(replace)
	s.write(func(tx registry.Tx) error { return s.LapseBlobs(s.ctx(), tx, true, at(3)) })
	s.write(func(tx registry.Tx) error { return s.LapseBlobs(s.ctx(), tx, false, at(4)) })
	holds("noarch", true)
	s.write(hold) // It is current again.
	s.write(lapse)
	holds("noarch", true)
	s.write(replace)
	s.write(lapse)
	holds("noarch", false)
}

func (s *suite) namedBlobs() {
	c := s.channel("team", private)
	f := s.file(c, "noarch", "a", "1.0", 0)
	h := blob.Sum([]byte("index"))
	s.write(func(tx registry.Tx) error {
		if err := s.HoldBlobs(s.ctx(), tx, c.ID, "noarch", "repodata.json", at(0), h); err != nil {
			return err
		}
		return s.SetPointer(s.ctx(), tx, c.ID, "noarch", registry.IndexRepodata, index.Pointer{Generation: 1, Hash: h, BuiltAt: at(0)})
	})
	named := func(what string, h blob.Hash, want bool) {
		s.Helper()
		if got := must[bool](s, what)(s.BlobNamed(s.ctx(), nil, h)); got != want {
			s.Errorf("%s is named: %t, want %t", what, got, want)
		}
	}
	named("a package", f.SHA256, true)
	named("an index", h, true)
	named("anything", blob.Sum([]byte("anything")), false)
	var files []string
	s.fails("files", s.EachNamedBlob(s.ctx(), func(name string, got blob.Hash, size int64) error {
		files = append(files, fmt.Sprint(name, got == f.SHA256, size))
		return nil
	}), nil)
	same(s, "package files", files, []string{"team/noarch/a-1.0-0.conda" + "true 100"})
	var indexes []blob.Hash
	s.fails("indexes", s.EachIndexBlob(s.ctx(), func(h blob.Hash) error { indexes = append(indexes, h); return nil }), nil)
	same(s, "index files", indexes, []blob.Hash{h})
	s.write(func(tx registry.Tx) error { return s.ForgetIndexBlob(s.ctx(), tx, h) })
	named("a forgotten index", h, false)
	_, err := s.Pointer(s.ctx(), c.ID, "noarch", registry.IndexRepodata)
	s.fails("its pointer", err, registry.ErrNoRecord)
}

func (s *suite) feed() {
	last := func(want int64) {
		s.Helper()
		if got := must[int64](s, "last")(s.LastChange(s.ctx())); got != want {
			s.Errorf("the feed ends at %d, want %d", got, want)
		}
	}
	last(0)
	changes := []registry.Change{{Kind: registry.ChangedToken, Ref: 5}, {Kind: registry.ChangedChannel, Ref: 6, Name: "team"}}
	s.write(func(tx registry.Tx) error {
		for i, c := range changes {
			if err := s.InsertChange(s.ctx(), tx, c, at(i)); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range int64(40) {
		changes = append(changes, registry.Change{Kind: registry.ChangedFiles, Ref: i, Name: "noarch"})
	}
	s.write(func(tx registry.Tx) error {
		for _, c := range changes[2:] {
			if err := s.InsertChange(s.ctx(), tx, c, at(2)); err != nil {
				return err
			}
		}
		undone := errors.New("undone")
		s.fails("a part that is undone", s.Savepoint(s.ctx(), tx, func() error {
			return errors.Join(s.InsertChange(s.ctx(), tx, changes[0], at(3)), undone)
		}), undone)
		return nil
	})
	got := must[[]registry.Change](s, "changes")(s.ChangesAfter(s.ctx(), 0, 100))
	for i := range got {
		changes[i].Seq = got[i].Seq
	}
	same(s, "changes", got, changes)
	same(s, "later ones", must[[]registry.Change](s, "changes")(s.ChangesAfter(s.ctx(), got[0].Seq, 10)), changes[1:11])
	// The last one stays, so that the end of the feed never goes back.
	s.write(func(tx registry.Tx) error { return s.PruneChanges(s.ctx(), tx, at(100)) })
	same(s, "after pruning", must[[]registry.Change](s, "changes")(s.ChangesAfter(s.ctx(), 0, 10)), changes[len(changes)-1:])
	last(got[len(got)-1].Seq)
}

func (s *suite) settings() {
	_, err := s.Setting(s.ctx(), nil, "a")
	s.fails("a setting never set", err, registry.ErrNoRecord)
	for _, value := range []string{"one", "two", ""} {
		s.write(func(tx registry.Tx) error { return s.set(tx, "a", value) })
		if got, err := s.Setting(s.ctx(), nil, "a"); got != value || err != nil {
			s.Errorf("setting = %q, %v, want %q", got, err, value)
		}
	}
	s.write(func(tx registry.Tx) error { return s.set(tx, "b", "three") })
	same(s, "all settings", must[map[string]string](s, "settings")(s.ListSettings(s.ctx(), nil)), map[string]string{"a": "", "b": "three"})
}

// cleanupHolds lets several hold the cleanup of blobs, each until it lets go or its time is over.
func (s *suite) cleanupHolds() {
	held := func(what string, minutes int, want bool) {
		s.Helper()
		if got := must[bool](s, what)(s.CleanupHeld(s.ctx(), at(minutes))); got != want {
			s.Errorf("%s: held is %t, want %t", what, got, want)
		}
	}
	hold := func(minutes int) (id int64) {
		s.Helper()
		s.write(func(tx registry.Tx) (err error) {
			id, err = s.HoldCleanup(s.ctx(), tx, "backup", at(minutes), at(0))
			return err
		})
		return id
	}
	held("by nobody", 0, false)
	first, second := hold(10), hold(20)
	held("by both", 5, true)
	held("by the second", 15, true)
	held("by nobody any more", 20, false)
	s.write(func(tx registry.Tx) error { return s.RenewHold(s.ctx(), tx, first, at(30), at(9)) })
	held("by the first, longer", 25, true)
	s.fails("a hold that has ended", s.Store.Write(s.ctx(), func(tx registry.Tx) error {
		return s.RenewHold(s.ctx(), tx, second, at(30), at(20))
	}), registry.ErrNoRecord)
	s.write(func(tx registry.Tx) error { return s.PruneHolds(s.ctx(), tx, at(25)) })
	held("after the second was forgotten", 25, true)
	s.write(func(tx registry.Tx) error { return s.ReleaseHold(s.ctx(), tx, first) })
	held("after the first let go", 5, false)
}
