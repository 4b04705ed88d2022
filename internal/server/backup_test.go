package server_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/backup"
	"kingsnake/internal/config"
	"kingsnake/internal/identity"
	"kingsnake/internal/pgtest"
	"kingsnake/internal/registry"
	"kingsnake/internal/s3test"
	"kingsnake/internal/server"
	"kingsnake/internal/servertest"
	"kingsnake/internal/store"
)

// backupOf copies a running site into memory.
func backupOf(t *testing.T, site *servertest.Site, progress func(done, all int)) ([]byte, backup.Report) {
	t.Helper()
	var b bytes.Buffer
	r, err := site.Server.Site().Backup(t.Context(), site.Config, server.BackupOptions{Stream: &b, Progress: progress})
	if err != nil {
		t.Fatalf("backup: %v", err)
	}
	return b.Bytes(), r
}

// emptySite is where a site can be restored to, in the kinds of database and storage that the tests use.
func emptySite(t *testing.T) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	if pgtest.Wanted() {
		cfg.Database = config.Secret(pgtest.New(t))
	}
	if s3test.Wanted() {
		cfg.Blobs = s3test.Location(t)
	}
	return cfg
}

// at opens a site where another one is configured to be.
func at(there config.Config) func(*config.Config) {
	return func(c *config.Config) { c.Database, c.Blobs = there.Database, there.Blobs }
}

// restored restores a backup and opens the site, on which no server runs.
func restored(t *testing.T, cfg config.Config, from *backup.Copy) *server.Site {
	t.Helper()
	if _, err := server.Restore(t.Context(), cfg, from); err != nil {
		t.Fatalf("restore: %v", err)
	}
	s, err := server.OpenSite(t.Context(), cfg, server.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatalf("open the restored site: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Store.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// sound fails unless all files of a site and its audit are what they were, and gives the number of packages.
func sound(t *testing.T, s *server.Site) int {
	t.Helper()
	r, err := s.Upkeep.Verify(t.Context(), false, func(int) {})
	if err != nil || !r.Sound() {
		t.Errorf("the restored site: %+v, %v, want it sound", r, err)
	}
	audit, err := s.Service.Audit.Verify(t.Context(), identity.Local(s.Upkeep.Now()), nil, func(int64) {})
	if err != nil || !audit.Sound() || audit.Rows == 0 {
		t.Errorf("the restored audit: %+v, %v, want it sound", audit, err)
	}
	return r.Files
}

// records are all lines of a site's records, in an order that does not depend on the database.
func records(t *testing.T, db *store.Store) []string {
	t.Helper()
	var b bytes.Buffer
	if _, err := db.Export(t.Context(), &b, "sessions", "blob_holds", "doomed_blobs"); err != nil {
		t.Fatal(err)
	}
	return sortedLines(b.String())
}

// recordsIn are those of a backup: a running site may have other ones a moment later.
func recordsIn(t *testing.T, data []byte) []string {
	t.Helper()
	for in := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := in.Next()
		if err != nil {
			t.Fatalf("look for the records: %v", err)
		}
		if h.Name != "records.jsonl.zst" {
			continue
		}
		z, err := zstd.NewReader(in)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		z.Close()
		if err != nil {
			t.Fatal(err)
		}
		return sortedLines(string(text))
	}
}

func sortedLines(text string) (lines []string) {
	var table string
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, `{"table":`); ok {
			table, _, _ = strings.Cut(name, ",")
		}
		if table == `"settings"` && strings.Contains(line, `"s3://`) {
			continue // It names the bucket, and that of another site is another one.
		}
		lines = append(lines, table+" "+line)
	}
	slices.Sort(lines)
	return lines
}

