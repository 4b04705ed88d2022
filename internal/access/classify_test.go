package access_test

import (
	"strings"
	"testing"

	. "kingsnake/internal/access"
)

// The table of answers, row by row: what is asked by whom on which protocol, and status, code, warning.
func TestClassify(t *testing.T) {
	t.Parallel()
	owner := user(2, map[int64]Level{10: Manage})
	alice := user(1, map[int64]Level{10: Read})
	stranger := user(5, nil)
	bad := func(p Problem) *Caller { return &Caller{Problem: p, Via: ViaToken} }
	missing := Channel{Path: "prod"}
	limited := withScopes(owner, ChannelView, ChannelEdit)
	limited.Token.Restrictions.Channels = []string{"dev"}
	inURL := withScopes(owner, ChannelView, ChannelEdit)
	inURL.InURL = true
	for _, tt := range []struct {
		name       string
		caller     *Caller
		scope      Scope
		channel    Channel
		rest       string
		conda      string
		strictOnly string // the strict conda answer where it differs
	}{
		{"no credential, public", nil, ChannelView, open, "served", "served", ""},
		{"no credential, authenticated", nil, ChannelView, intern, "401 auth_required", "401 auth_required", ""},
		{"no credential, private", nil, ChannelView, prod, "401 auth_required", "401 auth_required", ""},
		{"no credential, unknown", nil, ChannelView, missing, "401 auth_required", "401 auth_required", ""},
		{"no credential, a write to a public channel", nil, ArtifactCreate, open, "401 auth_required", "401 auth_required", ""},
		{"unknown token, private", bad(ProblemUnknown), ChannelView, prod, "401 token_unknown", "401 token_unknown", ""},
		{"unknown token, unknown channel", bad(ProblemUnknown), ChannelView, missing, "401 token_unknown", "401 token_unknown", ""},
		{"expired token, private", bad(ProblemExpired), ChannelView, prod, "401 token_expired", "401 token_expired", ""},
		{"token past the maximum age, private", bad(ProblemTooOld), ChannelView, prod, "401 token_too_old", "401 token_too_old", ""},
		{"revoked token, private", bad(ProblemRevoked), ChannelView, prod, "401 token_revoked", "401 token_revoked", ""},
		{"old string, private", bad(ProblemRotated), ChannelView, prod, "401 token_rotated", "401 token_rotated", ""},
		{"expired token, public", bad(ProblemExpired), ChannelView, open, "401 token_expired", "served, warning token_expired", "401 token_expired"},
		{"malformed token, public", bad(ProblemMalformed), ChannelView, open, "401 token_malformed", "served, warning token_malformed", "401 token_malformed"},
		{"masked token, public", bad(ProblemMasked), ChannelView, open, "401 token_masked", "served, warning token_masked", "401 token_masked"},
		{"masked token, private", bad(ProblemMasked), ChannelView, prod, "401 token_masked", "401 token_masked", ""},
		{"expired token, a write to a public channel", bad(ProblemExpired), ArtifactCreate, open, "401 token_expired", "401 token_expired", ""},
		{"restriction not met, private", limited, ChannelView, prod, "403 token_channel", "403 token_channel", ""},
		{"restriction not met, unknown", limited, ChannelView, missing, "403 token_channel", "403 token_channel", ""},
		{"restriction not met, public", limited, ChannelView, open, "served, warning token_channel", "served, warning token_channel", ""},
		{"in the URL, a read", inURL, ChannelView, prod, "served", "served", ""},
		{"in the URL, a write", inURL, ChannelEdit, prod, "403 token_in_url", "403 token_in_url", ""},
		{"in the URL, a write to nothing", inURL, ChannelEdit, missing, "403 token_in_url", "403 token_in_url", ""},
		{"readable, the level is missing", session(alice), ArtifactCreate, prod, "403 channel_level", "403 channel_level", ""},
		{"readable, the scope is missing", withScopes(owner, ChannelView), ArtifactCreate, prod, "403 token_scope", "403 token_scope", ""},
		{"readable, the token's level is missing", withResources(owner, map[int64]Level{10: Read}), ArtifactCreate, prod, "403 token_level", "403 token_level", ""},
		{"public, the scope is missing", withScopes(stranger, ChannelView), ArtifactCreate, open, "403 channel_level", "403 channel_level", ""},
		{"public, reading without the scope", withScopes(stranger, RoleView), ChannelView, open, "served", "served", ""},
		{"not readable", session(stranger), ChannelView, prod, "404 not_found hidden", "403 not_found hidden", ""},
		{"not readable by the token", withScopes(owner, RoleView), ChannelView, prod, "404 not_found hidden", "403 not_found hidden", ""},
		{"not there", session(stranger), ChannelView, missing, "404 not_found hidden", "403 not_found hidden", ""},
		{"not there, for an admin", session(admin(9)), ChannelView, missing, "404 not_found hidden", "403 not_found hidden", ""},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if tt.strictOnly == "" {
				tt.strictOnly = tt.conda
			}
			target := OnChannel(tt.channel)
			d := Decide(tt.caller, tt.scope, target)
			for proto, want := range map[Protocol]string{
				ProtocolREST: tt.rest, ProtocolConda: tt.conda, ProtocolCondaStrict: tt.strictOnly,
			} {
				if got := inWords(Classify(tt.caller, tt.scope, target, d, proto)); got != want {
					t.Errorf("protocol %d answers %q, want %q", proto, got, want)
				}
			}
		})
	}
}

