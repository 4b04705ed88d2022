package access_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	. "kingsnake/internal/access"
)

// items are the names of what a verdict refuses, "hidden" where the item answers like one that does not exist.
func items(v Verdict) []string {
	var all []string
	for _, r := range v.Refusals {
		if r.NotFound {
			r.Item += " hidden"
		}
		all = append(all, r.Item)
	}
	return all
}

func TestGrantable(t *testing.T) {
	t.Parallel()
	author, reader, operator := user(1, nil), user(2, nil), user(3, nil)
	operator.Ceiling = CeilingOf(Role{Levels: map[Category]Level{CategorySystem: Manage, CategoryUserToken: Read}})
	reader.Ceiling = CeilingOf(Everyone())
	allOf := func(p *Principal) *Caller {
		c := withScopes(p)
		for _, info := range Catalogue() {
			c.Token.Scopes = c.Token.Scopes.Add(info.Scope)
		}
		return c
	}
	var everything []string
	for _, info := range Catalogue() {
		everything = append(everything, info.Name)
	}
	authors := strings.Fields(`artifact:create artifact:delete artifact:download artifact:edit artifact:view
		channel:create channel:delete channel:edit channel:history channel:view channel:view-artifacts
		channel.default-channel:edit channel.group:edit channel.group:view
		subchannel:create subchannel:delete subchannel:edit subchannel:history subchannel:view subchannel:view-artifacts
		subchannel.group:edit subchannel.group:view cve:view
		group:edit group:view service-account:edit trust:edit access:explain user.token:edit user.token:view`)
	for _, tt := range []struct {
		name   string
		caller *Caller
		want   []string
	}{
		{"an author", session(author), authors},
		{"an author's token with everything", allOf(author), authors},
		{"an author's token with a little", withScopes(author, ChannelView, RoleView, UserTokenEdit), []string{"channel:view", "user.token:edit"}},
		{"a token that may make none", withScopes(author, ChannelView), []string{}},
		{"a resource token", withResources(author, map[int64]Level{10: Manage}), []string{}},
		{"an admin", session(admin(9)), everything},
		{"an operator who is no admin", session(operator), strings.Fields(`artifact:download artifact:view channel:view
			channel:view-artifacts channel.group:view subchannel:view subchannel:view-artifacts subchannel.group:view
			system:delete-blobs job:edit job:view group:view access:explain user.token:edit user.token:view`)},
		{"somebody without user.token", session(reader), []string{}},
		{"nobody", nil, []string{}},
		{"a bad credential", &Caller{Principal: author, Problem: ProblemExpired}, []string{}},
	} {
		if diff := cmp.Diff(Grantable(tt.caller).Names(), tt.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", tt.name, diff)
		}
	}
}

func TestCanGrantResource(t *testing.T) {
	t.Parallel()
	writer := user(1, map[int64]Level{10: Write})
	owner := user(2, map[int64]Level{10: Manage})
	reading := []Scope{UserTokenEdit, ArtifactDownload, ArtifactView, ChannelView, ChannelViewArtifacts, ChannelGroupView}
	for _, tt := range []struct {
		name    string
		caller  *Caller
		channel Channel
		level   Level
		want    []string
	}{
		{"up to one's level", session(writer), prod, Write, nil},
		{"not above", session(writer), prod, Manage, []string{"prod"}},
		{"a subchannel of one's channel", session(owner), sub, Manage, nil},
		{"what is public", session(writer), open, Read, nil},
		{"what is public, to write", session(writer), open, Write, []string{"open"}},
		{"what one may not see", session(writer), sub, Read, []string{"prod/nightly hidden"}},
		{"what does not exist", session(writer), Channel{Path: "prod/nightly"}, Read, []string{"prod/nightly hidden"}},
		{"nothing", session(owner), prod, None, []string{"prod"}},
		{"no level at all", session(owner), prod, 9, []string{"prod"}},
		{"by a token with all that read includes", withScopes(owner, reading...), prod, Read, nil},
		{"by a token with less", withScopes(owner, reading[:4]...), prod, Read, []string{"prod"}},
		{"write by a token that can read", withScopes(owner, reading...), prod, Write, []string{"prod"}},
		{"nobody", nil, open, Read, []string{"open"}},
	} {
		v := CanGrantResource(tt.caller, tt.channel, tt.level)
		if diff := cmp.Diff(items(v), tt.want); diff != "" {
			t.Errorf("%s: refused (-got +want):\n%s", tt.name, diff)
		}
		if v.Allowed != (tt.want == nil) {
			t.Errorf("%s: allowed is %v", tt.name, v.Allowed)
		}
	}
	if v := CanGrantResource(withScopes(owner, ChannelView), prod, Read); v.Allowed || v.Decision.Allowed {
		t.Error("a token without user.token:edit may make tokens")
	}
}

