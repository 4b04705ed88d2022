package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/conda/random"
	"kingsnake/internal/config"
	"kingsnake/internal/servertest"
)

// limits is a stage behind a trusted proxy, and the number of limits that were tried on it.
type limits struct {
	*stage
	session string
	cases   int
}

// behindProxy makes the test's own connections those of a trusted proxy, which says where requests come from.
func behindProxy(c *config.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("192.0.2.0/24")}
}

// make makes one of ada's tokens.
func (l *limits) make(t testing.TB, in api.TokenCreate) api.TokenCreated {
	t.Helper()
	if in.Name == "" {
		in.Name = "limited"
	}
	a := call{method: http.MethodPost, path: "/api/account/tokens", body: in}.xAuth(l.session).do(t, l.Site).ok(t, "make a token")
	var out api.TokenCreated
	if err := json.Unmarshal(a.body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// limited makes a token for the channel team with restrictions.
func (l *limits) limited(t testing.TB, r api.TokenRestrictions) string {
	t.Helper()
	return l.make(t, api.TokenCreate{Resources: []api.TokenResource{readTeam}, Restrictions: &r}).Secret
}

// fetch asks for the package of a channel.
func (l *limits) fetch(ch string) call { return get("/" + ch + "/noarch/" + l.file) }

// try sends a call and wants it served, where code is empty, or refused with the code.
func (l *limits) try(t *testing.T, what string, c call, code api.Code) {
	t.Helper()
	l.cases++
	a := c.do(t, l.Site)
	if code == "" {
		if a.status >= 400 {
			t.Errorf("%s = %d %s, want it served", what, a.status, a.body)
		}
		return
	}
	status := http.StatusForbidden
	switch code {
	case api.CodeTokenExpired:
		status = http.StatusUnauthorized
	case api.CodeInvalid:
		status = http.StatusUnprocessableEntity
	case api.CodeRangeNotSatisfiable:
		status = http.StatusRequestedRangeNotSatisfiable
	}
	a.refused(t, what, status, code)
}

// TestLimitsAreEnforced tries each limit of a token at its very boundary.
func TestLimitsAreEnforced(t *testing.T) {
	l := &limits{stage: newStage(t, behindProxy)}
	l.session = l.stage.session(t, "ada")
	for _, part := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"uses", l.uses},
		{"uses at once", l.usesAtOnce},
		{"uses of children", l.usesOfChildren},
		{"addresses", l.addresses},
		{"times", l.times},
		{"patterns", l.patterns},
		{"sizes", l.sizes},
		{"public channels", l.publicChannels},
	} {
		before := l.cases
		part.run(t)
		t.Logf("%-18s %3d limits tried", part.name, l.cases-before)
	}
	t.Logf("%d limits tried in all", l.cases)
}

