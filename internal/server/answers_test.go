package server_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/config"
	"kingsnake/internal/identity"
	"kingsnake/internal/servertest"
)

// stage is a site with a channel of each privacy, all of ada's, and one of bob's, who sees nothing of ada's.
type stage struct {
	*servertest.Site
	ada, bob *client.Client
	// data is a package that is in all of ada's channels, in noarch under the name file.
	data []byte
	file string
}

func newStage(t testing.TB, options ...func(*config.Config)) *stage {
	t.Helper()
	s := &stage{Site: servertest.Open(t, inMemory(t), options...)}
	s.ada, s.bob = s.User("ada"), s.User("bob")
	data, info := servertest.Package(1, random.Options{NoArch: "generic"})
	s.data, s.file = data, info.Filename
	for name, privacy := range map[string]api.Privacy{"team": api.PrivacyPrivate, "staff": api.PrivacyAuthenticated, "open": api.PrivacyPublic} {
		s.Channel(s.ada, name, privacy)
		s.Upload(s.ada, name, data, s.file)
	}
	s.Channel(s.bob, "bobs", api.PrivacyPrivate)
	return s
}

// bad is a credential that opens nothing, and the code that says why.
type bad struct {
	token string
	code  api.Code
}

// badTokens makes one of each sort, all of which could read team while they were good.
func (s *stage) badTokens(t testing.TB) map[string]bad {
	t.Helper()
	return s.badTokensFor(t, "team")
}

