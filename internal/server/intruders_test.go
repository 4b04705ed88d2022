package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/internal/access"
)

// lesserMembers are people with too low a level on the channel, or too low a role.
func (w *world) lesserMembers(t *testing.T) []intruder {
	t.Helper()
	s := &stage{Site: w.Site}
	var all []intruder
	for _, m := range []struct {
		name  string
		level access.Level
		roles []string
		code  api.Code
	}{
		{"reader", access.Read, []string{"author"}, api.CodeChannelLevel},
		{"writer", access.Write, []string{"author"}, api.CodeChannelLevel},
		{"roleless", access.Manage, []string{}, api.CodeRoleLevel},
	} {
		w.member(t, m.name, m.level, m.roles)
		all = append(all, intruder{"a " + m.name + " of the channel", with("X-Auth", s.session(t, m.name)), func(o operation) expectation {
			held := m.level
			if m.code == api.CodeRoleLevel {
				held = access.Read // What the role everyone gives.
			}
			if !o.onChannel() || o.session || reaches(o, held) {
				return skip
			}
			return refuse(http.StatusForbidden, m.code)
		}})
	}
	return all
}

// reaches tells whether a level on the channel is enough for an operation on it, by the tables of levels.
func reaches(o operation, held access.Level) bool {
	for _, s := range o.scopes {
		needed := access.Manage
		for level, scopes := range levels() {
			if slices.Contains(scopes, s) {
				needed, _ = access.ParseLevel(string(level))
			}
		}
		if needed > held {
			return false
		}
	}
	return true
}

// narrowTokens are good tokens of the admin that hold everything but what is asked for.
func (w *world) narrowTokens(t *testing.T) []intruder {
	t.Helper()
	var all []intruder
	for _, i := range access.Catalogue() {
		w.Clock.Advance(time.Minute)
		token := w.ScopeToken(w.Admin, i.Name).Secret
		all = append(all, intruder{"a token with only " + i.Name, with("X-Auth", token), func(o operation) expectation { return asList(o, ofScope(i.Name, o)) }})
	}
	for _, level := range []api.Level{api.LevelRead, api.LevelWrite} {
		resources := []api.TokenResource{
			{ResourceType: api.ResourceTypeChannel, ResourceID: onTeam.path, Permission: level},
			{ResourceType: api.ResourceTypeSubchannel, ResourceID: onPart.path, Permission: level},
			{ResourceType: api.ResourceTypeChannel, ResourceID: w.doomedAt(t, onTeam).path, Permission: level},
			{ResourceType: api.ResourceTypeSubchannel, ResourceID: w.doomedAt(t, onPart).path, Permission: level},
		}
		made, err := w.Admin.CreateToken(t.Context(), api.TokenCreate{Name: string(level), Resources: resources})
		if err != nil {
			t.Fatal(err)
		}
		held, _ := access.ParseLevel(string(level))
		all = append(all, intruder{"a resource token with " + string(level), with("X-Auth", made.Secret), func(o operation) expectation {
			if !o.onChannel() || o.session || reaches(o, held) {
				return skip
			}
			return refusedLevel(o, openTo(held))
		}})
	}
	parent := w.ResourceToken(w.Admin, "team", api.LevelManage).Secret
	inURL := w.ScopeToken(w.Admin, "channel:view").Secret
	return append(all,
		intruder{"a resource token for the channel above", with("X-Auth", parent), func(o operation) expectation {
			if o.at != onPart {
				return skip
			}
			return ofOtherResources(o)
		}},
		intruder{"a token in the URL", func(c call) call { c.path = "/t/" + inURL + c.path; return c }, func(o operation) expectation {
			switch {
			case !o.conda():
				return refuse(http.StatusNotFound, api.CodeNotFound)
			case strings.HasPrefix(o.name, "PUT "):
				return refuse(http.StatusForbidden, api.CodeTokenInURL)
			}
			return skip
		}})
}

// restrictedTokens are the admin's tokens with every scope whose restrictions are not met.
func (w *world) restrictedTokens(t *testing.T) []intruder {
	t.Helper()
	var every []string
	for _, i := range access.Catalogue() {
		every = append(every, i.Name)
	}
	mint := func(r api.TokenRestrictions) string {
		t.Helper()
		made, err := w.Admin.CreateToken(t.Context(), api.TokenCreate{
			Name: "restricted", Scopes: every, Restrictions: &r, ExpiresAt: w.Clock.Now().AddDate(0, 3, 0).UTC().Format(time.RFC3339),
		})
		if err != nil {
			t.Fatal(err)
		}
		return made.Secret
	}
	spent := mint(api.TokenRestrictions{MaxUses: 1})
	get("/team/noarch/"+w.file).xAuth(spent).do(t, w.Site).ok(t, "the one use")
	later := w.Clock.Now().AddDate(0, 2, 0).UTC().Format(time.RFC3339)
	return []intruder{
		{"a token for other addresses", with("X-Auth", mint(api.TokenRestrictions{AllowedCIDRs: []string{"203.0.113.0/24"}})), restricted(api.CodeTokenAddress)},
		{"a token that is not valid yet", with("X-Auth", mint(api.TokenRestrictions{NotBefore: later})), restricted(api.CodeTokenNotYetValid)},
		{"a token for channels of other names", with("X-Auth", mint(api.TokenRestrictions{Channels: []string{"elsewhere*"}})), func(o operation) expectation {
			if !o.onChannel() && o.finds == "" {
				return skip
			}
			return restricted(api.CodeTokenChannel)(o)
		}},
		{"a token that is used up", with("X-Auth", spent), func(o operation) expectation {
			if !slices.ContainsFunc(o.scopes, costs) || o.finds != "" {
				return skip
			}
			return restricted(api.CodeTokenUsedUp)(o)
		}},
	}
}

// costs tells the scopes whose exercise is a use of a token, by the law: what writes, mints or fetches a package.
func costs(scope string) bool {
	_, action, _ := strings.Cut(scope, ":")
	return slices.Contains([]string{"create", "delete", "download", "edit", "delete-blobs"}, action)
}

// restricted is what is answered where a restriction is not met.
func restricted(code api.Code) func(operation) expectation {
	return func(o operation) expectation {
		switch {
		case len(o.scopes) == 0 || o.session:
			return skip
		case o.finds != "":
			return expectation{status: http.StatusOK}
		}
		return refuse(http.StatusForbidden, code)
	}
}
