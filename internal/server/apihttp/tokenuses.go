package apihttp

import (
	"context"
	"net/http"
	"time"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// tokenUseOperations tell what tokens use of what they hold, and take the rest from them: for one's own, for those of
// other accounts, and for those of service accounts.
func (a *API) tokenUseOperations() {
	a.ownTokenUses()
	a.userTokenUses()
	a.serviceTokenUses()
}

// usageOf, adviceOf and narrowOf are the three operations below the address of a token.
func usageOf(tag, token string, scope access.Scope) Operation {
	return Operation{Method: http.MethodGet, Path: token + "/usage", Tag: tag, Summary: "Tell what a token used of its rights", Scopes: []access.Scope{scope}}
}

func adviceOf(tag, token string, scope access.Scope) Operation {
	return Operation{Method: http.MethodGet, Path: token + "/advice", Tag: tag, Summary: "Tell what a token did not use of its rights", Scopes: []access.Scope{scope}}
}

func narrowOf(tag, token string, scope access.Scope) Operation {
	return Operation{Method: http.MethodPost, Path: token + "/narrow", Tag: tag, Summary: "Take from a token what it did not use", Scopes: []access.Scope{scope}}
}

func (a *API) ownTokenUses() {
	const tag, token = "Tokens", "/api/account/tokens/{token_id}"
	svc := a.Service.Tokens
	add(a, usageOf(tag, token, access.UserTokenView), func(ctx context.Context, caller *access.Caller, in *TokenPath) (*body[api.TokenUses], error) {
		u, err := svc.Usage(ctx, caller, "", in.ID)
		return &body[api.TokenUses]{usesOut(u)}, err
	})
	add(a, adviceOf(tag, token, access.UserTokenView), func(ctx context.Context, caller *access.Caller, in *adviceInput) (*body[api.TokenAdvice], error) {
		advice, err := svc.Advise(ctx, caller, "", in.ID, in.Count)
		return &body[api.TokenAdvice]{adviceOut(advice)}, err
	})
	add(a, narrowOf(tag, token, access.UserTokenEdit), func(ctx context.Context, caller *access.Caller, in *NarrowTokenInput) (*body[api.TokenUpdated], error) {
		return a.narrow(ctx, in, func(narrow registry.NarrowInput) (registry.Issued, error) {
			return svc.Narrow(ctx, caller, "", in.ID, narrow)
		})
	})
}

func (a *API) userTokenUses() {
	const tag, token = "Tokens of users", "/api/users/{user_id}/tokens/{token_id}"
	svc := a.Service.Tokens
	add(a, usageOf(tag, token, access.UserTokenView), func(ctx context.Context, caller *access.Caller, in *userTokenInput) (*body[api.TokenUses], error) {
		u, err := svc.Usage(ctx, caller, in.UserPath.ID, in.TokenPath.ID)
		return &body[api.TokenUses]{usesOut(u)}, err
	})
	add(a, adviceOf(tag, token, access.UserTokenView), func(ctx context.Context, caller *access.Caller, in *userAdviceInput) (*body[api.TokenAdvice], error) {
		advice, err := svc.Advise(ctx, caller, in.UserPath.ID, in.TokenPath.ID, in.Count)
		return &body[api.TokenAdvice]{adviceOut(advice)}, err
	})
	add(a, narrowOf(tag, token, access.UserTokenEdit), func(ctx context.Context, caller *access.Caller, in *narrowUserTokenInput) (*body[api.TokenUpdated], error) {
		return a.narrow(ctx, &in.NarrowTokenInput, func(narrow registry.NarrowInput) (registry.Issued, error) {
			return svc.Narrow(ctx, caller, in.UserPath.ID, in.TokenPath.ID, narrow)
		})
	})
}

func (a *API) serviceTokenUses() {
	const tag, token = "Service accounts", "/api/channels/{channel}/service-accounts/{account_id}/tokens/{token_id}"
	svc := a.Service.ServiceAccounts
	addBoth(a, usageOf(tag, token, access.ServiceAccountEdit), func(ctx context.Context, caller *access.Caller, in *serviceTokenInput) (*body[api.TokenUses], error) {
		u, err := svc.TokenUsage(ctx, caller, in.Channel, in.Account, in.ID)
		return &body[api.TokenUses]{usesOut(u)}, err
	})
	addBoth(a, adviceOf(tag, token, access.ServiceAccountEdit), func(ctx context.Context, caller *access.Caller, in *serviceAdviceInput) (*body[api.TokenAdvice], error) {
		advice, err := svc.AdviseToken(ctx, caller, in.Channel, in.Account, in.ID, in.Count)
		return &body[api.TokenAdvice]{adviceOut(advice)}, err
	})
	addBoth(a, narrowOf(tag, token, access.ServiceAccountEdit), func(ctx context.Context, caller *access.Caller, in *narrowServiceTokenInput) (*body[api.TokenUpdated], error) {
		return a.narrow(ctx, &in.NarrowTokenInput, func(narrow registry.NarrowInput) (registry.Issued, error) {
			return svc.NarrowToken(ctx, caller, in.Channel, in.Account, in.ID, narrow)
		})
	})
}

// Days says how far back uses are looked at.
type Days struct {
	Count int `query:"days" default:"90" minimum:"1" maximum:"365" doc:"How many days of use to look at."`
}

type adviceInput struct {
	TokenPath
	Days
}

type userAdviceInput struct {
	UserPath
	TokenPath
	Days
}

type serviceAdviceInput struct {
	ChannelPath
	ServiceAccountPath
	TokenPath
	Days
}

// NarrowTokenInput names a token and says how to narrow it.
type NarrowTokenInput struct {
	TokenPath
	Body *api.TokenNarrow
}

type narrowUserTokenInput struct {
	UserPath
	NarrowTokenInput
}

type narrowServiceTokenInput struct {
	ChannelPath
	ServiceAccountPath
	NarrowTokenInput
}

// narrow reads what was asked for and answers what came of it, with a string where there is another token.
func (a *API) narrow(ctx context.Context, in *NarrowTokenInput, do func(registry.NarrowInput) (registry.Issued, error)) (*body[api.TokenUpdated], error) {
	var narrow registry.NarrowInput
	if in.Body != nil {
		narrow.Days, narrow.New = in.Body.Days, in.Body.New
		if in.Body.Overlap != "" {
			var err error
			if narrow.Overlap, err = time.ParseDuration(in.Body.Overlap); err != nil {
				return nil, &registry.Error{Code: registry.CodeInvalid, Field: "overlap", Message: "the overlap is not a length of time such as 24h or 30m"}
			}
		}
	}
	issued, err := do(narrow)
	if err != nil {
		return nil, err
	}
	return a.updatedOut(ctx, issued, narrow.New)
}

func usesOut(u registry.TokenUses) api.TokenUses {
	out := api.TokenUses{
		ID: u.Token.PublicID, Name: u.Token.Name, Type: api.TokenType(u.Token.Kind.String()), Since: u.Since,
		TotalCount: int64(len(u.Rows)), Items: make([]api.TokenUse, len(u.Rows)),
	}
	for i, r := range u.Rows {
		out.Items[i] = api.TokenUse{
			Level: api.LevelNone, Where: api.TokenUseWhere(r.Where), ResourceID: r.Resource, Granted: r.Granted,
			Permission: api.Level(r.Level.String()), LastUsedAt: instant(r.LastUsedAt), Uses: r.Uses,
		}
		if r.Scope.Known() {
			out.Items[i].Scope, out.Items[i].Level = r.Scope.String(), api.Level(r.Scope.Info().Level.String())
		}
	}
	return out
}

func adviceOut(a registry.Advice) api.TokenAdvice {
	out := api.TokenAdvice{
		ID: a.Token.PublicID, Name: a.Token.Name, Type: api.TokenType(a.Token.Kind.String()), Days: a.Days, Since: a.Since, Young: a.Young,
		Verdict: api.TokenVerdict(a.Verdict), Unused: make([]api.TokenExcess, len(a.Unused)),
	}
	for i, x := range a.Unused {
		out.Unused[i].LastUsedAt = instant(x.LastUsedAt)
		if x.Scope != 0 {
			out.Unused[i].Scope = x.Scope.String()
			continue
		}
		r := resourceOut(x.Resource)
		out.Unused[i].ResourceType, out.Unused[i].ResourceID, out.Unused[i].Permission = r.ResourceType, r.ResourceID, r.Permission
		out.Unused[i].Enough = api.Level(x.Enough.String())
	}
	if a.Token.Kind == access.ScopeToken {
		out.Scopes = a.Scopes.Names()
	}
	for _, r := range a.Resources {
		out.Resources = append(out.Resources, resourceOut(r))
	}
	return out
}