// uses: what costs a use, what does not, and that a new string brings no new ones.
func (l *limits) uses(t *testing.T) {
	made := l.make(t, api.TokenCreate{Resources: []api.TokenResource{readTeam}, Restrictions: &api.TokenRestrictions{MaxUses: 3}})
	fetch := l.fetch("team").xAuth(made.Secret)
	etag := l.fetch("team").xAuth(l.session).do(t, l.Site).ok(t, "fetch").header.Get("Etag")
	head := fetch
	head.method = http.MethodHead
	for range 5 {
		l.try(t, "HEAD", head, "")
		l.try(t, "304", fetch.with("If-None-Match", etag), "")
		l.try(t, "416", fetch.with("Range", "bytes=99999999-"), api.CodeRangeNotSatisfiable)
		l.try(t, "an index file", get("/team/noarch/repodata.json").xAuth(made.Secret), "")
		l.try(t, "a list", get("/api/channels/team/artifacts").xAuth(made.Secret), "")
	}
	l.left(t, made.Secret, 0)
	l.try(t, "first use", fetch, "")
	l.left(t, made.Secret, 1)
	l.try(t, "second use, by a range", fetch.with("Range", "bytes=0-9"), "")
	made.Secret = l.reissue(t, made.ID, "")
	fetch = l.fetch("team").xAuth(made.Secret)
	l.left(t, made.Secret, 2)
	l.try(t, "third use, by a new string", fetch, "")
	l.try(t, "fourth use", fetch, api.CodeTokenUsedUp)
	l.try(t, "the index of a token that is used up", get("/team/noarch/repodata.json").xAuth(made.Secret), "")

	one := l.make(t, api.TokenCreate{OneTime: true, Resources: []api.TokenResource{{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: api.LevelWrite}}})
	if !strings.HasPrefix(one.Secret, "ks-b-") || one.Kind != api.TokenKindOneTime || one.Restrictions == nil || one.Restrictions.MaxUses != 1 {
		t.Errorf("one-time token = %s %+v", one.Secret[:5], one.Token)
	}
	rubbish := call{method: http.MethodPut, path: "/team/noarch/" + l.file, body: []byte("rubbish")}.xAuth(one.Secret)
	l.cases++
	if a := rubbish.do(t, l.Site); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a write that fails and costs nothing = %d %s, want 422", a.status, a.body)
	}
	data, info := servertest.Package(77, random.Options{NoArch: "generic"})
	put := call{method: http.MethodPut, path: "/team/noarch/" + info.Filename, body: data}.xAuth(one.Secret)
	l.try(t, "the one write", put, "")
	l.try(t, "another write", put, api.CodeTokenUsedUp)
	l.try(t, "a download after it", l.fetch("team").xAuth(one.Secret), api.CodeTokenUsedUp)
	l.try(t, "its end by itself", call{method: http.MethodDelete, path: "/api/account/tokens/" + one.ID}.xAuth(one.Secret), "")
}

// left checks how many uses the token says that it has spent.
func (l *limits) left(t *testing.T, secret string, spent int64) {
	t.Helper()
	a := get("/api/account/token-info").xAuth(secret).do(t, l.Site).ok(t, "token-info")
	var info api.TokenInfo
	if err := json.Unmarshal(a.body, &info); err != nil {
		t.Fatal(err)
	}
	if info.Restrictions == nil || info.Restrictions.Uses != spent {
		t.Errorf("restrictions = %+v, want %d uses spent", info.Restrictions, spent)
	}
}

// usesAtOnce: of many who use a token at the same time exactly as many are served as it has uses.
func (l *limits) usesAtOnce(t *testing.T) {
	const clients, each, uses = 64, 2, 100
	secret := l.limited(t, api.TokenRestrictions{MaxUses: uses})
	var served, refused atomic.Int64
	ask := func() {
		switch a := l.fetch("team").xAuth(secret).do(t, l.Site); a.status {
		case http.StatusOK:
			if !bytes.Equal(a.body, l.data) {
				t.Errorf("a client got %d bytes, want %d", len(a.body), len(l.data))
			}
			served.Add(1)
		case http.StatusForbidden:
			refused.Add(1)
		default:
			t.Errorf("a client got %d %s", a.status, a.body)
		}
	}
	var all sync.WaitGroup
	start := make(chan struct{})
	for range clients {
		all.Go(func() {
			<-start
			for range each {
				ask()
			}
		})
	}
	close(start)
	all.Wait()
	l.cases += clients * each
	if served.Load() != uses || refused.Load() != clients*each-uses {
		t.Errorf("%d served and %d refused, want %d and %d", served.Load(), refused.Load(), uses, clients*each-uses)
	}
	l.left(t, secret, uses)
}

