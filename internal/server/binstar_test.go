package server_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/conda/channel"
	"kingsnake/conda/random"
	"kingsnake/internal/blob"
	"kingsnake/internal/servertest"
)

// binstarWorld is a world whose next upload is not there yet.
func binstarWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Site: servertest.Open(t, inMemory(t)), doomed: map[string]string{}, shards: map[string]string{}}
	w.Channel(w.Admin, "team", api.PrivacyPrivate)
	w.freshPackage()
	return w
}

// here tells whether the world's package can be fetched.
func (w *world) here(t *testing.T, place string) bool {
	t.Helper()
	token := w.ResourceToken(w.Admin, "team", api.LevelRead).Secret
	return get(place+"/noarch/"+w.file).xAuth(token).do(t, w.Site).status == http.StatusOK
}

// TestBinstarUpload: nothing shows before the upload is finished, and then all of it, under its labels only.
func TestBinstarUpload(t *testing.T) {
	w := binstarWorld(t)
	send, commit := w.staged(t, onTeam, "beta")
	commit.xAuth(w.admin).do(t, w.Site).refused(t, "a commit without the file", http.StatusConflict, api.CodeConflict)
	a := send.do(t, w.Site)
	if a.status != http.StatusCreated || !strings.Contains(string(a.body), "<PostResponse>") {
		t.Fatalf("the form: %d %s, want 201", a.status, a.body)
	}
	if a := send.do(t, w.Site); a.status != http.StatusNotFound {
		t.Errorf("the form again: %d %s, want 404: a ticket works once", a.status, a.body)
	}
	if w.here(t, "/team") || w.here(t, "/team/label/beta") {
		t.Error("the package shows before the upload is finished")
	}
	commit.xAuth(w.admin).do(t, w.Site).ok(t, "commit")
	if !w.here(t, "/team/label/beta") {
		t.Error("the package is not under its label")
	}
	if w.here(t, "/team") {
		t.Error("a package with the label beta shows under main")
	}
	commit.xAuth(w.admin).do(t, w.Site).refused(t, "the commit again", http.StatusNotFound, api.CodeNotFound)
	w.freshPackage()
	send, commit = w.staged(t, onTeam)
	send.do(t, w.Site).ok(t, "the second form")
	commit.xAuth(w.admin).do(t, w.Site).ok(t, "the second commit")
	if !w.here(t, "/team") {
		t.Error("a package without labels is not under main")
	}
}

// TestBinstarBadUploads: each differs from a good one in a single respect, and nothing of it shows.
func TestBinstarBadUploads(t *testing.T) {
	w := binstarWorld(t)
	for name, tc := range map[string]struct {
		change func(t *testing.T, send call) call
		want   int
		says   string
	}{
		"other bytes": {func(t *testing.T, _ call) call { return w.sendOther(t, func(b []byte) []byte { return append(b, 0) }) }, http.StatusBadRequest, "InvalidDigest"},
		"fewer bytes": {func(t *testing.T, _ call) call { return w.sendOther(t, func(b []byte) []byte { return b[:len(b)-1] }) }, http.StatusBadRequest, "InvalidDigest"},
		"another ticket": {func(t *testing.T, _ call) call {
			return formCall(t, binstar+"/form", map[string]string{"x-amz-security-token": "X"}, w.data)
		}, http.StatusNotFound, "no such upload"},
		"no ticket": {func(t *testing.T, _ call) call { return formCall(t, binstar+"/form", nil, w.data) }, http.StatusNotFound, "no such upload"},
		"no form":   {func(_ *testing.T, c call) call { c.header = nil; return c }, http.StatusBadRequest, "malformed"},
		"too late":  {func(_ *testing.T, c call) call { w.Clock.Advance(16 * time.Minute); return c }, http.StatusNotFound, "no such upload"},
		"a wrong digest": {func(t *testing.T, _ call) call {
			return w.sendWith(t, map[string]string{"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="})
		}, http.StatusBadRequest, "InvalidDigest"},
		"a wrong size": {func(t *testing.T, _ call) call { return w.sendWith(t, map[string]string{"Content-Length": "1"}) }, http.StatusBadRequest, "InvalidDigest"},
	} {
		send, commit := w.staged(t, onTeam)
		a := tc.change(t, send).do(t, w.Site)
		if a.status != tc.want || !strings.Contains(string(a.body), "<Error><Code>") || !strings.Contains(string(a.body), tc.says) {
			t.Errorf("%s: %d %s, want %d and %q", name, a.status, a.body, tc.want, tc.says)
		}
		if a := commit.xAuth(w.admin).do(t, w.Site); a.status != http.StatusConflict && a.status != http.StatusNotFound {
			t.Errorf("%s: the commit answers %d %s", name, a.status, a.body)
		}
		if w.here(t, "/team") {
			t.Fatalf("%s: the package shows", name)
		}
	}
}

// sendOther announces the world's package and gives the form with other bytes.
func (w *world) sendOther(t *testing.T, change func([]byte) []byte) call {
	t.Helper()
	return formCall(t, binstar+"/form", w.ticket(t, nil), change(append([]byte(nil), w.data...)))
}

