package access_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "kingsnake/internal/access"
)

type asked struct {
	scope  Scope
	target Target
}

// allowedByToken decides, and tells whether it was the token that opened it.
func allowedByToken(c *Caller, s Scope, t Target) bool {
	d := Decide(c, s, t)
	return d.Allowed && !d.AsAnonymous
}

// drawTokenUser draws a world whose caller is a good token that opens something or other.
func drawTokenUser(t *rapid.T) world {
	w := drawWorld(t)
	c := w.caller
	c.Problem, c.InURL, c.Via, c.Now, c.Address = ProblemNone, false, ViaToken, noon, addresses[1]
	c.Principal.Active = true
	c.Principal.Kind = rapid.SampledFrom([]PrincipalKind{KindUser, KindUser, KindServiceAccount}).Draw(t, "kind")
	c.Principal.Admin = rapid.Bool().Draw(t, "admin")
	c.Token = drawToken(t, w.channels)
	c.Token.Kind = ResourceToken
	if c.Principal.Kind == KindUser && rapid.Bool().Draw(t, "scope token") {
		c.Token.Kind = ScopeToken
	}
	if rapid.IntRange(0, 3).Draw(t, "restricted if 0") > 0 {
		c.Token.Restrictions = Restrictions{}
	}
	c.Token.ExpiresAt = noon.AddDate(0, 0, 1)
	return w
}

// usesOf is what is noted of some questions, and those of them that the token opened.
func usesOf(c *Caller, questions []asked) (uses []Use, opened []asked) {
	for _, q := range questions {
		d := Decide(c, q.scope, q.target)
		u, ok := d.Use()
		if !ok {
			continue
		}
		opened = append(opened, q)
		uses = append(uses, u)
		for _, id := range d.Besides() {
			uses = append(uses, Use{Scope: u.Scope, Channel: id})
		}
	}
	return uses, opened
}

// A token narrowed to what was noted of its uses may do each of them again, by its own rights, and nothing that it could
// not do before.
func TestNarrowedTokensSufficeForTheirUses(t *testing.T) {
	t.Parallel()
	used := 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawTokenUser(t)
		var all []asked
		for s, target := range w.questions {
			if allowedByToken(w.caller, s, target) {
				all = append(all, asked{s, target})
			}
		}
		if len(all) == 0 {
			return
		}
		questions := rapid.SliceOfN(rapid.SampledFrom(all), 0, 6).Draw(t, "uses")
		uses, opened := usesOf(w.caller, questions)
		if len(opened) != len(questions) {
			t.Fatalf("of %d questions that the token opened %d were noted", len(questions), len(opened))
		}
		for _, u := range uses {
			if rapid.IntRange(0, 9).Draw(t, "not noted by channel if 0") == 0 {
				uses = append(uses, Use{Scope: u.Scope, Channel: OtherChannels})
			}
		}
		lists := rapid.SliceOfN(rapid.SampledFrom(Catalogue()), 0, 2).Draw(t, "lists")
		for _, l := range lists {
			if v := VisibleChannels(w.caller, l.Scope); v.Own() {
				uses = append(uses, Use{Scope: l.Scope})
			}
		}
		used += len(opened)
		narrowed := w.with(func(c *Caller) { c.Token = w.caller.Token.Narrow(uses) })
		for _, q := range opened {
			if !allowedByToken(narrowed, q.scope, q.target) {
				t.Fatalf("uses %+v: %+v, narrowed to %+v, may no longer %s on %+v", uses, w.caller.Token, narrowed.Token, q.scope, q.target)
			}
		}
		for _, u := range uses {
			if !narrowed.Token.Opens(u) {
				t.Fatalf("%+v, narrowed to %+v, does not list what opens %+v", w.caller.Token, narrowed.Token, u)
			}
		}
		for s, target := range w.questions {
			if allowedByToken(narrowed, s, target) && !allowedByToken(w.caller, s, target) {
				t.Fatalf("narrowing gives %s on %+v", s, target)
			}
		}
	})
	if used < 50 {
		t.Errorf("only %d uses were tried: the property is hardly asked", used)
	}
}

// Of what is left after narrowing nothing can be taken away without taking away a use.
func TestNarrowedTokensAreTheLeast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawTokenUser(t)
		var all []Use
		for s, target := range w.questions {
			d := Decide(w.caller, s, target)
			if u, ok := d.Use(); ok && u.Package != AnyPackage && len(d.Besides()) == 0 && (u.Channel != NoChannel || w.caller.Token.Kind == ScopeToken) {
				all = append(all, u)
			}
		}
		if len(all) == 0 {
			return
		}
		uses := rapid.SliceOfN(rapid.SampledFrom(all), 0, 5).Draw(t, "uses")
		n := w.caller.Token.Narrow(uses)
		for _, less := range lessThan(n) {
			lost := false
			for _, u := range uses {
				lost = lost || !less.Opens(u)
			}
			if !lost {
				t.Fatalf("for the uses %+v of %+v less than %+v is enough: %+v", uses, w.caller.Token, n, less)
			}
		}
	})
}