// usesOfChildren: minting is a use, and what a child uses its parent has used too.
func (l *limits) usesOfChildren(t *testing.T) {
	scopes := []string{"user.token:edit", "artifact:download", "channel:view"}
	parent := l.make(t, api.TokenCreate{Scopes: scopes, Restrictions: &api.TokenRestrictions{MaxUses: 4}})
	childOf := func(secret string, r *api.TokenRestrictions) call {
		return call{method: http.MethodPost, path: "/api/account/tokens", body: api.TokenCreate{Name: "child", Scopes: scopes[1:], Restrictions: r}}.xAuth(secret)
	}
	child := func(r *api.TokenRestrictions) call { return childOf(parent.Secret, r) }
	l.try(t, "a child with more uses than its parent has", child(&api.TokenRestrictions{MaxUses: 5}), api.CodeNotGrantable)
	l.left(t, parent.Secret, 0)
	var made api.TokenCreated
	if err := json.Unmarshal(child(nil).do(t, l.Site).ok(t, "mint").body, &made); err != nil {
		t.Fatal(err)
	}
	l.left(t, parent.Secret, 1)
	if made.Restrictions == nil || made.Restrictions.MaxUses != 3 {
		t.Errorf("the child may be used %+v, want the three uses that its parent has left", made.Restrictions)
	}
	l.try(t, "a use of the child", l.fetch("team").xAuth(made.Secret), "")
	l.left(t, parent.Secret, 2)
	l.try(t, "a use of the parent", l.fetch("team").xAuth(parent.Secret), "")
	l.try(t, "the last use of the parent, by its child", l.fetch("team").xAuth(made.Secret), "")
	l.try(t, "the child, whose parent is used up", l.fetch("team").xAuth(made.Secret), api.CodeTokenUsedUp)
	l.left(t, made.Secret, 2)
	l.try(t, "minting by a token that is used up", child(&api.TokenRestrictions{MaxUses: 1}), api.CodeTokenUsedUp)

	// A limit that is set later counts for the children that there are.
	late := l.make(t, api.TokenCreate{Scopes: scopes})
	if err := json.Unmarshal(childOf(late.Secret, nil).do(t, l.Site).ok(t, "mint").body, &made); err != nil {
		t.Fatal(err)
	}
	l.try(t, "a child without a limit", l.fetch("team").xAuth(made.Secret), "")
	call{method: http.MethodPut, path: "/api/account/tokens/" + late.ID + "?reissue_token=false", body: api.TokenUpdate{Restrictions: &api.TokenRestrictions{MaxUses: 1}}}.
		xAuth(l.session).do(t, l.Site).ok(t, "limit the parent")
	l.try(t, "the one use, by the child", l.fetch("team").xAuth(made.Secret), "")
	l.try(t, "the child of a token that is used up", l.fetch("team").xAuth(made.Secret), api.CodeTokenUsedUp)
}

// addresses: the edges of networks, addresses in other forms, and who may say where a request comes from.
func (l *limits) addresses(t *testing.T) {
	secret := l.limited(t, api.TokenRestrictions{AllowedCIDRs: []string{"10.1.2.0/30", "2001:db8::/126", "::ffff:172.16.0.0/111", "203.0.113.7"}})
	for hops, code := range map[string]api.Code{
		"10.1.2.0": "", "10.1.2.3": "", "10.1.1.255": api.CodeTokenAddress, "10.1.2.4": api.CodeTokenAddress,
		"2001:db8::": "", "2001:db8::3": "", "2001:db8::4": api.CodeTokenAddress, "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff": api.CodeTokenAddress,
		"::ffff:10.1.2.3": "", "::ffff:10.1.2.4": api.CodeTokenAddress, "::ffff:0a01:0203": "",
		"172.16.0.0": "", "172.17.255.255": "", "172.18.0.0": api.CodeTokenAddress, "172.15.255.255": api.CodeTokenAddress,
		"203.0.113.7": "", "203.0.113.6": api.CodeTokenAddress, "203.0.113.8": api.CodeTokenAddress,
		"198.51.100.1, 10.1.2.1":            "",                   // The rightmost hop that is not trusted counts,
		"10.1.2.1, 198.51.100.1":            api.CodeTokenAddress, // whatever its client says that it passed on.
		"10.1.2.1, 192.0.2.9":               "",                   // A trusted proxy before the trusted proxy.
		"10.1.2.1, 198.51.100.1, 192.0.2.9": api.CodeTokenAddress,
		"10.1.2.1, nonsense":                api.CodeTokenAddress, // An unknown address is in no network.
		"":                                  api.CodeTokenAddress, // The proxy itself.
	} {
		l.try(t, "from "+hops, l.fetch("team").xAuth(secret).with("X-Forwarded-For", hops), code)
	}
	direct := newStage(t)
	session := direct.session(t, "ada")
	own := &limits{stage: direct, session: session}
	secret = own.limited(t, api.TokenRestrictions{AllowedCIDRs: []string{"10.1.2.0/30"}})
	own.try(t, "a header that nobody trusts", own.fetch("team").xAuth(secret).with("X-Forwarded-For", "10.1.2.1"), api.CodeTokenAddress)
	l.cases += own.cases
}

