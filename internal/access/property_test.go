package access_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "kingsnake/internal/access"
)

// An addition gives a caller more than it had. It returns a description, "" if there was nothing to add.
func drawAddition(t *rapid.T, w *world, c *Caller) string {
	ch := rapid.IntRange(0, len(w.channels)-1).Draw(t, "channel to add to")
	id := w.channels[ch].ID
	p, k := c.Principal, c.Token
	kinds := []string{"grant", "role", "admin", "active", "privacy", "group", "everyone", "header", "problem"}
	if k != nil {
		kinds = append(kinds, "scope", "resource", "package", "no token", "pattern", "anywhere", "any package",
			"address", "start", "uses", "end")
	}
	kind := rapid.SampledFrom(kinds).Draw(t, "addition")
	switch kind {
	case "grant":
		p.Channels = maps.Clone(p.Channels)
		p.Channels[id] = Grant{Level: max(p.Channels[id].Level, drawLevel(t, "more")), Group: "more"}
	case "role":
		i := rapid.IntRange(0, len(p.Ceiling)-1).Draw(t, "category")
		p.Ceiling[i] = max(p.Ceiling[i], drawLevel(t, "more"))
	case "admin":
		p.Admin = true
	case "active":
		p.Active = true
	case "privacy":
		opener := map[Privacy]Privacy{"": Private, Private: Authenticated, Authenticated: Public, Public: Public}
		w.channels = slices.Clone(w.channels)
		w.channels[ch].Privacy = opener[w.channels[ch].Privacy]
	case "group":
		p.Groups = map[int64]Level{5: max(p.Groups[5], drawLevel(t, "more"))}
	case "everyone":
		if c.Fallback == nil {
			c.Fallback = Anonymous()
		}
		f := *c.Fallback
		i := rapid.IntRange(0, len(f.Ceiling)-1).Draw(t, "category")
		f.Ceiling[i] = max(f.Ceiling[i], drawLevel(t, "more"))
		c.Fallback = &f
	case "header":
		c.InURL = false
	case "problem":
		c.Problem = ProblemNone
	default:
		addToToken(t, c, k, id, kind)
	}
	return kind
}

func addToToken(t *rapid.T, c *Caller, k *Token, id int64, kind string) {
	r := &k.Restrictions
	switch kind {
	case "scope":
		k.Scopes = k.Scopes.Add(rapid.SampledFrom(Catalogue()).Draw(t, "scope").Scope)
	case "resource":
		k.Resources = maps.Clone(k.Resources)
		k.Resources[id] = max(k.Resources[id], drawLevel(t, "more"))
	case "package":
		name := rapid.SampledFrom(packages).Draw(t, "package")
		k.Packages = maps.Clone(k.Packages)
		inner := maps.Clone(k.Packages[id])
		if inner == nil {
			inner = map[string]Level{}
		}
		inner[name] = max(inner[name], drawLevel(t, "more"))
		k.Packages[id] = inner
	case "no token":
		c.Token, c.Via = nil, ViaSession
	case "pattern":
		if len(r.Channels) > 0 {
			r.Channels = append(slices.Clone(r.Channels), rapid.SampledFrom(patterns).Draw(t, "pattern"))
		}
	case "anywhere":
		r.Channels = nil
	case "any package":
		r.Packages = nil
	case "address":
		r.CIDRs = nil
	case "start":
		r.NotBefore = time.Time{}
	case "uses":
		r.Uses = 0
	case "end":
		k.ExpiresAt = time.Time{}
	}
}

// Giving somebody more never takes anything away; read backwards, taking away never gives.
func TestMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		more := w
		var kind string
		c := w.with(func(c *Caller) { kind = drawAddition(t, &more, c) })
		before, after := w.targets(), more.targets()
		for i := range before {
			for _, info := range Catalogue() {
				if Decide(w.caller, info.Scope, before[i]).Allowed && !Decide(c, info.Scope, after[i]).Allowed {
					t.Fatalf("adding %q takes away %s on %+v", kind, info.Name, before[i])
				}
			}
		}
	})
}

// No token does what its owner cannot, whatever it lists.
func TestTokenNeverExceedsItsOwner(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		owner := w.with(func(c *Caller) { c.Token, c.Via = nil, ViaSession })
		for s, target := range w.questions {
			if Decide(w.caller, s, target).Allowed && !Decide(owner, s, target).Allowed {
				t.Fatalf("the token may %s on %+v, its owner may not", s, target)
			}
		}
	})
}

// No credential is worse than none, however bad or narrow it is.
func TestNeverWorseThanNoToken(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		nobody := &Caller{Fallback: w.caller.Fallback}
		for s, target := range w.questions {
			if Decide(nobody, s, target).Allowed && !Decide(w.caller, s, target).Allowed {
				t.Fatalf("an anonymous caller may %s on %+v, this one may not: %+v", s, target, Decide(w.caller, s, target).Gates)
			}
		}
	})
}