// sendWith announces the world's package and gives the form with further fields.
func (w *world) sendWith(t *testing.T, fields map[string]string) call {
	t.Helper()
	return formCall(t, binstar+"/form", w.ticket(t, fields), w.data)
}

// ticket announces the world's package and gives the fields of the form, and some more.
func (w *world) ticket(t *testing.T, more map[string]string) map[string]string {
	t.Helper()
	var out struct {
		Form map[string]string `json:"form_data"`
	}
	if err := json.Unmarshal(w.stage(t, onTeam).xAuth(w.admin).do(t, w.Site).ok(t, "stage").body, &out); err != nil {
		t.Fatal(err)
	}
	for k, v := range more {
		out.Form[k] = v
	}
	return out.Form
}

// TestBinstarStageRefusals: what is announced must be one file of a conda package that can be taken.
func TestBinstarStageRefusals(t *testing.T) {
	w := binstarWorld(t)
	good := w.stage(t, onTeam)
	_, version, _, _, err := channel.SplitFilename(w.file)
	if err != nil {
		t.Fatal(err)
	}
	session := w.adminSession(t)
	good.xAuth(session).do(t, w.Site).ok(t, "the right one")
	body := func(name string, value any) call {
		changed := map[string]any{}
		for k, v := range good.body.(map[string]any) {
			changed[k] = v
		}
		changed[name] = value
		c := good
		c.body = changed
		return c
	}
	path := func(from, to string) call {
		c := good
		c.path = strings.Replace(c.path, from, to, 1)
		return c
	}
	for name, c := range map[string]call{
		"no digest":       body("sha256", ""),
		"a short digest":  body("sha256", "abc"),
		"another kind":    body("distribution_type", "pypi"),
		"a bad label":     body("channels", []string{"no label"}),
		"no label":        body("channels", []string{""}),
		"another version": path("/"+version+"/", "/0.0/"),
		"no subdir":       path("/noarch/", "/nowhere/"),
		"no conda file":   path(".conda", ".whl"),
	} {
		if a := c.xAuth(session).do(t, w.Site); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s, want 422", name, a.status, a.body)
		}
	}
}

// TestBinstarAsksAgain: who loses the right to upload between the steps is refused at the next one, and nobody else can
// finish an upload.
func TestBinstarAsksAgain(t *testing.T) {
	w := binstarWorld(t)
	token := w.ResourceToken(w.Admin, "team", api.LevelWrite)
	send, _ := w.stagedBy(t, token.Secret, onTeam)
	if err := w.Admin.DeleteToken(t.Context(), token.ID); err != nil {
		t.Fatal(err)
	}
	if a := send.do(t, w.Site); a.status != http.StatusUnauthorized || !strings.Contains(string(a.body), "revoked") {
		t.Errorf("the form of a token that is gone: %d %s, want 401", a.status, a.body)
	}
	token = w.ResourceToken(w.Admin, "team", api.LevelWrite)
	send, commit := w.stagedBy(t, token.Secret, onTeam)
	send.do(t, w.Site).ok(t, "the form")
	bob := w.User("bob")
	w.Channel(bob, "bobs", api.PrivacyPrivate)
	commit.xAuth(w.ResourceToken(bob, "bobs", api.LevelManage).Secret).do(t, w.Site).refused(t, "a stranger's commit", http.StatusNotFound, api.CodeNotFound)
	s := &stage{Site: w.Site, ada: w.Admin, bob: bob}
	group := s.group(t, "writers")
	s.member(t, group.Name, "bob", api.LevelRead)
	s.give(t, group.Name, api.LevelWrite)
	commit.xAuth(w.ResourceToken(bob, "team", api.LevelWrite).Secret).do(t, w.Site).refused(t, "the commit of another writer", http.StatusNotFound, api.CodeNotFound)
	commit.xAuth(w.ResourceToken(w.Admin, "team", api.LevelRead).Secret).do(t, w.Site).refused(t, "a reader's commit", http.StatusForbidden, api.CodeTokenLevel)
	commit.xAuth(token.Secret).do(t, w.Site).ok(t, "the commit")
	if !w.here(t, "/team") {
		t.Error("the package is not there")
	}
}

