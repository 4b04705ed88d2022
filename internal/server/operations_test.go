package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// operation is one thing that can be asked of the server, with a request that is good in every respect but who sends it.
type operation struct {
	// name is the method and path as declared; of the conda protocol, the method and what is asked for.
	name string
	call func(t testing.TB, w *world) call
	// finds is a word that the answer of a list holds when the caller may see what is there. A list is never refused.
	finds string
}

// world is a site in which every operation has something to work on. What an operation uses up is made again.
type world struct {
	*servertest.Site
	data      []byte
	file, pkg string
	shard     string
	n         int
	userID    string
	doomed    map[string]string
}

// spare gives the name of a thing that the operation may destroy, and makes one where there is none.
func (w *world) spare(t testing.TB, kind string, make func(name string) string) string {
	t.Helper()
	if w.doomed[kind] == "" {
		w.n++
		w.doomed[kind] = make(fmt.Sprintf("%s%d", kind, w.n))
	}
	return w.doomed[kind]
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{Site: servertest.Open(t, inMemory(t)), doomed: map[string]string{}}
	w.Channel(w.Admin, "team", api.PrivacyPrivate)
	data, info := servertest.Package(1, random.Options{NoArch: "generic"})
	w.data, w.file, w.pkg = data, info.Filename, info.Name
	w.Upload(w.Admin, "team", data, w.file)
	in, err := w.Anonymous().Login(t.Context(), "admin", servertest.AdminPassword)
	if err != nil {
		t.Fatal(err)
	}
	// The client leaves out an empty list of roles, and an account then becomes an author.
	made := call{method: http.MethodPost, path: "/api/users", body: map[string]any{
		"username": "subject", "password": servertest.UserPassword, "roles": []string{},
	}}.xAuth(in.Token).do(t, w.Site).ok(t, "create user")
	var u api.User
	if err := json.Unmarshal(made.body, &u); err != nil {
		t.Fatal(err)
	}
	w.userID = u.ID
	w.shard = w.findShard(t)
	return w
}

// findShard gives the path of the package's shard: the index names it by the package's own name and hash.
func (w *world) findShard(t testing.TB) string {
	t.Helper()
	token := w.ScopeToken(w.Admin, "channel:view-artifacts").Secret
	a := get("/team/noarch/repodata_shards.msgpack.zst").xAuth(token).do(t, w.Site).ok(t, "shard index")
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	raw, err := d.DecodeAll(a.body, nil)
	if err != nil {
		t.Fatal(err)
	}
	// In msgpack a key of n < 32 bytes is 0xa0+n and its bytes, and 32 bytes of binary are 0xc4 0x20 and the bytes.
	key := append([]byte{0xa0 + byte(len(w.pkg))}, w.pkg...)
	i := bytes.Index(raw, append(key, 0xc4, 0x20))
	if i < 0 {
		t.Fatalf("no shard of %s in the index %q", w.pkg, raw)
	}
	hash := raw[i+len(key)+2:][:32]
	return fmt.Sprintf("/team/noarch/shards/%x.msgpack.zst", hash)
}

// channel, user, token and pack make things to be destroyed.
func (w *world) channel(t testing.TB) string {
	return w.spare(t, "channel", func(name string) string { w.Channel(w.Admin, name, api.PrivacyPrivate); return name })
}

func (w *world) user(t testing.TB) string {
	return w.spare(t, "user", func(name string) string {
		if _, err := w.Admin.CreateUser(t.Context(), api.UserCreate{Username: name, Password: servertest.UserPassword}); err != nil {
			t.Fatal(err)
		}
		return name
	})
}

func (w *world) token(t testing.TB) string {
	return w.spare(t, "token", func(name string) string {
		// It must end before the tokens that are to change it do.
		made, err := w.Admin.CreateToken(t.Context(), api.TokenCreate{
			Name: name, Scopes: []string{"user.token:edit"}, ExpiresAt: w.Clock.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339),
		})
		if err != nil {
			t.Fatal(err)
		}
		return made.ID
	})
}

// pack gives the name and the file name of a package to delete.
func (w *world) pack(t testing.TB, kind string) (name, file string) {
	got := w.spare(t, kind, func(name string) string {
		data, info := servertest.Package(uint64(100+w.n), random.Options{Name: name, NoArch: "generic"})
		w.Upload(w.Admin, "team", data, info.Filename)
		return name + " " + info.Filename
	})
	name, file, _ = strings.Cut(got, " ")
	return name, file
}

