package access_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "kingsnake/internal/access"
)

// law is the catalogue as the rules of the project state it, written by hand: scope, category whose level a role gives,
// level needed, where it is asked. The tests never read these facts from the code that they check. The first 37 are
// the documented ones, then come the others.
const law = `
artifact:create              artifact                 write   parent
artifact:delete              artifact                 manage  parent
artifact:download            artifact                 read    parent
artifact:edit                artifact                 manage  parent
artifact:view                artifact                 read    parent
channel:create               channel                  write   system
channel:delete               channel                  manage  channel
channel:edit                 channel                  manage  channel
channel:history              channel                  manage  channel
channel:view                 channel                  read    channel
channel:view-artifacts       channel                  read    channel
channel.default-channel:edit channel.default-channel  manage  account
channel.group:edit           channel.group            manage  channel
channel.group:view           channel.group            read    channel
channel.mirror:edit          channel.mirror           manage  channel
channel.mirror:view          channel.mirror           manage  channel
subchannel:create            subchannel               manage  parent-channel
subchannel:delete            subchannel               manage  subchannel
subchannel:edit              subchannel               manage  subchannel
subchannel:history           subchannel               manage  subchannel
subchannel:view              subchannel               read    subchannel
subchannel:view-artifacts    subchannel               read    subchannel
subchannel.group:edit        subchannel.group         manage  subchannel
subchannel.group:view        subchannel.group         read    subchannel
subchannel.mirror:edit       subchannel.mirror        manage  parent-channel
subchannel.mirror:view       subchannel.mirror        manage  subchannel
mirror:view                  mirror                   manage  system
system.license:edit          system.license           manage  system
system.license:view          system.license           manage  system
cve:edit                     cve                      manage  system
cve:view                     cve                      read    system-and-channel
role:edit                    role                     manage  system
role:view                    role                     read    system
system.settings:edit         system.settings          manage  system
system:delete-blobs          system                   manage  system
user.token:edit              user.token               manage  account
user.token:view              user.token               manage  account

system.settings:view         system.settings          read    system
job:edit                     system                   manage  system
job:view                     system                   read    system
user:edit                    system                   manage  admin
user:view                    system                   read    admin
group:edit                   channel.group            manage  group
group:view                   channel.group            read    group
service-account:edit         channel                  manage  either
trust:edit                   channel                  manage  either
audit-logs:view              audit-logs               read    system
access:explain               channel                  manage  explain
cve-notifications:edit       cve-notifications        manage  system
cve-notifications:view       cve-notifications        read    system
`

// article is one line of the law.
type article struct{ scope, category, level, place string }

func articles() (documented, others []article) {
	first, second, _ := strings.Cut(strings.TrimSpace(law), "\n\n")
	parse := func(text string) (all []article) {
		for line := range strings.Lines(text) {
			f := strings.Fields(line)
			all = append(all, article{f[0], f[1], f[2], f[3]})
		}
		return all
	}
	return parse(first), parse(second)
}

func TestCatalogueIsTheLaw(t *testing.T) {
	t.Parallel()
	places := map[string]On{
		"system": PlaceSystem, "channel": PlaceChannel, "subchannel": PlaceSubchannel, "parent": PlaceParent,
		"parent-channel": PlaceParentChannel, "either": PlaceEitherChannel, "system-and-channel": PlaceSystemOrChannel,
		"account": PlaceAccount, "admin": PlaceAnyAccount, "group": PlaceGroup, "explain": PlaceAnything,
	}
	documented, others := articles()
	if len(documented) != 37 {
		t.Fatalf("the law lists %d documented scopes, want 37", len(documented))
	}
	got := map[string]Info{}
	for _, info := range Catalogue() {
		got[info.Name] = info
	}
	if len(got) != len(documented)+len(others) {
		t.Errorf("the catalogue has %d scopes, want %d", len(got), len(documented)+len(others))
	}
	for i, a := range slices.Concat(documented, others) {
		info, ok := got[a.scope]
		if !ok {
			t.Errorf("%s is not in the catalogue", a.scope)
			continue
		}
		want := Info{
			Scope: info.Scope, Name: a.scope, Category: Category(a.category), Level: levelNamed(t, a.level),
			On: places[a.place], Sentence: info.Sentence, Documented: i < 37, AdminOnly: a.place == "admin",
			Resource: opensByResource(a),
		}
		if diff := cmp.Diff(info, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", a.scope, diff)
		}
		if len(info.Sentence) < 10 || info.On.String() == "unknown" || !info.Category.Known() {
			t.Errorf("%s is not described: %+v", a.scope, info)
		}
		if s, ok := ParseScope(a.scope); !ok || s != info.Scope || s.String() != a.scope {
			t.Errorf("ParseScope(%q) = %v, %v, want %v", a.scope, s, ok, info.Scope)
		}
	}
}

// opensByResource is the rule of resource tokens, read off the scope's own name: the channel, subchannel and artifact
// categories and those below them, but for the default channel and for what is asked of the system.
func opensByResource(a article) bool {
	category, _, _ := strings.Cut(a.scope, ":")
	top, _, _ := strings.Cut(category, ".")
	return (top == "channel" || top == "subchannel" || top == "artifact") &&
		category != "channel.default-channel" && a.place != "system"
}

