package server_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/blob"
	"kingsnake/internal/identity"
	"kingsnake/internal/pgtest"
	"kingsnake/internal/registry"
	"kingsnake/internal/server"
	"kingsnake/internal/servertest"
)

// capSysAdmin is the number of the capability that mounting needs.
const capSysAdmin = 21

// smallDisk mounts a file system of some megabytes in memory, since no right to a file stops root from writing. Where the
// test may not mount, it is skipped and says so.
func smallDisk(t *testing.T, dir string, megabytes int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "CapEff:")
	caps, err := strconv.ParseUint(strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0]), 16, 64)
	if err != nil {
		t.Fatalf("capabilities: %v", err)
	}
	if caps&(1<<capSysAdmin) == 0 {
		t.Skip("this needs to mount a small disk, which takes root with CAP_SYS_ADMIN; run the test as root outside of a container without it")
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", megabytes)); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mount: %v", err)
		}
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// fill leaves no byte free on a disk, until the file that it gives is removed.
func fill(t *testing.T, dir string) string {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	page := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(page)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("fill the disk: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// outage is a site with a package, whose disk or clock fails, and what is known to be in it. Its blobs are always in files.
type outage struct {
	*testing.T
	site     *servertest.Site
	token    string
	file     string
	data     []byte
	channels []string
	next     uint64
}

func newOutage(t *testing.T, dir string) *outage {
	t.Helper()
	o := &outage{T: t, site: servertest.Open(t, dir, servertest.InFiles)}
	o.site.Channel(o.site.Admin, "team", api.PrivacyPrivate)
	data, info := servertest.Package(1, random.Options{NoArch: "generic"})
	o.site.Upload(o.site.Admin, "team", data, info.Filename)
	o.token, o.file, o.data = o.site.ResourceToken(o.site.Admin, "team", api.LevelRead).Secret, info.Filename, data
	o.reads()
	return o
}

// get asks with the token.
func (o *outage) get(path string) (*http.Response, string) {
	o.Helper()
	resp, err := http.Get(o.site.URL + path) //nolint:gosec // The URL is the test's own server.
	if err != nil {
		o.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		o.Fatal(err)
	}
	return resp, string(body)
}

// reads fails unless what is stored can be had.
func (o *outage) reads() {
	o.Helper()
	if resp, body := o.get("/t/" + o.token + "/team/noarch/repodata.json"); resp.StatusCode != http.StatusOK || !strings.Contains(body, o.file) {
		o.Errorf("repodata.json: %s %s", resp.Status, body)
	}
	if resp, body := o.get("/t/" + o.token + "/team/noarch/" + o.file); resp.StatusCode != http.StatusOK || body != string(o.data) {
		o.Errorf("the package: %s with %d bytes, want its %d", resp.Status, len(body), len(o.data))
	}
}

// ready fails unless /readyz answers with a status, at some time.
func (o *outage) ready(want int) {
	o.Helper()
	var last string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		resp, body := o.get("/readyz")
		if resp.StatusCode == want {
			return
		}
		last = resp.Status + " " + body
	}
	o.Errorf("/readyz answers %s, want %d", last, want)
}

// upload sends a package of its own.
func (o *outage) upload() error {
	o.next++
	data, info := servertest.Package(100+o.next, random.Options{NoArch: "generic"})
	_, err := o.site.Admin.Upload(o.Context(), "team", client.Upload{Filename: info.Filename, Content: bytes.NewReader(data), Size: int64(len(data))})
	return err
}

// channel makes a channel and remembers it if the server says that it is there.
func (o *outage) channel() error {
	o.next++
	name := fmt.Sprintf("channel-%d", o.next)
	_, err := o.site.Admin.CreateChannel(o.Context(), api.ChannelCreate{Name: name, Privacy: api.PrivacyPrivate})
	if err == nil {
		o.channels = append(o.channels, name)
	}
	return err
}

// refused fails unless an error is an answer with a status that says when it may end.
func (o *outage) refused(what string, err error, status int) {
	o.Helper()
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Status != status {
		o.Errorf("%s: %v, want status %d", what, err, status)
		return
	}
	if status == http.StatusServiceUnavailable && e.RetryAfter == 0 {
		o.Errorf("%s: %v, without Retry-After", what, err)
	}
	if e.Problem.Message == "" || strings.Contains(e.Problem.Message, "request id") {
		o.Errorf("%s is refused with %q, which says no reason", what, e.Problem.Message)
	}
}

// recovered fails unless the server works, and has all that it acknowledged.
func (o *outage) recovered() {
	o.Helper()
	o.ready(http.StatusOK)
	if err := o.upload(); err != nil {
		o.Errorf("upload afterwards: %v", err)
	}
	if err := o.channel(); err != nil {
		o.Errorf("a new channel afterwards: %v", err)
	}
	o.reads()
	for _, name := range o.channels {
		if _, err := o.site.Admin.Channel(o.Context(), name); err != nil {
			o.Errorf("channel %s, which was acknowledged: %v", name, err)
		}
	}
	sound(o.T, o.site.Server.Site())
}

func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	smallDisk(t, dir, 48)
	o := newOutage(t, dir)
	if err := o.upload(); err != nil {
		t.Fatal(err)
	}
	filler := fill(t, dir)
	o.refused("an upload", o.upload(), http.StatusInsufficientStorage)
	o.ready(http.StatusServiceUnavailable)
	var failed int
	for range 20 {
		if err := o.channel(); err != nil {
			o.refused("a new channel", err, http.StatusInsufficientStorage)
			failed++
		}
	}
	if failed == 0 && !pgtest.Wanted() {
		t.Error("the database, too, is on the full disk, and 20 writes to it were acknowledged")
	}
	o.reads()
	o.makesRoom(filler)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	o.recovered()
}