// The reasons name what is missing, item by item.
func TestRefusalsSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	writer := named("walt", user(1, map[int64]Level{10: Write}))
	v := CanGrantScopes(withScopes(writer, UserTokenEdit, ChannelView), Scopes(ChannelView, ChannelEdit))
	w := CanGrantScopes(session(writer), Scopes(RoleEdit, UserEdit))
	x := CanGrantResource(session(writer), prod, Manage)
	y := CanGrantResource(withScopes(writer, UserTokenEdit, ArtifactView, ArtifactDownload, ChannelView, ChannelGroupView), prod, Read)
	got := slices.Concat(v.Refusals, w.Refusals, x.Refusals, y.Refusals)
	want := []Refusal{
		{Item: "channel:edit", Reason: `token "ci" does not hold it, and a token gives only what it holds`},
		{Item: "role:edit", Reason: `it needs manage on "role", and the roles of walt give none`},
		{Item: "user:edit", Reason: "only administrators have it"},
		{Item: "prod", Reason: "walt holds write there and cannot give manage"},
		{Item: "prod", Reason: `read there includes channel:view-artifacts, which token "ci" does not hold`},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("refusals (-got +want):\n%s", diff)
	}
}

func TestCanMint(t *testing.T) {
	t.Parallel()
	owner, other := user(2, map[int64]Level{10: Manage}), user(3, map[int64]Level{10: Read})
	root := admin(9)
	all := Scopes(Documented()...)
	parent := &Caller{Principal: owner, Via: ViaToken, Now: noon, Address: netip.MustParseAddr("10.1.1.1"), Token: &Token{
		Name: "parent", Kind: ScopeToken, Scopes: all, ExpiresAt: noon.Add(24 * time.Hour),
		Restrictions: Restrictions{
			CIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, NotBefore: noon.Add(-time.Hour), MaxUses: 10, Uses: 4,
		},
	}}
	narrow := Draft{
		Kind: ScopeToken, Scopes: Scopes(ChannelView), ExpiresAt: noon.Add(time.Hour),
		Restrictions: Restrictions{CIDRs: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, NotBefore: noon, MaxUses: 6},
	}
	with := func(change func(*Draft)) Draft {
		d := narrow
		d.Resources = slices.Clone(d.Resources)
		change(&d)
		return d
	}
	for _, tt := range []struct {
		name   string
		caller *Caller
		owner  *Principal
		draft  Draft
		want   []string
	}{
		{"within the parent", parent, nil, narrow, nil},
		{"living longer", parent, nil, with(func(d *Draft) { d.ExpiresAt = noon.Add(25 * time.Hour) }), []string{"expires_at"}},
		{"living forever", parent, nil, with(func(d *Draft) { d.ExpiresAt = time.Time{} }), []string{"expires_at"}},
		{"starting earlier", parent, nil, with(func(d *Draft) { d.Restrictions.NotBefore = noon.Add(-2 * time.Hour) }), []string{"not_before"}},
		{"starting at once", parent, nil, with(func(d *Draft) { d.Restrictions.NotBefore = time.Time{} }), []string{"not_before"}},
		{"from anywhere", parent, nil, with(func(d *Draft) { d.Restrictions.CIDRs = nil }), []string{"allowed_cidrs"}},
		{"from a larger network", parent, nil, with(func(d *Draft) {
			d.Restrictions.CIDRs = append(d.Restrictions.CIDRs[:1:1], netip.MustParsePrefix("10.0.0.0/7"))
		}), []string{"allowed_cidrs"}},
		{"from another network", parent, nil, with(func(d *Draft) {
			d.Restrictions.CIDRs = []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")}
		}), []string{"allowed_cidrs"}},
		{"without limit", parent, nil, with(func(d *Draft) { d.Restrictions.MaxUses = 0 }), []string{"max_uses"}},
		{"more uses than are left", parent, nil, with(func(d *Draft) { d.Restrictions.MaxUses = 7 }), []string{"max_uses"}},
		{"more scopes than the roles give", parent, nil, with(func(d *Draft) { d.Scopes = Scopes(ChannelView, RoleEdit) }), []string{"role:edit"}},
		{"scopes and resources", session(owner), nil, with(func(d *Draft) {
			d.Resources = []Resource{{Channel: prod, Level: Read}}
		}), []string{"resources"}},
		{"resources and scopes", session(owner), nil, Draft{Kind: ResourceToken, Scopes: Scopes(ChannelView)}, []string{"scopes"}},
		{"neither", session(owner), nil, Draft{}, []string{"kind"}},
		{"one package", session(owner), nil, Draft{Kind: ResourceToken, Resources: []Resource{
			{Channel: prod, Package: "conda/numpy", Level: Manage},
		}}, nil},
		{"one package of what one may not see", session(other), nil, Draft{Kind: ResourceToken, Resources: []Resource{
			{Channel: sub, Package: "conda/numpy", Level: Read},
		}}, []string{"prod/nightly/conda/numpy hidden"}},
		{"by an admin for a user", session(root), other, Draft{Kind: ScopeToken, Scopes: Scopes(ChannelEdit)}, nil},
		{"more than the user has", session(root), other, Draft{Kind: ScopeToken, Scopes: Scopes(RoleEdit)}, []string{"role:edit"}},
		{"a level that the user lacks", session(root), other, Draft{Kind: ResourceToken, Resources: []Resource{
			{Channel: prod, Level: Write}, {Channel: prod, Level: Read}, {Channel: sub, Level: Read},
		}}, []string{"prod", "prod/nightly"}},
	} {
		v := CanMint(tt.caller, tt.owner, tt.draft)
		if diff := cmp.Diff(items(v), tt.want); diff != "" {
			t.Errorf("%s: refused (-got +want):\n%s%+v", tt.name, diff, v.Refusals)
		}
		if !v.Decision.Allowed || v.Allowed != (tt.want == nil) {
			t.Errorf("%s: decision %v, allowed %v", tt.name, v.Decision.Allowed, v.Allowed)
		}
	}
	if v := CanMint(session(owner), other, narrow); v.Allowed || v.Decision.Reason() != ReasonAccount {
		t.Errorf("minting for another: allowed %v, reason %d, want %d", v.Allowed, v.Decision.Reason(), ReasonAccount)
	}
}

