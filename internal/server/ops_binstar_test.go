package server_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/conda/channel"
	"kingsnake/internal/servertest"
)

// binstar is the address of the protocol of anaconda.org.
const binstar = "/api/binstar"

// inBinstar names a request of that protocol.
func inBinstar(method, path string) string {
	return method + " binstar:" + strings.Replace(path, "{channel}", "<channel>", 1)
}

// ownerOf is a channel as the tools write it.
func ownerOf(at place) string { return strings.Replace(at.path, "/", ":", 1) }

// binstarOperations are those that anaconda-client asks for.
func binstarOperations() []operation {
	view, create, edit, remove := needs("artifact:view"), needs("artifact:create"), needs("artifact:edit"), needs("artifact:delete")
	const one, release, file = "/package/{channel}/{name}", "/release/{channel}/{name}/{version}", "/{channel}/{name}/{version}/{subdir}/{file}"
	const dist, label, copies = "/dist/{channel}/{name}/{version}/{ckey...}", "/channels/{channel}/{label}", "/copy/package/{channel}/{name}/{version}/{ckey...}"
	row := func(method, path string, scopes []string, body any) operation {
		return operation{name: inBinstar(method, path), scopes: scopes, both: true, call: func(t testing.TB, w *world, at place) call {
			return call{method: method, path: w.binstarPath(t, path, at, w.file), body: body}
		}}
	}
	both := needs("artifact:create", "artifact:download")
	return []operation{
		row(http.MethodGet, "/user/{channel}", needs("channel:view"), nil),
		row(http.MethodGet, "/packages/{channel}", view, nil),
		{name: inBinstar(http.MethodGet, "/search"), scopes: view, finds: `"team"`, call: request(http.MethodGet, binstar+"/search", nil)},
		row(http.MethodGet, one, view, nil),
		row(http.MethodPost, one, create, map[string]any{"public": true}),
		row(http.MethodPatch, one, create, nil),
		removed(one, remove),
		row(http.MethodGet, release, view, nil),
		row(http.MethodPost, release, create, nil),
		row(http.MethodPatch, release, create, nil),
		removed(release, remove),
		row(http.MethodGet, dist, view, nil),
		removed(dist, remove),
		{name: inBinstar(http.MethodPost, "/stage"+file), scopes: create, both: true, call: func(t testing.TB, w *world, at place) call { return w.stage(t, at) }},
		{name: inBinstar(http.MethodPost, "/form"), open: true, call: func(t testing.TB, w *world, at place) call {
			c, _ := w.staged(t, at)
			return c
		}},
		{name: inBinstar(http.MethodPost, "/commit"+file), scopes: create, both: true, call: func(t testing.TB, w *world, at place) call {
			send, commit := w.staged(t, at)
			send.do(t, w.Site).ok(t, "the form")
			return commit
		}},
		row(http.MethodGet, "/channels/{channel}", needs("channel:view"), nil),
		row(http.MethodGet, label, view, nil),
		{name: inBinstar(http.MethodPost, label), scopes: edit, both: true, call: func(_ testing.TB, w *world, at place) call {
			return call{method: http.MethodPost, path: binstar + "/channels/" + ownerOf(at) + "/beta", body: map[string]any{"package": w.pkg}}
		}},
		{name: inBinstar(http.MethodDelete, label), scopes: edit, both: true, call: func(t testing.TB, w *world, at place) call {
			w.label(t, at)
			return call{method: http.MethodDelete, path: binstar + "/channels/" + ownerOf(at) + "/beta", body: map[string]any{"package": w.pkg}}
		}},
		row(http.MethodPost, label+"/copy/{to}", edit, nil),
		copied(http.MethodPost, copies, both),
		copied(http.MethodPatch, copies, both),
		copied(http.MethodPut, copies, needs("artifact:create", "artifact:edit", "artifact:download")),
		{name: inBinstar(http.MethodGet, "/authentication-type"), open: true, call: request(http.MethodGet, binstar+"/authentication-type", nil)},
		{name: inBinstar(http.MethodGet, "/scopes"), open: true, call: request(http.MethodGet, binstar+"/scopes", nil)},
		{name: inBinstar(http.MethodGet, "/user"), call: request(http.MethodGet, binstar+"/user", nil)},
		{name: inBinstar(http.MethodGet, "/authentication"), call: request(http.MethodGet, binstar+"/authentication", nil)},
		{name: inBinstar(http.MethodGet, "/authentications"), scopes: needs("user.token:view"), call: request(http.MethodGet, binstar+"/authentications", nil)},
		{name: inBinstar(http.MethodPost, "/authentications"), scopes: needs("user.token:edit"), password: true, call: func(_ testing.TB, w *world, _ place) call {
			return call{method: http.MethodPost, path: binstar + "/authentications", body: map[string]any{
				"note": w.fresh("login"), "scopes": []string{"user.token:edit"}, "hostname": "laptop",
			}}
		}},
		namedToken("/authentications/name/{token}"),
		namedToken("/authentications/org/{organization}/name/{token}"),
	}
}

// binstarPath fills in the path of a request about one file.
func (w *world) binstarPath(t testing.TB, path string, at place, file string) string {
	t.Helper()
	name, version, _, _, err := channel.SplitFilename(file)
	if err != nil {
		t.Fatal(err)
	}
	return binstar + strings.NewReplacer("{channel}", ownerOf(at), "{name}", name, "{version}", version, "{subdir}", "noarch", "{file}", file,
		"{ckey...}", "noarch/"+file, "{label}", "main", "{to}", "beta").Replace(path)
}

