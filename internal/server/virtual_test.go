package server_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// virtual makes a virtual channel of the client's account.
func virtual(t testing.TB, c *client.Client, name string, privacy api.Privacy, sources ...string) {
	t.Helper()
	if _, err := c.CreateChannel(t.Context(), virtualOf(name, privacy, sources...)); err != nil {
		t.Fatalf("create %s over %v: %v", name, sources, err)
	}
}

func virtualOf(name string, privacy api.Privacy, sources ...string) api.ChannelCreate {
	return api.ChannelCreate{Name: name, Privacy: privacy, ChannelType: api.ChannelTypeVirtual, Sources: sourcesOf(sources...)}
}

func sourcesOf(paths ...string) []api.ChannelSource {
	out := make([]api.ChannelSource, len(paths))
	for i, p := range paths {
		if parent, sub, ok := strings.Cut(p, "/"); ok {
			out[i] = api.ChannelSource{Name: sub, ParentName: parent}
		} else {
			out[i] = api.ChannelSource{Name: p}
		}
	}
	return out
}

// model is what the sources hold, kept by the test alone: files by channel.
type model struct {
	channels map[string]map[string]stored
	order    []string
}

type stored struct {
	pkg
	labels []string
}

// union is what the virtual channel has to show under a label, computed without any cleverness.
func (m *model) union(label string) map[string]string {
	out := map[string]string{}
	for _, ch := range m.order {
		for name, f := range m.channels[ch] {
			if _, taken := out[name]; !taken && slices.Contains(f.labels, label) {
				out[name] = f.SHA256
			}
		}
	}
	return out
}

// TestVirtualIsTheUnion changes random channels at random and compares, after each change and in every form, what a
// virtual channel over them shows with a union computed naively.
func TestVirtualIsTheUnion(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 7))
			s := servertest.Open(t, inMemory(t))
			m := &model{channels: map[string]map[string]stored{}, order: []string{"one", "two", "three"}}
			for _, ch := range m.order {
				s.Channel(s.Admin, ch, api.PrivacyPrivate)
				m.channels[ch] = map[string]stored{}
			}
			virtual(t, s.Admin, "all", api.PrivacyPrivate, m.order...)
			x := indexReader{s, s.ScopeToken(s.Admin, "channel:view-artifacts", "artifact:download").Secret}
			for step := range 25 {
				what := m.change(t, s, rng)
				for label, base := range map[string]string{"main": "/all/noarch", "dev": "/all/label/dev/noarch"} {
					want := m.union(label)
					if label == "dev" && len(want) == 0 {
						continue // Whether anything was ever labelled so is not the model's business.
					}
					if diff := cmp.Diff(want, x.files(t, base), cmpopts.EquateEmpty()); diff != "" {
						t.Fatalf("step %d, %s: %s (-want +got):\n%s", step, what, base, diff)
					}
				}
			}
			m.lists(t, s)
		})
	}
}

// change does one random thing to the sources, and notes it in the model.
func (m *model) change(t *testing.T, s *servertest.Site, rng *rand.Rand) string {
	ch := m.order[rng.IntN(len(m.order))]
	files := slices.Sorted(maps.Keys(m.channels[ch]))
	labels := [][]string{{"main"}, {"dev"}, {"dev", "main"}}[rng.IntN(3)]
	switch n := rng.IntN(10); {
	case n < 5 || len(files) == 0:
		// Few names, versions and builds, so that sources hold the same file names with other contents.
		p := makePkg(rng.Uint64(), "p"+string(rune('a'+rng.IntN(3))), random.Options{Version: fmt.Sprint(rng.IntN(2)), Build: "0"})
		if _, err := labelled(t, s.Admin, ch, p, true, labels...); err != nil {
			t.Fatal(err)
		}
		m.channels[ch][p.Filename] = stored{p, labels}
		return "upload to " + ch
	case n < 7:
		f := m.channels[ch][files[rng.IntN(len(files))]]
		if _, err := s.Admin.SetLabels(t.Context(), ch, f.Name, "noarch/"+f.Filename, labels); err != nil {
			t.Fatal(err)
		}
		m.channels[ch][f.Filename] = stored{f.pkg, labels}
		return "relabel in " + ch
	case n < 9:
		f := m.channels[ch][files[rng.IntN(len(files))]]
		if err := s.Admin.DeleteFile(t.Context(), ch, f.Name, "noarch/"+f.Filename); err != nil {
			t.Fatal(err)
		}
		delete(m.channels[ch], f.Filename)
		return "delete in " + ch
	}
	m.order = slices.Sorted(maps.Keys(m.channels))
	rng.Shuffle(len(m.order), func(i, j int) { m.order[i], m.order[j] = m.order[j], m.order[i] })
	m.order = m.order[:1+rng.IntN(len(m.order))]
	if _, err := s.Admin.UpdateChannel(t.Context(), "all", api.ChannelUpdate{Sources: sourcesOf(m.order...)}); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("sources are %v", m.order)
}

