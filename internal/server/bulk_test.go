package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/servertest"
)

// depot is a site with two channels of ada's: lab, which has packages, and prod, which gets them.
type depot struct {
	*servertest.Site
	ada   *client.Client
	names []string
	// files are the ckeys of lab's packages.
	files []string
}

func newDepot(t testing.TB, packages int) *depot {
	t.Helper()
	d := &depot{Site: servertest.Open(t, inMemory(t))}
	d.ada = d.User("ada")
	d.Channel(d.ada, "lab", api.PrivacyPrivate)
	d.Channel(d.ada, "prod", api.PrivacyPrivate)
	for i := range packages {
		name := fmt.Sprintf("pkg%03d", i)
		d.names = append(d.names, name)
		d.files = append(d.files, "noarch/"+d.add(t, "lab", name, uint64(i)))
	}
	return d
}

// add uploads a package and gives its file's name.
func (d *depot) add(t testing.TB, channel, name string, seed uint64) string {
	t.Helper()
	data, info := servertest.Package(seed, random.Options{Name: name, Version: "1.0", Build: "0", NoArch: "generic"})
	d.Upload(d.ada, channel, data, info.Filename)
	return info.Filename
}

// bulk asks for a bulk action and waits for its end.
func (d *depot) bulk(t testing.TB, c *client.Client, channel string, in api.Bulk) api.Job {
	t.Helper()
	j, err := c.Bulk(t.Context(), channel, in)
	if err == nil {
		j, err = c.WaitJob(t.Context(), j.ID, nil)
	}
	if err != nil {
		t.Fatalf("bulk %s: %v", in.Action, err)
	}
	return j
}

// counts compares how a job ended with what it should have done.
func counts(t testing.TB, what string, j api.Job, state api.JobState, done, failed, skipped int64) {
	t.Helper()
	if j.State != state || j.Done != done || j.Failed != failed || j.Skipped != skipped || int64(len(j.Errors)) != min(failed, 100) {
		t.Errorf("%s: %s, %d done, %d failed, %d skipped, %v %s; want %s, %d, %d, %d", what, j.State, j.Done, j.Failed, j.Skipped, j.Errors, j.Error, state, done, failed, skipped)
	}
}

// indexed gives the file names that a channel's index lists, by repodata.json and by what its packages are in the API.
func (d *depot) indexed(t testing.TB, channel string) []string {
	t.Helper()
	admin := (&stage{Site: d.Site}).session(t, "admin")
	a := get("/"+channel+"/noarch/repodata.json").xAuth(admin).do(t, d.Site).ok(t, "index of "+channel)
	var index struct {
		Conda map[string]struct {
			Name      string
			Timestamp int64 `json:"indexed_timestamp"`
		} `json:"packages.conda"`
	}
	if err := json.Unmarshal(a.body, &index); err != nil {
		t.Fatal(err)
	}
	var files []string
	for name := range index.Conda {
		files = append(files, "noarch/"+name)
	}
	slices.Sort(files)
	list, err := d.Admin.Artifacts(t.Context(), channel, client.ArtifactFilter{ListOptions: client.ListOptions{Limit: 1000}})
	if err != nil || list.TotalCount != int64(len(files)) {
		t.Errorf("channel %s lists %d packages, %v, and indexes %d files", channel, list.TotalCount, err, len(files))
	}
	return files
}

// blobs are the hashes of all stored blobs that packages name, with the number of rows that name them.
func (d *depot) blobs(t testing.TB) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, channel := range []string{"lab", "prod"} {
		for _, ckey := range d.indexed(t, channel) {
			name, _, _ := strings.Cut(strings.TrimPrefix(ckey, "noarch/"), "-1.0-")
			f, err := d.Admin.File(t.Context(), channel, name, ckey)
			if err != nil {
				t.Fatal(err)
			}
			out[f.SHA256]++
		}
	}
	return out
}

// wantFiles compares what a channel indexes with what it should.
func (d *depot) wantFiles(t testing.TB, channel string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := d.indexed(t, channel); !slices.Equal(got, want) {
		t.Errorf("channel %s has %v, want %v", channel, got, want)
	}
}

