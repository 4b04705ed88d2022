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
	const tag = "Tokens"
	view, edit := []access.Scope{access.UserTokenView}, []access.Scope{access.UserTokenEdit}
	add(a, Operation{Method: http.MethodGet, Path: "/api/account/tokens", Tag: tag, Summary: "List the own tokens", Scopes: view}, a.listTokens)
	add(a, Operation{Method: http.MethodPost, Path: "/api/account/tokens", Tag: tag, Summary: "Make a token", Scopes: edit}, a.createToken)
	add(a, Operation{Method: http.MethodGet, Path: "/api/account/tokens/{token_id}", Tag: tag, Summary: "Show a token", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *TokenPath) (*body[api.Token], error) {
			t, err := a.Service.Tokens.Get(ctx, caller, in.ID)
			return &body[api.Token]{a.tokenOut(t)}, err
		})
	add(a, Operation{Method: http.MethodPut, Path: "/api/account/tokens/{token_id}", Tag: tag, Summary: "Change a token, or give it a new string", Scopes: edit}, a.editToken)
	add(a, Operation{Method: http.MethodDelete, Path: "/api/account/tokens/{token_id}", Tag: tag, Summary: "Delete a token", Scopes: edit, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *TokenPath) (*nothing, error) {
			return nil, a.Service.Tokens.Delete(ctx, caller, in.ID)
		})
	add(a, Operation{Method: http.MethodPut, Path: "/api/account/tokens/{token_id}/metadata", Tag: tag, Summary: "Replace a token's free object", Scopes: edit}, a.setMetadata)
	add(a, Operation{Method: http.MethodGet, Path: "/api/account/token-info", Tag: tag, Summary: "Describe the token of this request", Self: true}, a.tokenInfo)
}

type listTokensInput struct {
	Page
	Query string `query:"q" maxLength:"200"`
	Type  string `query:"type" enum:"resource,scope"`
	State string `query:"state" enum:"active,expiring,expired"`
}

func (a *API) listTokens(ctx context.Context, caller *access.Caller, in *listTokensInput) (*body[api.List[api.Token]], error) {
	f := registry.TokenFilter{Query: in.Query, Kind: registry.ParseTokenKind(in.Type), State: registry.TokenState(in.State)}
	tokens, total, err := a.Service.Tokens.List(ctx, caller, f, in.registry())
	return list(tokens, total, a.tokenOut), err
}

type createTokenInput struct{ Body api.TokenCreate }

