package apihttp

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

type TokenPath struct {
	ID string `path:"token_id" maxLength:"64"`
}

func (a *API) tokenOperations() {
	const tag, all, one = "Tokens", "/api/account/tokens", "/api/account/tokens/{token_id}"
	view, edit := []access.Scope{access.UserTokenView}, []access.Scope{access.UserTokenEdit}
	add(a, Operation{Method: http.MethodGet, Path: all, Tag: tag, Summary: "List the own tokens", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *ListTokensInput) (*body[api.List[api.Token]], error) {
			return a.listTokens(ctx, caller, "", in)
		})
	add(a, Operation{Method: http.MethodPost, Path: all, Tag: tag, Summary: "Make a token", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *CreateTokenInput) (*body[api.TokenCreated], error) {
			return a.createToken(ctx, caller, "", in)
		})
	add(a, Operation{Method: http.MethodGet, Path: one, Tag: tag, Summary: "Show a token", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *TokenPath) (*body[api.Token], error) {
			return a.showToken(ctx, caller, "", in)
		})
	add(a, Operation{Method: http.MethodPut, Path: one, Tag: tag, Summary: "Change a token, or give it a new string", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *EditTokenInput) (*body[api.TokenUpdated], error) {
			return a.editToken(ctx, caller, "", in)
		})
	add(a, Operation{Method: http.MethodDelete, Path: one, Tag: tag, Summary: "Delete a token", Scopes: edit, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *TokenPath) (*nothing, error) {
			return nil, a.Service.Tokens.Delete(ctx, caller, "", in.ID)
		})
	add(a, Operation{Method: http.MethodPut, Path: one + "/metadata", Tag: tag, Summary: "Replace a token's free object", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *MetadataInput) (*body[api.TokenUpdated], error) {
			return a.setMetadata(ctx, caller, "", in)
		})
	add(a, Operation{Method: http.MethodGet, Path: "/api/account/token-info", Tag: tag, Summary: "Describe the token of this request", Self: true}, a.tokenInfo)
	a.userTokenOperations()
	a.tokenUseOperations()
}

type ListTokensInput struct {
	Page
	Query string `query:"q" maxLength:"200"`
	Type  string `query:"type" enum:"resource,scope"`
	State string `query:"state" enum:"active,expiring,expired,leaked"`
}

// listTokens gives the tokens of an account. Here and below an empty user means the caller's own account.
func (a *API) listTokens(ctx context.Context, caller *access.Caller, user string, in *ListTokensInput) (*body[api.List[api.Token]], error) {
	f := registry.TokenFilter{Query: in.Query, Kind: registry.ParseTokenKind(in.Type), State: registry.TokenState(in.State)}
	tokens, total, err := a.Service.Tokens.List(ctx, caller, user, f, in.registry())
	if err != nil {
		return nil, err
	}
	return a.tokenList(ctx, tokens, total)
}

type CreateTokenInput struct{ Body api.TokenCreate }

func (a *API) createToken(ctx context.Context, caller *access.Caller, user string, in *CreateTokenInput) (*body[api.TokenCreated], error) {
	issued, err := a.Service.Tokens.Create(ctx, caller, user, tokenIn(in.Body))
	if err != nil {
		return nil, err
	}
	return a.createdOut(ctx, issued)
}

// tokenIn is what somebody asks of a new token.
func tokenIn(b api.TokenCreate) registry.TokenInput {
	return registry.TokenInput{
		Name: b.Name, Description: b.Description, Metadata: b.Metadata, ExpiresAt: b.ExpiresAt, Scopes: b.Scopes, Resources: resourcesIn(b.Resources),
		Restrictions: restrictionsIn(b.Restrictions), OneTime: b.OneTime,
	}
}

func (a *API) showToken(ctx context.Context, caller *access.Caller, user string, in *TokenPath) (*body[api.Token], error) {
	t, err := a.Service.Tokens.Get(ctx, caller, user, in.ID)
	if err != nil {
		return nil, err
	}
	out, err := a.tokenOut(ctx, t)
	return &body[api.Token]{out}, err
}

