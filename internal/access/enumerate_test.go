package access_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	. "kingsnake/internal/access"
)

// The ids of the enumeration. The numbers mean nothing.
const (
	hereID, parentID, childID, elsewhereID = 41, 42, 43, 44
	groupID, selfID, otherID               = 51, 61, 62
)

func persons() []person {
	return []person{
		{name: "anonymous", kind: "anonymous"},
		{name: "reader", kind: "user"},
		{name: "author", kind: "user", roles: []string{authorText}},
		{name: "admin", kind: "user", roles: []string{authorText, adminText}, admin: true},
		{name: "disabled author", kind: "user", roles: []string{authorText}, disabled: true},
		{name: "disabled admin", kind: "user", roles: []string{adminText}, admin: true, disabled: true},
		{name: "service account", kind: "service", roles: []string{adminText}, admin: true},
		{name: "the server", kind: "system", roles: []string{adminText}, admin: true},
		{name: "reads all", kind: "user", roles: []string{strings.ReplaceAll(adminText, "manage", "read")}},
		{name: "writes all", kind: "user", roles: []string{strings.ReplaceAll(adminText, "manage", "write")}},
		{name: "manages all", kind: "user", roles: []string{adminText}},
		{name: "two roles", kind: "user", roles: []string{"artifact=write cve=read", "artifact=read channel=manage"}},
	}
}

// sites are what the role everyone is: built in, and changed in both directions.
func sites() []string {
	return []string{everyoneText, "channel=write channel.group=none artifact=none subchannel=read role=read cve=manage user.token=read"}
}

func badges() []badge {
	return []badge{
		{kind: "none"},
		{kind: "blank"},
		{kind: "scope", scopes: func(string) bool { return true }},
		{kind: "scope", scopes: func(string) bool { return false }},
		{kind: "resource"},
		{kind: "resource", here: "read"},
		{kind: "resource", here: "write"},
		{kind: "resource", here: "manage"},
		{kind: "resource", here: "manage", above: "manage"},
		{kind: "resource", here: "manage", above: "write"},
		{kind: "resource", above: "manage", otherChannel: "manage"},
		{kind: "resource", here: "manage", child: "manage"},
		{kind: "resource", here: "manage", child: "write"},
		{kind: "resource", here: "read", child: "read"},
		{kind: "resource", pkg: "read"},
		{kind: "resource", pkg: "write", here: "read"},
		{kind: "resource", pkg: "manage", above: "manage"},
		{kind: "resource", otherPackage: "manage"},
	}
}

func scenes() []scene {
	var all []scene
	names := []string{"", "read", "write", "manage"}
	for _, privacy := range []string{"private", "authenticated", "public", "nonsense"} {
		for _, here := range names {
			for _, place := range []string{"channel", "channel+child", "package", "some-package"} {
				all = append(all, scene{place: place, privacy: privacy, here: here})
			}
			for _, above := range names {
				for _, place := range []string{"subchannel", "sub-package"} {
					all = append(all, scene{place: place, privacy: privacy, here: here, above: above})
				}
			}
		}
		all = append(all, scene{place: "missing", privacy: privacy})
	}
	for _, here := range names {
		all = append(all, scene{place: "group", here: here})
	}
	for _, place := range []string{"system", "own", "other", "no-account", "new-group", "nothing"} {
		all = append(all, scene{place: place})
	}
	return all
}

func roleOf(name, text string) Role {
	r := Role{Name: name, Levels: map[Category]Level{}}
	for category, level := range levels(text) {
		r.Levels[Category(category)] = Level(max(level, 0))
	}
	return r
}

func levelOf(name string) Level { return Level(max(rank(name), 0)) }