// times: the beginning and the end, a second before and at the very time.
func (l *limits) times(t *testing.T) {
	begin := l.Clock.Now().Add(time.Hour).UTC().Truncate(time.Second)
	end := begin.Add(time.Hour)
	in := api.TokenCreate{
		Resources: []api.TokenResource{readTeam}, ExpiresAt: end.Format(time.RFC3339), Restrictions: &api.TokenRestrictions{NotBefore: begin.Format(time.RFC3339)},
	}
	secret := l.make(t, in).Secret
	fetch := l.fetch("team").xAuth(secret)
	reach := func(at time.Time) { l.Clock.Advance(at.Sub(l.Clock.Now())) }
	l.try(t, "at once", fetch, api.CodeTokenNotYetValid)
	reach(begin.Add(-2 * time.Second))
	l.try(t, "before its beginning", fetch, api.CodeTokenNotYetValid)
	reach(begin)
	l.try(t, "at its beginning", fetch, "")
	reach(end.Add(-20 * time.Second))
	l.try(t, "before its end", fetch, "")
	reach(end)
	l.try(t, "at its end", fetch, api.CodeTokenExpired)
	l.session = l.stage.session(t, "ada")
	for what, change := range map[string]func(*api.TokenCreate){
		"a token that ends before it begins": func(in *api.TokenCreate) { in.Restrictions = &api.TokenRestrictions{NotBefore: "2999-01-01"} },
		"an end that is past":                func(in *api.TokenCreate) { in.ExpiresAt = l.Clock.Now().Add(-time.Second).UTC().Format(time.RFC3339) },
		"no time":                            func(in *api.TokenCreate) { in.Restrictions = &api.TokenRestrictions{NotBefore: "soon"} },
	} {
		bad := in
		bad.Name, bad.ExpiresAt, bad.Restrictions = "x", l.Clock.Now().Add(time.Hour).UTC().Format(time.RFC3339), nil
		change(&bad)
		l.try(t, what, call{method: http.MethodPost, path: "/api/account/tokens", body: bad}.xAuth(l.session), api.CodeInvalid)
	}
}

