package server_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/config"
	"kingsnake/internal/diskroom"
	"kingsnake/internal/identity"
	"kingsnake/internal/s3test"
	"kingsnake/internal/server"
	"kingsnake/internal/servertest"
)

// bucketSite is a site whose packages are in a bucket, with a private channel and in it a package of more than is kept in
// memory.
type bucketSite struct {
	*servertest.Site
	door *s3test.Door
	// name is the package's.
	name  string
	path  string
	data  []byte
	token string
}

func newBucketSite(t *testing.T, options ...func(*config.Config)) *bucketSite {
	t.Helper()
	door := s3test.NewDoor(t)
	options = append([]func(*config.Config){func(cfg *config.Config) { cfg.Blobs, cfg.BlobCache = door.Location, 0 }}, options...)
	s := &bucketSite{Site: servertest.Open(t, inMemory(t), options...), door: door}
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	data, info := servertest.Package(1, random.Options{NoArch: "generic", Payload: 200_000})
	s.Upload(s.Admin, "team", data, info.Filename)
	s.name = info.Name
	s.path, s.data, s.token = "/team/noarch/"+info.Filename, data, s.ResourceToken(s.Admin, "team", api.LevelRead).Secret
	return s
}

// key is the name of the package's object.
func (s *bucketSite) key() string {
	sum := sha256.Sum256(s.data)
	text := hex.EncodeToString(sum[:])
	return "sha256/" + text[:2] + "/" + text[2:]
}

// wantUnavailable checks the answer to what needs the storage.
func wantUnavailable(t *testing.T, what string, got answer) {
	t.Helper()
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || !strings.Contains(string(got.body), "storage") {
		t.Errorf("%s: %d, Retry-After %q: %s, want 503 and a reason", what, got.status, got.header.Get("Retry-After"), got.body)
	}
}

// TestStorageDown takes the storage away from a running server, and gives it back.
func TestStorageDown(t *testing.T) {
	s := newBucketSite(t)
	whole := get(s.path).xAuth(s.token).do(t, s.Site)
	if whole.status != http.StatusOK || !bytes.Equal(whole.body, s.data) {
		t.Fatalf("the package: %d and %d bytes, want all %d", whole.status, len(whole.body), len(s.data))
	}
	s.door.Set(s3test.Down)
	wantUnavailable(t, "a package", get(s.path).xAuth(s.token).do(t, s.Site))
	if ready := get("/readyz").do(t, s.Site); ready.status != http.StatusServiceUnavailable || !strings.Contains(string(ready.body), "blob storage does not answer") {
		t.Errorf("/readyz: %d %s, want 503 and the reason", ready.status, ready.body)
	}
	more, info := servertest.Package(2, random.Options{NoArch: "generic"})
	_, err := s.Admin.Upload(t.Context(), "team", client.Upload{Filename: info.Filename, Content: bytes.NewReader(more), Size: int64(len(more))})
	if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != http.StatusServiceUnavailable {
		t.Errorf("an upload: %v, want 503", err)
	}
	// What needs no byte of the package asks nobody.
	head := call{method: http.MethodHead, path: s.path}.xAuth(s.token).do(t, s.Site)
	if got, want := head.header.Get("Content-Length"), strconv.Itoa(len(s.data)); head.status != http.StatusOK || got != want {
		t.Errorf("HEAD: %d with length %s, want 200 and %s", head.status, got, want)
	}
	if same := get(s.path).xAuth(s.token).with("If-None-Match", whole.header.Get("Etag")).do(t, s.Site); same.status != http.StatusNotModified {
		t.Errorf("a client's copy is judged with %d, want 304", same.status)
	}
	if bad := get(s.path).xAuth(s.token+"x").do(t, s.Site); bad.status != http.StatusUnauthorized {
		t.Errorf("a bad token: %d, want 401", bad.status)
	}
	s.door.Set(nil)
	if again := get(s.path).xAuth(s.token).do(t, s.Site); again.status != http.StatusOK || !bytes.Equal(again.body, s.data) {
		t.Errorf("afterwards the package is %d and %d bytes", again.status, len(again.body))
	}
	if ready := get("/readyz").do(t, s.Site); ready.status != http.StatusOK {
		t.Errorf("afterwards /readyz is %d %s", ready.status, ready.body)
	}
	s.Upload(s.Admin, "team", more, info.Filename)
}