// A list filtered by VisibleChannels holds exactly the rows that Decide allows.
func TestVisibleIsDecideRowByRow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		for _, info := range Catalogue() {
			v := VisibleChannels(w.caller, info.Scope)
			seen := false
			for _, ch := range append(w.channels, Channel{Path: "a"}) {
				for _, pkg := range []string{"", "conda/numpy", "conda/scipy", "python/numpy"} {
					target := OnChannel(ch)
					if pkg != "" {
						target.Kind, target.Package = TargetPackage, pkg
					}
					got, want := v.Includes(ch, pkg), Decide(w.caller, info.Scope, target).Allowed
					switch {
					case info.Scope == SubchannelMirrorEdit:
						want = false // It is asked of another channel than the one that is listed.
					case pkg != "" && !aboutPackages(info.Name):
						continue
					}
					if got != want {
						t.Fatalf("%s on %+v %s: Includes says %v, Decide %v: %+v", info.Name, ch, pkg, got, want, v)
					}
					seen = seen || got
				}
			}
			if seen && v.Empty() {
				t.Fatalf("%s: Empty says yes, but there are rows: %+v", info.Name, v)
			}
		}
	})
}

// aboutPackages reports whether a list can hold single packages by that scope.
func aboutPackages(scope string) bool {
	return slices.Contains([]string{
		"artifact:create", "artifact:delete", "artifact:download", "artifact:edit", "artifact:view",
		"channel:view-artifacts", "subchannel:view-artifacts", "cve:view",
	}, scope)
}

// To be able to read a thing is to have some scope on it, or on the channel around it, or on packages inside it.
func TestMayReadIsSomeScope(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		for _, target := range w.targets() {
			scopes := EffectiveScopes(w.caller, target)
			for _, info := range Catalogue() {
				if got, want := slices.Contains(scopes, info.Scope), Decide(w.caller, info.Scope, target).Allowed; got != want {
					t.Fatalf("EffectiveScopes(%+v) has %s: %v, Decide says %v", target, info.Name, got, want)
				}
			}
			want := len(scopes) > 0
			switch {
			case target.Channel.ID == 0:
			case target.Kind == TargetPackage:
				want = want || len(EffectiveScopes(w.caller, OnChannel(target.Channel))) > 0
			case target.Kind == TargetChannel:
				want = want || len(EffectiveScopes(w.caller, OnSomePackage(target.Channel))) > 0
			}
			if got := MayRead(w.caller, target); got != want {
				t.Fatalf("MayRead(%+v) = %v, want %v (%v)", target, got, want, scopes)
			}
		}
	})
}

// What a caller may not read answers with the same bytes as what does not exist, on both protocols, for every scope.
func TestHiddenAnswersLikeMissing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		for s, target := range w.someQuestions(t) {
			if target.Channel.ID == 0 || MayRead(w.caller, target) {
				continue
			}
			missing := target
			missing.Channel = Channel{Path: target.Channel.Path}
			missing.Children = nil
			for _, proto := range []Protocol{ProtocolREST, ProtocolConda, ProtocolCondaStrict} {
				got := Classify(w.caller, s, target, Decide(w.caller, s, target), proto)
				want := Classify(w.caller, s, missing, Decide(w.caller, s, missing), proto)
				if got != want {
					t.Fatalf("%s on hidden %+v answers %+v, on a missing one %+v", s, target, got, want)
				}
				if got.Status == 0 {
					t.Fatalf("%s on hidden %+v is served", s, target)
				}
			}
		}
	})
}

// Every decision can be explained and classified, and the three agree.
func TestWordsAgreeWithDecisions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		for s, target := range w.someQuestions(t) {
			d := Decide(w.caller, s, target)
			e := d.Explanation()
			if e.Allowed != d.Allowed || e.Summary == "" || len(e.Steps) != len(d.Gates) {
				t.Fatalf("%s on %+v: explanation %+v of decision %+v", s, target, e, d)
			}
			if own := d.Allowed && !d.AsAnonymous; own != (len(e.Change) == 0) {
				t.Fatalf("%s on %+v: allowed %v as anonymous %v, to change: %q", s, target, d.Allowed, d.AsAnonymous, e.Change)
			}
			for _, step := range e.Steps {
				if step.Text == "" {
					t.Fatalf("%s on %+v: gate %s says nothing", s, target, step.Gate)
				}
			}
			denial := Classify(w.caller, s, target, d, ProtocolConda)
			if served := denial.Status == 0; served != d.Allowed {
				t.Fatalf("%s on %+v: allowed %v but answered %+v", s, target, d.Allowed, denial)
			}
			if denial.Status != 0 && (denial.Code == "" || denial.Message == "") {
				t.Fatalf("%s on %+v: empty answer %+v", s, target, denial)
			}
		}
	})
}