func inWords(d Denial) string {
	words := []string{"served"}
	if d.Status != 0 {
		words = []string{map[int]string{401: "401", 403: "403", 404: "404"}[d.Status], d.Code}
	}
	if d.NotFoundLike {
		words = append(words, "hidden")
	}
	text := strings.Join(words, " ")
	if d.Warning != "" {
		text += ", warning " + d.Warning
	}
	return text
}

// Accounts and groups hide like channels; the site and one's own account do not.
func TestClassifyOtherTargets(t *testing.T) {
	t.Parallel()
	alice := user(1, nil)
	alice.Groups = map[int64]Level{5: Read}
	for _, tt := range []struct {
		name   string
		caller *Caller
		scope  Scope
		target Target
		want   string
	}{
		{"another's account", session(alice), UserTokenView, OnAccount(2), "404 not_found hidden"},
		{"one's own account", withScopes(alice, ChannelView), UserTokenView, OnAccount(1), "403 token_scope"},
		{"the site", session(alice), RoleView, OnSystem(), "403 role_level"},
		{"the site, for admins", session(alice), UserView, OnSystem(), "403 admin_only"},
		{"a group one belongs to", session(alice), GroupEdit, OnGroup(5), "403 group_level"},
		{"another group", session(alice), GroupView, OnGroup(6), "404 not_found hidden"},
		{"nobody, the site", nil, RoleView, OnSystem(), "401 auth_required"},
		{"nobody, an account", nil, UserTokenView, OnAccount(2), "401 auth_required"},
	} {
		d := Decide(tt.caller, tt.scope, tt.target)
		if got := inWords(Classify(tt.caller, tt.scope, tt.target, d, ProtocolREST)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// What a refusal says to whoever holds a token: what is missing and whom to ask, but not by which group or role its
// owner has what they have.
func TestDenialMessages(t *testing.T) {
	t.Parallel()
	owner := named("olga", user(2, map[int64]Level{10: Write}))
	owner.Channels[10] = Grant{Level: Write, Group: "secret-society"}
	owner.Roles = append(owner.Roles, "secret-role")
	for _, tt := range []struct {
		scopes []Scope
		scope  Scope
		want   string
	}{
		{
			[]Scope{ChannelView},
			ArtifactCreate,
			`Token "ci" does not hold the scope artifact:create. Use a token that holds artifact:create; olga can make one as far as that account may do it.`,
		},
		{
			[]Scope{ChannelView, ArtifactDelete},
			ArtifactDelete,
			"artifact:delete needs manage on channel prod, and olga holds write there. Ask an owner of the channel (group prod_owners) or an administrator to give olga, or a group that olga belongs to, manage on channel prod.",
		},
		{
			[]Scope{RoleView},
			ArtifactCreate,
			"There is no such thing, or this credential may not see it. Check the name, or ask an owner of the channel or an administrator for access.",
		},
	} {
		c := withScopes(owner, tt.scopes...)
		d := Decide(c, tt.scope, OnChannel(prod))
		if got := Classify(c, tt.scope, OnChannel(prod), d, ProtocolREST).Message; got != tt.want {
			t.Errorf("message\n%s\nwant\n%s", got, tt.want)
		}
	}
}
