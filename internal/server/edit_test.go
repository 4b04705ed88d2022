package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/registry"
	"kingsnake/internal/servertest"
)

// edited is what an index and the API say of a file that was edited.
type edited struct {
	Depends, Constrains []string
	License             string
	RunExports          map[string][]string
	Summary             string
	Patch               string
}

// look gives what every reader sees of the first file of a channel.
func (d *depot) look(t *testing.T, channel string) (e edited) {
	t.Helper()
	session := (&stage{Site: d.Site}).session(t, "admin")
	file := d.files[0][len("noarch/"):]
	read := func(path string, v any) {
		body := get("/"+channel+"/"+path).xAuth(session).do(t, d.Site).ok(t, path).body
		if err := json.Unmarshal(body, v); err != nil {
			t.Fatalf("%s: %v in %s", path, err, body)
		}
	}
	var repodata struct {
		Conda map[string]struct {
			Depends, Constrains []string
			License             string
			Name, Version       string
		} `json:"packages.conda"`
	}
	read("noarch/repodata.json", &repodata)
	r := repodata.Conda[file]
	if r.Name != "pkg000" || r.Version != "1.0" {
		t.Errorf("%s: the record is of %s %s", channel, r.Name, r.Version)
	}
	var exports struct {
		Conda map[string]struct {
			RunExports map[string][]string `json:"run_exports"`
		} `json:"packages.conda"`
	}
	read("noarch/run_exports.json", &exports)
	var data struct {
		Packages map[string]struct{ Summary string }
	}
	read("channeldata.json", &data)
	f, err := d.Admin.File(t.Context(), channel, "pkg000", d.files[0])
	do(t, err)
	var meta map[string]json.RawMessage
	do(t, json.Unmarshal(f.Metadata, &meta))
	if (meta["patch.json"] == nil) != (meta["original.json"] == nil) {
		t.Errorf("%s: metadata = %s, want both of patch and original or none", channel, f.Metadata)
	}
	plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">") // However it is spelled, it is the same JSON.
	return edited{r.Depends, r.Constrains, r.License, exports.Conda[file].RunExports, data.Packages["pkg000"].Summary, plain.Replace(string(meta["patch.json"]))}
}

func TestEditMetadata(t *testing.T) {
	d := newDepot(t, 1)
	before := d.look(t, "lab")
	edit := func(patch map[string]any) {
		t.Helper()
		do(t, d.ada.EditMetadata(t.Context(), "lab", d.files[0], patch))
	}
	edit(map[string]any{"depends": []string{"python >=3.10", "libblas"}, "license": "MIT"})
	edit(map[string]any{"run_exports": map[string]any{"weak": []string{"libblas >=3"}}, "summary": "An edited one", "constrains": []string{"old <1"}})
	want := before
	want.Depends, want.Constrains, want.License, want.Summary = []string{"python >=3.10", "libblas"}, []string{"old <1"}, "MIT", "An edited one"
	want.RunExports = map[string][]string{"weak": {"libblas >=3"}}
	want.Patch = `{"constrains":["old <1"],"depends":["python >=3.10","libblas"],"license":"MIT","run_exports":{"weak":["libblas >=3"]},"summary":"An edited one"}`
	if diff := cmp.Diff(want, d.look(t, "lab")); diff != "" {
		t.Errorf("edited (-want +got):\n%s", diff)
	}
	counts(t, "copy", d.bulk(t, d.ada, "lab", api.Bulk{Action: api.BulkCopy, TargetChannel: "prod", All: true}), api.JobDone, 1, 0, 0)
	if diff := cmp.Diff(want, d.look(t, "prod")); diff != "" {
		t.Errorf("a copy takes the edit along (-want +got):\n%s", diff)
	}
	edit(map[string]any{"depends": nil, "constrains": nil, "run_exports": nil, "summary": nil})
	want = before
	want.License, want.Patch = "MIT", `{"license":"MIT"}`
	if diff := cmp.Diff(want, d.look(t, "lab")); diff != "" {
		t.Errorf("taken back in part (-want +got):\n%s", diff)
	}
	edit(map[string]any{"license": nil})
	if diff := cmp.Diff(before, d.look(t, "lab")); diff != "" {
		t.Errorf("taken back (-want +got):\n%s", diff)
	}
	d.forceDrops(t)
	d.editsAreRecorded(t)
}

