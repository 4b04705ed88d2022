package access_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	. "kingsnake/internal/access"
)

// drawDraft draws a token that somebody might ask for, often one that lies close to what the caller has.
func drawDraft(t *rapid.T, w world) Draft {
	k := drawToken(t, w.channels)
	draft := Draft{Kind: k.Kind, Restrictions: k.Restrictions, ExpiresAt: k.ExpiresAt}
	mine := w.caller.Token
	if mine != nil && rapid.IntRange(0, 3).Draw(t, "own limits if > 0") > 0 {
		draft.Restrictions, draft.ExpiresAt = mine.Restrictions, mine.ExpiresAt
		draft.Restrictions.Uses = 0
		draft.Restrictions.MaxUses = max(0, mine.Restrictions.MaxUses-mine.Restrictions.Uses)
	}
	switch draft.Kind {
	case ScopeToken:
		draft.Scopes = k.Scopes
		if rapid.Bool().Draw(t, "within what is grantable") {
			draft.Scopes = draft.Scopes.Intersect(Grantable(w.caller))
		}
	case ResourceToken:
		for range rapid.IntRange(0, 2).Draw(t, "resources") {
			draft.Resources = append(draft.Resources, Resource{
				Channel: rapid.SampledFrom(w.channels).Draw(t, "channel"),
				Package: rapid.SampledFrom([]string{"", "", "conda/numpy"}).Draw(t, "package"),
				Level:   Level(rapid.IntRange(1, 3).Draw(t, "level")),
			})
		}
	}
	return draft
}

// mint makes the token of a draft.
func mint(d Draft) *Token {
	k := &Token{
		Name: "child", Kind: d.Kind, Scopes: d.Scopes, Restrictions: d.Restrictions, ExpiresAt: d.ExpiresAt,
		Resources: map[int64]Level{}, Packages: map[int64]map[string]Level{},
	}
	for _, r := range d.Resources {
		if r.Package == "" {
			k.Resources[r.Channel.ID] = max(k.Resources[r.Channel.ID], r.Level)
			continue
		}
		if k.Packages[r.Channel.ID] == nil {
			k.Packages[r.Channel.ID] = map[string]Level{}
		}
		k.Packages[r.Channel.ID][r.Package] = max(k.Packages[r.Channel.ID][r.Package], r.Level)
	}
	return k
}

// drawMinter draws a world whose caller is likely to be allowed to make tokens.
func drawMinter(t *rapid.T) world {
	w := drawWorld(t)
	w.caller.Problem, w.caller.InURL = ProblemNone, false
	p := w.caller.Principal
	p.Active, p.Kind = true, rapid.SampledFrom([]PrincipalKind{KindUser, KindUser, KindSystem}).Draw(t, "kind")
	if w.caller.Token != nil {
		w.caller.Token.Kind = ScopeToken
		w.caller.Token.Scopes = w.caller.Token.Scopes.Union(Scopes(UserTokenEdit, ServiceAccountEdit, TrustEdit))
		if rapid.Bool().Draw(t, "many scopes") {
			w.caller.Token.Scopes = Scopes(Documented()...).Union(w.caller.Token.Scopes)
		}
	}
	return w
}

// exceeds returns what the child may do and the caller may not, asked from everywhere and at any time.
func exceeds(child, parent *Caller, w world) string {
	for _, address := range addresses {
		for _, now := range []int{-5, -1, 0, 1, 5} {
			c, p := *child, *parent
			c.Address, p.Address = address, address
			c.Now, p.Now = noon.AddDate(0, 0, now), noon.AddDate(0, 0, now)
			for s, target := range w.questions {
				d := Decide(&c, s, target)
				if d.Allowed && !d.AsAnonymous && !Decide(&p, s, target).Allowed {
					return s.String() + " on " + target.Channel.Path + target.Package
				}
			}
		}
	}
	return ""
}

// Whatever a caller may mint lies within what the caller itself can do: every action on every thing, from everywhere,
// at every time.
func TestMintedTokensLieWithinTheMinter(t *testing.T) {
	t.Parallel()
	minted := 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawMinter(t)
		draft := drawDraft(t, w)
		if !CanMint(w.caller, nil, draft).Allowed {
			return
		}
		minted++
		child := &Caller{Principal: w.caller.Principal, Token: mint(draft), Via: ViaToken, Fallback: w.caller.Fallback}
		if what := exceeds(child, w.caller, w); what != "" {
			t.Fatalf("the child %+v may %s, its maker %+v may not", child.Token, what, w.caller.Token)
		}
	})
	if minted < 5 {
		t.Errorf("only %d tokens were minted: the property is hardly asked", minted)
	}
}