// real turns a person at a scene into a principal.
func (p person) real(s scene) *Principal {
	kinds := map[string]PrincipalKind{
		"anonymous": KindAnonymous, "user": KindUser, "service": KindServiceAccount, "system": KindSystem,
	}
	real := &Principal{
		ID: selfID, Kind: kinds[p.kind], Name: p.name, Active: !p.disabled, Admin: p.admin,
		Channels: map[int64]Grant{
			hereID: {Level: levelOf(s.here), Group: "here"}, parentID: {Level: levelOf(s.above), Group: "above"},
			childID: {Level: Manage, Group: "child"},
		},
		Groups: map[int64]Level{groupID: levelOf(s.here)},
	}
	var roles []Role
	for i, text := range p.roles {
		roles = append(roles, roleOf(fmt.Sprint("role", i), text))
	}
	real.Ceiling = CeilingOf(roles...)
	return real
}

// real turns a scene into a target.
func (s scene) real() Target {
	ch := Channel{ID: hereID, Path: "here", Privacy: Privacy(s.privacy)}
	if strings.HasPrefix(s.place, "sub") {
		ch.ParentID, ch.Path = parentID, "above/here"
	}
	switch s.place {
	case "channel", "subchannel":
		return OnChannel(ch)
	case "channel+child":
		return OnChannel(ch).With(childID)
	case "package", "sub-package":
		return OnPackage(ch, "conda", "numpy")
	case "some-package":
		return OnSomePackage(ch)
	case "missing":
		ch.ID = 0
		return OnChannel(ch)
	case "group":
		return OnGroup(groupID)
	case "new-group":
		return OnGroup(0)
	case "system":
		return OnSystem()
	case "own":
		return OnAccount(selfID)
	case "other":
		return OnAccount(otherID)
	case "no-account":
		return OnAccount(0)
	}
	return Target{}
}

// real turns a badge into a token.
func (b badge) real() *Token {
	if b.kind == "none" {
		return nil
	}
	token := &Token{
		Name: "badge",
		Resources: map[int64]Level{
			hereID: levelOf(b.here), parentID: levelOf(b.above), childID: levelOf(b.child), elsewhereID: levelOf(b.otherChannel),
		},
		Packages: map[int64]map[string]Level{
			hereID:      {"conda/numpy": levelOf(b.pkg), "conda/scipy": levelOf(b.otherPackage)},
			elsewhereID: {"conda/numpy": Manage},
		},
	}
	// What the other kind would carry is there too, to show that it is not read.
	token.Kind, token.Scopes = ResourceToken, Scopes(ArtifactCreate, ChannelEdit)
	switch b.kind {
	case "blank":
		token.Kind = 0
	case "scope":
		token.Kind, token.Scopes = ScopeToken, 0
		for _, info := range Catalogue() {
			if b.scopes(info.Name) {
				token.Scopes = token.Scopes.Add(info.Scope)
			}
		}
	}
	return token
}

// Decide and the oracle must agree on everything there is to ask.
func TestDecideAgreesWithTheOracle(t *testing.T) {
	t.Parallel()
	var total, allowed, asAnonymous atomic.Int64
	t.Run("persons", func(t *testing.T) {
		for _, p := range persons() {
			t.Run(strings.ReplaceAll(p.name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				e := newEnumeration(p)
				e.run(t, sites(), scenes(), badges())
				total.Add(e.total)
				allowed.Add(e.allowed)
				asAnonymous.Add(e.asAnonymous)
			})
		}
	})
	t.Logf("%d combinations: %d allowed, %d more as anonymous, %d refused",
		total.Load(), allowed.Load(), asAnonymous.Load(), total.Load()-allowed.Load()-asAnonymous.Load())
	if total.Load() < 5_000_000 || allowed.Load() < 100_000 || asAnonymous.Load() < 50_000 {
		t.Error("the enumeration has lost most of its combinations")
	}
}