func items(names ...string) (out []api.BulkItem) {
	for _, n := range names {
		out = append(out, api.BulkItem{Name: n, Family: api.FamilyConda})
	}
	return out
}

func TestBulkCopy(t *testing.T) {
	d := newDepot(t, 4)
	j := d.bulk(t, d.ada, "lab", api.Bulk{Action: api.BulkCopy, TargetChannel: "prod", Items: append(items("pkg000", "none"), api.BulkItem{Name: "pkg002", Family: "conda", CKey: d.files[2]})})
	counts(t, "copy", j, api.JobDone, 2, 1, 0)
	if j.Title != "copy 3 items of lab to prod" || j.CreatedBy != "ada" || j.Total != 3 || j.Errors[0].Item != "none" || j.Errors[0].Code != "not_found" {
		t.Errorf("job = %+v", j)
	}
	d.wantFiles(t, "lab", d.files...)
	d.wantFiles(t, "prod", d.files[0], d.files[2])
	for hash, n := range d.blobs(t) {
		if n > 2 || len(hash) != 64 {
			t.Errorf("blob %s is named %d times", hash, n)
		}
	}
	f, err := d.ada.File(t.Context(), "prod", "pkg000", d.files[0])
	if err != nil || f.UploadedBy != "ada" {
		t.Errorf("the copy = %+v, %v", f, err)
	}
	counts(t, "copy of all", d.bulk(t, d.ada, "lab", api.Bulk{Action: api.BulkCopy, TargetChannel: "prod", All: true}), api.JobDone, 2, 0, 2)
	d.wantFiles(t, "prod", d.files...)
	body := get("/prod/"+d.files[0]).xAuth((&stage{Site: d.Site}).session(t, "ada")).do(t, d.Site).ok(t, "download the copy").body
	if data, _ := servertest.Package(0, random.Options{Name: "pkg000", Version: "1.0", Build: "0", NoArch: "generic"}); !bytes.Equal(body, data) {
		t.Error("the copy has other bytes than what was uploaded")
	}
}

// TestBulkOverwrite: another file of the same name stays unless force says otherwise, which takes the right to overwrite.
func TestBulkOverwrite(t *testing.T) {
	d := newDepot(t, 1)
	d.add(t, "prod", "pkg000", 77)
	before, err := d.ada.File(t.Context(), "prod", "pkg000", d.files[0])
	if err != nil {
		t.Fatal(err)
	}
	in := api.Bulk{Action: api.BulkMove, TargetChannel: "prod", All: true}
	j := d.bulk(t, d.ada, "lab", in)
	counts(t, "without force", j, api.JobDone, 0, 1, 0)
	if j.Errors[0].Code != "file_exists" {
		t.Errorf("errors = %v, want file_exists", j.Errors)
	}
	if f, err := d.ada.File(t.Context(), "prod", "pkg000", d.files[0]); err != nil || f.SHA256 != before.SHA256 {
		t.Errorf("prod has %+v, %v, want %s still", f, err, before.SHA256)
	}
	d.wantFiles(t, "lab", d.files...)
	in.Force = true
	token := d.ScopeToken(d.ada, "artifact:create", "artifact:download", "artifact:delete").Secret
	call{method: http.MethodPut, path: "/api/channels/lab/artifacts/bulk", body: in}.xAuth(token).do(t, d.Site).refused(t, "force", http.StatusForbidden, api.CodeTokenScope)
	counts(t, "with force", d.bulk(t, d.ada, "lab", in), api.JobDone, 1, 0, 0)
	d.wantFiles(t, "lab")
	if f, err := d.ada.File(t.Context(), "prod", "pkg000", d.files[0]); err != nil || f.SHA256 == before.SHA256 {
		t.Errorf("prod has %+v, %v, want lab's file", f, err)
	}
}

