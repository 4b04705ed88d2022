package access_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "kingsnake/internal/access"
)

// The descriptions themselves, for the everyday callers: they have to stay small and simple, for a database reads them.
func TestVisibleChannels(t *testing.T) {
	t.Parallel()
	onlyPublic, loggedIn := []Privacy{Public}, []Privacy{Public, Authenticated}
	member := user(1, map[int64]Level{10: Manage, 30: Read, 40: Write})
	onePackage := withResources(member, nil)
	onePackage.Token.Packages = map[int64]map[string]Level{10: {"conda/numpy": Write, "conda/scipy": Read}}
	patterned := withScopes(member, ChannelView)
	patterned.Token.Restrictions.Channels = []string{"prod*"}
	inURL := withScopes(member, ChannelEdit)
	inURL.InURL = true
	for _, tt := range []struct {
		name   string
		caller *Caller
		scope  Scope
		want   Visible
	}{
		{"nobody", nil, ChannelView, Visible{Top: true, Open: onlyPublic}},
		{"nobody, to write", nil, ArtifactCreate, Visible{Top: true, Sub: true}},
		{"an admin", session(admin(9)), SubchannelView, Visible{Sub: true, Open: onlyPublic, All: true}},
		{"a member", session(member), ChannelView, Visible{Top: true, Open: onlyPublic, Privacies: loggedIn, IDs: []int64{10, 30, 40}}},
		{"a member, below", session(member), SubchannelView, Visible{
			Sub: true, Open: onlyPublic, Privacies: loggedIn, IDs: []int64{10, 30, 40}, Parents: []int64{10},
		}},
		{"a member, to write", session(member), ArtifactCreate, Visible{Top: true, Sub: true, IDs: []int64{10, 40}, Parents: []int64{10}}},
		{"a resource token", withResources(member, map[int64]Level{10: Read, 20: Write}), ChannelView, Visible{
			Top: true, Open: onlyPublic, Privacies: loggedIn, IDs: []int64{10}, Limited: true, Within: []int64{10, 20},
		}},
		{"a token for packages", onePackage, ArtifactCreate, Visible{
			Top: true, Sub: true, IDs: []int64{10}, Parents: []int64{10}, Limited: true, Packages: map[int64][]string{10: {"conda/numpy"}},
		}},
		{"a token for packages, beyond them", onePackage, ChannelView, Visible{
			Top: true, Open: onlyPublic, Privacies: loggedIn, Limited: true,
		}},
		{"a token with patterns", patterned, ChannelView, Visible{
			Top: true, Open: onlyPublic, Privacies: loggedIn, IDs: []int64{10, 30, 40}, ChannelPatterns: []string{"prod*"},
		}},
		{"a token without the scope", patterned, ArtifactView, Visible{Top: true, Sub: true, Open: onlyPublic}},
		{"a token in a URL, to write", inURL, ChannelEdit, Visible{Top: true}},
		{"a bad credential", &Caller{Principal: member, Problem: ProblemRevoked}, ChannelView, Visible{Top: true, Open: onlyPublic}},
		{"what is not asked of channels", session(admin(9)), RoleView, Visible{}},
		{"what is asked of another channel", session(admin(9)), SubchannelMirrorEdit, Visible{}},
	} {
		got := VisibleChannels(tt.caller, tt.scope)
		for _, ids := range [][]int64{got.IDs, got.Parents, got.Within} {
			slices.Sort(ids)
		}
		if diff := cmp.Diff(got, tt.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", tt.name, diff)
		}
		empty := got.Open == nil && !got.All && got.Privacies == nil && got.IDs == nil
		if got.Empty() != empty {
			t.Errorf("%s: Empty is %v, want %v", tt.name, got.Empty(), empty)
		}
	}
}

// A package without a name is none.
func TestVisibleIncludesNoNamelessPackage(t *testing.T) {
	t.Parallel()
	v := Visible{Top: true, All: true, Limited: true, Packages: map[int64][]string{10: {"", "conda/numpy"}}}
	for pkg, want := range map[string]bool{"": false, "conda/numpy": true, "conda/scipy": false} {
		if got := v.Includes(prod, pkg); got != want {
			t.Errorf("Includes(prod, %q) = %v, want %v", pkg, got, want)
		}
	}
}