func resourcesIn(in []api.TokenResource) []registry.ResourceInput {
	if in == nil {
		return nil
	}
	out := make([]registry.ResourceInput, len(in))
	for i, r := range in {
		out[i] = registry.ResourceInput{Type: string(r.ResourceType), Path: r.ResourceID, Level: string(r.Permission)}
	}
	return out
}

// Reissue says whether a change makes a new string.
type Reissue struct {
	// Reissue is a text because huma takes false for a value that is missing.
	Reissue string `query:"reissue_token" default:"true" enum:"true,false,True,False,1,0" doc:"Make a new string; the old one dies, at once or after the overlap."`
	Overlap string `query:"overlap" maxLength:"16" doc:"How long the old string lives on, such as 24h."`
}

// apply adds it to a change.
func (r Reissue) apply(change *registry.TokenChange) error {
	var err error
	if change.Reissue, err = strconv.ParseBool(r.Reissue); err != nil {
		return &registry.Error{Code: registry.CodeInvalid, Field: "reissue_token", Message: "reissue_token is true or false"}
	}
	if r.Overlap == "" {
		return nil
	}
	if change.Overlap, err = time.ParseDuration(r.Overlap); err != nil {
		return &registry.Error{Code: registry.CodeInvalid, Field: "overlap", Message: "the overlap is not a length of time such as 24h or 30m"}
	}
	return nil
}

type EditTokenInput struct {
	TokenPath
	Reissue
	Body api.TokenUpdate
}

// change is what somebody asks of a token that there is.
func (in *EditTokenInput) change() (registry.TokenChange, error) {
	change := registry.TokenChange{
		Name: in.Body.Name, Description: in.Body.Description, ExpiresAt: in.Body.ExpiresAt, Resources: resourcesIn(in.Body.Resources),
	}
	if in.Body.Restrictions != nil {
		change.Restrictions = new(restrictionsIn(in.Body.Restrictions))
	}
	err := in.apply(&change)
	return change, err
}

func (a *API) editToken(ctx context.Context, caller *access.Caller, user string, in *EditTokenInput) (*body[api.TokenUpdated], error) {
	change, err := in.change()
	if err != nil {
		return nil, err
	}
	issued, err := a.Service.Tokens.Edit(ctx, caller, user, in.ID, change)
	if err != nil {
		return nil, err
	}
	return a.updatedOut(ctx, issued, change.Reissue)
}

// updatedOut is a changed token, with its string where it got a new one.
func (a *API) updatedOut(ctx context.Context, issued registry.Issued, reissued bool) (*body[api.TokenUpdated], error) {
	t, err := a.tokenOut(ctx, issued.Token)
	out := api.TokenUpdated{Token: t}
	if reissued {
		out.Secret = &issued.String
	}
	return &body[api.TokenUpdated]{out}, err
}

type MetadataInput struct {
	TokenPath
	Body map[string]json.RawMessage
}

func (a *API) setMetadata(ctx context.Context, caller *access.Caller, user string, in *MetadataInput) (*body[api.TokenUpdated], error) {
	raw, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	t, err := a.Service.Tokens.SetMetadata(ctx, caller, user, in.ID, raw)
	if err != nil {
		return nil, err
	}
	return a.updatedOut(ctx, registry.Issued{Token: t}, false)
}

func (a *API) tokenInfo(ctx context.Context, caller *access.Caller, _ *struct{}) (*body[api.TokenInfo], error) {
	t, err := a.Service.Tokens.Info(ctx, caller)
	if err != nil {
		return nil, err
	}
	full, err := a.tokenOut(ctx, t)
	if err != nil {
		return nil, err
	}
	out := api.TokenInfo{
		ID: full.ID, Name: full.Name, Description: full.Description, Type: full.Type, Kind: full.Kind, State: full.State, Owner: full.Owner,
		Fingerprint: full.Fingerprint, CreatedAt: full.CreatedAt, ExpiresAt: full.ExpiresAt, Resources: full.Resources, Scopes: full.Scopes, Restrictions: full.Restrictions,
		Leak: full.Leak,
	}
	out.Warning = registry.EndWarning(caller)
	if end := caller.String.Ends; !end.IsZero() {
		out.DaysLeft = new(registry.DaysLeft(end, caller.Now))
	}
	for _, s := range t.Secrets {
		if s.ID == caller.SecretID {
			out.Fingerprint, out.RetiresAt = s.Fingerprint, instant(s.RetiresAt)
		}
	}
	return &body[api.TokenInfo]{out}, nil
}

