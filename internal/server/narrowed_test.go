package server_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// shelf is a stage in which each channel and a subchannel hold the packages alpha, alpha-extra and beta.
type shelf struct {
	*stage
	files map[string]string
	data  map[string][]byte
}

var shelfChannels = []string{"team", "team/part", "staff", "open", "bobs"}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{stage: newStage(t), files: map[string]string{}, data: map[string][]byte{}}
	if _, err := s.ada.CreateSubchannel(t.Context(), "team", api.ChannelCreate{Name: "part", Privacy: api.PrivacyPrivate}); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"alpha", "alpha-extra", "beta"} {
		data, info := servertest.Package(uint64(500+i), random.Options{Name: name, NoArch: "generic"})
		s.files[name], s.data[name] = info.Filename, data
		for _, ch := range shelfChannels {
			by := s.ada
			if ch == "bobs" {
				by = s.bob
			}
			s.Upload(by, ch, data, info.Filename)
		}
	}
	return s
}

// narrowed makes one of ada's tokens for packages, "channel/family/name", each with a level.
func (s *shelf) narrowed(t *testing.T, level api.Level, names ...string) api.TokenCreated {
	t.Helper()
	in := api.TokenCreate{Name: "narrowed"}
	for _, name := range names {
		in.Resources = append(in.Resources, api.TokenResource{ResourceType: api.ResourceTypeArtifact, ResourceID: name, Permission: level})
	}
	made, err := s.ada.CreateToken(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// indexed gives the names of the packages in an index file.
func indexed(t *testing.T, what string, body []byte) []string {
	t.Helper()
	var index struct {
		Packages map[string]json.RawMessage `json:"packages"`
		Conda    map[string]json.RawMessage `json:"packages.conda"`
	}
	if err := json.Unmarshal(body, &index); err != nil {
		t.Fatalf("%s: %v in %s", what, err, body)
	}
	names := []string{}
	for _, files := range []map[string]json.RawMessage{index.Packages, index.Conda} {
		for file := range files {
			names = append(names, file[:strings.LastIndex(file[:strings.LastIndex(file, "-")], "-")])
		}
	}
	slices.Sort(names)
	return names
}

// TestNarrowedIndex: a token for single packages gets an index that holds these alone, in every form but shards.
func TestNarrowedIndex(t *testing.T) {
	s := newShelf(t)
	token := s.narrowed(t, api.LevelRead, "team/conda/alpha", "team/part/conda/beta").Secret
	reader, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for ch, want := range map[string][]string{"team": {"alpha"}, "team/part": {"beta"}} {
		for _, file := range []string{"repodata.json", "run_exports.json"} {
			plain := get("/"+ch+"/noarch/"+file).xAuth(token).do(t, s.Site).ok(t, ch+" "+file)
			if diff := cmp.Diff(indexed(t, file, plain.body), want); diff != "" {
				t.Errorf("%s of %s (-got +want):\n%s", file, ch, diff)
			}
			packed := get("/"+ch+"/noarch/"+file+".zst").xAuth(token).do(t, s.Site).ok(t, ch+" "+file+".zst")
			if raw, err := reader.DecodeAll(packed.body, nil); err != nil || !bytes.Equal(raw, plain.body) {
				t.Errorf("%s.zst of %s holds %s, %v, want what the plain one does", file, ch, raw, err)
			}
			again := get("/" + ch + "/noarch/" + file).xAuth(token)
			if a := again.with("If-None-Match", plain.header.Get("Etag")).do(t, s.Site); a.status != http.StatusNotModified {
				t.Errorf("%s of %s with its ETag = %d, want 304", file, ch, a.status)
			}
			if a := again.with("Range", "bytes=1-3").do(t, s.Site); a.status != http.StatusPartialContent || string(a.body) != string(plain.body[1:4]) {
				t.Errorf("%s of %s in part = %d %s", file, ch, a.status, a.body)
			}
		}
		if a := get("/"+ch+"/noarch/repodata_shards.msgpack.zst").xAuth(token).do(t, s.Site); a.status != http.StatusNotFound {
			t.Errorf("the shards of %s = %d %s, want 404", ch, a.status, a.body)
		}
		if names := indexed(t, "empty", get("/"+ch+"/noarch/repodata.json").xAuth(s.narrowed(t, api.LevelRead, ch+"/conda/nothing").Secret).do(t, s.Site).ok(t, "none").body); len(names) != 0 {
			t.Errorf("a token for a package that is not there sees %q in %s", names, ch)
		}
	}
	for who, reader := range map[string]string{"narrowed": token, "scopes": s.ScopeToken(s.ada, "channel:view-artifacts").Secret} {
		if a := get("/team/noarch/current_repodata.json").xAuth(reader).do(t, s.Site); a.status != http.StatusNotFound {
			t.Errorf("a file that is not built, for a token with %s = %d %s, want 404, for clients go on from there", who, a.status, a.body)
		}
	}
	get("/team/channeldata.json").xAuth(token).do(t, s.Site).refused(t, "channeldata", http.StatusForbidden, api.CodeTokenLevel)
	if names := indexed(t, "open", get("/open/noarch/repodata.json").xAuth(token).do(t, s.Site).ok(t, "public").body); len(names) != 4 {
		t.Errorf("a public channel shows %q, want all that anybody sees", names)
	}

	data, info := servertest.Package(600, random.Options{Name: "alpha", NoArch: "generic"})
	s.Upload(s.ada, "team", data, info.Filename)
	if names := indexed(t, "later", get("/team/noarch/repodata.json").xAuth(token).do(t, s.Site).ok(t, "later").body); len(names) != 2 {
		t.Errorf("after another upload the index shows %q, want two files of alpha", names)
	}
}

// TestNarrowedWrites: an upload is judged by the name inside the file, and nothing of one that is refused is kept.
func TestNarrowedWrites(t *testing.T) {
	s := newShelf(t)
	token := s.narrowed(t, api.LevelWrite, "team/conda/alpha").Secret
	put := func(name string, seed uint64) (call, string) {
		data, info := servertest.Package(seed, random.Options{Name: name, NoArch: "generic"})
		return call{method: http.MethodPut, path: "/team/noarch/" + info.Filename, body: data}.xAuth(token), info.Filename
	}
	own, _ := put("alpha", 700)
	own.do(t, s.Site).ok(t, "its own package")
	other, file := put("gamma", 701)
	other.do(t, s.Site).refused(t, "another package", http.StatusForbidden, api.CodeNotFound)
	body := get("/team/noarch/repodata.json").xAuth(s.session(t, "ada")).do(t, s.Site).ok(t, "index").body
	if bytes.Contains(body, []byte(file)) {
		t.Error("a package that was refused is in the index")
	}
	disguised := call{method: http.MethodPut, path: "/team/noarch/alpha-9-0.conda", body: other.body}.xAuth(token)
	if a := disguised.do(t, s.Site); a.status < 400 {
		t.Errorf("another package under its own's name = %d %s", a.status, a.body)
	}
	manage := s.narrowed(t, api.LevelManage, "team/conda/alpha").Secret
	remove := func(name string) call {
		return call{method: http.MethodDelete, path: "/api/channels/team/artifacts/conda/" + name}.xAuth(manage)
	}
	remove("beta").do(t, s.Site).refused(t, "another package's end", http.StatusNotFound, api.CodeNotFound)
	remove("alpha").do(t, s.Site).ok(t, "its own package's end")
	get("/staff/noarch/repodata.json").xAuth(manage).do(t, s.Site).refused(t, "another channel", http.StatusForbidden, api.CodeNotFound)
}

// TestNarrowedTokensAreShown: what was granted is shown, edited and held to like other resources.
func TestNarrowedTokensAreShown(t *testing.T) {
	s := newShelf(t)
	made := s.narrowed(t, api.LevelRead, "team/conda/alpha", "team/part/conda/beta")
	want := []api.TokenResource{
		{ResourceType: api.ResourceTypeArtifact, ResourceID: "team/conda/alpha", Permission: api.LevelRead},
		{ResourceType: api.ResourceTypeArtifact, ResourceID: "team/part/conda/beta", Permission: api.LevelRead},
	}
	shown, err := s.ada.TokenByID(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shown.Resources, want); diff != "" {
		t.Errorf("resources (-got +want):\n%s", diff)
	}
	want = []api.TokenResource{readTeam, {ResourceType: api.ResourceTypeArtifact, ResourceID: "team/conda/alpha", Permission: api.LevelManage}}
	edited, err := s.ada.UpdateToken(t.Context(), made.ID, api.TokenUpdate{Resources: want})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(edited.Resources, want); diff != "" {
		t.Errorf("edited resources (-got +want):\n%s", diff)
	}
	get("/team/noarch/"+s.files["beta"]).xAuth(made.Secret).do(t, s.Site).ok(t, "the channel's level")
	session := s.session(t, "ada")
	for name, status := range map[string]int{
		"team/conda": 422, "team/python/alpha": 422, "team/conda/al pha": 422, "team/conda/*": 422, "a/b/c/conda/alpha": 422, "bobs/conda/alpha": 404, "none/conda/alpha": 404,
	} {
		in := api.TokenCreate{Name: "x", Resources: []api.TokenResource{{ResourceType: api.ResourceTypeArtifact, ResourceID: name, Permission: api.LevelRead}}}
		if a := (call{method: http.MethodPost, path: "/api/account/tokens", body: in}).xAuth(session).do(t, s.Site); a.status != status {
			t.Errorf("a token for %s = %d %s, want %d", name, a.status, a.body, status)
		}
	}
}

// TestNarrowedLists: a list holds a package exactly if its token opens the package, for tokens narrowed in every way.
func TestNarrowedLists(t *testing.T) {
	s := newShelf(t)
	tokens := map[string]string{
		"none":     "",
		"session":  s.session(t, "ada"),
		"packages": s.narrowed(t, api.LevelRead, "team/conda/alpha", "staff/conda/beta", "team/part/conda/alpha-extra").Secret,
		"level":    s.ResourceToken(s.ada, "team", api.LevelRead).Secret,
	}
	for what, r := range map[string]api.TokenRestrictions{
		"package pattern": {Packages: []string{"alpha*"}}, "exact package": {Packages: []string{"alpha"}}, "capital": {Packages: []string{"Alpha*"}},
		"channel pattern": {Channels: []string{"te*"}}, "subchannels": {Channels: []string{"*/*"}}, "both": {Channels: []string{"s*", "team/p*"}, Packages: []string{"b*", "*extra"}},
		"underscore": {Packages: []string{"alph_"}}, "elsewhere": {AllowedCIDRs: []string{"10.0.0.0/8"}},
	} {
		for kind, in := range map[string]api.TokenCreate{
			"scope": {Name: what, Scopes: []string{"artifact:view", "artifact:download"}, Restrictions: &r},
			"resource": {Name: what, Restrictions: &r, Resources: []api.TokenResource{
				readTeam, {ResourceType: api.ResourceTypeArtifact, ResourceID: "staff/conda/beta", Permission: api.LevelRead},
			}},
		} {
			made, err := s.ada.CreateToken(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			tokens[kind+", "+what] = made.Secret
		}
	}
	cells := 0
	for what, token := range tokens {
		listed := s.listed(t, what, "/api/artifacts?limit=1000", token)
		for _, ch := range shelfChannels {
			parent, sub, isSub := strings.Cut(ch, "/")
			rest := "/api/channels/" + parent
			if isSub {
				rest += "/subchannels/" + sub
			}
			inChannel := map[string]bool{}
			if a := get(rest+"/artifacts").xAuth(token).do(t, s.Site); a.status == http.StatusOK {
				inChannel = s.listed(t, what, rest+"/artifacts", token)
			}
			for name := range s.files {
				cells++
				opens := get(rest+"/artifacts/conda/"+name).xAuth(token).do(t, s.Site).status == http.StatusOK
				fetches := get("/"+ch+"/noarch/"+s.files[name]).xAuth(token).do(t, s.Site).status == http.StatusOK
				key := ch + " " + name
				if listed[key] != opens || inChannel[key] != opens || fetches != opens {
					t.Errorf("%s: %s: listed %v, listed in its channel %v, shown %v, fetched %v, want all the same", what, key, listed[key], inChannel[key], opens, fetches)
				}
			}
		}
	}
	t.Logf("%d tokens, %d packages compared", len(tokens), cells)
}

// listed gives the packages of a list as "channel name", after checking its count.
func (s *shelf) listed(t *testing.T, what, path, token string) map[string]bool {
	t.Helper()
	var list api.List[api.Artifact]
	if err := json.Unmarshal(get(path).xAuth(token).do(t, s.Site).ok(t, what+" "+path).body, &list); err != nil {
		t.Fatal(err)
	}
	if list.TotalCount != int64(len(list.Items)) {
		t.Errorf("%s: %s counts %d and shows %d", what, path, list.TotalCount, len(list.Items))
	}
	out := map[string]bool{}
	for _, item := range list.Items {
		ch := item.Channel
		if item.Subchannel != nil {
			ch += "/" + *item.Subchannel
		}
		out[ch+" "+item.Name] = true
	}
	return out
}