// patterns: a pattern matches the whole name, and a star stops at a slash.
func (l *limits) patterns(t *testing.T) {
	if _, err := l.ada.CreateSubchannel(t.Context(), "team", api.ChannelCreate{Name: "part", Privacy: api.PrivacyPrivate}); err != nil {
		t.Fatal(err)
	}
	l.Upload(l.ada, "team/part", l.data, l.file)
	name := strings.Split(l.file, "-")[0]
	scopes := []string{"artifact:download", "artifact:view", "channel:view-artifacts", "subchannel:view-artifacts"}
	for _, tt := range []struct {
		channels, packages []string
		ch                 string
		code               api.Code
	}{
		{channels: []string{"team"}, ch: "team"},
		{channels: []string{"team"}, ch: "team/part", code: api.CodeTokenChannel},
		{channels: []string{"team"}, ch: "staff", code: api.CodeTokenChannel},
		{channels: []string{"tea"}, ch: "team", code: api.CodeTokenChannel},
		{channels: []string{"eam"}, ch: "team", code: api.CodeTokenChannel},
		{channels: []string{"t*m"}, ch: "team"},
		{channels: []string{"*"}, ch: "team"},
		{channels: []string{"*"}, ch: "team/part", code: api.CodeTokenChannel},
		{channels: []string{"team*"}, ch: "team/part", code: api.CodeTokenChannel},
		{channels: []string{"team/*"}, ch: "team/part"},
		{channels: []string{"team/*"}, ch: "team", code: api.CodeTokenChannel},
		{channels: []string{"*/*"}, ch: "team/part"},
		{channels: []string{"*/part"}, ch: "team/part"},
		{channels: []string{"staff", "team/par?"[:8]}, ch: "team/part", code: api.CodeTokenChannel},
		{packages: []string{name}, ch: "team"},
		{packages: []string{"*"}, ch: "team/part"},
		{packages: []string{name + "x"}, ch: "team", code: api.CodeTokenPackage},
		{packages: []string{name[:len(name)-1]}, ch: "team", code: api.CodeTokenPackage},
		{packages: []string{name[:1] + "*"}, ch: "team"},
		{channels: []string{"staff"}, packages: []string{name}, ch: "team", code: api.CodeTokenChannel},
	} {
		secret := l.make(t, api.TokenCreate{Scopes: scopes, Restrictions: &api.TokenRestrictions{Channels: tt.channels, Packages: tt.packages}}).Secret
		l.try(t, fmt.Sprintf("%s with channels %q and packages %q", tt.ch, tt.channels, tt.packages), l.fetch(tt.ch).xAuth(secret), tt.code)
	}
}

