package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/registry"
	"kingsnake/internal/server"
	"kingsnake/internal/servertest"
)

// runLocal runs a command that works on a data folder, by the real clock.
func runLocal(t *testing.T, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := Main(t.Context(), Deps{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}, args)
	return result{code, out.String(), errs.String()}
}

// matches fails unless a line of standard output has the form.
func (r result) matches(t *testing.T, forms ...string) {
	t.Helper()
	for _, form := range forms {
		if !regexp.MustCompile(`(?m)` + form).MatchString(r.stdout) {
			t.Errorf("standard output does not match %q:\n%s", form, r.stdout)
		}
	}
}

func TestResetPasswordBesideAServer(t *testing.T) {
	isolate(t)
	site := servertest.New(t)
	r := runLocal(t, "admin", "reset-password", "--data", site.Dir)
	r.says(t, "The new password of admin, shown only now")
	password := strings.TrimSpace(r.stdout)
	if r.code != 0 || !regexp.MustCompile(`^[A-Z2-7]{26}$`).MatchString(password) {
		t.Fatalf("exit code %d, standard output %q, want one password", r.code, r.stdout)
	}
	ended := func() bool {
		_, err := site.Admin.Account(t.Context())
		return client.StatusOf(err) == http.StatusUnauthorized
	}
	if took, ok := wait(ended); !ok || took > time.Second {
		t.Errorf("the session of before ended: %t, after %s, want within a second", ok, took)
	}
	if _, err := site.Anonymous().Login(t.Context(), "admin", servertest.AdminPassword); client.StatusOf(err) != http.StatusUnauthorized {
		t.Errorf("login with the old password: %v, want 401", err)
	}
	me, err := site.Login("admin", password).Account(t.Context())
	if err != nil || me.Username != "admin" {
		t.Errorf("login with the new password: %+v, %v", me, err)
	}
}

// wait asks for a while until ok says yes.
func wait(ok func() bool) (time.Duration, bool) {
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if took := time.Since(start); ok() || took > 5*time.Second {
			return took, took <= 5*time.Second
		}
	}
}

func TestResetPasswordEnablesAndGivesBackTheRole(t *testing.T) {
	isolate(t)
	site := servertest.New(t)
	reset := func(username string) (recovery, result) {
		t.Helper()
		r := runLocal(t, "admin", "reset-password", "--data", site.Dir, "--username", username, "--json")
		var out recovery
		if err := json.Unmarshal([]byte(r.stdout), &out); r.code != 0 || err != nil {
			t.Fatalf("exit code %d, %v: %s%s", r.code, err, r.stdout, r.stderr)
		}
		return out, r
	}
	site.User("ada")
	disable(t, site.Admin, "ada")
	got, r := reset("ada")
	if !got.Enabled || got.MadeAdmin {
		t.Errorf("with an admin left: %+v, want enabled and no admin", got)
	}
	r.says(t, "Enabled the account ada again")
	ada := site.Login("ada", got.Password)

	// Take the last admin's role away as only a broken site could.
	second := site.User("second", "admin")
	if _, err := second.SetRoles(t.Context(), userID(t, second, "admin"), []string{"author"}); err != nil {
		t.Fatal(err)
	}
	got, _ = reset("second")
	if got.MadeAdmin {
		t.Errorf("an admin was made one: %+v", got)
	}
	breakRoles(t, site, "second")
	got, r = reset("ada")
	if !got.MadeAdmin || got.Enabled {
		t.Errorf("without any admin: %+v, want made an admin", got)
	}
	r.says(t, "no administrator who can sign in was left")
	if _, err := ada.Account(t.Context()); client.StatusOf(err) != http.StatusUnauthorized {
		if _, ok := wait(func() bool {
			_, err := ada.Account(t.Context())
			return client.StatusOf(err) == http.StatusUnauthorized
		}); !ok {
			t.Error("the session outlived the new password")
		}
	}
	if _, err := site.Login("ada", got.Password).Users(t.Context(), client.UserFilter{}); err != nil {
		t.Errorf("the new admin cannot list users: %v", err)
	}
}