func TestBulkMoveAndDelete(t *testing.T) {
	d := newDepot(t, 5)
	counts(t, "move", d.bulk(t, d.ada, "lab", api.Bulk{Action: api.BulkMove, TargetChannel: "prod", Items: items(d.names[:3]...)}), api.JobDone, 3, 0, 0)
	d.wantFiles(t, "lab", d.files[3:]...)
	d.wantFiles(t, "prod", d.files[:3]...)
	// What is there already is taken away from the source all the same.
	d.add(t, "lab", "pkg000", 0)
	counts(t, "move again", d.bulk(t, d.ada, "lab", api.Bulk{Action: api.BulkMove, TargetChannel: "prod", Items: items("pkg000")}), api.JobDone, 1, 0, 0)
	d.wantFiles(t, "lab", d.files[3:]...)
	counts(t, "delete", d.bulk(t, d.ada, "prod", api.Bulk{Action: api.BulkDelete, All: true}), api.JobDone, 3, 0, 0)
	d.wantFiles(t, "prod")
	if _, err := d.ada.Artifact(t.Context(), "prod", "pkg000"); client.StatusOf(err) != http.StatusNotFound {
		t.Errorf("a deleted package: %v, want 404", err)
	}
	d.sound(t, 2)
}

// sound verifies the whole site: every file whole, and nothing but index files besides after the cleanup.
func (d *depot) sound(t testing.TB, files int) {
	t.Helper()
	keeper := d.Server.Site().Upkeep
	if _, _, err := keeper.RemoveOrphans(t.Context(), -time.Hour); err != nil {
		t.Fatal(err)
	}
	r, err := keeper.Verify(t.Context(), false, func(int) {})
	if err != nil || !r.Sound() || r.Files != files || r.Orphans != 0 {
		t.Errorf("verify = %+v, %v, want %d sound files and no orphans", r, err, files)
	}
}

// TestBulkRights: each right that a bulk action takes is missing once.
func TestBulkRights(t *testing.T) {
	d := newDepot(t, 1)
	eve := d.User("eve")
	d.Channel(eve, "eves", api.PrivacyPrivate)
	d.Channel(eve, "open", api.PrivacyPublic)
	lab, prod := api.TokenResource{ResourceType: "channel", ResourceID: "lab"}, api.TokenResource{ResourceType: "channel", ResourceID: "prod"}
	token := func(source, target api.Level) string {
		lab.Permission, prod.Permission = source, target
		made, err := d.ada.CreateToken(t.Context(), api.TokenCreate{Name: "narrow", Resources: []api.TokenResource{lab, prod}})
		if err != nil {
			t.Fatal(err)
		}
		return made.Secret
	}
	session := func(name string) string { return (&stage{Site: d.Site}).session(t, name) }
	copyTo := func(target string) api.Bulk {
		return api.Bulk{Action: api.BulkCopy, TargetChannel: target, Items: items("pkg000")}
	}
	move, remove := copyTo("prod"), api.Bulk{Action: api.BulkDelete, All: true}
	move.Action = api.BulkMove
	for _, c := range []struct {
		what, who, channel string
		in                 api.Bulk
		status             int
		code               api.Code
	}{
		{"copy out of a hidden channel", session("eve"), "lab", copyTo("eves"), http.StatusNotFound, api.CodeNotFound},
		{"copy out of no channel", session("eve"), "nowhere", copyTo("eves"), http.StatusNotFound, api.CodeNotFound},
		{"copy into a hidden channel", session("ada"), "lab", copyTo("eves"), http.StatusNotFound, api.CodeNotFound},
		{"copy into no channel", session("ada"), "lab", copyTo("nowhere"), http.StatusNotFound, api.CodeNotFound},
		{"copy into a channel that one may only read", session("ada"), "lab", copyTo("open"), http.StatusForbidden, api.CodeChannelLevel},
		{"copy without create", token(api.LevelManage, api.LevelRead), "lab", copyTo("prod"), http.StatusForbidden, api.CodeTokenLevel},
		{"move without delete", token(api.LevelWrite, api.LevelManage), "lab", move, http.StatusForbidden, api.CodeTokenLevel},
		{"delete with write", token(api.LevelWrite, api.LevelManage), "lab", remove, http.StatusForbidden, api.CodeTokenLevel},
		{"copy without download", d.ScopeToken(d.ada, "artifact:create", "artifact:view").Secret, "lab", copyTo("prod"), http.StatusForbidden, api.CodeTokenScope},
		{"without a credential", "", "lab", copyTo("prod"), http.StatusUnauthorized, api.CodeAuthRequired},
		{"without a credential, of a public channel", "", "open", copyTo("prod"), http.StatusUnauthorized, api.CodeAuthRequired},
	} {
		call{method: http.MethodPut, path: "/api/channels/" + c.channel + "/artifacts/bulk", body: c.in}.xAuth(c.who).do(t, d.Site).refused(t, c.what, c.status, c.code)
	}
	hidden := call{method: http.MethodPut, path: "/api/channels/lab/artifacts/bulk", body: copyTo("eves")}.xAuth(session("ada"))
	unknown := call{method: http.MethodPut, path: "/api/channels/lab/artifacts/bulk", body: copyTo("nowhere")}.xAuth(session("ada"))
	if a, b := hidden.do(t, d.Site), unknown.do(t, d.Site); !bytes.Equal(a.body, b.body) {
		t.Errorf("a hidden target answers %s, an unknown one %s", a.body, b.body)
	}
	counts(t, "write and read are enough to copy", d.bulk(t, d.Token(token(api.LevelRead, api.LevelWrite)), "lab", copyTo("prod")), api.JobDone, 1, 0, 0)
	d.wantFiles(t, "lab", d.files...)
}