func (a *API) createToken(ctx context.Context, caller *access.Caller, in *createTokenInput) (*body[api.TokenCreated], error) {
	b := in.Body
	issued, err := a.Service.Tokens.Create(ctx, caller, registry.TokenInput{
		Name: b.Name, Description: b.Description, Metadata: b.Metadata, ExpiresAt: b.ExpiresAt, Scopes: b.Scopes, Resources: resourcesIn(b.Resources),
	})
	if err != nil {
		return nil, err
	}
	return &body[api.TokenCreated]{api.TokenCreated{Secret: issued.String, Token: a.tokenOut(issued.Token)}}, nil
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

type editTokenInput struct {
	TokenPath
	// Reissue is a text because huma takes false for a value that is missing.
	Reissue string `query:"reissue_token" default:"true" enum:"true,false,True,False,1,0" doc:"Make a new string; the old one dies, at once or after the overlap."`
	Overlap string `query:"overlap" maxLength:"16" doc:"How long the old string lives on, such as 24h."`
	Body    api.TokenUpdate
}

func (a *API) editToken(ctx context.Context, caller *access.Caller, in *editTokenInput) (*body[api.TokenUpdated], error) {
	change := registry.TokenChange{
		Name: in.Body.Name, Description: in.Body.Description, ExpiresAt: in.Body.ExpiresAt, Resources: resourcesIn(in.Body.Resources),
	}
	var err error
	if change.Reissue, err = strconv.ParseBool(in.Reissue); err != nil {
		return nil, &registry.Error{Code: registry.CodeInvalid, Field: "reissue_token", Message: "reissue_token is true or false"}
	}
	if in.Overlap != "" {
		d, err := time.ParseDuration(in.Overlap)
		if err != nil {
			return nil, &registry.Error{Code: registry.CodeInvalid, Field: "overlap", Message: "the overlap is not a length of time such as 24h or 30m"}
		}
		change.Overlap = d
	}
	issued, err := a.Service.Tokens.Edit(ctx, caller, in.ID, change)
	if err != nil {
		return nil, err
	}
	out := api.TokenUpdated{Token: a.tokenOut(issued.Token)}
	if change.Reissue {
		out.Secret = &issued.String
	}
	return &body[api.TokenUpdated]{out}, nil
}

type metadataInput struct {
	TokenPath
	Body map[string]json.RawMessage
}

func (a *API) setMetadata(ctx context.Context, caller *access.Caller, in *metadataInput) (*body[api.TokenUpdated], error) {
	raw, err := json.Marshal(in.Body)
	if err != nil {
		return nil, err
	}
	t, err := a.Service.Tokens.SetMetadata(ctx, caller, in.ID, raw)
	return &body[api.TokenUpdated]{api.TokenUpdated{Token: a.tokenOut(t)}}, err
}

func (a *API) tokenInfo(ctx context.Context, caller *access.Caller, _ *struct{}) (*body[api.TokenInfo], error) {
	t, err := a.Service.Tokens.Info(ctx, caller)
	if err != nil {
		return nil, err
	}
	full := a.tokenOut(t)
	out := api.TokenInfo{
		ID: full.ID, Name: full.Name, Description: full.Description, Type: full.Type, Kind: full.Kind, State: full.State, Owner: full.Owner,
		Fingerprint: full.Fingerprint, CreatedAt: full.CreatedAt, ExpiresAt: full.ExpiresAt, Resources: full.Resources, Scopes: full.Scopes,
	}
	for _, s := range t.Secrets {
		if s.ID == caller.SecretID {
			out.Fingerprint, out.RetiresAt = s.Fingerprint, instant(s.RetiresAt)
		}
	}
	return &body[api.TokenInfo]{out}, nil
}

// tokenOut is a token on the wire.
func (a *API) tokenOut(t registry.Token) api.Token {
	policy := a.Service.Tokens.Policy()
	out := api.Token{
		ID: t.PublicID, Name: t.Name, Description: t.Description, Type: api.TokenType(t.Kind.String()), Kind: api.TokenKind(t.Kind.String()),
		State: api.TokenState(t.State(a.Callers.Now(), policy.MaxLifetime)), CreatedAt: t.CreatedAt, ExpiresAt: instant(t.End(policy.MaxLifetime)),
		Metadata: t.Metadata, Owner: t.Owner, Secrets: []api.TokenSecret{},
	}
	if t.Kind == access.ScopeToken {
		out.Scopes = t.Scopes.Names()
	} else {
		out.Resources = make([]api.TokenResource, len(t.Resources))
		for i, r := range t.Resources {
			out.Resources[i] = api.TokenResource{ResourceType: resourceType(r.Path), ResourceID: r.Path, Permission: api.Level(r.Level.String())}
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
	}
	return out
}

func secretOut(s registry.Secret) api.TokenSecret {
	return api.TokenSecret{
		Fingerprint: s.Fingerprint, CreatedAt: s.CreatedAt, RetiresAt: instant(s.RetiresAt), Current: s.RetiresAt.IsZero(),
		TokenUsage: api.TokenUsage{LastUsedAt: instant(s.LastUsedAt), LastUsedAddress: s.LastUsedAddress, LastUsedClient: s.LastUsedClient, Uses: s.Uses},
	}
}

func resourceType(path string) api.ResourceType {
	if parentOf(path) != "" {
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