func levelNamed(t *testing.T, name string) Level {
	t.Helper()
	l, ok := ParseLevel(name)
	if !ok {
		t.Fatalf("there is no level %q", name)
	}
	return l
}

func TestDocumented(t *testing.T) {
	t.Parallel()
	documented, _ := articles()
	var want []string
	for _, a := range documented {
		want = append(want, a.scope)
	}
	if diff := cmp.Diff(Scopes(Documented()...).Names(), want); diff != "" {
		t.Errorf("documented scopes (-got +want):\n%s", diff)
	}
}

// The power over tokens is offered last, wherever scopes are listed.
func TestTokenScopesComeLast(t *testing.T) {
	t.Parallel()
	all := Catalogue()
	got := []string{all[len(all)-2].Name, all[len(all)-1].Name}
	if diff := cmp.Diff(got, []string{"user.token:edit", "user.token:view"}); diff != "" {
		t.Errorf("last scopes (-got +want):\n%s", diff)
	}
}

func TestCatalogueIsACopy(t *testing.T) {
	t.Parallel()
	Catalogue()[0].Level = None
	Categories()[0] = "spoilt"
	if got := ArtifactCreate.Info().Level; got != Write {
		t.Errorf("after changing a copy artifact:create needs %s, want write", got)
	}
	if got := Categories()[0]; got != CategoryChannel {
		t.Errorf("after changing a copy the first category is %s, want channel", got)
	}
}

func TestUnknownScopes(t *testing.T) {
	t.Parallel()
	for _, s := range []Scope{0, Scope(len(Catalogue()) + 1), 255} {
		if s.Known() || s.String() != "unknown" || s.Info() != (Info{}) || Scopes(s) != 0 {
			t.Errorf("scope %d is taken for one: %q %+v", s, s, s.Info())
		}
	}
	for _, name := range []string{"", "unknown", "artifact", "artifact:Create", " artifact:create", "artifact:create:x"} {
		if s, ok := ParseScope(name); ok || s != 0 {
			t.Errorf("ParseScope(%q) = %d, %v, want none", name, s, ok)
		}
	}
}

func TestScopeSet(t *testing.T) {
	t.Parallel()
	set, err := ParseScopeSet([]string{"user.token:view", "channel:view", "channel:vieuw", "channel:view", "x"})
	if diff := cmp.Diff(set.Names(), []string{"channel:view", "user.token:view"}); diff != "" {
		t.Errorf("names (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(err, UnknownScopes{"channel:vieuw", "x"}); diff != "" {
		t.Errorf("error (-got +want):\n%s", diff)
	}
	if _, err := ParseScopeSet([]string{"cve:edit"}); err != nil {
		t.Errorf("ParseScopeSet(cve:edit) fails: %v", err)
	}
	small, large := Scopes(ChannelView), Scopes(ChannelView, RoleEdit)
	if !small.SubsetOf(large) || large.SubsetOf(small) || !ScopeSet(0).SubsetOf(small) {
		t.Error("SubsetOf does not order {} < {channel:view} < {channel:view, role:edit}")
	}
	if got := large.Without(small); got != Scopes(RoleEdit) || got.Has(ChannelView) || !got.Has(RoleEdit) {
		t.Errorf("Without leaves %v, want role:edit", got.Names())
	}
	if got := small.Union(Scopes(RoleEdit)); got != large || got.Len() != 2 {
		t.Errorf("Union = %v, want %v", got.Names(), large.Names())
	}
	if got := large.Intersect(Scopes(RoleEdit, RoleView)); got != Scopes(RoleEdit) {
		t.Errorf("Intersect = %v, want role:edit", got.Names())
	}
}

func TestScopeFor(t *testing.T) {
	t.Parallel()
	for _, s := range Catalogue() {
		action, isChannel := strings.CutPrefix(s.Name, "channel")
		twin, ok := ParseScope("subchannel" + action)
		if !isChannel || !ok || s.Scope == ChannelCreate {
			if got := s.Scope.For(prod); !strings.HasPrefix(s.Name, "subchannel") && got != s.Scope {
				t.Errorf("%s.For(channel) = %s, want itself", s.Name, got)
			}
			continue
		}
		if got := s.Scope.For(sub); got != twin {
			t.Errorf("%s.For(subchannel) = %s, want %s", s.Name, got, twin)
		}
		if got := twin.For(prod); got != s.Scope {
			t.Errorf("%s.For(channel) = %s, want %s", twin, got, s.Name)
		}
		if got := s.Scope.For(prod); got != s.Scope {
			t.Errorf("%s.For(channel) = %s, want itself", s.Name, got)
		}
	}
}

func TestParseLevel(t *testing.T) {
	t.Parallel()
	for l, name := range []string{"none", "read", "write", "manage"} {
		if got, ok := ParseLevel(name); !ok || got != Level(l) || got.String() != name || !got.Known() {
			t.Errorf("ParseLevel(%q) = %d, %v, want %d", name, got, ok, l)
		}
	}
	for _, name := range []string{"", "admin", "Read", "4"} {
		if got, ok := ParseLevel(name); ok || got != None {
			t.Errorf("ParseLevel(%q) = %v, %v, want none, false", name, got, ok)
		}
	}
}