// TestBinstarAbandoned: the bytes of an upload that nobody finishes are kept as long as it could be finished, and go then.
func TestBinstarAbandoned(t *testing.T) {
	w := binstarWorld(t)
	send, _ := w.staged(t, onTeam)
	send.do(t, w.Site).ok(t, "the form")
	site, h := w.Server.Site(), blob.Sum(w.data)
	for _, step := range []struct {
		after time.Duration
		there bool
	}{{10 * time.Minute, true}, {2 * time.Hour, false}} {
		w.Clock.Advance(step.after)
		if err := site.Upkeep.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := site.Upkeep.RemoveOrphans(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := site.Blobs.Stat(t.Context(), h); (err == nil) != step.there {
			t.Errorf("after %s: %v, want it there: %v", step.after, err, step.there)
		}
	}
}

// TestBinstarQuota: what is staged counts toward the channel's quota as long as it is, for those who stage more and for
// uploads by any other way; it is refused before it is read where its size is told.
func TestBinstarQuota(t *testing.T) {
	w := binstarWorld(t)
	quota := func(more int64) {
		t.Helper()
		ch, err := w.Admin.Channel(t.Context(), "team")
		if err == nil {
			_, err = w.Admin.SetChannelQuota(t.Context(), "team", ch.UsedBytes+more)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	size := int64(len(w.data))
	other, info := servertest.Package(4711, random.Options{Name: "rival", NoArch: "generic"})
	put := call{method: http.MethodPut, path: "/team/noarch/" + info.Filename, body: other}.xAuth(w.adminSession(t))
	full := func(what string, c call) {
		t.Helper()
		c.do(t, w.Site).refused(t, what, http.StatusRequestEntityTooLarge, api.CodeQuotaExceeded)
	}

	quota(size - 1)
	send, _ := w.staged(t, onTeam)
	if a := send.do(t, w.Site); a.status != http.StatusRequestEntityTooLarge || !strings.Contains(string(a.body), string(api.CodeQuotaExceeded)) {
		t.Errorf("more than the quota is staged: %d %s", a.status, a.body)
	}
	quota(size + int64(len(other)) - 1)
	send, commit := w.staged(t, onTeam)
	send.do(t, w.Site).ok(t, "the form")
	full("a file beside the staged one", put)
	again, _ := w.staged(t, onTeam)
	if a := again.do(t, w.Site); size >= int64(len(other)) && a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("the same is staged once more: %d %s", a.status, a.body)
	}
	quota(size)
	commit.xAuth(w.admin).do(t, w.Site).ok(t, "the staged file alone")
	full("a file beside the committed one", put)

	// What has its end gives its room back, and its bytes.
	data, staged := servertest.Package(4712, random.Options{Name: w.pkg, NoArch: "generic", Payload: 5000})
	w.data, w.file = data, staged.Filename
	quota(max(int64(len(data)), int64(len(other))))
	send, _ = w.staged(t, onTeam)
	send.do(t, w.Site).ok(t, "another form")
	full("beside another staged one", put)
	w.Clock.Advance(16 * time.Minute)
	put.do(t, w.Site).ok(t, "after the end of the staged one")
	w.Clock.Advance(2 * time.Hour)
	if err := w.Server.Site().Upkeep.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Server.Site().Blobs.Stat(t.Context(), blob.Sum(data)); !errors.Is(err, blob.ErrNotExist) {
		t.Errorf("the bytes of the upload that ended: %v, want them gone", err)
	}
}

// TestBinstarTooMany: an account cannot fill the disk with uploads that it never finishes.
func TestBinstarTooMany(t *testing.T) {
	w := binstarWorld(t)
	session := w.adminSession(t)
	for range 100 {
		w.stage(t, onTeam).xAuth(session).do(t, w.Site).ok(t, "stage")
	}
	w.stage(t, onTeam).xAuth(session).do(t, w.Site).refused(t, "one more", http.StatusTooManyRequests, api.CodeRateLimited)
	w.Clock.Advance(16 * time.Minute)
	w.stage(t, onTeam).xAuth(session).do(t, w.Site).ok(t, "when the others have ended")
}

// TestBinstarPrivate: a package that is to be private does not become public.
func TestBinstarPrivate(t *testing.T) {
	w := binstarWorld(t)
	w.Channel(w.Admin, "open", api.PrivacyPublic)
	session := w.adminSession(t)
	for _, tc := range []struct {
		owner  string
		public bool
		want   int
	}{{"open", true, 200}, {"open", false, 422}, {"team", false, 200}, {"team", true, 200}} {
		c := call{method: http.MethodPost, path: binstar + "/package/" + tc.owner + "/alpha", body: map[string]any{"public": tc.public}}
		if a := c.xAuth(session).do(t, w.Site); a.status != tc.want {
			t.Errorf("public = %v on %s: %d %s, want %d", tc.public, tc.owner, a.status, a.body, tc.want)
		}
	}
}

// TestBinstarLastLabel: a file never comes under main because its last label is taken away.
func TestBinstarLastLabel(t *testing.T) {
	w := binstarWorld(t)
	p := makePkg(3, "alpha", random.Options{})
	mustLabel(t, w.Admin, "team", p, "beta")
	session := w.adminSession(t)
	change := func(method, label string) call {
		return call{method: method, path: binstar + "/channels/team/" + label, body: map[string]any{"package": "alpha"}}.xAuth(session)
	}
	change(http.MethodDelete, "beta").do(t, w.Site).refused(t, "the last label", http.StatusConflict, api.CodeConflict)
	change(http.MethodPost, "rc").do(t, w.Site).ok(t, "another label")
	change(http.MethodDelete, "beta").do(t, w.Site).ok(t, "the label, now that there is another one")
	f, err := w.Admin.File(t.Context(), "team", "alpha", "noarch/"+p.Filename)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "labels", f.Labels, "rc")
}