func disable(t *testing.T, c *client.Client, username string) {
	t.Helper()
	yes := true
	if _, err := c.UpdateUser(t.Context(), userID(t, c, username), api.UserUpdate{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
}

func userID(t *testing.T, c *client.Client, username string) string {
	t.Helper()
	u, err := c.User(t.Context(), username)
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

// breakRoles takes all roles of an account away behind the domain's back.
func breakRoles(t *testing.T, site *servertest.Site, username string) {
	t.Helper()
	st := site.Server.Site().Store
	u, err := st.UserByName(t.Context(), nil, username)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Write(t.Context(), func(tx registry.Tx) error { return st.SetRoles(t.Context(), tx, u.ID, nil) }); err != nil {
		t.Fatal(err)
	}
}

func TestLocalCommandsNeedASite(t *testing.T) {
	isolate(t)
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	for _, args := range [][]string{{"verify"}, {"verify", "--repair"}, {"admin", "reset-password"}} {
		r := runLocal(t, append(args, "--data", nowhere)...)
		if r.code != exitError {
			t.Errorf("%v: exit code %d, want %d", args, r.code, exitError)
		}
		r.says(t, "no site was ever started in it")
	}
	if _, err := os.Stat(nowhere); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
	site := servertest.New(t)
	r := runLocal(t, "admin", "reset-password", "--data", site.Dir, "--username", "nobody")
	if r.code != exitNotFound {
		t.Errorf("unknown user: exit code %d, want %d", r.code, exitNotFound)
	}
}

func TestVerify(t *testing.T) {
	isolate(t)
	site := servertest.New(t)
	site.Channel(site.Admin, "team", api.PrivacyPublic)
	data, info := servertest.Package(1, random.Options{Subdir: "noarch", NoArch: "generic"})
	up := site.Upload(site.Admin, "team", data, info.Filename)
	index := fetch(t, site.URL+"/team/noarch/repodata.json")
	verify := func(code int, flags ...string) result {
		t.Helper()
		r := runLocal(t, append([]string{"verify", "--data", site.Dir}, flags...)...)
		if r.code != code {
			t.Errorf("verify %v: exit code %d, want %d\n%s%s", flags, r.code, code, r.stdout, r.stderr)
		}
		return r
	}
	verify(exitOK).matches(t, `^Package files +1: 0 missing, 0 damaged$`, `^The site is sound\.$`)

	lock, err := server.LockSite(site.Dir)
	if err != nil {
		t.Fatal(err)
	}
	verify(exitOK)
	verify(exitError, "--repair").says(t, "in use by another Kingsnake server")
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}

	orphan := write(t, site, strings.Repeat("ab", 32), "named by nothing")
	staged := filepath.Join(site.Dir, "blobs", "staging", "LEFTOVER")
	if err := os.WriteFile(staged, []byte("half a pack"), 0o600); err != nil {
		t.Fatal(err)
	}
	// An older index file may be among them, which the server has not removed yet.
	verify(exitOK).matches(t, `^Named by nothing +[1-9]\d* files?, \d+ B \(the server removes them in time`)
	verify(exitOK, "--repair").matches(t, `^Named by nothing .*\(removed\)$`, `^Broken uploads +1 leftover \(removed\)$`)
	for _, path := range []string{orphan, staged} {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}

	// An index file can be made again; a package cannot.
	damageIndexes(t, site, up.SHA256)
	verify(exitPartly).matches(t, `^Index files .* missing or damaged \(--repair`, `^The site is not sound\.$`)
	verify(exitOK, "--repair")
	verify(exitOK)
	again := servertest.Open(t, site.Dir)
	if got := fetch(t, again.URL+"/team/noarch/repodata.json"); got != index {
		t.Errorf("the index after the repair differs:\n%s\nwant\n%s", got, index)
	}
	write(t, site, up.SHA256, "another content")
	r := verify(exitPartly, "--repair")
	r.matches(t, `^DAMAGED +team/noarch/`+regexp.QuoteMeta(info.Filename)+`$`)
	r.says(t, "1 file missing or damaged")
	// What is damaged was removed, so that the same upload brings it back.
	if _, err := os.Stat(blobPath(site, up.SHA256)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the damaged package is still there: %v", err)
	}
	verify(exitPartly).matches(t, `^MISSING +team/noarch/`)
}

func blobPath(site *servertest.Site, sha256 string) string {
	return filepath.Join(site.Dir, "blobs", "sha256", sha256[:2], sha256[2:])
}

// write puts bytes where a blob would be.
func write(t *testing.T, site *servertest.Site, sha256, content string) (path string) {
	t.Helper()
	path = blobPath(site, sha256)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// damageIndexes changes a byte of every blob but one.
func damageIndexes(t *testing.T, site *servertest.Site, spare string) {
	t.Helper()
	damaged := 0
	for info, err := range site.Server.Site().Blobs.List(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if info.Hash.String() == spare {
			continue
		}
		path := blobPath(site, info.Hash.String())
		b, err := os.ReadFile(path)
		if err != nil || len(b) == 0 {
			t.Fatalf("blob %s has %d bytes: %v", info.Hash, len(b), err)
		}
		b[len(b)/2] ^= 1
		write(t, site, info.Hash.String(), string(b))
		damaged++
	}
	if damaged < 2 {
		t.Fatalf("%d index files were found, want at least 2", damaged)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url) //nolint:gosec // The URL is the test's own server.
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %v", url, resp.Status, err)
	}
	return b.String()
}