// badTokensFor is badTokens for another channel of ada's.
func (s *stage) badTokensFor(t testing.TB, channel string) map[string]bad {
	t.Helper()
	ctx := t.Context()
	expired, err := s.ada.CreateToken(ctx, api.TokenCreate{
		Name: "expired", ExpiresAt: s.Clock.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		Resources: []api.TokenResource{{ResourceType: api.ResourceTypeChannel, ResourceID: channel, Permission: api.LevelRead}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(2 * time.Hour)
	revoked, rotated := s.ResourceToken(s.ada, channel, api.LevelRead), s.ResourceToken(s.ada, channel, api.LevelRead)
	if err := s.ada.DeleteToken(ctx, revoked.ID); err != nil {
		t.Fatal(err)
	}
	call{method: http.MethodPut, path: "/api/account/tokens/" + rotated.ID, body: api.TokenUpdate{}}.
		xAuth(s.session(t, "ada")).do(t, s.Site).ok(t, "reissue")
	leaked := s.ResourceToken(s.ada, channel, api.LevelRead)
	reported(t, s.Site, leaked.Secret)
	carol := s.User("carol")
	disabled := s.ScopeToken(carol, "channel:view", "channel:view-artifacts", "artifact:download")
	call{method: http.MethodPut, path: "/api/users/carol", body: api.UserUpdate{Disabled: new(true)}}.
		xAuth(s.session(t, "admin")).do(t, s.Site).ok(t, "disable carol")
	return map[string]bad{
		"never issued":     {foreignToken(t), api.CodeTokenUnknown},
		"mistyped":         {"ks-r-000000000000000000000000000000000000", api.CodeTokenMalformed},
		"of another site":  {"tk-0123456789", api.CodeTokenMalformed},
		"expired":          {expired.Secret, api.CodeTokenExpired},
		"revoked":          {revoked.Secret, api.CodeTokenRevoked},
		"reissued":         {rotated.Secret, api.CodeTokenRotated},
		"leaked":           {leaked.Secret, api.CodeTokenLeaked},
		"disabled account": {disabled.Secret, api.CodeAccountDisabled},
		"masked by conda":  {"<TOKEN>", api.CodeTokenMasked},
		"masked by mamba":  {"*****", api.CodeTokenMasked},
	}
}

// foreignToken is a well-formed token of another site.
func foreignToken(t testing.TB) string {
	t.Helper()
	keys, err := identity.LoadKeys(filepath.Join(t.TempDir(), "site.key"))
	if err != nil {
		t.Fatal(err)
	}
	return keys.Mint('r').String
}

// session signs in and gives the bearer string.
func (s *stage) session(t testing.TB, user string) string {
	t.Helper()
	password := servertest.UserPassword
	if user == "admin" {
		password = servertest.AdminPassword
	}
	in, err := s.Anonymous().Login(t.Context(), user, password)
	if err != nil {
		t.Fatal(err)
	}
	return in.Token
}

// ok checks that an answer is a success.
func (a answer) ok(t testing.TB, what string) answer {
	t.Helper()
	if a.status < 200 || a.status > 299 {
		t.Fatalf("%s: status = %d %s, want success", what, a.status, a.body)
	}
	return a
}

// reads are requests of both protocols that only read a channel; writes ones that change it.
func (s *stage) condaReads(ch string) []call {
	index := "/" + ch + "/noarch/repodata.json"
	return []call{get(index), {method: http.MethodHead, path: index}, get("/" + ch + "/noarch/" + s.file), get("/" + ch + "/channeldata.json"), get("/" + ch)}
}

func (s *stage) condaWrites(ch string) []call {
	return []call{{method: http.MethodPut, path: "/" + ch + "/noarch/" + s.file, body: s.data}}
}

func (s *stage) restReads(ch string) []call {
	one := "/api/channels/" + ch
	return []call{get(one), {method: http.MethodHead, path: one}, get(one + "/permissions"), get(one + "/artifacts")}
}

func (s *stage) restWrites(ch string) []call {
	one := "/api/channels/" + ch
	return []call{
		{method: http.MethodPut, path: one, body: api.ChannelUpdate{Description: new("changed")}},
		{method: http.MethodDelete, path: one},
		{method: http.MethodPost, path: one + "/upload/" + s.file, body: s.data},
	}
}

// TestWithoutCredential is the first row of the table of answers.
func TestWithoutCredential(t *testing.T) {
	s := newStage(t)
	for _, ch := range []string{"team", "staff", "none"} {
		for _, c := range join(s.condaReads(ch), s.condaWrites(ch), s.restReads(ch), s.restWrites(ch)) {
			c.do(t, s.Site).refused(t, c.method+" "+c.path, http.StatusUnauthorized, api.CodeAuthRequired)
		}
	}
	for _, c := range join(s.condaWrites("open"), s.restWrites("open")) {
		c.do(t, s.Site).refused(t, c.method+" "+c.path, http.StatusUnauthorized, api.CodeAuthRequired)
	}
	for _, c := range join(s.condaReads("open"), s.restReads("open")) {
		a := c.do(t, s.Site).ok(t, c.method+" "+c.path)
		if got := a.header.Get("Conda-Token-Warning"); got != "" {
			t.Errorf("%s: warned of a token that was not sent: %q", c.path, got)
		}
	}
}

// TestBadCredential holds the rows of unknown, malformed, expired and revoked tokens and of masked URLs.
func TestBadCredential(t *testing.T) {
	s := newStage(t)
	for what, b := range s.badTokens(t) {
		s.Clock.Advance(time.Minute) // Lest the flood of this test be slowed down.
		for _, ch := range []string{"team", "staff", "none"} {
			for _, c := range join(s.condaReads(ch), s.condaWrites(ch), s.restReads(ch), s.restWrites(ch)) {
				p := c.xAuth(b.token).do(t, s.Site).refused(t, what+": "+c.method+" "+c.path, http.StatusUnauthorized, b.code)
				if b.code == api.CodeTokenMasked && len(p.Message) > 0 && !strings.Contains(p.Message, "masked") {
					t.Errorf("%s: message = %q, which does not speak of the masking", what, p.Message)
				}
			}
			url := "/t/" + b.token + "/" + ch + "/noarch/repodata.json"
			get(url).do(t, s.Site).refused(t, what+" in the URL", http.StatusUnauthorized, b.code)
		}
		for _, c := range join(s.condaWrites("open"), s.restReads("open"), s.restWrites("open")) {
			c.xAuth(b.token).do(t, s.Site).refused(t, what+": "+c.method+" "+c.path, http.StatusUnauthorized, b.code)
		}
		s.servedWithWarning(t, what, b)
	}
}

// servedWithWarning checks that conda clients get from a public channel what they would get without the bad token.
func (s *stage) servedWithWarning(t *testing.T, what string, b bad) {
	t.Helper()
	for _, c := range append(s.condaReads("open"), get("/open/noarch/nothing.json.bz2")) {
		want := c.do(t, s.Site)
		got := c.xAuth(b.token).do(t, s.Site)
		if got.status != want.status || want.status == http.StatusOK && !bytes.Equal(got.body, want.body) {
			t.Errorf("%s: %s = %d with %d bytes, want %d with %d as for anybody", what, c.path, got.status, len(got.body), want.status, len(want.body))
		}
		if got.header.Get("Conda-Token-Warning") == "" {
			t.Errorf("%s: %s %s: no Conda-Token-Warning", what, c.method, c.path)
		}
		if cc := got.header.Get("Cache-Control"); !strings.HasPrefix(cc, "private") {
			t.Errorf("%s: %s: Cache-Control = %q, want private", what, c.path, cc)
		}
	}
}

// TestStrictTokens is the exception: a bad token is refused on public channels too, whatever is asked for.
func TestStrictTokens(t *testing.T) {
	s := newStage(t, func(c *config.Config) { c.StrictTokens = true })
	for what, b := range s.badTokens(t) {
		s.Clock.Advance(time.Minute)
		for _, ch := range []string{"open", "team", "none"} {
			for _, c := range append(s.condaReads(ch), get("/"+ch+"/noarch/nothing.json.bz2")) {
				a := c.xAuth(b.token).do(t, s.Site)
				a.refused(t, what+": "+c.path, http.StatusUnauthorized, b.code)
				if w := a.header.Get("Conda-Token-Warning"); w != "" {
					t.Errorf("%s: %s: warning %q beside a refusal", what, c.path, w)
				}
			}
		}
	}
	for _, c := range s.condaReads("open") {
		c.do(t, s.Site).ok(t, c.path)
		c.xAuth(s.ResourceToken(s.bob, "bobs", api.LevelRead).Secret).do(t, s.Site).ok(t, c.path)
	}
}

// TestLacksRight is the row of those who may read the channel and lack the right: 403, naming it.
func TestLacksRight(t *testing.T) {
	s := newStage(t)
	put, edit := s.condaWrites, s.restWrites
	for _, c := range []struct {
		what, token string
		call        call
		code        api.Code
		scope       string
		level       api.Level
		says        string
	}{
		{"read token", s.ResourceToken(s.ada, "team", api.LevelRead).Secret, put("team")[0], api.CodeTokenLevel, "artifact:create", api.LevelWrite, "write"},
		{"read token", s.ResourceToken(s.ada, "team", api.LevelRead).Secret, edit("team")[0], api.CodeTokenLevel, "channel:edit", api.LevelManage, "manage"},
		{"write token", s.ResourceToken(s.ada, "team", api.LevelWrite).Secret, edit("team")[1], api.CodeTokenLevel, "channel:delete", api.LevelManage, "manage"},
		{"scope token", s.ScopeToken(s.ada, "channel:view").Secret, s.condaReads("team")[0], api.CodeTokenScope, "channel:view-artifacts", api.LevelRead, "channel:view-artifacts"},
		{"scope token", s.ScopeToken(s.ada, "channel:view").Secret, edit("team")[0], api.CodeTokenScope, "channel:edit", api.LevelManage, "channel:edit"},
		{"session", s.session(t, "bob"), put("staff")[0], api.CodeChannelLevel, "artifact:create", api.LevelWrite, "write"},
		{"session", s.session(t, "bob"), edit("open")[0], api.CodeChannelLevel, "channel:edit", api.LevelManage, "manage"},
		{"session", s.session(t, "bob"), edit("open")[2], api.CodeChannelLevel, "artifact:create", api.LevelWrite, "write"},
	} {
		what := c.what + ": " + c.call.method + " " + c.call.path
		p := c.call.xAuth(c.token).do(t, s.Site).refused(t, what, http.StatusForbidden, c.code)
		if p.MissingScope != c.scope || p.MissingLevel != c.level || !strings.Contains(p.Message, c.says) {
			t.Errorf("%s: missing %s at %s (%s), want %s at %s", what, p.MissingScope, p.MissingLevel, p.Message, c.scope, c.level)
		}
	}
}

// TestTokenInURLReadsOnly: a valid token in a URL writes nothing anywhere, and says nothing of what there is.
func TestTokenInURLReadsOnly(t *testing.T) {
	s := newStage(t)
	token := s.ResourceToken(s.ada, "team", api.LevelManage)
	data, info := servertest.Package(2, random.Options{NoArch: "generic"})
	path := func(ch string) string { return "/" + ch + "/noarch/" + info.Filename }
	for _, ch := range []string{"team", "bobs", "none"} {
		for _, url := range []string{"/t/" + token.Secret + path(ch), "/conda/t/" + token.Secret + path(ch)} {
			call{method: http.MethodPut, path: url, body: data}.do(t, s.Site).refused(t, url, http.StatusForbidden, api.CodeTokenInURL)
		}
	}
	get(path("team")).xAuth(token.Secret).do(t, s.Site).refused(t, "the file", http.StatusNotFound, api.CodeNotFound)
	for _, url := range []string{"/t/" + token.Secret + "/api/channels", "/t/" + token.Secret + "/api/account"} {
		get(url).do(t, s.Site).refused(t, url, http.StatusNotFound, api.CodeNotFound)
	}
}

// TestOptionalFiles: what is not built is 404 to whoever may read the channel, since 401 and 403 make rattler give up.
func TestOptionalFiles(t *testing.T) {
	s := newStage(t)
	token := s.ResourceToken(s.ada, "team", api.LevelRead).Secret
	for _, file := range []string{
		"/noarch/current_repodata.json", "/noarch/current_repodata.json.zst", "/noarch/repodata.json.bz2", "/noarch/repodata_from_packages.json",
		"/noarch/patch_instructions.json", "/linux-64/repodata.json", "/linux-64/repodata.json.zst", "/linux-64/repodata_shards.msgpack.zst",
		"/linux-64/run_exports.json.zst", "/noarch/shards/" + strings.Repeat("0", 64) + ".msgpack.zst", "/noarch/nothing-1.0-0.conda",
		"/label/dev/noarch/repodata.json",
	} {
		for ch, header := range map[string]string{"team": token, "open": ""} {
			get("/"+ch+file).xAuth(header).do(t, s.Site).refused(t, ch+file, http.StatusNotFound, api.CodeNotFound)
		}
	}
}

// TestNeverWorseThanNoToken: what a token is refused is decided again as for anybody, and lists are the union.
func TestNeverWorseThanNoToken(t *testing.T) {
	s := newStage(t)
	for what, token := range map[string]string{
		"resource token for another channel": s.ResourceToken(s.bob, "bobs", api.LevelRead).Secret,
		"scope token without reading":        s.ScopeToken(s.bob, "user.token:view").Secret,
		"session":                            s.session(t, "bob"),
	} {
		for _, c := range join(s.condaReads("open"), s.restReads("open")) {
			a := c.xAuth(token).do(t, s.Site).ok(t, what+": "+c.path)
			if cc := a.header.Get("Cache-Control"); !strings.HasPrefix(cc, "private") {
				t.Errorf("%s: %s: Cache-Control = %q, want private", what, c.path, cc)
			}
		}
	}
	list := get("/api/channels").xAuth(s.ResourceToken(s.bob, "bobs", api.LevelRead).Secret).do(t, s.Site).ok(t, "list")
	var got api.List[api.Channel]
	if err := json.Unmarshal(list.body, &got); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range got.Items {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{"bobs", "open"}, names); diff != "" || got.TotalCount != 2 {
		t.Errorf("channels of a resource token, %d in all (-want +got):\n%s", got.TotalCount, diff)
	}
}

// TestFloodOfBadTokens: who keeps sending bad tokens has to wait; a good one from the same address does not.
func TestFloodOfBadTokens(t *testing.T) {
	s := newStage(t)
	good, rotten := s.ResourceToken(s.ada, "team", api.LevelRead).Secret, foreignToken(t)
	s.Clock.Stop() // A slow machine must not be a slow flood.
	flood := get("/team/noarch/repodata.json").xAuth(rotten)
	a := flood.do(t, s.Site)
	for n := 0; a.status == http.StatusUnauthorized && n < 2000; n++ {
		a = flood.do(t, s.Site)
	}
	a.refused(t, "a flood", http.StatusTooManyRequests, api.CodeRateLimited)
	get("/api/channels/team").xAuth(rotten).do(t, s.Site).refused(t, "REST", http.StatusTooManyRequests, api.CodeRateLimited)
	for range 20 {
		get("/team/noarch/repodata.json").xAuth(good).do(t, s.Site).ok(t, "a good token from the same address")
		get("/open/noarch/repodata.json").do(t, s.Site).ok(t, "nobody from the same address")
	}
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil || wait < 1 {
		t.Fatalf("Retry-After = %q, want seconds", a.header.Get("Retry-After"))
	}
	s.Clock.Advance(time.Duration(wait) * time.Second)
	flood.do(t, s.Site).refused(t, "after the wait", http.StatusUnauthorized, api.CodeTokenUnknown)
}

func join(lists ...[]call) []call {
	var all []call
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