// lists compares the lists of the REST API with the union under main.
func (m *model) lists(t *testing.T, s *servertest.Site) {
	t.Helper()
	want, got := m.union("main"), map[string]string{}
	packages, err := s.Admin.Artifacts(t.Context(), "all", client.ArtifactFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages.Items {
		if p.Channel != "all" {
			t.Errorf("package %s is listed as one of %s", p.Name, p.Channel)
		}
		files, err := s.Admin.Files(t.Context(), "all", p.Name, client.FileFilter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files.Items {
			got[f.Filename] = f.SHA256
			one, err := s.Admin.File(t.Context(), "all", p.Name, f.CKey)
			if err != nil || one.SHA256 != f.SHA256 {
				t.Errorf("%s alone: %s, %v, want %s", f.CKey, one.SHA256, err, f.SHA256)
			}
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || packages.TotalCount != int64(len(packages.Items)) {
		t.Errorf("lists, %d packages of %d (-want +got):\n%s", len(packages.Items), packages.TotalCount, diff)
	}
}

// virtualReads are requests that show what a virtual channel draws on.
func virtualReads(ch, file string) (conda, rest []call) {
	name, _, _ := strings.Cut(file, "-")
	for _, path := range []string{
		"/channeldata.json", "/noarch/repodata.json", "/noarch/repodata.json.zst", "/noarch/repodata_shards.msgpack.zst", "/noarch/run_exports.json",
		"/noarch/shards/" + strings.Repeat("0", 64) + ".msgpack.zst", "/noarch/" + file, "/label/dev/noarch/repodata.json", "/linux-64/repodata.json",
	} {
		conda = append(conda, get("/"+ch+path), call{method: http.MethodHead, path: "/" + ch + path})
	}
	one := "/api/channels/" + ch
	for _, path := range []string{"/artifacts", "/artifacts/conda/" + name, "/artifacts/conda/" + name + "/about", "/artifacts/conda/" + name + "/files", "/artifacts/conda/" + name + "/files/noarch/" + file, "/labels"} {
		rest = append(rest, get(one+path))
	}
	return conda, rest
}

// TestVirtualAsksEverySource: one source that the caller may not read closes all of it, and is not named.
func TestVirtualAsksEverySource(t *testing.T) {
	s := newStage(t)
	virtual(t, s.ada, "mix", api.PrivacyPublic, "open", "team")
	conda, rest := virtualReads("mix", s.file)
	get("/mix").do(t, s.Site).ok(t, "anybody: the channel itself")
	for _, c := range join(conda, rest) {
		c.do(t, s.Site).refused(t, "anybody: "+c.path, http.StatusUnauthorized, api.CodeAuthRequired)
	}
	both := api.TokenCreate{Name: "both", Resources: []api.TokenResource{
		{ResourceType: api.ResourceTypeChannel, ResourceID: "mix", Permission: api.LevelRead},
		{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelRead},
	}}
	good, err := s.ada.CreateToken(t.Context(), both)
	if err != nil {
		t.Fatal(err)
	}
	for what, token := range map[string]string{
		"a user":                         s.session(t, "bob"),
		"a token for the virtual alone":  s.ResourceToken(s.ada, "mix", api.LevelRead).Secret,
		"a token for another channel":    s.ResourceToken(s.bob, "bobs", api.LevelRead).Secret,
		"a user's scopes, which suffice": s.ScopeToken(s.bob, "channel:view", "channel:view-artifacts", "artifact:view", "artifact:download").Secret,
	} {
		for _, c := range join(conda, rest) {
			a := c.xAuth(token).do(t, s.Site)
			a.refused(t, what+": "+c.path, http.StatusForbidden, api.CodeSource)
			if bytes.Contains(a.body, []byte("team")) {
				t.Errorf("%s: %s names the source: %s", what, c.path, a.body)
			}
		}
		shown := get("/api/channels/mix").xAuth(token).do(t, s.Site).ok(t, what)
		if bytes.Contains(shown.body, []byte("team")) {
			t.Errorf("%s: the channel shows a source that may not be seen: %s", what, shown.body)
		}
	}
	for what, token := range map[string]string{"a token for both": good.Secret, "the owner": s.session(t, "ada")} {
		for _, c := range join(conda, rest) {
			a := c.xAuth(token).do(t, s.Site)
			missing := strings.Contains(c.path, "/shards/") || strings.Contains(c.path, "/label/") || strings.Contains(c.path, "linux-64")
			if want := map[bool]int{true: http.StatusNotFound, false: http.StatusOK}[missing]; a.status != want {
				t.Errorf("%s: %s: %d %s, want %d", what, c.path, a.status, a.body, want)
			}
			if cc := a.header.Get("Cache-Control"); !strings.HasPrefix(cc, "private") {
				t.Errorf("%s: %s: Cache-Control = %q, want private", what, c.path, cc)
			}
		}
	}
}

// TestVirtualFollowsRightsAtOnce reads through warm caches while rights on a source change.
func TestVirtualFollowsRightsAtOnce(t *testing.T) {
	s := newStage(t)
	virtual(t, s.ada, "mix", api.PrivacyPublic, "open", "staff")
	reads := []call{get("/mix/noarch/repodata.json"), get("/mix/noarch/repodata_shards.msgpack.zst"), get("/mix/noarch/" + s.file), get("/mix/channeldata.json")}
	private := func(ch string, p api.Privacy) {
		t.Helper()
		if _, err := s.ada.UpdateChannel(t.Context(), ch, api.ChannelUpdate{Privacy: &p}); err != nil {
			t.Fatal(err)
		}
	}
	public := func(what string, want bool) {
		t.Helper()
		for range 2 {
			for _, c := range reads {
				a := c.do(t, s.Site)
				if !want {
					a.refused(t, what+": "+c.path, http.StatusUnauthorized, api.CodeAuthRequired)
				} else if cc := a.ok(t, what).header.Get("Cache-Control"); !strings.HasPrefix(cc, "public") {
					t.Errorf("%s: %s: Cache-Control = %q, want public", what, c.path, cc)
				}
			}
		}
	}
	public("a source for users", false)
	private("staff", api.PrivacyPublic)
	public("all sources public", true)
	private("open", api.PrivacyPrivate)
	public("a source private", false)
	private("open", api.PrivacyPublic)
	public("public again", true)
	private("mix", api.PrivacyPrivate)
	public("the virtual channel private", false)
	private("mix", api.PrivacyPublic)
	if _, err := s.ada.UpdateChannel(t.Context(), "mix", api.ChannelUpdate{Sources: sourcesOf("team", "open")}); err != nil {
		t.Fatal(err)
	}
	public("another source, private", false)
	if err := s.ada.DeleteChannel(t.Context(), "team"); err != nil {
		t.Fatal(err)
	}
	public("that source deleted", true)
	if c, err := s.ada.Channel(t.Context(), "mix"); err != nil || len(c.Sources) != 1 || c.Sources[0].Name != "open" {
		t.Errorf("sources = %v, %v, want open alone", c.Sources, err)
	}
	s.Channel(s.ada, "team", api.PrivacyPrivate)
	public("a namesake of the deleted source", true)
}

// TestVirtualTakesNoPackages: every way to change packages is refused, in words that say why.
func TestVirtualTakesNoPackages(t *testing.T) {
	s := newStage(t)
	virtual(t, s.ada, "mix", api.PrivacyPrivate, "team")
	token := s.ResourceToken(s.ada, "mix", api.LevelManage).Secret
	name, _, _ := strings.Cut(s.file, "-")
	one := "/api/channels/mix/artifacts/conda/" + name
	for _, c := range append(s.condaWrites("mix"),
		call{method: http.MethodPut, path: "/mix/label/dev/noarch/" + s.file, body: s.data},
		call{method: http.MethodPost, path: "/api/channels/mix/upload/" + s.file, body: s.data},
		call{method: http.MethodDelete, path: one}, call{method: http.MethodDelete, path: one + "/files/noarch/" + s.file},
		call{method: http.MethodPut, path: one + "/labels/noarch/" + s.file, body: api.LabelsUpdate{Labels: []string{"dev"}}},
	) {
		c.xAuth(token).do(t, s.Site).refused(t, c.method+" "+c.path, http.StatusBadRequest, api.CodeVirtual)
	}
	call{method: http.MethodPost, path: "/api/channels/mix/subchannels", body: api.ChannelCreate{Name: "sub"}}.
		xAuth(s.session(t, "ada")).do(t, s.Site).refused(t, "a subchannel", http.StatusUnprocessableEntity, api.CodeInvalid)
}

// TestVirtualSources: what may be a source, and who may say so.
func TestVirtualSources(t *testing.T) {
	s := newStage(t)
	ada, bob := s.session(t, "ada"), s.session(t, "bob")
	virtual(t, s.ada, "mix", api.PrivacyPublic, "team", "open")
	many := make([]string, 33)
	for i := range many {
		many[i] = "team"
	}
	post := func(in api.ChannelCreate) call { return call{method: http.MethodPost, path: "/api/channels", body: in} }
	put := func(ch string, sources ...string) call {
		return call{method: http.MethodPut, path: "/api/channels/" + ch, body: api.ChannelUpdate{Sources: sourcesOf(sources...)}}
	}
	frozen := virtualOf("v", api.PrivacyPrivate, "team")
	frozen.IndexingBehavior = api.IndexingFrozen
	ordinary := virtualOf("v", api.PrivacyPrivate, "team")
	ordinary.ChannelType = api.ChannelTypeDefault
	for what, c := range map[string]call{
		"no sources": post(virtualOf("v", api.PrivacyPrivate)), "a virtual source": post(virtualOf("v", api.PrivacyPrivate, "mix")),
		"a source twice": post(virtualOf("v", api.PrivacyPrivate, "team", "team")), "too many": post(virtualOf("v", api.PrivacyPrivate, many...)),
		"frozen": post(frozen), "sources of an ordinary channel": post(ordinary), "edit: itself": put("mix", "mix"), "edit: too many": put("mix", many...),
		"edit: sources of an ordinary channel": put("team", "open"),
	} {
		c.xAuth(ada).do(t, s.Site).refused(t, what, http.StatusUnprocessableEntity, api.CodeInvalid)
	}
	for _, hidden := range []string{"team", "none"} {
		post(virtualOf("v", api.PrivacyPrivate, "open", hidden)).xAuth(bob).do(t, s.Site).refused(t, "bob: "+hidden, http.StatusNotFound, api.CodeNotFound)
	}
	put("mix", "open").xAuth(bob).do(t, s.Site).refused(t, "bob edits", http.StatusForbidden, "channel_level")
	edits := s.ScopeToken(s.ada, "channel:edit", "channel:view").Secret
	put("mix", "open", "staff").xAuth(edits).do(t, s.Site).refused(t, "a token without artifact:download", http.StatusForbidden, "token_scope")
	virtual(t, s.bob, "bobview", api.PrivacyPrivate, "open")
	for what, row := range map[string]struct {
		token string
		want  []string
	}{"ada": {ada, []string{"mix"}}, "bob": {bob, []string{"bobview", "mix"}}, "anybody": {"", []string{"mix"}}} {
		var list api.List[api.Channel]
		decode(t, get("/api/channels/open/virtual-channels").xAuth(row.token).do(t, s.Site).ok(t, what).body, &list)
		var names []string
		for _, c := range list.Items {
			names = append(names, c.Name)
		}
		if same(t, what, names, row.want...); list.TotalCount != int64(len(row.want)) {
			t.Errorf("%s: total %d, want %d", what, list.TotalCount, len(row.want))
		}
	}
}

// TestVirtualCountsAndExplains: a download counts for the source's file, and explanations tell of sources.
func TestVirtualCountsAndExplains(t *testing.T) {
	s := newStage(t)
	virtual(t, s.ada, "mix", api.PrivacyPublic, "team", "open")
	get("/mix/noarch/"+s.file).xAuth(s.session(t, "ada")).do(t, s.Site).ok(t, "download")
	if err := s.Server.Site().Service.Usage.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(s.file, "-")
	for ch, want := range map[string]int64{"team": 1, "open": 0} {
		if a, err := s.ada.Artifact(t.Context(), ch, name); err != nil || a.DownloadCount != want {
			t.Errorf("%s: %d downloads, %v, want %d", ch, a.DownloadCount, err, want)
		}
	}
	explain := func(user, about string) string {
		t.Helper()
		c := call{method: http.MethodPost, path: "/api/access/explain", body: map[string]string{"action": "channel:view-artifacts", "channel": "mix", "user": about}}
		return string(c.xAuth(s.session(t, user)).do(t, s.Site).ok(t, "explain").body)
	}
	if got := explain("bob", ""); !strings.Contains(got, `"allowed":false`) || !strings.Contains(got, "source") || strings.Contains(got, "team") {
		t.Errorf("bob asks for himself: %s", got)
	}
	if got := explain("ada", "bob"); !strings.Contains(got, `"allowed":false`) || !strings.Contains(got, "channel team") {
		t.Errorf("ada asks for bob: %s", got)
	}
	if got := explain("ada", ""); !strings.Contains(got, `"allowed":true`) {
		t.Errorf("ada asks for herself: %s", got)
	}
}
