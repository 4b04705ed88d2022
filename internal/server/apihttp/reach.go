package apihttp

import (
	"context"
	"net/http"
	"strings"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

type reachInput struct {
	ChannelPath
	Page
	Kind    []string `query:"kind,explode" maxItems:"20" doc:"Keep these kinds: everybody, signed-in, user, service-account, trust-rule, token; repeated, or separated by commas."`
	Level   string   `query:"level" enum:"read,write,manage" doc:"Keep who reaches at least this level."`
	Query   string   `query:"q" maxLength:"200" doc:"Keep those with this text in their name or their owner's."`
	Include []string `query:"include,explode" maxItems:"20" doc:"inactive: also what is disabled, expired or not valid yet; open: also each account and token that reaches the channel only because of its privacy."`
}

func (a *API) reachOperations() {
	addBoth(a, Operation{
		Method: http.MethodGet, Path: "/api/channels/{channel}/access", Tag: "Access", Summary: "Who and which tokens can reach a channel",
		Scopes: []access.Scope{access.AccessExplain},
	}, func(ctx context.Context, caller *access.Caller, in *reachInput) (*body[api.List[api.ChannelAccess]], error) {
		f := registry.ReachInput{Kinds: words(in.Kind), Level: in.Level, Query: in.Query, Include: words(in.Include)}
		found, total, err := a.Service.Access.Reachers(ctx, caller, in.Channel, f, in.registry())
		return list(found, total, reacherOut), err
	})
}

// words splits what may be repeated or separated by commas.
func words(given []string) []string {
	return strings.FieldsFunc(strings.Join(given, ","), func(r rune) bool { return r == ',' })
}

func reacherOut(r registry.Reacher) api.ChannelAccess {
	out := api.ChannelAccess{
		Kind: api.AccessKind(r.Kind), ID: r.ID, Name: r.Name, Owner: r.Owner, OwnerID: r.OwnerID, State: api.AccessState(r.State),
		Level: api.Level(r.Level.String()), Scopes: r.Scopes.Names(), PartlyScopes: r.Partly.Names(), Paths: []api.AccessPath{},
		Conditions: api.AccessConditions{
			Restrictions: restrictionsOut(r.Restrictions), Packages: r.Packages, Roles: r.Roles, ExpiresAt: instant(r.ExpiresAt),
		},
	}
	for _, p := range r.Paths {
		out.Paths = append(out.Paths, api.AccessPath{Via: string(p.Via), Name: p.Name, Level: api.Level(p.Level.String()), Until: instant(p.Until), Text: p.Text()})
	}
	if r.Kind == registry.ReacherToken {
		out.Token = &api.AccessToken{Type: api.TokenType(r.TokenKind.String()), OneTime: r.OneTime, CI: r.Minted, MintedBy: r.MintedBy}
	}
	if !r.LastUsedAt.IsZero() {
		out.LastUsed = &api.AccessUse{At: r.LastUsedAt, Address: r.LastUsedAddress, Client: r.LastUsedClient}
	}
	if !r.HereAt.IsZero() {
		out.LastUsedHere = &api.AccessUseHere{At: r.HereAt, Uses: r.HereUses}
	}
	return out
}