// forceDrops: what was said of a file is not said of the one that takes its place.
func (d *depot) forceDrops(t *testing.T) {
	t.Helper()
	do(t, d.ada.EditMetadata(t.Context(), "lab", d.files[0], map[string]any{"license": "GPL"}))
	data, info := servertest.Package(99, random.Options{Name: "pkg000", Version: "1.0", Build: "0", NoArch: "generic"})
	call{method: http.MethodPut, path: "/lab/noarch/" + info.Filename + "?force=true", body: data}.
		xAuth((&stage{Site: d.Site}).session(t, "ada")).do(t, d.Site).ok(t, "overwrite")
	if got := d.look(t, "lab"); got.Patch != "" || got.License == "GPL" {
		t.Errorf("after an overwrite: %+v, want no edit", got)
	}
}

func (d *depot) editsAreRecorded(t *testing.T) {
	t.Helper()
	events, err := d.Server.Site().Store.ListAudit(t.Context(), 0, 1000)
	do(t, err)
	n := 0
	for _, e := range events {
		if e.Type == registry.EventArtifactEdited && e.Target == "lab/"+d.files[0] && e.Principal == "ada" {
			n++
		}
	}
	if n != 5 {
		t.Errorf("%d edits are in the audit, want 5", n)
	}
}

func TestEditRefusals(t *testing.T) {
	d := newDepot(t, 1)
	d.User("eve")
	before := d.look(t, "lab")
	path, session := "/api/repo/lab/"+d.files[0], func(name string) string { return (&stage{Site: d.Site}).session(t, name) }
	patch := func(path string, body any) call { return call{method: http.MethodPatch, path: path, body: body} }
	for _, body := range []string{
		`{"name":"x"}`, `{"version":"2"}`, `{"build":"1"}`, `{"subdir":"linux-64"}`, `{"sha256":"00"}`, `{"md5":"00"}`, `{"size":1}`, `{"build_number":7}`,
		`{"timestamp":1}`, `{"indexed_timestamp":1}`, `{"noarch":"python"}`, `{"schema_version":3}`, `{"depends":"python"}`, `{"depends":["not a [spec"]}`,
		`{"depends":[7]}`, `{"license":7}`, `{"track_features":{}}`, `{"summary":["a"]}`, `{"purls":["no purl"]}`, `{"run_exports":{"weak":7}}`, `{}`, `[]`, `null`, `{"depends":`, "",
	} {
		patch(path, []byte(body)).xAuth(session("ada")).do(t, d.Site).refused(t, body, http.StatusUnprocessableEntity, api.CodeInvalid)
	}
	good := map[string]any{"license": "MIT"}
	large := []byte(fmt.Sprintf(`{"license":"%070000d"}`, 0))
	patch(path, large).xAuth(session("ada")).do(t, d.Site).refused(t, "a large one", http.StatusRequestEntityTooLarge, api.CodeTooLarge)
	for what, c := range map[string]struct {
		call   call
		status int
		code   api.Code
	}{
		"nobody":                 {patch(path, good), http.StatusUnauthorized, api.CodeAuthRequired},
		"a stranger":             {patch(path, good).xAuth(session("eve")), http.StatusNotFound, api.CodeNotFound},
		"a token that may write": {patch(path, good).xAuth(d.ResourceToken(d.ada, "lab", api.LevelWrite).Secret), http.StatusForbidden, api.CodeTokenLevel},
		"without artifact:edit":  {patch(path, good).xAuth(d.ScopeToken(d.ada, "artifact:create", "artifact:delete").Secret), http.StatusForbidden, api.CodeTokenScope},
		"no such file":           {patch("/api/repo/lab/noarch/none-1.0-0.conda", good).xAuth(session("ada")), http.StatusNotFound, api.CodeNotFound},
		"an index":               {patch("/repo/lab/noarch/repodata.json", good).xAuth(session("ada")), http.StatusMethodNotAllowed, api.CodeMethodNotAllowed},
	} {
		c.call.do(t, d.Site).refused(t, what, c.status, c.code)
	}
	if diff := cmp.Diff(before, d.look(t, "lab")); diff != "" {
		t.Errorf("refused edits changed (-want +got):\n%s", diff)
	}
	// A record that old conda builds wrote has specs that only the lenient parser reads, and other addresses work too.
	for _, path := range []string{"/repo/lab/" + d.files[0], "/lab/" + d.files[0], "/conda/lab/" + d.files[0]} {
		if a := patch(path, map[string]any{"depends": []string{"python 3.8*"}}).xAuth(session("ada")).do(t, d.Site); a.status != http.StatusNoContent || len(a.body) > 0 {
			t.Errorf("PATCH %s = %d %s, want 204", path, a.status, a.body)
		}
	}
}