// tokenForm writes tokens as the wire has them, with the ends that the site's policies give them.
func (a *API) tokenForm(ctx context.Context) (func(registry.Token) api.Token, error) {
	policies, err := a.Service.Settings.Policies(ctx)
	return func(t registry.Token) api.Token { return tokenOut(t, policies.For(t.OwnerKind), a.Callers.Now()) }, err
}

func (a *API) tokenOut(ctx context.Context, t registry.Token) (api.Token, error) {
	form, err := a.tokenForm(ctx)
	return form(t), err
}

func (a *API) tokenList(ctx context.Context, tokens []registry.Token, total int64) (*body[api.List[api.Token]], error) {
	form, err := a.tokenForm(ctx)
	return list(tokens, total, form), err
}

func (a *API) createdOut(ctx context.Context, issued registry.Issued) (*body[api.TokenCreated], error) {
	t, err := a.tokenOut(ctx, issued.Token)
	return &body[api.TokenCreated]{api.TokenCreated{Secret: issued.String, Token: t}}, err
}

// tokenOut is a token on the wire, under a policy.
func tokenOut(t registry.Token, policy registry.TokenPolicy, now time.Time) api.Token {
	out := api.Token{
		ID: t.PublicID, Name: t.Name, Description: t.Description, Type: api.TokenType(t.Kind.String()), Kind: api.TokenKind(t.Kind.String()),
		State: api.TokenState(t.State(now, policy.MaxLifetime)), CreatedAt: t.CreatedAt, ExpiresAt: instant(t.End(policy.MaxLifetime)),
		Metadata: t.Metadata, Owner: t.Owner, Secrets: []api.TokenSecret{}, Restrictions: restrictionsOut(t.Restrictions),
		Leak: leakOut(t),
	}
	if t.OneTime() {
		out.Kind = api.TokenKindOneTime
	} else if t.OwnerKind == access.KindServiceAccount {
		out.Kind = api.TokenKindService
	}
	if t.Kind == access.ScopeToken {
		out.Scopes = t.Scopes.Names()
	} else {
		out.Resources = make([]api.TokenResource, len(t.Resources))
		for i, r := range t.Resources {
			out.Resources[i] = resourceOut(r)
		}
	}
	for _, s := range t.Secrets {
		x := secretOut(s)
		out.Secrets = append(out.Secrets, x)
		if x.Current {
			out.Fingerprint = x.Fingerprint
		}
		if x.LastUsedAt != nil && (out.LastUsedAt == nil || out.LastUsedAt.Before(*x.LastUsedAt)) {
			out.LastUsedAt, out.LastUsedAddress, out.LastUsedClient = x.LastUsedAt, x.LastUsedAddress, x.LastUsedClient
		}
		out.Uses += x.Uses
		out.Refusals += x.Refusals
	}
	return out
}

func resourceOut(r registry.TokenResource) api.TokenResource {
	return api.TokenResource{ResourceType: resourceType(r), ResourceID: r.Name(), Permission: api.Level(r.Level.String())}
}

func secretOut(s registry.Secret) api.TokenSecret {
	return api.TokenSecret{
		Fingerprint: s.Fingerprint, CreatedAt: s.CreatedAt, RetiresAt: instant(s.RetiresAt), Current: s.RetiresAt.IsZero(),
		TokenUsage: api.TokenUsage{LastUsedAt: instant(s.LastUsedAt), LastUsedAddress: s.LastUsedAddress, LastUsedClient: s.LastUsedClient, Uses: s.Uses, Refusals: s.Refusals},
	}
}

func resourceType(r registry.TokenResource) api.ResourceType {
	switch {
	case r.Package != "":
		return api.ResourceTypeArtifact
	case parentOf(r.Path) != "":
		return api.ResourceTypeSubchannel
	}
	return api.ResourceTypeChannel
}

// instant is a time on the wire, null for none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
