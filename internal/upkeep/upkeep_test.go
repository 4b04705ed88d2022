package upkeep_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/blob"
	"kingsnake/internal/registry"
	"kingsnake/internal/servertest"
	"kingsnake/internal/upkeep"
)

func verify(t *testing.T, site *servertest.Site, repair bool) upkeep.Report {
	t.Helper()
	r, err := site.Server.Site().Upkeep.Verify(t.Context(), repair, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// blobFile is where a blob lies on disk.
func blobFile(site *servertest.Site, h blob.Hash) string {
	name := h.String()
	return filepath.Join(site.Dir, "blobs", "sha256", name[:2], name[2:])
}

func newSite(t *testing.T) (*servertest.Site, registry.File) {
	t.Helper()
	site := servertest.New(t)
	site.Channel(site.Admin, "team", api.PrivacyPrivate)
	data, info := servertest.Package(1, random.Options{NoArch: "generic"})
	site.Upload(site.Admin, "team", data, info.Filename)
	s := site.Server.Site()
	c, err := s.Store.ChannelByPath(t.Context(), nil, "team")
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Store.FileByKey(t.Context(), nil, c.ID, "noarch", info.Filename)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Index.Open(t.Context(), c.ID, "noarch", registry.IndexRepodata); err != nil {
		t.Fatal(err)
	}
	return site, f
}

func TestVerifyFindsDamage(t *testing.T) {
	site, f := newSite(t)
	if r := verify(t, site, false); !r.Sound() || r.Files != 1 || r.Indexes == 0 {
		t.Fatalf("a sound site: %+v", r)
	}
	file := blobFile(site, f.SHA256)
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bad := append([]byte{good[0] ^ 1}, good[1:]...)
	if err := os.WriteFile(file, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, site, false); r.Sound() || len(r.Damaged) != 1 {
		t.Errorf("a flipped bit: %+v", r)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, site, true); r.Sound() || len(r.Missing) != 1 {
		t.Errorf("a missing package, which no repair brings back: %+v", r)
	}
}

// TestRepairRebuildsIndexes damages an index file: it is found, and built anew after the repair.
func TestRepairRebuildsIndexes(t *testing.T) {
	site, f := newSite(t)
	s := site.Server.Site()
	p, err := s.Store.Pointer(t.Context(), f.ChannelID, "noarch", registry.IndexRepodata)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(blobFile(site, p.Hash)); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, site, false); r.Sound() || r.BadIndexes != 1 {
		t.Errorf("a missing index: %+v", r)
	}
	if r := verify(t, site, true); !r.Sound() || r.BadIndexes != 1 {
		t.Errorf("after the repair: %+v", r)
	}
	if r := verify(t, site, false); r.BadIndexes != 0 {
		t.Errorf("afterwards: %+v", r)
	}
}

// TestOrphansGoAndTheYoungStay removes what nothing names, but for what was stored a moment ago.
func TestOrphansGoAndTheYoungStay(t *testing.T) {
	site, f := newSite(t)
	s := site.Server.Site()
	orphan, err := blob.Put(t.Context(), s.Blobs, []byte("nothing names this"))
	if err != nil {
		t.Fatal(err)
	}
	if n, _, err := s.Upkeep.RemoveOrphans(t.Context(), time.Hour); n != 0 || err != nil {
		t.Errorf("removed %d young blobs, %v", n, err)
	}
	site.Clock.Advance(2 * time.Hour)
	if n, _, err := s.Upkeep.RemoveOrphans(t.Context(), time.Hour); n != 1 || err != nil {
		t.Errorf("removed %d, %v, want the one orphan", n, err)
	}
	if _, err := s.Blobs.Stat(t.Context(), orphan); err == nil {
		t.Error("the orphan is still there")
	}
	if _, err := s.Blobs.Stat(t.Context(), f.SHA256); err != nil {
		t.Errorf("a named blob went with it: %v", err)
	}
}

// TestTidyLetsOldIndexesGo keeps replaced index files for a while, and then lets the cleanup have them.
func TestTidyLetsOldIndexesGo(t *testing.T) {
	site, f := newSite(t)
	s := site.Server.Site()
	old, err := s.Store.Pointer(t.Context(), f.ChannelID, "noarch", registry.IndexRepodata)
	if err != nil {
		t.Fatal(err)
	}
	data, info := servertest.Package(2, random.Options{NoArch: "generic"})
	site.Upload(site.Admin, "team", data, info.Filename)
	if _, err := s.Index.Open(t.Context(), f.ChannelID, "noarch", registry.IndexRepodata); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after time.Duration
		named bool
	}{{time.Minute, true}, {2 * time.Hour, false}} {
		site.Clock.Advance(step.after)
		if err := s.Upkeep.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if named, err := s.Store.BlobNamed(t.Context(), nil, old.Hash); named != step.named || err != nil {
			t.Errorf("after %s the old index is named: %v, %v", step.after, named, err)
		}
	}
}

// TestRecount: counts that are wrong are reported, mended in the background and counted, and those that are right are left
// alone.
func TestRecount(t *testing.T) {
	site, f := newSite(t)
	s := site.Server.Site()
	if err := s.Service.Searching.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, site, false); r.Kept.Channels != 1 || r.Kept.Packages != 1 || r.Kept.Counts+r.Kept.Words != 0 {
		t.Errorf("before anything is wrong: %+v", r.Kept)
	}
	err := s.Store.Write(t.Context(), func(tx registry.Tx) error {
		return s.Store.MendCount(t.Context(), tx, f.ChannelID, registry.KeptCount{What: registry.KeptBytes, Kept: f.Size, Real: 5 * f.Size})
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, site, false); r.Kept.Counts != 1 || !r.Sound() {
		t.Errorf("a wrong count: %+v, want it reported and the site sound", r.Kept)
	}
	for _, want := range []int64{1, 0} {
		r, err := s.Upkeep.Recount(t.Context())
		if err != nil || r.Counts != want || r.Channels != 1 {
			t.Errorf("round: %+v, %v, want %d wrong", r, err, want)
		}
	}
	if n := s.Upkeep.Corrections(); n != 1 {
		t.Errorf("%d corrections, want 1", n)
	}
	if ch, err := site.Admin.Channel(t.Context(), "team"); err != nil || ch.UsedBytes != f.Size {
		t.Errorf("used = %d, %v, want %d", ch.UsedBytes, err, f.Size)
	}
}