func TestBulkInputs(t *testing.T) {
	d := newDepot(t, 1)
	session := (&stage{Site: d.Site}).session(t, "ada")
	good := func(change func(*api.Bulk)) api.Bulk {
		in := api.Bulk{Action: api.BulkCopy, TargetChannel: "prod", Items: items("pkg000")}
		change(&in)
		return in
	}
	for what, in := range map[string]api.Bulk{
		"no such action":       good(func(b *api.Bulk) { b.Action = "burn" }),
		"no target":            good(func(b *api.Bulk) { b.TargetChannel = "" }),
		"its own target":       good(func(b *api.Bulk) { b.TargetChannel = "lab" }),
		"no items":             good(func(b *api.Bulk) { b.Items = nil }),
		"items and all":        good(func(b *api.Bulk) { b.All = true }),
		"another family":       good(func(b *api.Bulk) { b.Items[0].Family = "python" }),
		"no name":              good(func(b *api.Bulk) { b.Items[0].Name = "" }),
		"a ckey that is none":  good(func(b *api.Bulk) { b.Items[0].CKey = "noarch" }),
		"a ckey with slashes":  good(func(b *api.Bulk) { b.Items[0].CKey = "a/b/c" }),
		"delete with a target": good(func(b *api.Bulk) { b.Action = api.BulkDelete }),
	} {
		call{method: http.MethodPut, path: "/api/channels/lab/artifacts/bulk", body: in}.xAuth(session).do(t, d.Site).refused(t, what, http.StatusUnprocessableEntity, api.CodeInvalid)
	}
	frozen := api.IndexingFrozen
	if _, err := d.ada.UpdateChannel(t.Context(), "prod", api.ChannelUpdate{IndexingBehavior: &frozen}); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		channel string
		in      api.Bulk
	}{
		"into a frozen channel": {"lab", good(func(*api.Bulk) {})},
		"move out of one":       {"prod", good(func(b *api.Bulk) { b.Action, b.TargetChannel = api.BulkMove, "lab" })},
		"delete from one":       {"prod", api.Bulk{Action: api.BulkDelete, All: true}},
	} {
		call{method: http.MethodPut, path: "/api/channels/" + c.channel + "/artifacts/bulk", body: c.in}.xAuth(session).do(t, d.Site).refused(t, what, http.StatusBadRequest, api.CodeFrozen)
	}
	a := call{method: http.MethodPut, path: "/api/channels/lab/artifacts/bulk", body: good(func(b *api.Bulk) { b.Action, b.TargetChannel = api.BulkDelete, "" })}.xAuth(session).do(t, d.Site)
	var j api.Job
	if err := json.Unmarshal(a.body, &j); err != nil || a.status != http.StatusAccepted || a.header.Get("Location") != "/api/jobs/"+j.ID || j.State != api.JobQueued {
		t.Errorf("answer = %d %s %s, want 202 with the job and its address", a.status, a.header.Get("Location"), a.body)
	}
}