// makesRoom fails unless, of a disk that is full but for some MB, a package can be deleted and its file cleaned up.
func (o *outage) makesRoom(filler string) {
	o.Helper()
	info, err := os.Stat(filler)
	if err != nil {
		o.Fatal(err)
	}
	if err := os.Truncate(filler, info.Size()-4<<20); err != nil {
		o.Fatal(err)
	}
	list, err := o.site.Admin.Artifacts(o.Context(), "team", client.ArtifactFilter{})
	if err != nil {
		o.Fatal(err)
	}
	deleted := 0
	for _, a := range list.Items {
		if strings.HasPrefix(o.file, a.Name+"-") {
			continue
		}
		if err := o.site.Admin.DeleteArtifact(o.Context(), "team", a.Name); err != nil {
			o.Errorf("delete %s where little room is: %v", a.Name, err)
		}
		deleted++
	}
	done, err := o.site.Admin.CleanBlobs(o.Context())
	// Of blobs that other servers may be storing the young ones stay.
	if err != nil || deleted == 0 || done.BlobCount == 0 && !pgtest.Wanted() {
		o.Errorf("%d packages deleted, and then cleaned up: %+v, %v", deleted, done, err)
	}
}

// remount makes a disk read-only, or writable again. The kernel refuses while a file is open for writing, as one is when the
// server still makes an index in the background: it is asked until it agrees.
func remount(t *testing.T, dir string, flags uintptr) {
	t.Helper()
	var err error
	for range 3000 {
		if err = syscall.Mount("", dir, "", syscall.MS_REMOUNT|flags, ""); !errors.Is(err, syscall.EBUSY) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatalf("remount: %v", err)
	}
}

func TestReadOnlyStorage(t *testing.T) {
	dir := t.TempDir()
	blobs := filepath.Join(dir, "blobs")
	smallDisk(t, blobs, 16)
	o := newOutage(t, dir)
	remount(t, blobs, syscall.MS_RDONLY)
	o.refused("an upload", o.upload(), http.StatusServiceUnavailable)
	o.ready(http.StatusServiceUnavailable)
	o.reads()
	if err := o.channel(); err != nil {
		t.Errorf("a new channel, which needs no file: %v", err)
	}
	remount(t, blobs, 0)
	o.recovered()
}

// TestReadOnlySite starts a server on a site that cannot be written to: it says so at once, and leaves everything alone.
func TestReadOnlySite(t *testing.T) {
	dir := t.TempDir()
	smallDisk(t, dir, 48)
	t.Run("made", func(t *testing.T) { newOutage(t, dir) })
	remount(t, dir, syscall.MS_RDONLY)
	cfg := emptySite(t)
	cfg.DataDir, cfg.Blobs = dir, ""
	err := server.Run(t.Context(), cfg, server.Options{Log: slog.New(slog.DiscardHandler)}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("serve: %v, want an error that says read-only", err)
	}
	remount(t, dir, 0)
}

