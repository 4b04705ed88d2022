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
	"kingsnake/internal/oidctest"
	"kingsnake/internal/pgtest"
	"kingsnake/internal/servertest"
)

// operation is one thing that can be asked of the server, with a request that is good in every respect but who sends it,
// and with what it takes to be served, written by hand from the design and never taken from the declarations.
type operation struct {
	// name is the method and path as declared; of the conda protocol, the method and what is asked for.
	name string
	// scopes are what a caller needs, all of them; none for what is about the caller itself or open to all.
	scopes []string
	// carries are the further scopes that a token must hold because of what the request gives to somebody.
	carries []string
	// open tells that nobody is asked who they are, self that some credential is asked for even where it is a list.
	open, self bool
	// password tells that a password is taken too.
	password bool
	// session tells that no token will do, whatever it holds.
	session bool
	// hides tells that who may not see the thing is told that there is none, as it is with every channel.
	hides bool
	// both tells that there is the same operation for subchannels; allOperations adds it.
	both bool
	// call makes the request; at is where a channel's operation takes place.
	call func(t testing.TB, w *world, at place) call
	// namesGroup tells that the body of a request about a channel names a group, which the caller must be able to see, or
	// that of a request about an account a channel.
	namesGroup bool
	// finds is a word that the answer of a list holds when the caller may see what is there. A list is never refused.
	finds string
	// at is filled in by allOperations.
	at place
}

// place is a channel or subchannel to work on: its path, and its address in the REST API.
type place struct{ path, rest string }

var (
	onTeam = place{"team", "/api/channels/team"}
	onPart = place{"team/part", "/api/channels/team/subchannels/part"}
)

// needs are the scopes of a row.
func needs(scopes ...string) []string { return scopes }

// allOperations are the rows of all tables, with the twins on subchannels.
func allOperations() []operation {
	var all []operation
	for _, rows := range [][]operation{
		condaOperations(),
		siteOperations(),
		channelOperations(),
		ruleOperations(),
		accountOperations(),
		userTokenOperations(),
		leakOperations(),
		groupOperations(),
		labelOperations(),
		auditOperations(),
		jobOperations(),
		serviceOperations(),
		binstarOperations(),
		tokenUseOperations(),
		reachOperations(),
		noticeOperations(),
	} {
		for _, o := range rows {
			o.at = onTeam
			all = append(all, o)
			if o.both {
				all = append(all, o.onSubchannel())
			}
		}
	}
	all = append(all, placed(signInOperations(), trustOperations())...)
	return all
}

// sample is all of the operations or, under the race detector or on PostgreSQL, every seventh: the whole of a large table is
// run without them.
func sample(all []operation) []operation {
	if !raced && !pgtest.Wanted() {
		return all
	}
	var some []operation
	for i := 0; i < len(all); i += 7 {
		some = append(some, all[i])
	}
	return some
}

// onSubchannel is the row's twin.
func (o operation) onSubchannel() operation {
	o.at = onPart
	o.name = strings.Replace(strings.Replace(o.name, "{channel}", "{channel}/subchannels/{subchannel}", 1), "<channel>", "<channel>/<subchannel>", 1)
	o.scopes, o.carries = onSubchannel(o.scopes), onSubchannel(o.carries)
	o.finds = strings.Replace(o.finds, `"team"`, `"part"`, 1)
	return o
}

// onSubchannel names the scopes that stand for the same actions on a subchannel.
func onSubchannel(scopes []string) []string {
	var out []string
	for _, s := range scopes {
		if sub, ok := subchannelScope[s]; ok {
			s = sub
		}
		out = append(out, s)
	}
	return out
}

// subchannelScope names the scope that stands for the same action on a subchannel, where it is another one.
var subchannelScope = map[string]string{
	"channel:delete": "subchannel:delete", "channel:edit": "subchannel:edit", "channel:history": "subchannel:history", "channel:view": "subchannel:view",
	"channel:view-artifacts": "subchannel:view-artifacts", "channel.group:edit": "subchannel.group:edit", "channel.group:view": "subchannel.group:view",
	"channel.mirror:edit": "subchannel.mirror:edit", "channel.mirror:view": "subchannel.mirror:view",
}

// world is a site in which every operation has something to work on. What an operation uses up is made again.
type world struct {
	*servertest.Site
	issuer    *oidctest.Issuer
	data      []byte
	file, pkg string
	// shards are the paths of the package's shards, by the channel's path.
	shards map[string]string
	n      int
	userID string
	// doomed are things to be destroyed, by kind; last is the kind that was asked for last.
	doomed map[string]string
	last   string
	// admin is a session of the admin's, empty where none was needed yet.
	admin string
}

