package access_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "kingsnake/internal/access"
)

func TestVisibleGroups(t *testing.T) {
	t.Parallel()
	member := user(1, nil)
	member.Groups = map[int64]Level{5: Read, 6: Manage, 7: None}
	for _, tt := range []struct {
		name   string
		caller *Caller
		scope  Scope
		want   Groups
	}{
		{"nobody", nil, GroupView, Groups{}},
		{"a member", session(member), GroupView, Groups{IDs: []int64{5, 6}}},
		{"a member, to change", session(member), GroupEdit, Groups{IDs: []int64{6}}},
		{"an admin", session(admin(9)), GroupEdit, Groups{All: true}},
		{"a token with the scope", withScopes(member, GroupView), GroupView, Groups{IDs: []int64{5, 6}}},
		{"a token with another scope", withScopes(member, ChannelView), GroupView, Groups{}},
		{"an admin's token with another scope", withScopes(admin(9), ChannelView), GroupView, Groups{}},
		{"a resource token", withResources(member, map[int64]Level{10: Manage}), GroupView, Groups{}},
		{"a bad credential", &Caller{Principal: member, Problem: ProblemRevoked}, GroupView, Groups{}},
	} {
		got := VisibleGroups(tt.caller, tt.scope)
		slices.Sort(got.IDs)
		if diff := cmp.Diff(got, tt.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", tt.name, diff)
		}
	}
}

// The description of a list and the decision on each of its rows are one.
func TestVisibleGroupsIsDecide(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.caller.Principal.Groups[8] = drawLevel(t, "level over a second group")
		for _, s := range []Scope{GroupView, GroupEdit} {
			v := VisibleGroups(w.caller, s)
			for _, id := range []int64{5, 6, 8} {
				d := Decide(w.caller, s, OnGroup(id))
				if got := v.All || slices.Contains(v.IDs, id); got != d.Allowed {
					t.Fatalf("%s on group %d: in the description %v, decided %v", s, id, got, d.Allowed)
				}
			}
		}
	})
}