// TestLockedDatabase lets another process hold the database's lock for longer than the server waits.
func TestLockedDatabase(t *testing.T) {
	if pgtest.Wanted() {
		return // Writers of PostgreSQL wait for one another by an advisory lock.
	}
	o := newOutage(t, t.TempDir())
	other, err := sql.Open("sqlite", "file:"+filepath.Join(o.site.Dir, "kingsnake.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}()
	other.SetMaxOpenConns(1)
	exec := func(query string) {
		t.Helper()
		if _, err := other.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	exec("PRAGMA busy_timeout = 30000")
	exec("BEGIN IMMEDIATE")
	var writes sync.WaitGroup
	errs := make(chan error, 5)
	for i := range cap(errs) {
		writes.Go(func() {
			_, err := o.site.Admin.CreateChannel(t.Context(), api.ChannelCreate{Name: fmt.Sprintf("locked-%d", i), Privacy: api.PrivacyPrivate})
			errs <- err
		})
	}
	o.reads()
	writes.Wait()
	for range cap(errs) {
		o.refused("a new channel", <-errs, http.StatusServiceUnavailable)
	}
	exec("ROLLBACK")
	o.recovered()
}

// TestLostContent damages stored files in each way.
func TestLostContent(t *testing.T) {
	o := newOutage(t, t.TempDir())
	s := o.site.Server.Site()
	path := func(h blob.Hash) string {
		return filepath.Join(o.site.Dir, "blobs", "sha256", h.String()[:2], h.String()[2:])
	}
	// A file of its own for each, since the server has what it sent a moment ago in memory.
	for i, damage := range []func(path string) error{
		os.Remove,
		func(path string) error { return os.Truncate(path, 100) },
		func(path string) error {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, flipped(content, 50), 0o600)
		},
	} {
		data, info := servertest.Package(uint64(200+i), random.Options{NoArch: "generic"})
		o.site.Upload(o.site.Admin, "team", data, info.Filename)
		if err := damage(path(blob.Sum(data))); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			// Bytes are not hashed on their way out: the client does that. The repair makes room for the good ones.
			if r, err := s.Upkeep.Verify(t.Context(), true, func(int) {}); err != nil || len(r.Damaged) != 1 {
				t.Errorf("verify: %+v, %v, want one damaged", r, err)
			}
		}
		url := "/t/" + o.token + "/team/noarch/" + info.Filename
		if resp, body := o.get(url); resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "kingsnake verify") {
			t.Errorf("damage %d: %s %s, want 503 and what to do", i, resp.Status, body)
		}
		o.site.Upload(o.site.Admin, "team", data, info.Filename)
		if resp, body := o.get(url); resp.StatusCode != http.StatusOK || body != string(data) {
			t.Errorf("damage %d, after the same upload: %s with %d bytes", i, resp.Status, len(body))
		}
	}
	o.recovered()
}

// TestHalfAnIndexFile cuts an index file short, as no crash can: nothing of it is sent, and a repair has it built anew.
func TestHalfAnIndexFile(t *testing.T) {
	o := newOutage(t, t.TempDir())
	s := o.site.Server.Site()
	if err := o.upload(); err != nil {
		t.Fatal(err)
	}
	c, err := s.Store.ChannelByPath(t.Context(), nil, "team")
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Index.Open(t.Context(), c.ID, "noarch", registry.IndexRepodata)
	if err != nil {
		t.Fatal(err)
	}
	stored := filepath.Join(o.site.Dir, "blobs", "sha256", f.Hash.String()[:2], f.Hash.String()[2:])
	if err := os.Truncate(stored, f.Size/2); err != nil {
		t.Fatal(err)
	}
	if resp, body := o.get("/t/" + o.token + "/team/noarch/repodata.json"); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("half an index file: %s %s, want 503", resp.Status, body)
	}
	if r, err := s.Upkeep.Verify(t.Context(), true, func(int) {}); err != nil || r.BadIndexes == 0 {
		t.Errorf("verify: %+v, %v, want a bad index file", r, err)
	}
	// What changes builds the index anew, with the server running.
	o.recovered()
}

// TestClockSetBack moves the clock two days back under a running server.
func TestClockSetBack(t *testing.T) {
	o := newOutage(t, t.TempDir())
	gone := o.site.ResourceToken(o.site.Admin, "team", api.LevelRead)
	if err := o.site.Admin.DeleteToken(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	before, _ := o.get("/t/" + o.token + "/team/noarch/repodata.json")
	o.site.Clock.Advance(-48 * time.Hour)
	after, _ := o.get("/t/" + o.token + "/team/noarch/repodata.json")
	if got, want := after.Header.Get("Etag"), before.Header.Get("Etag"); got != want || got == "" {
		t.Errorf("the ETag is %q, want %q as before", got, want)
	}
	if resp, _ := o.get("/t/" + gone.Secret + "/team/noarch/repodata.json"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a token that was taken away: %s, want 401", resp.Status)
	}
	if _, err := o.site.Admin.Account(t.Context()); err != nil {
		t.Errorf("a session from the future: %v", err)
	}
	o.site.Login("admin", servertest.AdminPassword)
	o.token = o.site.ResourceToken(o.site.Admin, "team", api.LevelRead).Secret
	if err := o.upload(); err != nil {
		t.Fatal(err)
	}
	changed, body := o.get("/t/" + o.token + "/team/noarch/repodata.json")
	if changed.Header.Get("Etag") == after.Header.Get("Etag") || !strings.Contains(body, o.file) {
		t.Errorf("after an upload the index is %s", body)
	}
	o.recovered()
	// The audit goes by its numbers, and its chain does not care for times.
	audit, err := o.site.Server.Site().Service.Audit.Verify(t.Context(), identity.Local(o.site.Clock.Now()), nil, func(int64) {})
	if err != nil || !audit.Sound() {
		t.Errorf("audit: %+v, %v", audit, err)
	}
}
