package access_test

import (
	"net/netip"
	"time"

	"pgregory.net/rapid"

	. "kingsnake/internal/access"
)

// A world is a small site with everything that decisions can depend on, drawn at random.
type world struct {
	channels []Channel
	caller   *Caller
}

var (
	noon      = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	addresses = []netip.Addr{{}, netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("::ffff:10.9.9.9"), netip.MustParseAddr("2001:db8::7")}
	networks  = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}
	patterns  = []string{"a", "a/*", "*/x", "*", "*/*", "b", "b/x"}
	packages  = []string{"conda/numpy", "conda/scipy", "python/numpy"}
	names     = []string{"num*", "scipy", "*"}
)

func drawLevel(t *rapid.T, what string) Level { return Level(rapid.IntRange(0, 3).Draw(t, what)) }

func drawChannels(t *rapid.T) []Channel {
	all := []Channel{
		{ID: 1, Path: "a"},
		{ID: 2, Path: "b"},
		{ID: 3, Path: "c"},
		{ID: 11, ParentID: 1, Path: "a/x"},
		{ID: 12, ParentID: 1, Path: "a/y"},
		{ID: 21, ParentID: 2, Path: "b/x"},
	}
	for i := range all {
		all[i].Privacy = rapid.SampledFrom([]Privacy{Private, Private, Authenticated, Public, ""}).Draw(t, "privacy of "+all[i].Path)
	}
	return all
}

func drawRole(t *rapid.T, name string) Role {
	r := Role{Name: name, Levels: map[Category]Level{}}
	for range rapid.IntRange(0, 6).Draw(t, "entries of "+name) {
		r.Levels[rapid.SampledFrom(Categories()).Draw(t, "category")] = drawLevel(t, "level")
	}
	return r
}

func drawPrincipal(t *rapid.T, id int64, channels []Channel) *Principal {
	p := &Principal{
		ID: id, Name: "somebody", Channels: map[int64]Grant{}, Groups: map[int64]Level{},
		Kind:   rapid.SampledFrom([]PrincipalKind{KindUser, KindUser, KindUser, KindServiceAccount, KindSystem, KindAnonymous}).Draw(t, "kind"),
		Active: rapid.IntRange(0, 9).Draw(t, "disabled if 0") > 0,
		Admin:  rapid.IntRange(0, 4).Draw(t, "admin if 0") == 0,
	}
	roles := rapid.SampledFrom([][]Role{{}, {Author()}, {Author()}, {drawRole(t, "custom")}, {Author(), drawRole(t, "second")}}).Draw(t, "roles")
	for _, r := range roles {
		p.Roles = append(p.Roles, r.Name)
	}
	p.Ceiling = CeilingOf(roles...)
	for _, ch := range channels {
		if l := drawLevel(t, "grant on "+ch.Path); l != None {
			p.Channels[ch.ID] = Grant{Level: l, Group: "group"}
		}
	}
	p.Groups[5] = drawLevel(t, "level over group")
	return p
}

func drawScopes(t *rapid.T) ScopeSet {
	var set ScopeSet
	for _, info := range Catalogue() {
		if rapid.Bool().Draw(t, info.Name) {
			set = set.Add(info.Scope)
		}
	}
	return set
}

func drawRestrictions(t *rapid.T) Restrictions {
	var r Restrictions
	some := func(what string) bool { return rapid.IntRange(0, 5).Draw(t, what+" if 0") == 0 }
	if some("channels") {
		r.Channels = rapid.SliceOfN(rapid.SampledFrom(patterns), 1, 3).Draw(t, "channel patterns")
	}
	if some("packages") {
		r.Packages = rapid.SliceOfN(rapid.SampledFrom(names), 1, 2).Draw(t, "package patterns")
	}
	if some("cidrs") {
		r.CIDRs = rapid.SliceOfN(rapid.SampledFrom(networks), 1, 2).Draw(t, "networks")
	}
	if some("not before") {
		r.NotBefore = noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "starts")) * time.Hour)
	}
	if some("uses") {
		r.MaxUses, r.Uses = int64(rapid.IntRange(1, 5).Draw(t, "max uses")), int64(rapid.IntRange(0, 5).Draw(t, "uses"))
	}
	return r
}

