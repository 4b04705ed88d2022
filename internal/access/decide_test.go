package access_test

import (
	"fmt"
	"strings"
	"testing"

	. "kingsnake/internal/access"
)

// user makes an active author with the given levels on channels.
func user(id int64, grants map[int64]Level) *Principal {
	p := &Principal{
		ID: id, Kind: KindUser, Name: fmt.Sprintf("user%d", id), Active: true,
		Roles: []string{RoleEveryone, RoleAuthor}, Ceiling: CeilingOf(Everyone(), Author()), Channels: map[int64]Grant{},
	}
	for ch, l := range grants {
		p.Channels[ch] = Grant{Level: l, Group: fmt.Sprintf("group-of-%d", ch)}
	}
	return p
}

func admin(id int64) *Principal {
	return &Principal{
		ID: id, Kind: KindUser, Name: "root", Active: true, Admin: true,
		Roles: []string{RoleEveryone, RoleAdmin}, Ceiling: CeilingOf(Everyone(), Admin()),
	}
}

func session(p *Principal) *Caller { return &Caller{Principal: p, Via: ViaSession} }

func withScopes(p *Principal, scopes ...Scope) *Caller {
	return &Caller{Principal: p, Via: ViaToken, Token: &Token{
		ID: 1, Name: "ci", Kind: ScopeToken, Scopes: Scopes(scopes...),
	}}
}

func withResources(p *Principal, resources map[int64]Level) *Caller {
	return &Caller{Principal: p, Via: ViaToken, Token: &Token{
		ID: 2, Name: "ci", Kind: ResourceToken, Resources: resources,
	}}
}

var (
	prod   = Channel{ID: 10, Path: "prod", Privacy: Private}
	sub    = Channel{ID: 11, ParentID: 10, Path: "prod/nightly", Privacy: Private}
	open   = Channel{ID: 20, Path: "open", Privacy: Public}
	intern = Channel{ID: 30, Path: "intern", Privacy: Authenticated}
)

func TestDecide(t *testing.T) {
	t.Parallel()
	writer, owner := user(1, map[int64]Level{10: Write}), user(2, map[int64]Level{10: Manage})
	disabled := user(3, map[int64]Level{10: Manage})
	disabled.Active = false
	robot := &Principal{
		ID: 4, Kind: KindServiceAccount, Active: true, Admin: true, Ceiling: CeilingOf(Admin()),
		Channels: map[int64]Grant{10: {Level: Manage}},
	}
	for _, tt := range []struct {
		name   string
		caller *Caller
		scope  Scope
		target Target
		want   string
	}{
		{"nobody reads a public channel", nil, ChannelView, OnChannel(open), "yes"},
		{"nobody does not read one for the logged in", nil, ChannelView, OnChannel(intern), "no"},
		{"nobody does not write to a public channel", nil, ArtifactCreate, OnChannel(open), "no"},
		{"a user reads one for the logged in", session(writer), ChannelView, OnChannel(intern), "yes"},
		{"a writer uploads", session(writer), ArtifactCreate, OnChannel(prod), "yes"},
		{"a writer does not delete", session(writer), ArtifactDelete, OnChannel(prod), "no"},
		{"write does not reach down", session(writer), SubchannelView, OnChannel(sub), "no"},
		{"manage reaches down", session(owner), SubchannelEdit, OnChannel(sub), "yes"},
		{"a channel scope is not a subchannel scope", session(owner), ChannelEdit, OnChannel(sub), "no"},
		{"an admin manages everything", session(admin(9)), SubchannelDelete, OnChannel(sub), "yes"},
		{"but not what does not exist", session(admin(9)), ChannelView, OnChannel(Channel{Path: "x"}), "no"},
		{"a disabled owner is nobody", session(disabled), ChannelView, OnChannel(prod), "no"},
		{"who still reads what is public", session(disabled), ChannelView, OnChannel(open), "as anonymous"},
		{"scopes are exact", withScopes(owner, ChannelEdit), ChannelDelete, OnChannel(prod), "no"},
		{"a scope token works where its owner may", withScopes(owner, ChannelEdit), ChannelEdit, OnChannel(prod), "yes"},
		{"and not elsewhere", withScopes(writer, ChannelEdit), ChannelEdit, OnChannel(prod), "no"},
		{"an admin's token is only its scopes", withScopes(admin(9), ChannelView), ChannelEdit, OnChannel(prod), "no"},
		{"a token is never worse than none", withScopes(owner, ArtifactCreate), ChannelView, OnChannel(open), "as anonymous"},
		{"a resource token", withResources(owner, map[int64]Level{10: Write}), ArtifactCreate, OnChannel(prod), "yes"},
		{"within its level", withResources(owner, map[int64]Level{10: Write}), ArtifactDelete, OnChannel(prod), "no"},
		{"and its channel", withResources(owner, map[int64]Level{10: Manage}), SubchannelView, OnChannel(sub), "no"},
		{"never above its owner", withResources(writer, map[int64]Level{10: Manage}), ArtifactDelete, OnChannel(prod), "no"},
		{"never the system", withResources(admin(9), map[int64]Level{0: Manage}), ChannelCreate, OnSystem(), "no"},
		{
			"deleting a channel takes its subchannels too", withResources(owner, map[int64]Level{10: Manage}),
			ChannelDelete, OnChannel(prod).With(11), "no",
		},
		{
			"which a token may hold", withResources(owner, map[int64]Level{10: Manage, 11: Manage}),
			ChannelDelete, OnChannel(prod).With(11), "yes",
		},
		{
			"a mirror of a subchannel, asked of the subchannel", withResources(owner, map[int64]Level{11: Manage}),
			SubchannelMirrorEdit, OnChannel(sub), "no",
		},
		{"one's own tokens", session(writer), UserTokenEdit, OnAccount(1), "yes"},
		{"not another's", session(writer), UserTokenEdit, OnAccount(2), "no"},
		{"unless admin", session(admin(9)), UserTokenEdit, OnAccount(2), "yes"},
		{"nobody has no account", nil, UserTokenView, OnAccount(0), "no"},
		{"not even a user without an id", session(user(0, nil)), UserTokenView, OnAccount(0), "no"},
		{"a service account is no admin", session(robot), RoleView, OnSystem(), "no"},
		{"and has no tokens to give", session(robot), UserTokenEdit, OnAccount(4), "no"},
		{"but manages its channel", session(robot), ChannelEdit, OnChannel(prod), "yes"},
		{"explaining oneself", session(writer), AccessExplain, OnAccount(1), "yes"},
		{"explaining a channel takes its manager", session(writer), AccessExplain, OnChannel(prod), "no"},
		{"explaining the channel that one manages", session(owner), AccessExplain, OnChannel(prod), "yes"},
		{"explaining the site takes an admin", session(owner), AccessExplain, OnSystem(), "no"},
		{"accounts are for admins", session(owner), UserView, OnSystem(), "no"},
		{"no target", session(admin(9)), ChannelView, Target{}, "no"},
		{"no scope", session(admin(9)), 0, OnSystem(), "no"},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			d := Decide(tt.caller, tt.scope, tt.target)
			got := "no"
			if d.AsAnonymous {
				got = "as anonymous"
			} else if d.Allowed {
				got = "yes"
			}
			if got != tt.want {
				t.Errorf("Decide(%s) = %s, want %s: %+v", tt.scope, got, tt.want, d.Gates)
			}
		})
	}
}