// lessThan gives the token with each one thing that it lists taken away or lowered.
func lessThan(k *Token) (all []*Token) {
	for s := range k.Scopes.All() {
		less := *k
		less.Scopes = k.Scopes.Without(Scopes(s))
		all = append(all, &less)
	}
	for id, l := range k.Resources {
		less := *k
		less.Resources = maps.Clone(k.Resources)
		less.Resources[id] = l - 1
		all = append(all, &less)
	}
	for id, packages := range k.Packages {
		for name, l := range packages {
			less := *k
			less.Packages = maps.Clone(k.Packages)
			less.Packages[id] = maps.Clone(packages)
			less.Packages[id][name] = l - 1
			all = append(all, &less)
		}
	}
	return all
}

func TestNarrow(t *testing.T) {
	t.Parallel()
	const numpy, scipy = "conda/numpy", "conda/scipy"
	resources := func(r map[int64]Level, packages map[int64]map[string]Level) Token {
		return Token{Kind: ResourceToken, Resources: r, Packages: packages}
	}
	wide := resources(map[int64]Level{1: Manage, 2: Write, 3: Read}, map[int64]map[string]Level{4: {numpy: Write, scipy: Read}})
	tests := map[string]struct {
		token Token
		uses  []Use
		want  Token
	}{
		"scopes that were used": {
			Token{Kind: ScopeToken, Scopes: Scopes(ArtifactCreate, ArtifactDelete, ArtifactView, ChannelView)},
			[]Use{{Scope: ArtifactView, Channel: 1}, {Scope: ChannelView}, {Scope: ArtifactView, Channel: 2}},
			Token{Kind: ScopeToken, Scopes: Scopes(ArtifactView, ChannelView)},
		},
		"a scope that was taken away since": {
			Token{Kind: ScopeToken, Scopes: Scopes(ArtifactView)}, []Use{{Scope: ArtifactCreate, Channel: 1}}, Token{Kind: ScopeToken},
		},
		"no use": {wide, nil, resources(nil, nil)},
		"the highest level that was used": {
			wide, []Use{{ArtifactDownload, 1, ""}, {ArtifactCreate, 1, ""}, {ArtifactView, 2, ""}}, resources(map[int64]Level{1: Write, 2: Read}, nil),
		},
		"one package": {wide, []Use{{ArtifactCreate, 4, numpy}}, resources(nil, map[int64]map[string]Level{4: {numpy: Write}})},
		"the index, and one package of it": {
			wide, []Use{{ChannelViewArtifacts, 4, AnyPackage}, {ArtifactDownload, 4, scipy}}, resources(nil, map[int64]map[string]Level{4: {scipy: Read}}),
		},
		"the index alone keeps all packages of it": {
			wide, []Use{{ChannelViewArtifacts, 4, AnyPackage}}, resources(nil, map[int64]map[string]Level{4: {numpy: Read, scipy: Read}}),
		},
		"a list, and one channel": {wide, []Use{{Scope: ChannelView}, {ArtifactDownload, 3, ""}}, resources(map[int64]Level{3: Read}, nil)},
		"a list alone keeps all channels": {
			wide, []Use{{Scope: ChannelView}}, resources(map[int64]Level{1: Read, 2: Read, 3: Read}, nil),
		},
		"a list of packages alone keeps all": {
			wide,
			[]Use{{Scope: ArtifactView}},
			resources(map[int64]Level{1: Read, 2: Read, 3: Read}, map[int64]map[string]Level{4: {numpy: Read, scipy: Read}}),
		},
		"channels that were not noted": {
			wide,
			[]Use{{ArtifactCreate, OtherChannels, ""}},
			resources(map[int64]Level{1: Write, 2: Write}, map[int64]map[string]Level{4: {numpy: Write}}),
		},
		"a level that was lowered since":       {wide, []Use{{ChannelEdit, 2, ""}}, resources(nil, nil)},
		"a scope that no resource token opens": {wide, []Use{{Scope: UserTokenEdit}}, resources(nil, nil)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, *tt.token.Narrow(tt.uses)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// What an anonymous caller may do as well is noted all the same, as long as it was the token that opened it; what only an
// anonymous caller may do is not.
func TestUseOfPublicChannels(t *testing.T) {
	t.Parallel()
	ch := Channel{ID: 1, Path: "a", Privacy: Public}
	owner := &Principal{ID: 7, Kind: KindUser, Active: true, Name: "ada", Ceiling: CeilingOf(Author())}
	for _, tt := range []struct {
		scopes ScopeSet
		want   bool
	}{{Scopes(ArtifactDownload), true}, {Scopes(ChannelView), false}} {
		d := Decide(&Caller{Principal: owner, Via: ViaToken, Token: &Token{Kind: ScopeToken, Scopes: tt.scopes}, Now: noon}, ArtifactDownload, OnChannel(ch))
		u, ok := d.Use()
		if !d.Allowed || ok != tt.want || ok && u != (Use{Scope: ArtifactDownload, Channel: 1}) {
			t.Errorf("with %v: allowed %v, use %+v, %v, want %v", tt.scopes.Names(), d.Allowed, u, ok, tt.want)
		}
	}
	if _, ok := new(Decision).Use(); ok {
		t.Error("a decision that was never made notes a use")
	}
}
