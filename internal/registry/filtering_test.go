package registry_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/blob"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/store"
	"kingsnake/internal/upkeep"
)

// largeSite is a site with one large channel, on a database that can be served again by another process.
type largeSite struct {
	db    *store.Store
	dir   string
	admin *access.Caller
	svc   *registry.Service
}

const largeFiles = 2500

// restart serves the database anew, as after a crash: nothing is left but what it holds.
func (s *largeSite) restart(t *testing.T) {
	t.Helper()
	keys, err := identity.LoadKeys(filepath.Join(s.dir, "site.key"))
	if err != nil {
		t.Fatal(err)
	}
	s.svc = registry.New(registry.Options{
		Store: s.db, Feed: &registry.Feed{}, Gate: &upkeep.Gate{}, Mint: keys, Log: slog.New(slog.DiscardHandler),
		Passwords: identity.NewPasswords(identity.Argon2{Memory: 64, Time: 1, Threads: 1}, 1, nil),
	})
}

func newLargeSite(t *testing.T) *largeSite {
	t.Helper()
	s := &largeSite{dir: t.TempDir()}
	var err error
	if s.db, err = store.OpenSQLite(t.Context(), filepath.Join(s.dir, "kingsnake.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.db.Close(); err != nil {
			t.Error(err)
		}
	})
	s.restart(t)
	made, err := s.svc.Accounts.Bootstrap(t.Context(), identity.Local(time.Now()), "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.svc.Directory.Principal(t.Context(), made.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	s.admin = &access.Caller{Principal: p, Via: access.ViaSession}
	c, err := s.svc.Channels.Create(t.Context(), s.admin, registry.Channel{Name: "large"})
	if err != nil {
		t.Fatal(err)
	}
	s.fill(t, c)
	return s
}

// fill puts files into the channel, every other of which is under the GPL.
func (s *largeSite) fill(t *testing.T, c registry.Channel) {
	t.Helper()
	now := time.Now()
	err := s.db.Write(t.Context(), func(tx registry.Tx) error {
		for i := range largeFiles {
			name, license := fmt.Sprintf("p%d", i), []string{"MIT", "GPL-3.0-only"}[i%2]
			a, err := s.db.EnsureArtifact(t.Context(), tx, registry.Artifact{ChannelID: c.ID, Family: "conda", Name: name, LatestVersionKey: []byte{}, CreatedAt: now, UpdatedAt: now})
			if err != nil {
				return err
			}
			f := registry.File{
				ChannelID: c.ID, ArtifactID: a.ID, Subdir: "noarch", Filename: name + "-1.0-0.conda", Format: "conda", Name: name, Version: "1.0", Build: "0",
				VersionKey: []byte{1}, Size: 1, SHA256: blob.Sum([]byte(name)), CreatedAt: now, UpdatedAt: now,
				Record:     json.RawMessage(fmt.Sprintf(`{"name":%q,"version":"1.0","build":"0","build_number":0,"subdir":"noarch","license":%q}`, name, license)),
				RunExports: json.RawMessage("{}"), Facts: json.RawMessage("{}"),
			}
			if _, err := s.db.InsertFile(t.Context(), tx, f); err != nil {
				return err
			}
			a.FileCount, a.LatestVersionKey, a.About = 1, []byte{1}, json.RawMessage("{}")
			if err := s.db.UpdateArtifact(t.Context(), tx, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// offered counts the packages that the channel shows.
func (s *largeSite) offered(t *testing.T) int64 {
	t.Helper()
	c, err := s.svc.Channels.Get(t.Context(), s.admin, "large")
	if err != nil {
		t.Fatal(err)
	}
	return c.ArtifactCount
}

// TestFiltersOfLargeChannels: an edit answers before all files are judged, and a later process does the rest.
func TestFiltersOfLargeChannels(t *testing.T) {
	s := newLargeSite(t)
	edit := func(f registry.FamilyFilter) {
		t.Helper()
		if _, err := s.svc.Channels.Edit(t.Context(), s.admin, "large", registry.ChannelChange{Filters: &registry.Filters{Conda: f}}); err != nil {
			t.Fatal(err)
		}
	}
	edit(registry.FamilyFilter{ExcludeLicenses: []registry.LicenseFamily{registry.LicenseGPL3}})
	if got := s.offered(t); got <= largeFiles/2 || got == largeFiles {
		t.Errorf("%d packages are offered after the edit, want fewer than all and more than in the end", got)
	}
	s.restart(t)
	s.finish(t, largeFiles/2)
	edit(registry.FamilyFilter{ExcludeSpecs: []string{"*"}})
	edit(registry.FamilyFilter{})
	s.restart(t)
	s.finish(t, largeFiles)
	list, total, err := s.listed(t)
	if err != nil || total < largeFiles || len(list) == 0 {
		t.Errorf("%d changes, %v, want at least one for each file", total, err)
	}
}

func (s *largeSite) listed(t *testing.T) ([]registry.FileChange, int64, error) {
	_, list, total, err := s.svc.Filtering.Files(t.Context(), s.admin, "large", registry.Page{Limit: 10})
	return list, total, err
}

// finish runs the work of the background until it is done.
func (s *largeSite) finish(t *testing.T, want int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.svc.Filtering.Run(ctx) }()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		left, err := s.db.FilteringChannels(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the filters are still not applied to all files")
		}
	}
	cancel()
	<-ended
	if got := s.offered(t); got != want {
		t.Errorf("%d packages are offered, want %d", got, want)
	}
}