// busySite has something of everything that is easily had.
func busySite(t *testing.T, options ...func(*config.Config)) *servertest.Site {
	t.Helper()
	site := servertest.New(t, options...)
	ada := site.User("ada")
	site.Channel(ada, "team", api.PrivacyPrivate)
	site.Channel(ada, "open", api.PrivacyPublic)
	for i := range uint64(4) {
		data, info := servertest.Package(i, random.Options{NoArch: "generic"})
		site.Upload(ada, "team", data, info.Filename)
	}
	site.ResourceToken(ada, "team", api.LevelRead)
	gone := site.ResourceToken(ada, "open", api.LevelRead)
	if err := ada.DeleteToken(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	s := site.Server.Site()
	c, err := s.Store.ChannelByPath(t.Context(), nil, "team")
	if err != nil {
		t.Fatal(err)
	}
	// All that is built in the background is there by then, so that nothing comes between two backups.
	for _, kind := range []registry.IndexKind{registry.IndexShards, registry.IndexRepodata} {
		if _, err := s.Index.Open(t.Context(), c.ID, "noarch", kind); err != nil {
			t.Fatal(err)
		}
	}
	return site
}

// TestRestoredSiteIsTheSame restores a site and compares every row; then it serves, to the same accounts and tokens.
func TestRestoredSiteIsTheSame(t *testing.T) {
	site := busySite(t)
	token := site.ResourceToken(site.Login("ada", servertest.UserPassword), "team", api.LevelRead)
	data, report := backupOf(t, site, nil)
	if !report.Whole() || report.Blobs < 5 || report.Copied != report.Blobs {
		t.Errorf("report = %+v, want all packages and index files copied", report)
	}
	want := recordsIn(t, data)
	cfg := emptySite(t)
	if _, err := server.Restore(t.Context(), cfg, backup.FromStream(bytes.NewReader(data))); err != nil {
		t.Fatal(err)
	}
	again := servertest.Open(t, cfg.DataDir, at(cfg))
	if n := sound(t, again.Server.Site()); n != 4 {
		t.Errorf("%d packages are restored, want 4", n)
	}
	if _, err := again.Token(token.Secret).Artifacts(t.Context(), "team", client.ArtifactFilter{}); err != nil {
		t.Errorf("a token of before: %v", err)
	}
	for _, name := range []string{"kingsnake.db", "site.key"} {
		info, err := os.Stat(filepath.Join(cfg.DataDir, name))
		if cfg.Database != "" && name == "kingsnake.db" {
			continue
		}
		if err != nil || info.Mode().Perm()&0o077 != 0 && name == "site.key" {
			t.Errorf("%s: %v, %v, want it readable by its owner only", name, info, err)
		}
	}
	// A server that runs writes, so the comparison is with a third site.
	third := restored(t, emptySite(t), backup.FromStream(bytes.NewReader(data)))
	if diff := cmp.Diff(want, records(t, third.Store)); diff != "" {
		t.Errorf("records (-site +restored):\n%s", diff)
	}
}

// TestBackupGoesIntoTheOtherDatabase takes a site from SQLite to PostgreSQL and back, and compares every row.
func TestBackupGoesIntoTheOtherDatabase(t *testing.T) {
	postgres := emptySite(t)
	postgres.Database = config.Secret(pgtest.New(t))
	site := busySite(t)
	data, _ := backupOf(t, site, nil)
	want := recordsIn(t, data)
	for _, database := range []config.Secret{postgres.Database, ""} {
		cfg := emptySite(t)
		cfg.Database = database
		if _, err := server.Restore(t.Context(), cfg, backup.FromStream(bytes.NewReader(data))); err != nil {
			t.Fatalf("restore: %v", err)
		}
		db, err := openRestored(t, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, records(t, db)); diff != "" {
			t.Errorf("records in %q (-site +restored):\n%s", database, diff)
		}
		// Numbers go on behind the last.
		var id int64
		err = db.Write(t.Context(), func(tx registry.Tx) (err error) {
			id, err = db.HoldCleanup(t.Context(), tx, "test", site.Clock.Now(), site.Clock.Now())
			return err
		})
		if err != nil || id == 0 {
			t.Errorf("the next row: %d, %v", id, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	postgres.DataDir = t.TempDir()
	if _, err := server.Restore(t.Context(), postgres, backup.FromStream(bytes.NewReader(data))); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("restore into the same database again: %v, want ErrNotEmpty", err)
	}
}

func openRestored(t *testing.T, cfg config.Config) (*store.Store, error) {
	t.Helper()
	if cfg.Database != "" {
		return store.OpenPostgres(t.Context(), store.Postgres{URL: string(cfg.Database)})
	}
	return store.OpenSQLite(t.Context(), filepath.Join(cfg.DataDir, "kingsnake.db"))
}

// TestNumbersAreNeverGivenTwice restores a site whose latest accounts are gone: a right that somebody wrote down for one
// of them must not become that of a new account.
func TestNumbersAreNeverGivenTwice(t *testing.T) {
	site := servertest.New(t)
	site.User("ada")
	ada, err := site.Server.Site().Store.UserByName(t.Context(), nil, "ada")
	if err != nil {
		t.Fatal(err)
	}
	if err := site.Admin.DeleteUser(t.Context(), ada.PublicID, true); err != nil {
		t.Fatal(err)
	}
	data, _ := backupOf(t, site, nil)
	cfg := emptySite(t)
	if _, err := server.Restore(t.Context(), cfg, backup.FromStream(bytes.NewReader(data))); err != nil {
		t.Fatal(err)
	}
	again := servertest.Open(t, cfg.DataDir, at(cfg))
	again.User("bob")
	bob, err := again.Server.Site().Store.UserByName(t.Context(), nil, "bob")
	if err != nil || bob.ID <= ada.ID {
		t.Errorf("the next account has the number %d, %v, want one after %d", bob.ID, err, ada.ID)
	}
}

// TestCleanupWaitsForABackup deletes all packages in the middle of a backup, and cleans up.
func TestCleanupWaitsForABackup(t *testing.T) {
	site := busySite(t)
	keeper := site.Server.Site().Upkeep
	// Blobs that other servers may be storing have to be old.
	site.Clock.Advance(2 * time.Hour)
	clean := func() int {
		t.Helper()
		n, _, err := keeper.Clean(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	data, report := backupOf(t, site, func(done, _ int) {
		if done != 1 {
			return
		}
		if err := site.Admin.DeleteChannel(t.Context(), "team"); err != nil {
			t.Fatal(err)
		}
		if n := clean(); n != 0 {
			t.Errorf("%d blobs were deleted during a backup", n)
		}
	})
	if !report.Whole() {
		t.Errorf("report = %+v, want nothing missing", report)
	}
	if n := sound(t, restored(t, emptySite(t), backup.FromStream(bytes.NewReader(data)))); n != 4 {
		t.Errorf("%d packages are restored, want the 4 of before", n)
	}
	if n := clean(); n < 4 {
		t.Errorf("%d blobs were deleted after the backup, want the 4 packages at least", n)
	}
}

// TestBackupUnderLoad makes backups of each kind while packages come and go and the cleanup runs, and restores each.
func TestBackupUnderLoad(t *testing.T) {
	site := servertest.New(t)
	ada := site.User("ada")
	site.Channel(ada, "kept", api.PrivacyPrivate)
	site.Channel(ada, "busy", api.PrivacyPrivate)
	var kept atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	defer load.Wait()
	defer stop()
	for worker := range uint64(3) {
		load.Go(func() {
			for i := uint64(0); ctx.Err() == nil; i++ {
				if err := loadStep(ctx, ada, worker<<32|i, &kept); err != nil && ctx.Err() == nil {
					t.Errorf("load: %v", err)
					return
				}
			}
		})
	}
	load.Go(func() {
		for ctx.Err() == nil {
			if _, _, err := site.Server.Site().Upkeep.Clean(ctx, nil); err != nil && ctx.Err() == nil {
				t.Errorf("cleanup: %v", err)
				return
			}
		}
	})
	dir := t.TempDir()
	for round, to := range []server.BackupOptions{
		{File: filepath.Join(dir, "one.tar")}, {Folder: filepath.Join(dir, "many")}, {Folder: filepath.Join(dir, "many"), Keep: 1},
	} {
		for before := kept.Load(); kept.Load() < before+4 && !t.Failed(); {
			if err := loadStep(ctx, ada, 1<<60|uint64(kept.Load()), &kept); err != nil {
				t.Fatal(err)
			}
		}
		least := kept.Load()
		// Copies in a folder are named by the second.
		site.Clock.Advance(2 * time.Second)
		r, err := site.Server.Site().Backup(t.Context(), site.Config, to)
		if err != nil || !r.Whole() {
			t.Fatalf("backup %d: %+v, %v", round, r, err)
		}
		if round == 2 && r.Copied >= r.Blobs {
			t.Errorf("the second copy in a folder copied all %d blobs again", r.Blobs)
		}
		from, closing := open(t, to)
		n := sound(t, restored(t, emptySite(t), from))
		if err := closing.Close(); err != nil {
			t.Error(err)
		}
		if int64(n) < least {
			t.Errorf("backup %d has %d packages, want at least the %d that were acknowledged before", round, n, least)
		}
	}
	if names, err := backup.Snapshots(filepath.Join(dir, "many")); len(names) != 1 || err != nil {
		t.Errorf("snapshots = %v, %v, want the last one", names, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "one.tar")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode of the file is %v, %v, want 0600", info.Mode(), err)
	}
}

// loadStep uploads a package that stays, and one that is replaced and deleted.
func loadStep(ctx context.Context, c *client.Client, seed uint64, kept *atomic.Int64) error {
	for i, channel := range []string{"kept", "busy", "busy"} {
		data, info := servertest.Package(2*seed+uint64(i), random.Options{NoArch: "generic", Name: fmt.Sprintf("p%d-%s", seed, channel), Version: "1.0", Build: "0"})
		up := client.Upload{Filename: info.Filename, Content: bytes.NewReader(data), Size: int64(len(data)), Force: true}
		if _, err := c.Upload(ctx, channel, up); err != nil {
			return err
		}
		if i == 0 {
			kept.Add(1)
		}
	}
	return c.DeleteArtifact(ctx, "busy", fmt.Sprintf("p%d-busy", seed))
}

func open(t *testing.T, to server.BackupOptions) (*backup.Copy, io.Closer) {
	t.Helper()
	if to.Folder != "" {
		return backup.FromFolder(to.Folder, ""), io.NopCloser(nil)
	}
	f, err := os.Open(to.File)
	if err != nil {
		t.Fatal(err)
	}
	return backup.FromStream(f), f
}

// TestDamagedBackupsAreRefused cuts a backup off and changes bytes of it: nothing of it is left in the data folder.
func TestDamagedBackupsAreRefused(t *testing.T) {
	site := busySite(t)
	data, _ := backupOf(t, site, nil)
	refused := func(what string, damaged []byte) {
		t.Helper()
		if _, err := backup.FromStream(bytes.NewReader(damaged)).Verify(t.Context()); err == nil {
			t.Errorf("%s: the backup is taken for a whole one", what)
		}
	}
	// The end of a tar archive is two empty blocks, without which it can be read.
	ends := partEnds(t, data)
	for i, end := range ends[:len(ends)-1] {
		refused(fmt.Sprintf("cut off after part %d", i), data[:end])
		refused(fmt.Sprintf("cut off within part %d", i+1), data[:end+700])
		refused(fmt.Sprintf("one bit of part %d", i), flipped(data, int(end)-1))
	}
	cfg := emptySite(t)
	for _, damaged := range [][]byte{data[:ends[len(ends)-2]], flipped(data, int(ends[2])-1)} {
		if _, err := server.Restore(t.Context(), cfg, backup.FromStream(bytes.NewReader(damaged))); err == nil {
			t.Error("a damaged backup was restored")
		}
		entries, err := os.ReadDir(cfg.DataDir)
		if err != nil || len(entries) != 1 || entries[0].Name() != "server.lock" {
			t.Errorf("the data folder holds %v, %v afterwards, want the lock only", entries, err)
		}
	}
	restored(t, cfg, backup.FromStream(bytes.NewReader(data)))
	if _, err := server.Restore(t.Context(), cfg, backup.FromStream(bytes.NewReader(data))); !errors.Is(err, server.ErrNotEmpty) {
		t.Errorf("restore over a site: %v, want ErrNotEmpty", err)
	}
}

// flipped is data with a bit changed.
func flipped(data []byte, at int) []byte {
	out := bytes.Clone(data)
	out[at] ^= 1
	return out
}

// partEnds gives where the content of each part of a tar archive ends.
func partEnds(t *testing.T, data []byte) (ends []int64) {
	t.Helper()
	r := bytes.NewReader(data)
	for in := tar.NewReader(r); ; {
		_, err := in.Next()
		if errors.Is(err, io.EOF) {
			return ends
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, in); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, r.Size()-int64(r.Len()))
	}
}

// TestHalfARestoreIsNoSite finds a folder as a killed restore leaves it: no server takes it, and a restore begins anew.
func TestHalfARestoreIsNoSite(t *testing.T) {
	site := busySite(t)
	data, _ := backupOf(t, site, nil)
	cfg := emptySite(t)
	for name, content := range map[string]string{"restore.unfinished": "", "restore.records": "half", "kingsnake.db": "half", "site.key": "half"} {
		if err := os.WriteFile(filepath.Join(cfg.DataDir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := server.OpenSite(t.Context(), cfg, server.Options{Log: slog.New(slog.DiscardHandler)}); !errors.Is(err, server.ErrUnfinished) {
		t.Errorf("open half a restore: %v, want ErrUnfinished", err)
	}
	if err := server.Run(t.Context(), cfg, server.Options{Log: slog.New(slog.DiscardHandler)}, io.Discard); !errors.Is(err, server.ErrUnfinished) {
		t.Errorf("serve half a restore: %v, want ErrUnfinished", err)
	}
	sound(t, restored(t, cfg, backup.FromStream(bytes.NewReader(data))))
}

// TestBackupOfADamagedSite copies what is there, and says what is not.
func TestBackupOfADamagedSite(t *testing.T) {
	site := busySite(t, servertest.InFiles)
	s := site.Server.Site()
	folder := server.BackupOptions{Folder: filepath.Join(t.TempDir(), "b")}
	if r, err := s.Backup(t.Context(), site.Config, folder); err != nil || !r.Whole() {
		t.Fatalf("backup: %+v, %v", r, err)
	}
	files, err := filepath.Glob(filepath.Join(site.Dir, "blobs", "sha256", "*", "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("blobs: %v, %v", files, err)
	}
	slices.Sort(files)
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[1], flipped(content, 0), 0o600); err != nil {
		t.Fatal(err)
	}
	data, r := backupOf(t, site, nil)
	if len(r.Missing) != 1 || len(r.Damaged) != 1 {
		t.Errorf("report = %+v, want one missing and one damaged", r)
	}
	m, err := server.Restore(t.Context(), emptySite(t), backup.FromStream(bytes.NewReader(data)))
	if err != nil || m.Whole() {
		t.Errorf("restore = %+v, %v, want what is there and no word that it is whole", m, err)
	}
	// The folder has them from before.
	site.Clock.Advance(2 * time.Second)
	if r, err := s.Backup(t.Context(), site.Config, folder); err != nil || !r.Whole() || r.Copied != 0 {
		t.Errorf("the second copy in the folder: %+v, %v, want all files, and none new", r, err)
	}
	sound(t, restored(t, emptySite(t), backup.FromFolder(folder.Folder, "")))
}
