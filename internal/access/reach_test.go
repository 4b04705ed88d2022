package access_test

import (
	"testing"

	"kingsnake/internal/access"
)

func TestReach(t *testing.T) {
	scopes := func(list ...access.Scope) *access.Token {
		k := &access.Token{Kind: access.ScopeToken}
		for _, s := range list {
			k.Scopes = k.Scopes.Add(s)
		}
		return k
	}
	resource := func(l access.Level) *access.Token {
		return &access.Token{Kind: access.ResourceToken, Resources: map[int64]access.Level{1: access.Read, 2: l}}
	}
	author := &access.Principal{ID: 1, Kind: access.KindUser, Name: "ada", Active: true, Ceiling: access.CeilingOf(access.Author())}
	for _, c := range []struct {
		what     string
		token    *access.Token
		category access.Category
		want     access.Level
	}{
		{"a session has what the roles give", nil, access.CategoryArtifact, access.Manage},
		{"and nothing else", nil, access.CategoryRole, access.None},
		{"a scope that reads", scopes(access.CVEView), access.CategoryCVE, access.Read},
		{"a scope that writes", scopes(access.ArtifactCreate), access.CategoryArtifact, access.Write},
		{"the highest of several", scopes(access.ArtifactView, access.ArtifactEdit), access.CategoryArtifact, access.Manage},
		{"a category without a scope", scopes(access.ArtifactCreate), access.CategoryCVE, access.None},
		{"a category without a scope that everybody reads", scopes(access.CVEView), access.CategoryArtifact, access.Read},
		{"a scope above the roles", scopes(access.CVEEdit), access.CategoryCVE, access.None},
		{"a scope of another category that begins alike", scopes(access.ChannelGroupEdit), access.CategoryChannel, access.Read},
		{"a resource that writes", resource(access.Write), access.CategoryArtifact, access.Write},
		{"a resource that manages", resource(access.Manage), access.CategoryChannelGroup, access.Manage},
		{"no resource is a token", resource(access.Manage), access.CategoryUserToken, access.None},
		{"nor a default channel", resource(access.Manage), access.CategoryDefaultChannel, access.None},
		{"a package that manages", &access.Token{Kind: access.ResourceToken, Packages: map[int64]map[string]access.Level{3: {"conda/x": access.Manage}}}, access.CategoryArtifact, access.Manage},
		{"a package is no channel", &access.Token{Kind: access.ResourceToken, Packages: map[int64]map[string]access.Level{3: {"conda/x": access.Manage}}}, access.CategoryChannel, access.Read},
	} {
		caller := &access.Caller{Principal: author, Via: access.ViaSession, Token: c.token}
		if c.token != nil {
			caller.Via = access.ViaToken
		}
		if got := caller.Reach(c.category); got != c.want {
			t.Errorf("%s: reach of %s = %s, want %s", c.what, c.category, got, c.want)
		}
	}
}