// TestStorageDamaged changes a package, and then takes it away, behind the server's back.
func TestStorageDamaged(t *testing.T) {
	s := newBucketSite(t)
	wantLost := func(what string) {
		t.Helper()
		if got := get(s.path).xAuth(s.token).do(t, s.Site); got.status != http.StatusServiceUnavailable || !strings.Contains(string(got.body), "kingsnake verify") {
			t.Errorf("%s package: %d %s, want 503 and a reason", what, got.status, got.body)
		}
	}
	s.door.Damage(t, s.key())
	wantLost("a damaged")
	if err := s.Server.Site().Blobs.Delete(t.Context(), sha256.Sum256(s.data)); err != nil {
		t.Fatal(err)
	}
	wantLost("a missing")
}

// TestStorageOfAnother starts a server on another site's bucket, and on its own site with another place for packages.
func TestStorageOfAnother(t *testing.T) {
	s := newBucketSite(t)
	for name, c := range map[string]struct {
		change func(*config.Config)
		want   string
	}{
		"another site":  {func(cfg *config.Config) { cfg.DataDir, cfg.Database = t.TempDir(), "" }, "another site keeps its blobs there"},
		"another place": {func(cfg *config.Config) { cfg.Blobs = "" }, "mend the setting blobs"},
	} {
		cfg := s.Config
		c.change(&cfg)
		if err := startAgain(t, cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.want)
		}
	}
}