// request makes a call that needs nothing of the world.
func request(method, path string, body any) func(testing.TB, *world) call {
	return func(testing.TB, *world) call { return call{method: method, path: path, body: body} }
}

func (w *world) form(t testing.TB, part string) call {
	t.Helper()
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	if part == api.UploadFieldContent {
		if err := form.WriteField(api.UploadFieldFileType, string(api.FileTypeConda)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := form.CreateFormFile(part, w.file)
	if err == nil {
		_, err = p.Write(w.data)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return call{method: http.MethodPost, body: buf.Bytes()}.with("Content-Type", form.FormDataContentType())
}

// condaOperations are the requests of the conda protocol.
func condaOperations() []operation {
	var all []operation
	for _, path := range []string{
		"", "/channeldata.json", "/noarch/repodata.json", "/noarch/repodata.json.zst", "/noarch/repodata_shards.msgpack.zst",
		"/noarch/run_exports.json", "/noarch/run_exports.json.zst",
	} {
		all = append(all, operation{name: "GET /<channel>" + path, call: request(http.MethodGet, "/team"+path, nil)})
	}
	return append(all,
		operation{name: "GET <shard>", call: func(_ testing.TB, w *world) call { return get(w.shard) }},
		operation{name: "GET <package>", call: func(_ testing.TB, w *world) call { return get("/team/noarch/" + w.file) }},
		operation{name: "PUT <package>", call: func(_ testing.TB, w *world) call {
			return call{method: http.MethodPut, path: "/team/noarch/" + w.file, body: w.data}
		}},
		operation{name: "PUT <package>?force=true", call: func(_ testing.TB, w *world) call {
			return call{method: http.MethodPut, path: "/team/noarch/" + w.file + "?force=true", body: w.data}
		}})
}

// channelOperations are those of channels and their packages in the REST API.
func channelOperations() []operation {
	const one = "/api/channels/{channel}"
	const pkg = one + "/artifacts/{artifact_family}/{artifact_name}"
	base := func(name string) string { return "/api/channels/team/artifacts/conda/" + name }
	return []operation{
		{name: "GET /api/channels", call: request(http.MethodGet, "/api/channels", nil), finds: `"team"`},
		{name: "GET /api/account/channels", call: request(http.MethodGet, "/api/account/channels", nil), finds: `"team"`},
		{name: "GET /api/artifacts", call: request(http.MethodGet, "/api/artifacts", nil), finds: `"team"`},
		{name: "POST /api/channels", call: func(_ testing.TB, w *world) call {
			w.n++
			return call{method: http.MethodPost, path: "/api/channels", body: api.ChannelCreate{Name: fmt.Sprintf("new%d", w.n), Privacy: api.PrivacyPrivate}}
		}},
		{name: "GET " + one, call: request(http.MethodGet, "/api/channels/team", nil)},
		{name: "PUT " + one, call: request(http.MethodPut, "/api/channels/team", api.ChannelUpdate{Description: new("changed")})},
		{name: "DELETE " + one, call: func(t testing.TB, w *world) call {
			return call{method: http.MethodDelete, path: "/api/channels/" + w.channel(t)}
		}},
		{name: "GET " + one + "/permissions", call: request(http.MethodGet, "/api/channels/team/permissions", nil)},
		{name: "GET " + one + "/artifacts", call: request(http.MethodGet, "/api/channels/team/artifacts", nil)},
		{name: "GET " + pkg, call: func(_ testing.TB, w *world) call { return get(base(w.pkg)) }},
		{name: "GET " + pkg + "/files", call: func(_ testing.TB, w *world) call { return get(base(w.pkg) + "/files") }},
		{name: "GET " + pkg + "/files/{ckey...}", call: func(_ testing.TB, w *world) call { return get(base(w.pkg) + "/files/noarch/" + w.file) }},
		{name: "DELETE " + pkg, call: func(t testing.TB, w *world) call {
			name, _ := w.pack(t, "package")
			return call{method: http.MethodDelete, path: base(name)}
		}},
		{name: "DELETE " + pkg + "/files/{ckey...}", call: func(t testing.TB, w *world) call {
			name, file := w.pack(t, "file")
			return call{method: http.MethodDelete, path: base(name) + "/files/noarch/" + file}
		}},
		{name: "POST " + one + "/artifacts", call: func(t testing.TB, w *world) call {
			c := w.form(t, api.UploadFieldContent)
			c.path = "/api/channels/team/artifacts"
			return c
		}},
		{name: "POST " + one + "/upload/{file}", call: func(_ testing.TB, w *world) call {
			return call{method: http.MethodPost, path: "/api/channels/team/upload/" + w.file, body: w.data}
		}},
		{name: "POST /api/v1/upload/{channel}", call: func(t testing.TB, w *world) call {
			c := w.form(t, "file")
			c.path = "/api/v1/upload/team"
			return c
		}},
	}
}

// accountOperations are those of tokens, users and the site in the REST API.
func accountOperations() []operation {
	const token, user = "/api/account/tokens/{token_id}", "/api/users/{user_id}"
	on := func(method, below string, body any) func(testing.TB, *world) call {
		return func(t testing.TB, w *world) call {
			return call{method: method, path: "/api/account/tokens/" + w.token(t) + below, body: body}
		}
	}
	onUser := func(method, below string, body any) func(testing.TB, *world) call {
		return func(_ testing.TB, w *world) call {
			return call{method: method, path: "/api/users/" + w.userID + below, body: body}
		}
	}
	return []operation{
		{name: "GET /api/account/tokens", call: request(http.MethodGet, "/api/account/tokens", nil)},
		{name: "POST /api/account/tokens", call: request(http.MethodPost, "/api/account/tokens", api.TokenCreate{Name: "child", Scopes: []string{"user.token:edit"}})},
		{name: "GET " + token, call: on(http.MethodGet, "", nil)},
		{name: "PUT " + token, call: on(http.MethodPut, "", api.TokenUpdate{Name: new("renamed")})},
		{name: "PUT " + token + "/metadata", call: on(http.MethodPut, "/metadata", map[string]any{"team": "x"})},
		{name: "DELETE " + token, call: on(http.MethodDelete, "", nil)},
		{name: "GET /api/users", call: request(http.MethodGet, "/api/users", nil)},
		{name: "POST /api/users", call: func(_ testing.TB, w *world) call {
			w.n++
			return call{method: http.MethodPost, path: "/api/users", body: map[string]any{"username": fmt.Sprintf("made%d", w.n), "roles": []string{}}}
		}},
		{name: "GET " + user, call: onUser(http.MethodGet, "", nil)},
		{name: "PUT " + user, call: onUser(http.MethodPut, "", api.UserUpdate{Email: new("subject@example.org")})},
		{name: "DELETE " + user, call: func(t testing.TB, w *world) call {
			return call{method: http.MethodDelete, path: "/api/users/" + w.user(t)}
		}},
		{name: "PUT " + user + "/password", call: onUser(http.MethodPut, "/password", api.PasswordReset{Password: servertest.UserPassword})},
		{name: "PUT " + user + "/roles", call: onUser(http.MethodPut, "/roles", api.RolesUpdate{Roles: []string{}})},
		{name: "GET /api/roles", call: request(http.MethodGet, "/api/roles", nil)},
		{name: "POST /api/access/explain", call: request(http.MethodPost, "/api/access/explain", api.ExplainRequest{Action: "channel:view", Channel: "team"})},
		{name: "GET /api/account", call: request(http.MethodGet, "/api/account", nil)},
		{name: "GET /api/account/scopes", call: request(http.MethodGet, "/api/account/scopes", nil)},
		{name: "GET /api/account/permissions", call: request(http.MethodGet, "/api/account/permissions", nil)},
		{name: "GET /api/account/token-info", call: request(http.MethodGet, "/api/account/token-info", nil)},
		{name: "GET /api/system", call: request(http.MethodGet, "/api/system", nil)},
		{name: "GET /api/system/scopes", call: request(http.MethodGet, "/api/system/scopes", nil)},
		{name: "GET /api/system/resource_types", call: request(http.MethodGet, "/api/system/resource_types", nil)},
		{name: "POST /api/auth/login", call: request(http.MethodPost, "/api/auth/login", api.LoginRequest{Username: "subject", Password: servertest.UserPassword})},
		{name: "POST /api/auth/logout", call: request(http.MethodPost, "/api/auth/logout", nil)},
		{name: "PUT /api/account/password", call: request(http.MethodPut, "/api/account/password", api.PasswordChange{CurrentPassword: servertest.AdminPassword, NewPassword: "another long password"})},
	}
}