// sizes: each bound of what people write into a token, at the bound and one beyond.
func (l *limits) sizes(t *testing.T) {
	base := func() api.TokenCreate { return api.TokenCreate{Name: "x", Scopes: []string{"channel:view"}} }
	list := func(n int, item string) (out []string) {
		for i := range n {
			out = append(out, item+fmt.Sprint(i))
		}
		return out
	}
	restricted := func(r api.TokenRestrictions) func(*api.TokenCreate) {
		return func(in *api.TokenCreate) { in.Restrictions = &r }
	}
	for _, tt := range []struct {
		what   string
		change func(*api.TokenCreate)
		code   api.Code
	}{
		{"the longest name", func(in *api.TokenCreate) { in.Name = strings.Repeat("é", 128) }, ""},
		{"a longer name", func(in *api.TokenCreate) { in.Name = strings.Repeat("é", 129) }, api.CodeInvalid},
		{"a blank name", func(in *api.TokenCreate) { in.Name = "  " }, api.CodeInvalid},
		{"a name of two lines", func(in *api.TokenCreate) { in.Name = "a\nb" }, api.CodeInvalid},
		{"a long description", func(in *api.TokenCreate) { in.Description = strings.Repeat("d", 100_000) }, api.CodeInvalid},
		{"much metadata", func(in *api.TokenCreate) {
			in.Metadata = json.RawMessage(`{"a":"` + strings.Repeat("m", 16<<10) + `"}`)
		}, api.CodeInvalid},
		{"scopes and resources", func(in *api.TokenCreate) { in.Resources = []api.TokenResource{readTeam} }, api.CodeInvalid},
		{"a hundred patterns", restricted(api.TokenRestrictions{Channels: list(100, "c")}), ""},
		{"more patterns", restricted(api.TokenRestrictions{Channels: list(101, "c")}), api.CodeInvalid},
		{"a hundred package patterns", restricted(api.TokenRestrictions{Packages: list(100, "p")}), ""},
		{"more package patterns", restricted(api.TokenRestrictions{Packages: list(101, "p")}), api.CodeInvalid},
		{"a hundred networks", restricted(api.TokenRestrictions{AllowedCIDRs: list(100, "10.0.0.")}), ""},
		{"more networks", restricted(api.TokenRestrictions{AllowedCIDRs: list(101, "10.0.0.")}), api.CodeInvalid},
		{"the longest pattern", restricted(api.TokenRestrictions{Channels: []string{strings.Repeat("c", 256)}}), ""},
		{"a longer pattern", restricted(api.TokenRestrictions{Channels: []string{strings.Repeat("c", 257)}}), api.CodeInvalid},
		{"a pattern with two slashes", restricted(api.TokenRestrictions{Channels: []string{"a/b/c"}}), api.CodeInvalid},
		{"a pattern in another language", restricted(api.TokenRestrictions{Channels: []string{"te?m"}}), api.CodeInvalid},
		{"an empty pattern", restricted(api.TokenRestrictions{Packages: []string{""}}), api.CodeInvalid},
		{"a package pattern with a slash", restricted(api.TokenRestrictions{Packages: []string{"conda/x"}}), api.CodeInvalid},
		{"no network", restricted(api.TokenRestrictions{AllowedCIDRs: []string{"10.0.0.0/33"}}), api.CodeInvalid},
		{"a name for a network", restricted(api.TokenRestrictions{AllowedCIDRs: []string{"localhost"}}), api.CodeInvalid},
		{"fewer uses than none", restricted(api.TokenRestrictions{MaxUses: -1}), api.CodeInvalid},
		{"the most uses", restricted(api.TokenRestrictions{MaxUses: 1_000_000_000}), ""},
		{"more uses", restricted(api.TokenRestrictions{MaxUses: 1_000_000_001}), api.CodeInvalid},
		{"a one-time token with two uses", func(in *api.TokenCreate) { in.OneTime, in.Restrictions = true, &api.TokenRestrictions{MaxUses: 2} }, api.CodeInvalid},
	} {
		in := base()
		tt.change(&in)
		l.try(t, tt.what, call{method: http.MethodPost, path: "/api/account/tokens", body: in}.xAuth(l.session), tt.code)
	}
}

// publicChannels: a restriction that is not met makes a token worth as much as none, and its holder is told.
func (l *limits) publicChannels(t *testing.T) {
	used := l.make(t, api.TokenCreate{Scopes: []string{"artifact:download"}, OneTime: true}).Secret
	l.try(t, "the only use", l.fetch("open").xAuth(used), "")
	later := l.Clock.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for what, secret := range map[string]string{
		"used up": used, "elsewhere": l.limited(t, api.TokenRestrictions{AllowedCIDRs: []string{"10.0.0.0/8"}}), "too early": l.limited(t, api.TokenRestrictions{NotBefore: later}),
		"another channel": l.limited(t, api.TokenRestrictions{Channels: []string{"team"}}), "another package": l.limited(t, api.TokenRestrictions{Packages: []string{"x"}}),
	} {
		for _, c := range []call{l.fetch("open"), get("/open/noarch/repodata.json"), get("/api/channels/open/artifacts")} {
			l.cases++
			a := c.xAuth(secret).do(t, l.Site).ok(t, what+": "+c.path)
			free := what == "used up" && c.path != l.fetch("open").path
			if got := a.header.Get("Conda-Token-Warning") != ""; got == free {
				t.Errorf("%s: %s: warned %v, want %v", what, c.path, got, !free)
			}
			if cc := a.header.Get("Cache-Control"); !strings.HasPrefix(cc, "private") {
				t.Errorf("%s: %s: Cache-Control = %q, want private", what, c.path, cc)
			}
		}
		l.cases++
		a := get("/api/channels").xAuth(secret).do(t, l.Site).ok(t, what+": list")
		if !strings.Contains(string(a.body), `"open"`) {
			t.Errorf("%s: the list of channels lacks the public one: %s", what, a.body)
		}
	}
}