// The same for tokens of service accounts, which act with the account's own roles and full levels on the channels.
func TestServiceTokensLieWithinTheMinter(t *testing.T) {
	t.Parallel()
	minted := 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawMinter(t)
		home := w.channels[0]
		w.caller.Principal.Channels[home.ID] = Grant{Level: Manage}
		draft := drawDraft(t, w)
		draft.Kind, draft.Scopes = ResourceToken, 0
		allowed := CanMintForService(w.caller, home, draft).Allowed
		if CanTrust(w.caller, home, draft).Allowed && !slices.ContainsFunc(draft.Resources, func(r Resource) bool {
			return r.Level == Manage || r.Channel.ID != home.ID
		}) {
			allowed = true
		}
		if !allowed {
			return
		}
		minted++
		robot := &Principal{ID: 99, Kind: KindServiceAccount, Active: true, Channels: map[int64]Grant{}}
		for _, ch := range w.channels {
			robot.Channels[ch.ID] = Grant{Level: Manage}
		}
		child := &Caller{Principal: robot, Token: mint(draft), Via: ViaToken, Fallback: w.caller.Fallback}
		if what := exceeds(child, w.caller, w); what != "" {
			t.Fatalf("the service token %+v may %s, its maker %+v may not", child.Token, what, w.caller.Token)
		}
	})
	if minted < 5 {
		t.Errorf("only %d tokens were minted: the property is hardly asked", minted)
	}
}

// Grantable is exactly the set that CanGrantScopes accepts.
func TestGrantableIsWhatCanBeGranted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		grantable := Grantable(w.caller)
		if grantable != 0 && !CanGrantScopes(w.caller, grantable).Allowed {
			t.Fatalf("%v cannot be granted together", grantable.Names())
		}
		for _, info := range Catalogue() {
			v := CanGrantScopes(w.caller, Scopes(info.Scope))
			if v.Allowed != grantable.Has(info.Scope) {
				t.Fatalf("CanGrantScopes(%s) = %v, Grantable says %v", info.Name, v.Allowed, !v.Allowed)
			}
			if !v.Allowed && v.Decision.Allowed && len(v.Refusals) != 1 {
				t.Fatalf("CanGrantScopes(%s) refuses with %d reasons, want 1", info.Name, len(v.Refusals))
			}
		}
	})
}

// A role that somebody may edit or assign gives its holder nothing that they do not have themselves.
func TestRolesLieWithinTheirEditor(t *testing.T) {
	t.Parallel()
	allowed := 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawMinter(t)
		w.caller.Principal.Ceiling = CeilingOf(drawRole(t, "own"), Role{Levels: map[Category]Level{CategoryRole: Manage}})
		if w.caller.Token != nil {
			w.caller.Token.Scopes = w.caller.Token.Scopes.Add(RoleEdit)
		}
		role := drawRole(t, "new")
		edit, assign := CanEditRole(w.caller, role), CanAssignRole(w.caller, role)
		if edit.Allowed != assign.Allowed {
			t.Fatalf("CanEditRole says %v, CanAssignRole %v", edit.Allowed, assign.Allowed)
		}
		if !edit.Allowed {
			return
		}
		allowed++
		p := *w.caller.Principal
		p.Ceiling, p.Admin = CeilingOf(role), false
		holder := &Caller{Principal: &p, Via: ViaSession, Now: noon, Address: w.caller.Address, Fallback: w.caller.Fallback}
		for s, target := range w.questions {
			if target.Channel.ID != 0 && w.caller.Token != nil && w.caller.Token.Kind == ScopeToken {
				// Patterns restrict where the editor's token works, not what roles it moves.
				continue
			}
			d := Decide(holder, s, target)
			if d.Allowed && !d.AsAnonymous && !Decide(w.caller, s, target).Allowed && fromRole(role, s) {
				t.Fatalf("the role opens %s on %+v, which its editor does not have", s, target)
			}
		}
	})
	if allowed < 5 {
		t.Errorf("only %d roles could be edited: the property is hardly asked", allowed)
	}
}

// fromRole reports whether the role, and not the role everyone, reaches the scope.
func fromRole(r Role, s Scope) bool { return r.Scopes().Has(s) }
