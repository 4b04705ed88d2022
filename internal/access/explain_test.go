package access_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	. "kingsnake/internal/access"
)

// named gives a principal its name.
func named(name string, p *Principal) *Principal {
	p.Name = name
	return p
}

// What people are told must let them, or the colleague whom they ask, do the right thing next.
func TestExplanations(t *testing.T) {
	t.Parallel()
	alice := named("alice", user(1, map[int64]Level{10: Write}))
	owner := named("olga", user(2, map[int64]Level{10: Manage, 11: Read}))
	reader := named("rita", user(3, map[int64]Level{10: Manage}))
	reader.Ceiling, reader.Roles = CeilingOf(Everyone()), []string{"everyone"}
	gone := named("gwen", user(4, nil))
	gone.Active = false
	locked := withScopes(owner, ArtifactCreate)
	locked.Address, locked.Now = netip.MustParseAddr("203.0.113.9"), noon
	locked.Token.Restrictions.CIDRs = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	early := withScopes(owner, ArtifactCreate)
	early.Now, early.Token.Restrictions.NotBefore = noon, noon.Add(12*time.Hour)
	inURL := withScopes(owner, ArtifactCreate)
	inURL.InURL = true
	patterned := withScopes(owner, ArtifactCreate)
	patterned.Token.Restrictions.Channels = []string{"dev-*", "test"}

	for _, tt := range []struct {
		name    string
		caller  *Caller
		scope   Scope
		target  Target
		summary string
		change  []string
	}{
		{
			"a level on the channel is missing", session(alice), ArtifactDelete, OnChannel(prod),
			"No: alice may not exercise artifact:delete on channel prod, because artifact:delete needs manage on channel prod, and alice holds write there.",
			[]string{"Ask an owner of the channel (group prod_owners) or an administrator to give alice, or a group that alice belongs to, manage on channel prod."},
		},
		{
			"a role is missing", session(reader), ArtifactCreate, OnPackage(prod, "conda", "numpy"),
			`No: rita may not exercise artifact:create on package conda/numpy of channel prod, because artifact:create needs a role with write on "artifact", and rita has read.`,
			[]string{`Ask an administrator to give rita a role with write on "artifact".`},
		},
		{
			"the token lacks the scope", withScopes(owner, ChannelEdit), ChannelDelete, OnChannel(prod),
			`No: token "ci" of olga may not exercise channel:delete on channel prod, because token "ci" does not hold the scope channel:delete.`,
			[]string{"Use a token that holds channel:delete; olga can make one as far as that account may do it."},
		},
		{
			"token and owner both lack it", withScopes(alice, ChannelView), ChannelEdit, OnChannel(prod),
			`No: token "ci" of alice may not exercise channel:edit on channel prod, because channel:edit needs manage on channel prod, and alice holds write there; and token "ci" does not hold the scope channel:edit.`,
			[]string{
				"Ask an owner of the channel (group prod_owners) or an administrator to give alice, or a group that alice belongs to, manage on channel prod.",
				"Use a token that holds channel:edit; alice can make one as far as that account may do it.",
			},
		},
		{
			"the resource token holds less", withResources(owner, map[int64]Level{10: Read}), ArtifactCreate, OnChannel(prod),
			`No: token "ci" of olga may not exercise artifact:create on channel prod, because artifact:create needs write on channel prod, and token "ci" holds read there.`,
			[]string{"Ask olga to give the token write on channel prod, or use one that has it."},
		},
		{
			"a channel is not its subchannels", withResources(owner, map[int64]Level{10: Manage}), SubchannelView, OnChannel(sub),
			`No: token "ci" of olga may not exercise subchannel:view on subchannel prod/nightly, because subchannel:view needs read on subchannel prod/nightly, and token "ci" holds nothing there.`,
			[]string{"Ask olga to give the token read on subchannel prod/nightly, or use one that has it."},
		},
		{
			"a subchannel goes with its channel", withResources(owner, map[int64]Level{10: Manage}), ChannelDelete, OnChannel(prod).With(11),
			`No: token "ci" of olga may not exercise channel:delete on channel prod, because channel:delete touches subchannels of channel prod, and token "ci" does not reach all of them.`,
			[]string{"Ask olga for a token that also holds manage on all channels and subchannels concerned."},
		},
		{
			"resource tokens never open roles", withResources(admin(9), map[int64]Level{10: Manage}), RoleView, OnSystem(),
			`No: token "ci" of root may not exercise role:view on the system, because token "ci" is a resource token, and those never open role:view.`,
			[]string{"Log in, or use a scope token that holds role:view."},
		},
		{
			"another's tokens", session(alice), UserTokenView, OnAccount(2),
			"No: alice may not exercise user.token:view on an account, because it is the account of somebody else.",
			[]string{"Ask an administrator to do it."},
		},
		{
			"nobody in particular", nil, ArtifactDownload, OnChannel(intern),
			"No: an anonymous caller may not exercise artifact:download on channel intern, because artifact:download needs read on channel intern, and an anonymous caller holds nothing there.",
			[]string{"Log in or send a token: without one only what is public can be read."},
		},
		{
			"a disabled account", session(gone), ChannelView, OnChannel(open),
			"Yes, but only because everybody may: gwen itself may not exercise channel:view on channel open, because the account that the credential belongs to is disabled.",
			[]string{"Ask an administrator to enable the account, or use a credential of another one."},
		},
		{
			"the address", locked, ArtifactCreate, OnChannel(prod),
			`No: token "ci" of olga may not exercise artifact:create on channel prod, because token "ci" does not work from the address 203.0.113.9.`,
			[]string{"Use the token from an address that it allows, or ask its owner to allow this one."},
		},
		{
			"too early", early, ArtifactCreate, OnChannel(prod),
			`No: token "ci" of olga may not exercise artifact:create on channel prod, because token "ci" works only from 2026-11-22 00:00 UTC on.`,
			[]string{"Wait until then, or ask the token's owner to change the date."},
		},
		{
			"a write with the token in the URL", inURL, ArtifactCreate, OnChannel(prod),
			`No: token "ci" of olga may not exercise artifact:create on channel prod, because a credential in the URL only reads, and writes take it in a header.`,
			[]string{"Send the token in the header Authorization or X-Auth instead of the URL."},
		},
		{
			"another channel than the patterns", patterned, ArtifactCreate, OnChannel(prod),
			`No: token "ci" of olga may not exercise artifact:create on channel prod, because token "ci" works only for channels that match dev-* and test.`,
			[]string{"Use a token that is not restricted in this way, or ask its owner to widen the patterns."},
		},
		{
			"the wrong scope for a subchannel", session(owner), ChannelEdit, OnChannel(sub),
			"No: olga may not exercise channel:edit on subchannel prod/nightly, because channel:edit is not asked of a subchannel; subchannel:edit is.",
			[]string{"Ask for a scope that is meant for this target; the scopes page lists them."},
		},
		{
			"no such channel", session(admin(9)), ChannelView, OnChannel(Channel{Path: "prud"}),
			"No: root may not exercise channel:view on channel prud, because there is no channel prud that root may see.",
			[]string{"Check the name of the channel. If it is right, ask an owner of the channel or an administrator to let root in."},
		},
		{
			"allowed", session(owner), SubchannelEdit, OnChannel(sub),
			"Yes: olga may exercise subchannel:edit on subchannel prod/nightly.", nil,
		},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			got := Decide(tt.caller, tt.scope, tt.target).Explanation()
			if diff := cmp.Diff(got.Summary, tt.summary); diff != "" {
				t.Errorf("summary (-got +want):\n%s", diff)
			}
			if diff := cmp.Diff(got.Change, tt.change); diff != "" {
				t.Errorf("change (-got +want):\n%s", diff)
			}
		})
	}
}