// Each scope of a token must open that action and no other: for every scope a token with only that one, and one with
// all others, in the hands of those who may do much.
func TestScopesAreExact(t *testing.T) {
	t.Parallel()
	for _, p := range persons()[2:4] {
		e := newEnumeration(p)
		var exact []badge
		for _, a := range e.law {
			exact = append(exact,
				badge{kind: "scope", scopes: func(s string) bool { return s == a.scope }},
				badge{kind: "scope", scopes: func(s string) bool { return s != a.scope }})
		}
		mighty := slices.DeleteFunc(scenes(), func(s scene) bool {
			return s.privacy != "" && (s.privacy != "private" || s.here != "manage")
		})
		e.run(t, sites()[:1], mighty, exact)
		t.Logf("%s: %d combinations, %d allowed", p.name, e.total, e.allowed)
	}
}

// Each role level must open exactly the scopes of its own category: one category at a time, every level, every place,
// with the highest grants there are.
func TestRoleCategoriesAgreeWithTheOracle(t *testing.T) {
	t.Parallel()
	names := slices.Sorted(maps.Keys(levels(adminText)))
	if len(names) != 18 {
		t.Fatalf("there are %d categories, want 18", len(names))
	}
	var mighty []scene
	for _, place := range []string{"system", "own", "channel", "subchannel", "package", "sub-package", "group", "new-group"} {
		mighty = append(mighty, scene{place: place, privacy: "private", here: "manage", above: "manage"})
	}
	var total int64
	for _, category := range names {
		for _, level := range []string{"none", "read", "write", "manage"} {
			text := category + "=" + level
			e := newEnumeration(person{name: text, kind: "user", roles: []string{text}})
			e.run(t, sites(), mighty, badges()[:1])
			total += e.total
		}
	}
	t.Logf("%d combinations", total)
}

// enumeration asks everything about one person.
type enumeration struct {
	person                      person
	law                         []article
	scopes                      []Scope
	total, allowed, asAnonymous int64
}

func newEnumeration(p person) *enumeration {
	documented, others := articles()
	e := &enumeration{person: p, law: slices.Concat(documented, others)}
	for _, a := range e.law {
		scope, _ := ParseScope(a.scope)
		e.scopes = append(e.scopes, scope)
	}
	return e
}

func (e *enumeration) run(t *testing.T, sites []string, scenes []scene, badges []badge) {
	if e.person.kind == "anonymous" {
		badges = badges[:1]
	}
	for _, everyone := range sites {
		fallback := Anonymous()
		fallback.Ceiling = CeilingOf(roleOf(RoleEveryone, everyone))
		for _, s := range scenes {
			real, target, words := e.person.real(s), s.real(), s
			if words.place == "no-account" {
				words.place = "other" // There is no such account, and nobody's is not one's own.
			}
			own := rights(e.person, words, everyone, e.law)
			open := rights(person{kind: "anonymous"}, words, everyone, e.law)
			for i, b := range badges {
				through := carried(b, e.person, words, e.law)
				entries := []entry{{}, {inURL: true}, {bad: true}}
				if i > 4 {
					entries = entries[:2] // What a bad token carries cannot matter; five kinds show it.
				}
				for _, en := range entries {
					c := &Caller{Principal: real, Token: b.real(), InURL: en.inURL, Fallback: fallback, Via: ViaSession}
					if c.Token != nil {
						c.Via = ViaToken
					}
					if en.bad {
						c.Problem = ProblemRevoked
					}
					e.compare(t, c, s, target, answer(e.person, own, through, open, en, e.law))
				}
			}
			if t.Failed() {
				return // One scene shows enough of what is wrong.
			}
		}
	}
}

func (e *enumeration) compare(t *testing.T, c *Caller, s scene, target Target, want map[string]string) {
	for i, scope := range e.scopes {
		d := Decide(c, scope, target)
		got := ""
		switch {
		case d.AsAnonymous:
			got = "as anonymous"
			e.asAnonymous++
		case d.Allowed:
			got = "yes"
			e.allowed++
		}
		e.total++
		if got != want[e.law[i].scope] {
			t.Errorf("%s, %+v, token %+v, url %v, problem %q: %s is %q, the oracle says %q",
				e.person.name, s, c.Token, c.InURL, c.Problem, scope, got, want[e.law[i].scope])
		}
	}
}