// A session may reissue and delete whatever is its own; a token only what it contains; an admin only what it could make.
func TestCanReissueAndRevoke(t *testing.T) {
	t.Parallel()
	owner, root := user(2, map[int64]Level{10: Read}), admin(9)
	demoted := Draft{Kind: ResourceToken, Resources: []Resource{{Channel: prod, Level: Manage}}}
	larger := Draft{Kind: ScopeToken, Scopes: Scopes(ChannelView, ChannelEdit)}
	smaller := Draft{Kind: ScopeToken, Scopes: Scopes(ChannelView)}
	token := withScopes(owner, ChannelView, UserTokenEdit)
	for _, tt := range []struct {
		name            string
		caller          *Caller
		owner           *Principal
		existing        Draft
		reissue, revoke bool
	}{
		{"one's own, above one's rights by now", session(owner), nil, demoted, true, true},
		{"one's own by name", session(owner), owner, demoted, true, true},
		{"a larger token", token, nil, larger, false, false},
		{"a smaller token", token, nil, smaller, true, true},
		{"another's", session(owner), root, smaller, false, false},
		{"as admin", session(root), owner, smaller, true, true},
		{"as admin, above its owner's rights", session(root), owner, demoted, false, true},
		{"as nobody", nil, nil, smaller, false, false},
		{"as nobody, of somebody", nil, owner, smaller, false, false},
	} {
		if got := CanReissue(tt.caller, tt.owner, tt.existing).Allowed; got != tt.reissue {
			t.Errorf("reissue %s: %v, want %v", tt.name, got, tt.reissue)
		}
		if got := CanRevoke(tt.caller, tt.owner, tt.existing).Allowed; got != tt.revoke {
			t.Errorf("revoke %s: %v, want %v", tt.name, got, tt.revoke)
		}
	}
}