// TestRightsLostMeanwhile queues jobs while nothing runs them, takes rights away, and lets them run.
func TestRightsLostMeanwhile(t *testing.T) {
	for what, c := range map[string]struct {
		lose  func(t *testing.T, d *depot, token api.TokenCreated)
		state api.JobState
		code  string
	}{
		"the token is revoked": {func(t *testing.T, d *depot, token api.TokenCreated) { do(t, d.ada.DeleteToken(t.Context(), token.ID)) }, api.JobFailed, ""},
		"the token is narrowed": {func(t *testing.T, d *depot, token api.TokenCreated) {
			_, err := d.ada.UpdateToken(t.Context(), token.ID, api.TokenUpdate{Resources: []api.TokenResource{{ResourceType: "channel", ResourceID: "lab", Permission: "manage"}}})
			do(t, err)
		}, api.JobDone, "not_found"},
		"the owner loses the role": {func(t *testing.T, d *depot, _ api.TokenCreated) {
			call{method: http.MethodPut, path: "/api/users/ada/roles", body: api.RolesUpdate{Roles: []string{}}}.xAuth((&stage{Site: d.Site}).session(t, "admin")).do(t, d.Site).ok(t, "demote")
		}, api.JobDone, "role_level"},
		"the owner is disabled": {func(t *testing.T, d *depot, _ api.TokenCreated) {
			_, err := d.Admin.UpdateUser(t.Context(), "ada", api.UserUpdate{Disabled: new(true)})
			do(t, err)
		}, api.JobFailed, ""},
		"the target is frozen": {func(t *testing.T, d *depot, _ api.TokenCreated) {
			_, err := d.ada.UpdateChannel(t.Context(), "prod", api.ChannelUpdate{IndexingBehavior: new(api.IndexingFrozen)})
			do(t, err)
		}, api.JobDone, "channel_frozen"},
		"the target is another of its name": {func(t *testing.T, d *depot, _ api.TokenCreated) {
			do(t, d.ada.DeleteChannel(t.Context(), "prod"))
			d.Channel(d.ada, "prod", api.PrivacyPrivate)
		}, api.JobFailed, ""},
	} {
		t.Run(what, func(t *testing.T) {
			d := newDepot(t, 2)
			token, err := d.ada.CreateToken(t.Context(), api.TokenCreate{Name: "ci", Resources: []api.TokenResource{
				{ResourceType: "channel", ResourceID: "lab", Permission: "manage"}, {ResourceType: "channel", ResourceID: "prod", Permission: "write"},
			}})
			do(t, err)
			id := d.suspended(t, token.Secret, func() { c.lose(t, d, token) })
			j, err := d.Admin.WaitJob(t.Context(), id, nil)
			do(t, err)
			failed := int64(0)
			if c.state == api.JobDone {
				failed = 2
			}
			counts(t, what, j, c.state, 0, failed, 0)
			if c.state == api.JobFailed && j.Error == "" || failed > 0 && j.Errors[0].Code != c.code {
				t.Errorf("job = %+v, want a reason, or code %s", j, c.code)
			}
			d.wantFiles(t, "lab", d.files...)
			d.wantFiles(t, "prod")
		})
	}
}