// destroyed forgets the thing that the last operation took, which has destroyed it.
func (w *world) destroyed() { delete(w.doomed, w.last) }

// spare gives the name of a thing that the operation may destroy, and makes one where there is none.
func (w *world) spare(t testing.TB, kind string, make func(name string) string) string {
	t.Helper()
	w.last = kind
	if w.doomed[kind] == "" {
		w.n++
		w.doomed[kind] = make(fmt.Sprintf("%s%d", kind, w.n))
	}
	return w.doomed[kind]
}

// fresh gives a name that nothing has.
func (w *world) fresh(kind string) string {
	w.n++
	return fmt.Sprintf("%s%d", kind, w.n)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	issuer := oidctest.NewIssuer(t)
	w := &world{Site: servertest.Open(t, inMemory(t), signsInAt(issuer)), issuer: issuer, doomed: map[string]string{}, shards: map[string]string{}}
	issuer.Now = w.Clock.Now
	w.Channel(w.Admin, "team", api.PrivacyPrivate)
	w.subchannel(t, "part")
	data, info := servertest.Package(1, random.Options{NoArch: "generic"})
	w.data, w.file, w.pkg = data, info.Filename, info.Name
	w.Upload(w.Admin, "team", data, w.file)
	w.Upload(w.Admin, "team/part", data, w.file)
	in, err := w.Anonymous().Login(t.Context(), "admin", servertest.AdminPassword)
	if err != nil {
		t.Fatal(err)
	}
	made := call{method: http.MethodPost, path: "/api/users", body: api.UserCreate{
		Username: "subject", Password: servertest.UserPassword, Roles: []string{},
	}}.xAuth(in.Token).do(t, w.Site).ok(t, "create user")
	var u api.User
	if err := json.Unmarshal(made.body, &u); err != nil {
		t.Fatal(err)
	}
	w.userID = u.ID
	token := w.ScopeToken(w.Admin, "channel:view-artifacts", "subchannel:view-artifacts").Secret
	for _, at := range []place{onTeam, onPart} {
		w.shards[at.path] = w.findShard(t, token, at.path)
	}
	return w
}

// subchannel makes a subchannel of team.
func (w *world) subchannel(t testing.TB, name string) string {
	t.Helper()
	if _, err := w.Admin.CreateSubchannel(t.Context(), "team", api.ChannelCreate{Name: name, Privacy: api.PrivacyPrivate}); err != nil {
		t.Fatal(err)
	}
	return name
}

// findShard gives the path of the package's shard: the index names it by the package's own name and hash.
func (w *world) findShard(t testing.TB, token, channel string) string {
	t.Helper()
	a := get("/"+channel+"/noarch/repodata_shards.msgpack.zst").xAuth(token).do(t, w.Site).ok(t, "shard index")
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
	return fmt.Sprintf("/%s/noarch/shards/%x.msgpack.zst", channel, hash)
}

// channel and the like make things to be destroyed.
func (w *world) channel(t testing.TB) string {
	return w.spare(t, "channel", func(name string) string { w.Channel(w.Admin, name, api.PrivacyPrivate); return name })
}

// doomedAt is a channel or a subchannel to be destroyed.
func (w *world) doomedAt(t testing.TB, at place) place {
	if at == onTeam {
		name := w.channel(t)
		return place{name, "/api/channels/" + name}
	}
	name := w.spare(t, "part", func(name string) string { return w.subchannel(t, name) })
	return place{"team/" + name, "/api/channels/team/subchannels/" + name}
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
func (w *world) pack(t testing.TB, kind string, at place) (name, file string) {
	got := w.spare(t, kind+" of "+at.path, func(string) string {
		name := w.fresh("pkg")
		data, info := servertest.Package(uint64(100+w.n), random.Options{Name: name, NoArch: "generic"})
		w.Upload(w.Admin, at.path, data, info.Filename)
		return name + " " + info.Filename
	})
	name, file, _ = strings.Cut(got, " ")
	return name, file
}

// request makes a call that needs nothing of the world.
func request(method, path string, body any) func(testing.TB, *world, place) call {
	return func(testing.TB, *world, place) call { return call{method: method, path: path, body: body} }
}

// below makes a call to what stands under the channel's address in the REST API.
func below(method, path string, body any) func(testing.TB, *world, place) call {
	return func(_ testing.TB, _ *world, at place) call {
		return call{method: method, path: at.rest + path, body: body}
	}
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