func TestServiceAccountsAndTrust(t *testing.T) {
	t.Parallel()
	owner, writer := user(2, map[int64]Level{10: Manage, 20: Write}), user(3, map[int64]Level{10: Write})
	half := user(4, map[int64]Level{10: Manage})
	half.Ceiling = CeilingOf(Role{Levels: map[Category]Level{CategoryChannel: Manage}})
	resource := func(ch Channel, l Level) Draft {
		return Draft{Kind: ResourceToken, Resources: []Resource{{Channel: ch, Level: l}}}
	}
	for _, tt := range []struct {
		name           string
		caller         *Caller
		draft          Draft
		service, trust bool
	}{
		{"write on its channel", session(owner), resource(prod, Write), true, true},
		{"manage on its channel", session(owner), resource(prod, Manage), true, false},
		{"its subchannel", session(owner), resource(sub, Write), true, false},
		{"another channel, as far as one may", session(owner), resource(open, Write), true, false},
		{"another channel, further", session(owner), resource(open, Manage), false, false},
		{"by a writer", session(writer), resource(prod, Write), false, false},
		{"by one whose roles do not reach artifacts", session(half), resource(prod, Write), false, false},
		{"what these roles do reach", session(half), resource(prod, Read), true, true},
		{"scopes", session(owner), Draft{Kind: ScopeToken, Scopes: Scopes(ChannelView)}, false, false},
		{"by a resource token", withResources(owner, map[int64]Level{10: Manage}), resource(prod, Read), false, false},
		{"by a token that holds it all", withScopes(owner, ServiceAccountEdit, TrustEdit, ArtifactView, ArtifactDownload, ChannelView,
			ChannelViewArtifacts, ChannelGroupView), resource(prod, Read), true, true},
		{"by a token that holds less", withScopes(owner, ServiceAccountEdit, TrustEdit, ArtifactView), resource(prod, Read), false, false},
		{"by nobody", nil, resource(open, Read), false, false},
	} {
		v, w := CanMintForService(tt.caller, prod, tt.draft), CanTrust(tt.caller, prod, tt.draft)
		if v.Allowed != tt.service {
			t.Errorf("service account, %s: %v, want %v: %+v", tt.name, v.Allowed, tt.service, v.Refusals)
		}
		if w.Allowed != tt.trust {
			t.Errorf("trust rule, %s: %v, want %v: %+v", tt.name, w.Allowed, tt.trust, w.Refusals)
		}
	}
}

// A token that is held to patterns gives nothing that reaches beyond them.
func TestPatternsAreInherited(t *testing.T) {
	t.Parallel()
	owner := user(2, map[int64]Level{10: Manage})
	reading := []Scope{ServiceAccountEdit, ArtifactView, ArtifactDownload, ChannelView, ChannelViewArtifacts, ChannelGroupView}
	for _, tt := range []struct {
		parent, child string
		want          []string
	}{
		{"prod", "prod", nil},
		{"prod*", "prod", nil},
		{"prod*", "prod-*", nil},
		{"prod* */*", "*/* prod", nil},
		{"prod", "", []string{"channels"}},
		{"prod", "prod*", []string{"channels"}},
		{"prod*", "*", []string{"channels"}},
		{"prod*", "prod*/*", []string{"channels"}},
		{"prod*", "prod dev *-prod", []string{"channels", "channels"}},
	} {
		c := withScopes(owner, reading...)
		c.Token.Restrictions.Channels = strings.Fields(tt.parent)
		v := CanMintForService(c, prod, Draft{
			Kind: ResourceToken, Resources: []Resource{{Channel: prod, Level: Read}},
			Restrictions: Restrictions{Channels: strings.Fields(tt.child)},
		})
		if diff := cmp.Diff(items(v), tt.want); diff != "" || v.Allowed != (tt.want == nil) {
			t.Errorf("%q within %q: allowed %v, refused (-got +want):\n%s", tt.child, tt.parent, v.Allowed, diff)
		}
	}
	c := withScopes(owner, append(reading, UserTokenEdit)...)
	c.Token.Restrictions.Packages = []string{"num*"}
	if v := CanMint(c, nil, Draft{Kind: ScopeToken, Scopes: Scopes(ArtifactView)}); v.Allowed || len(v.Refusals) != 1 {
		t.Errorf("a token for some packages gives all: %v %v", v.Allowed, v.Refusals)
	}
}