// Each gate says what it asked, what was held and by what.
func TestExplanationSteps(t *testing.T) {
	t.Parallel()
	alice := named("alice", user(1, map[int64]Level{10: Manage}))
	alice.Channels[10] = Grant{Level: Manage, Group: "prod_owners"}
	public := withScopes(alice, ArtifactView)
	for _, tt := range []struct {
		name   string
		caller *Caller
		scope  Scope
		target Target
		want   []Step
	}{
		{"from the channel above", session(alice), SubchannelEdit, OnChannel(sub), []Step{
			{GateCredential, Passed, "a good credential, or none", "", "", "The credential is good."},
			{
				GateRole, Passed, `manage on "subchannel"`, "manage", "the best of the roles everyone and author",
				`It needs manage on "subchannel", and the best of the roles everyone and author gives manage.`,
			},
			{
				GateResource, Passed, "manage on subchannel prod/nightly", "manage", "group prod_owners (by managing the channel above it)",
				"It needs manage on subchannel prod/nightly, and group prod_owners (by managing the channel above it) gives manage.",
			},
			{GateToken, NotAsked, "", "", "", "The caller uses no token."},
			{GateRestriction, NotAsked, "", "", "", "The caller uses no token."},
			{GateAnonymous, NotAsked, "", "", "", "Not needed."},
		}},
		{"a narrow token on a public channel", public, ChannelView, OnChannel(open), []Step{
			{GateCredential, Passed, "a good credential, or none", "", "", "The credential is good."},
			{
				GateRole, Passed, `read on "channel"`, "manage", "the best of the roles everyone and author",
				`It needs read on "channel", and the best of the roles everyone and author gives manage.`,
			},
			{
				GateResource, Passed, "read on channel open", "read", "the channel's privacy (public)",
				"It needs read on channel open, and the channel's privacy (public) gives read.",
			},
			{
				GateToken, Refused, "the scope channel:view", "nothing", `token "ci"`,
				`Token "ci" does not hold the scope channel:view.`,
			},
			{GateRestriction, Passed, "the token's restrictions", "", "", "The token's restrictions, if any, are met."},
			{
				GateAnonymous, Passed, "read on channel open", "read", "the channel's privacy (public)",
				"Everybody may do this, without any credential.",
			},
		}},
		{"the system has no level", session(admin(9)), RoleView, OnSystem(), []Step{
			{GateCredential, Passed, "a good credential, or none", "", "", "The credential is good."},
			{GateRole, Passed, `read on "role"`, "manage", "the role admin", `It needs read on "role", and the role admin gives manage.`},
			{GateResource, NotAsked, "", "", "", "The site as a whole has no level of its own: the roles alone decide."},
			{GateToken, NotAsked, "", "", "", "The caller uses no token."},
			{GateRestriction, NotAsked, "", "", "", "The caller uses no token."},
			{GateAnonymous, NotAsked, "", "", "", "Not needed."},
		}},
		{"an expired token", &Caller{Problem: ProblemExpired}, RoleView, OnSystem(), []Step{
			{GateCredential, Refused, "a good credential, or none", "", "", "The token has expired."},
			{GateRole, NotAsked, "", "", "", "Not asked, because the question ended before it."},
			{GateResource, NotAsked, "", "", "", "Not asked, because the question ended before it."},
			{GateToken, NotAsked, "", "", "", "Not asked, because the question ended before it."},
			{GateRestriction, NotAsked, "", "", "", "Not asked, because the question ended before it."},
			{GateAnonymous, Refused, `read on "role"`, "nothing", "the role everyone", "An anonymous caller may not do it either."},
		}},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			got := Decide(tt.caller, tt.scope, tt.target).Explanation().Steps
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Errorf("steps (-got +want):\n%s", diff)
			}
		})
	}
}