// removed is the row of a removal.
func removed(path string, scopes []string) operation {
	return operation{name: inBinstar(http.MethodDelete, path), scopes: scopes, both: true, call: func(t testing.TB, w *world, at place) call {
		_, file := w.pack(t, "for "+path, at)
		return call{method: http.MethodDelete, path: w.binstarPath(t, path, at, file)}
	}}
}

// copied is the row of a copy from the channel to its subchannel, or back.
func copied(method, path string, scopes []string) operation {
	return operation{name: inBinstar(method, path), scopes: scopes, both: true, call: func(t testing.TB, w *world, at place) call {
		to := onTeam
		if at == onTeam {
			to = onPart
		}
		return call{method: method, path: w.binstarPath(t, path, at, w.file), body: map[string]any{"to_owner": ownerOf(to), "from_channel": "main", "to_channel": "main"}}
	}}
}

// namedToken is the row of the removal of a token by its name.
func namedToken(path string) operation {
	return operation{name: inBinstar(http.MethodDelete, path), scopes: needs("user.token:edit"), call: func(t testing.TB, w *world, _ place) call {
		name := w.spare(t, "named", func(name string) string {
			// It must end before the tokens that are to remove it do.
			_, err := w.Admin.CreateToken(t.Context(), api.TokenCreate{
				Name: name, Scopes: []string{"user.token:edit"}, ExpiresAt: w.Clock.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339),
			})
			if err != nil {
				t.Fatal(err)
			}
			return name
		})
		return call{method: http.MethodDelete, path: binstar + strings.NewReplacer("{token}", name, "{organization}", "team").Replace(path)}
	}}
}

// stage announces the world's package.
func (w *world) stage(t testing.TB, at place, labels ...string) call {
	t.Helper()
	sum := sha256.Sum256(w.data)
	return call{method: http.MethodPost, path: w.binstarPath(t, "/stage/{channel}/{name}/{version}/{subdir}/{file}", at, w.file), body: map[string]any{
		"distribution_type": "conda", "sha256": hex.EncodeToString(sum[:]), "channels": labels, "attrs": map[string]any{"subdir": "noarch"},
	}}
}

// staged announces the world's package as the admin, and gives the requests that send it and that finish the upload.
func (w *world) staged(t testing.TB, at place, labels ...string) (send, commit call) {
	t.Helper()
	if w.admin == "" {
		in, err := w.Anonymous().Login(t.Context(), "admin", servertest.AdminPassword)
		if err != nil {
			t.Fatal(err)
		}
		w.admin = in.Token
	}
	return w.stagedBy(t, w.admin, at, labels...)
}

// stagedBy is staged with a credential.
func (w *world) stagedBy(t testing.TB, credential string, at place, labels ...string) (send, commit call) {
	t.Helper()
	var out struct {
		URL  string            `json:"post_url"`
		Form map[string]string `json:"form_data"`
		ID   string            `json:"dist_id"`
	}
	a := w.stage(t, at, labels...).xAuth(credential).do(t, w.Site).ok(t, "stage")
	if err := json.Unmarshal(a.body, &out); err != nil {
		t.Fatal(err)
	}
	path, ours := strings.CutPrefix(out.URL, w.URL)
	if !ours {
		t.Fatalf("the form is to go to %s", out.URL)
	}
	return formCall(t, path, out.Form, w.data), call{
		method: http.MethodPost, path: w.binstarPath(t, "/commit/{channel}/{name}/{version}/{subdir}/{file}", at, w.file), body: map[string]any{"dist_id": out.ID},
	}
}

// formCall is the form that the tools send as to S3.
func formCall(t testing.TB, path string, fields map[string]string, data []byte) call {
	t.Helper()
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	p, err := form.CreateFormFile("file", "a file")
	if err == nil {
		_, err = p.Write(data)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return call{method: http.MethodPost, path: path, body: buf.Bytes()}.with("Content-Type", form.FormDataContentType())
}

// TestBinstarTableIsComplete: every request of the protocol stands in the table, with the scopes that it declares. One is
// missing: it ends the credential that it comes with, which TestBinstarLogin shows.
func TestBinstarTableIsComplete(t *testing.T) {
	s := servertest.Open(t, inMemory(t))
	rows := map[string]operation{}
	for _, o := range binstarOperations() {
		rows[o.name] = o
	}
	logout := inBinstar(http.MethodDelete, "/authentications")
	for _, o := range s.Server.BinstarOperations() {
		name := inBinstar(o.Method, o.Path)
		row, known := rows[name]
		if !known {
			if name != logout {
				t.Errorf("%s: no request in the table", name)
			}
			continue
		}
		delete(rows, name)
		var got []string
		for _, scope := range o.Scopes {
			got = append(got, scope.String())
		}
		sorted := cmp.Transformer("sorted", func(list []string) map[string]bool {
			set := map[string]bool{}
			for _, v := range list {
				set[v] = true
			}
			return set
		})
		if diff := cmp.Diff(row.scopes, got, sorted); diff != "" || row.open != o.Open || row.password != o.Password {
			t.Errorf("%s: declared scopes, open = %v, password = %v (-table +declared):\n%s", name, o.Open, o.Password, diff)
		}
		if self := len(row.scopes) == 0 && !row.open; self != o.Self {
			t.Errorf("%s: declared as about the caller = %v, in the table %v", name, o.Self, self)
		}
	}
	for name := range rows {
		t.Errorf("%s: in the table and not declared", name)
	}
}