// Records that nobody should write, and callers that nobody should make, open nothing.
func TestMalformedDataGrantsNothing(t *testing.T) {
	t.Parallel()
	owner := user(1, map[int64]Level{10: Manage})
	strange := user(2, map[int64]Level{10: 9})
	strange.Ceiling[0] = 9
	strange.Groups = map[int64]Level{0: Manage, 5: 9}
	noName := withResources(owner, map[int64]Level{20: 9})
	noName.Token.Packages = map[int64]map[string]Level{10: {"": Manage, "conda/numpy": 9}}
	fallback := admin(9)
	noKind := *owner
	noKind.Kind = 77
	for _, tt := range []struct {
		name   string
		caller *Caller
		scope  Scope
		target Target
	}{
		{"a level that does not exist, on a channel", session(strange), ArtifactView, OnChannel(prod)},
		{"a level that does not exist, over a group", session(strange), GroupView, OnGroup(5)},
		{"a level over no group", session(strange), GroupView, OnGroup(0)},
		{"a level that does not exist, in a role", session(strange), ChannelCreate, OnSystem()},
		{"a level that does not exist, in a token", noName, ArtifactCreate, OnChannel(open)},
		{"a level that does not exist, on a package", noName, ArtifactView, OnPackage(prod, "conda", "numpy")},
		{"a package without a name is not the channel", noName, ChannelView, OnChannel(prod)},
		{"a token that is missing", &Caller{Principal: owner, Via: ViaToken}, ChannelView, OnChannel(prod)},
		{"a token without an owner", &Caller{Token: withScopes(nil, CVEView).Token, Via: ViaToken}, CVEView, OnSystem()},
		{"a fallback that is somebody", &Caller{Fallback: fallback}, RoleView, OnSystem()},
		{"a principal of no kind", session(&noKind), ChannelView, OnChannel(prod)},
		{"a bad credential with a principal", &Caller{Principal: owner, Problem: ProblemRevoked}, ChannelView, OnChannel(prod)},
	} {
		if d := Decide(tt.caller, tt.scope, tt.target); d.Allowed {
			t.Errorf("%s: allowed %s: %+v", tt.name, tt.scope, d.Gates)
		}
	}
	for name, c := range map[string]*Caller{
		"a token that is missing": {Principal: owner, Via: ViaToken},
		"a token without owner":   {Token: withScopes(nil, ChannelView).Token, Via: ViaToken},
	} {
		if got := c.EffectiveProblem(); got != ProblemUnknown || c.LoggedIn() {
			t.Errorf("%s: problem %q, logged in %v, want %q and not", name, got, c.LoggedIn(), ProblemUnknown)
		}
		if d := Decide(c, ChannelView, OnChannel(open)); !d.AsAnonymous {
			t.Errorf("%s: a public channel is not read as anonymous: %+v", name, d.Gates)
		}
	}
}