func do(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// suspended asks for a move of all of lab to prod with a token, and does something before any of it is done: files wait
// for the cleanup of blobs, and this test says that it is at work.
func (d *depot) suspended(t *testing.T, token string, meanwhile func()) (id string) {
	t.Helper()
	gate := d.Server.Site().Upkeep.Gate
	gate.Lock()
	defer gate.Unlock()
	j, err := d.Token(token).Bulk(t.Context(), "lab", api.Bulk{Action: api.BulkMove, TargetChannel: "prod", All: true})
	do(t, err)
	meanwhile()
	return j.ID
}

// TestJobsAreTheirAskers: who sees and cancels a job.
func TestJobsAreTheirAskers(t *testing.T) {
	d := newDepot(t, 1)
	eve := d.User("eve")
	token, other := d.ScopeToken(d.ada, "artifact:delete"), d.ScopeToken(d.ada, "artifact:view")
	j := d.bulk(t, d.Token(token.Secret), "lab", api.Bulk{Action: api.BulkDelete, All: true})
	for what, c := range map[string]struct {
		who  *client.Client
		sees bool
	}{
		"the token": {d.Token(token.Secret), true}, "its owner": {d.ada, true}, "an admin": {d.Admin, true},
		"another token of the owner's": {d.Token(other.Secret), false}, "somebody else": {eve, false},
		"a token that may see jobs": {d.Token(d.ScopeToken(d.Admin, "job:view").Secret), true},
	} {
		list, err := c.who.Jobs(t.Context(), client.JobFilter{States: []api.JobState{api.JobDone}})
		if got := list.TotalCount == 1 && list.Items[0].ID == j.ID; err != nil || got != c.sees || int64(len(list.Items)) != list.TotalCount {
			t.Errorf("%s: list = %+v, %v, want the job in it: %v", what, list, err, c.sees)
		}
		want := http.StatusForbidden
		if c.sees {
			want = 0
		}
		if _, err := c.who.Job(t.Context(), j.ID); client.StatusOf(err) != want {
			t.Errorf("%s: job: %v, want status %d", what, err, want)
		}
		_, known := c.who.Job(t.Context(), j.ID)
		if _, unknown := c.who.Job(t.Context(), "6d1c55b1-3bd3-4d6e-8a4d-000000000000"); !c.sees && fmt.Sprint(known) != fmt.Sprint(unknown) {
			t.Errorf("%s: another's job: %v, no job: %v", what, known, unknown)
		}
	}
	if _, err := d.Token(d.ScopeToken(d.Admin, "job:view").Secret).CancelJob(t.Context(), j.ID); client.StatusOf(err) != http.StatusForbidden {
		t.Errorf("cancel with job:view: %v, want 403", err)
	}
	if got, err := d.ada.CancelJob(t.Context(), j.ID); err != nil || got.State != api.JobDone {
		t.Errorf("cancel what is over: %+v, %v", got, err)
	}
}

// TestJobsPerAccount: the number of jobs that are not over is bounded.
func TestJobsPerAccount(t *testing.T) {
	d := newDepot(t, 0)
	db := d.Server.Site().Store
	u, err := db.UserByName(t.Context(), nil, "ada")
	do(t, err)
	do(t, db.Write(t.Context(), func(tx registry.Tx) error {
		for i := range 100 {
			_, err := db.InsertJob(t.Context(), tx, registry.Job{
				PublicID: fmt.Sprint(i), Kind: "none", Arguments: json.RawMessage("{}"), State: registry.JobQueued,
				Asker: registry.Asker{Via: access.ViaSession.String(), PrincipalID: u.ID, Principal: "ada"}, DueAt: d.Clock.Now().Add(time.Hour),
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	_, err = d.ada.Bulk(t.Context(), "lab", api.Bulk{Action: api.BulkDelete, All: true})
	if client.StatusOf(err) != http.StatusTooManyRequests {
		t.Errorf("the 101st job: %v, want 429", err)
	}
	if j, err := d.ada.CancelJob(t.Context(), "7"); err != nil || j.State != api.JobCanceled {
		t.Errorf("cancel: %+v, %v", j, err)
	}
	counts(t, "after one is gone", d.bulk(t, d.ada, "lab", api.Bulk{Action: api.BulkDelete, All: true}), api.JobDone, 0, 0, 0)
}