func drawToken(t *rapid.T, channels []Channel) *Token {
	k := &Token{Name: "token", Kind: TokenKind(rapid.IntRange(0, 8).Draw(t, "token kind")%3 + 0)}
	k.Restrictions = drawRestrictions(t)
	if rapid.IntRange(0, 5).Draw(t, "expires if 0") == 0 {
		k.ExpiresAt = noon.Add(time.Duration(rapid.IntRange(-1, 3).Draw(t, "ends")) * time.Hour)
	}
	k.Scopes = drawScopes(t)
	k.Resources, k.Packages = map[int64]Level{}, map[int64]map[string]Level{}
	for _, ch := range channels {
		if rapid.Bool().Draw(t, "resource "+ch.Path) {
			k.Resources[ch.ID] = drawLevel(t, "resource level")
		}
		if rapid.IntRange(0, 3).Draw(t, "packages if 0") == 0 {
			k.Packages[ch.ID] = map[string]Level{rapid.SampledFrom(packages).Draw(t, "package"): drawLevel(t, "package level")}
		}
	}
	return k
}

func drawWorld(t *rapid.T) world {
	w := world{channels: drawChannels(t)}
	w.caller = &Caller{
		Principal: drawPrincipal(t, 7, w.channels), Via: ViaSession, Now: noon,
		Address: rapid.SampledFrom(addresses).Draw(t, "address"),
		InURL:   rapid.IntRange(0, 5).Draw(t, "in URL if 0") == 0,
	}
	if rapid.IntRange(0, 3).Draw(t, "changed everyone if 0") == 0 {
		w.caller.Fallback = Anonymous()
		w.caller.Fallback.Ceiling = CeilingOf(drawRole(t, RoleEveryone))
	}
	if rapid.IntRange(0, 3).Draw(t, "no token if 0") > 0 && w.caller.Principal.Kind != KindAnonymous {
		w.caller.Token, w.caller.Via = drawToken(t, w.channels), ViaToken
	}
	if rapid.IntRange(0, 9).Draw(t, "problem if 0") == 0 {
		w.caller.Problem = ProblemExpired
	}
	return w
}

// targets are all things in the world that can be asked about, and some that do not exist.
func (w world) targets() []Target {
	all := []Target{
		OnSystem(), OnNewChannel("b"), OnAccount(7), OnAccount(8), OnAccount(0), OnGroup(5), OnGroup(6), OnGroup(0),
		{},
		OnChannel(Channel{Path: "a"}), OnChannel(Channel{Path: "a/x"}),
	}
	for _, ch := range w.channels {
		all = append(all, OnChannel(ch), OnSomePackage(ch))
		for _, name := range []string{"numpy", "scipy"} {
			all = append(all, OnPackage(ch, "conda", name))
		}
		if ch.ID == 1 {
			all = append(all, OnChannel(ch).With(11), OnChannel(ch).With(11, 12))
		}
	}
	return all
}

// questions yields every scope on every target.
func (w world) questions(yield func(Scope, Target) bool) {
	for _, target := range w.targets() {
		for _, info := range Catalogue() {
			if !yield(info.Scope, target) {
				return
			}
		}
	}
}

// someQuestions yields every scope on a few of the targets, for properties that are costly to check.
func (w world) someQuestions(t *rapid.T) func(func(Scope, Target) bool) {
	all := w.targets()
	picked := rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 6, 6).Draw(t, "targets")
	return func(yield func(Scope, Target) bool) {
		for _, i := range picked {
			for _, info := range Catalogue() {
				if !yield(info.Scope, all[i]) {
					return
				}
			}
		}
	}
}

// with returns the caller with another credential, the rest being the same.
func (w world) with(change func(*Caller)) *Caller {
	c := *w.caller
	p := *c.Principal
	c.Principal = &p
	if c.Token != nil {
		k := *c.Token
		c.Token = &k
	}
	change(&c)
	return &c
}