// TestRedirects sends clients to the storage for packages, and for nothing else.
func TestRedirects(t *testing.T) {
	s := newBucketSite(t, func(cfg *config.Config) { cfg.BlobDownloads = config.BlobRedirect })
	sent := get("/t/"+s.token+s.path).do(t, s.Site)
	link := sent.header.Get("Location")
	if sent.status != http.StatusFound || !strings.Contains(link, s.key()+"?") {
		t.Fatalf("the package: %d to %q, want 302 to its object", sent.status, link)
	}
	if strings.Contains(link, s.token) || len(sent.body) != 0 {
		t.Errorf("the token goes on to %s with %q", link, sent.body)
	}
	want := map[string]string{"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "Etag": ""}
	for name, value := range want {
		if got := sent.header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	wantFetched(t, link, "", http.StatusOK, s.data)
	wantFetched(t, link, "bytes=100-199", http.StatusPartialContent, s.data[100:200])
	for _, c := range []struct {
		name string
		req  call
		want int
	}{
		{"a range", get(s.path).xAuth(s.token).with("Range", "bytes=0-9"), http.StatusFound},
		{"HEAD", call{method: http.MethodHead, path: s.path}.xAuth(s.token), http.StatusOK},
		{"going on with a part", get(s.path).xAuth(s.token).with("Range", "bytes=0-9").with("If-Range", `"x"`), http.StatusOK},
		{"the index", get("/team/noarch/repodata.json").xAuth(s.token), http.StatusOK},
		{"without a token", get(s.path), http.StatusUnauthorized},
	} {
		if got := c.req.do(t, s.Site); got.status != c.want {
			t.Errorf("%s: %d, want %d", c.name, got.status, c.want)
		}
	}
	if !strings.Contains(link, "X-Amz-Expires=60&") {
		t.Errorf("the link %s is good for longer than a minute", link)
	}
	// The storage asks neither where a client is nor how often it came.
	near := s.mint(t, api.TokenRestrictions{AllowedCIDRs: []string{"127.0.0.0/8", "::1/128"}})
	if got := get(s.path).xAuth(near).do(t, s.Site); got.status != http.StatusOK || !bytes.Equal(got.body, s.data) {
		t.Errorf("a token for some addresses: %d, want the package itself: %.200s", got.status, got.header.Get("Location"))
	}
	once := s.mint(t, api.TokenRestrictions{MaxUses: 1})
	for i, status := range []int{http.StatusOK, http.StatusForbidden} {
		if got := get(s.path).xAuth(once).do(t, s.Site); got.status != status {
			t.Errorf("use %d of a token with one: %d, want %d: %s", i+1, got.status, status, got.body)
		}
	}
}

// mint gives a token that is restricted.
func (s *bucketSite) mint(t *testing.T, to api.TokenRestrictions) string {
	t.Helper()
	token, err := s.Admin.CreateToken(t.Context(), api.TokenCreate{Name: "restricted", Restrictions: &to, Resources: []api.TokenResource{
		{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelRead},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return token.Secret
}

// wantFetched fetches what a link leads to.
func wantFetched(t *testing.T, link, ranges string, status int, want []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if ranges != "" {
		req.Header.Set("Range", ranges)
	}
	resp, err := plain.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status || !bytes.Equal(got, want) {
		t.Errorf("the link with range %q: %s, %d bytes, %v, want %d and %d bytes", ranges, resp.Status, len(got), err, status, len(want))
	}
	if caching := resp.Header.Get("Cache-Control"); !strings.HasPrefix(caching, "private") {
		t.Errorf("the package may be kept by anybody: %q", caching)
	}
}

// startAgain starts a server and stops it.
func startAgain(t *testing.T, cfg config.Config) error {
	t.Helper()
	s, err := server.New(t.Context(), cfg, server.Options{Log: slog.New(slog.DiscardHandler), Argon2: identity.Argon2{Memory: 64, Time: 1, Threads: 1}})
	if err != nil {
		return err
	}
	return s.Close()
}

// TestStorageCache reads parts of a file, for which the storage is asked for those alone, and the whole until the storage is not
// asked any more, and then without it.
func TestStorageCache(t *testing.T) {
	s := newBucketSite(t, func(cfg *config.Config) { cfg.BlobCache = 1 << 30 })
	if room, err := diskroom.Of(s.Config.DataDir); err != nil || room.Free < room.Least()+1<<30 {
		t.Skipf("nothing is copied to a disk that has so little room, %+v, %v", room, err)
	}
	var gets atomic.Int64
	var last atomic.Pointer[string]
	s.door.Set(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if r.Method == http.MethodGet {
			gets.Add(1)
			last.Store(new(r.Header.Get("Range")))
		}
		pass.ServeHTTP(w, r)
	})
	n := len(s.data)
	for i, c := range []struct {
		ranges string
		want   []byte
		status int
		// asked is the range that the storage is asked for.
		asked string
	}{
		{"bytes=-1000", s.data[n-1000:], http.StatusPartialContent, "bytes=" + strconv.Itoa(n-1000) + "-"},
		{"bytes=1000-1999", s.data[1000:2000], http.StatusPartialContent, "bytes=1000-1999"},
		{"bytes=5-", s.data[5:], http.StatusPartialContent, "bytes=5-"},
		{"", s.data, http.StatusOK, ""},
	} {
		if got := get(s.path).xAuth(s.token).with("Range", c.ranges).do(t, s.Site); got.status != c.status || !bytes.Equal(got.body, c.want) {
			t.Fatalf("range %q: %d and %d bytes, want %d and %d", c.ranges, got.status, len(got.body), c.status, len(c.want))
		}
		if asked := last.Load(); gets.Load() != int64(i+1) || *asked != c.asked {
			t.Errorf("range %q: the storage was asked for %q in request %d, want %q in request %d", c.ranges, *asked, gets.Load(), c.asked, i+1)
		}
	}
	// The copy is whole a moment after the answer.
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		before := gets.Load()
		if got := get(s.path).xAuth(s.token).do(t, s.Site); got.status != http.StatusOK || !bytes.Equal(got.body, s.data) {
			t.Fatalf("the package: %d and %d bytes", got.status, len(got.body))
		}
		if s.Server.Site().Cache.Stats().Held > 0 && gets.Load() == before {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the storage is asked for each answer")
		}
	}
	s.door.Set(s3test.Down)
	if got := get(s.path).xAuth(s.token).do(t, s.Site); got.status != http.StatusOK || !bytes.Equal(got.body, s.data) {
		t.Errorf("without the storage: %d and %d bytes", got.status, len(got.body))
	}
	// The database decides, whatever copies there are.
	if err := s.Admin.DeleteFile(t.Context(), "team", s.name, strings.TrimPrefix(s.path, "/team/")); err != nil {
		t.Fatal(err)
	}
	if s.Server.Site().Cache.Stats().Held == 0 {
		t.Error("the copy has gone with the file, so that this tells nothing")
	}
	if got := get(s.path).xAuth(s.token).do(t, s.Site); got.status != http.StatusNotFound {
		t.Errorf("after it was deleted: %d, want 404", got.status)
	}
}
