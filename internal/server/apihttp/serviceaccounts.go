package apihttp

import (
	"context"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (a *API) serviceAccountOperations() {
	const tag = "Service accounts"
	const all = "/api/channels/{channel}/service-accounts"
	const one = all + "/{account_id}"
	const token = one + "/tokens/{token_id}"
	edit := []access.Scope{access.ServiceAccountEdit}
	addBoth(a, Operation{Method: http.MethodGet, Path: all, Tag: tag, Summary: "List the service accounts of a channel: one or none", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *ChannelPath) (*body[api.List[api.ServiceAccount]], error) {
			accounts, err := a.Service.ServiceAccounts.List(ctx, caller, in.Channel)
			return list(accounts, int64(len(accounts)), serviceAccountOut), err
		})
	addBoth(a, Operation{Method: http.MethodPost, Path: all, Tag: tag, Summary: "Make the service account of a channel", Scopes: edit, Status: http.StatusCreated},
		func(ctx context.Context, caller *access.Caller, in *createServiceAccountInput) (*body[api.ServiceAccount], error) {
			var description string
			if in.Body != nil {
				description = in.Body.Description
			}
			made, err := a.Service.ServiceAccounts.Create(ctx, caller, in.Channel, description)
			return &body[api.ServiceAccount]{serviceAccountOut(made)}, err
		})
	addBoth(a, Operation{Method: http.MethodDelete, Path: one, Tag: tag, Summary: "Delete a service account with its tokens", Scopes: edit, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *serviceAccountInput) (*nothing, error) {
			return nil, a.Service.ServiceAccounts.Delete(ctx, caller, in.Channel, in.Account)
		})
	addBoth(a, Operation{Method: http.MethodGet, Path: one + "/tokens", Tag: tag, Summary: "List the tokens of a service account", Scopes: edit}, a.listServiceTokens)
	addBoth(a, Operation{Method: http.MethodPost, Path: one + "/tokens", Tag: tag, Summary: "Make a token of a service account", Scopes: edit}, a.createServiceToken)
	addBoth(a, Operation{Method: http.MethodPut, Path: token, Tag: tag, Summary: "Change a token of a service account, or give it a new string", Scopes: edit}, a.editServiceToken)
	addBoth(a, Operation{Method: http.MethodDelete, Path: token, Tag: tag, Summary: "Delete a token of a service account", Scopes: edit, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *serviceTokenInput) (*nothing, error) {
			return nil, a.Service.ServiceAccounts.DeleteToken(ctx, caller, in.Channel, in.Account, in.ID)
		})
}

type createServiceAccountInput struct {
	ChannelPath
	Body *api.ServiceAccountCreate
}

// ServiceAccountPath names a service account of a channel.
type ServiceAccountPath struct {
	Account string `path:"account_id" maxLength:"400" doc:"The id or the name of a service account."`
}

type serviceAccountInput struct {
	ChannelPath
	ServiceAccountPath
}

type serviceTokenInput struct {
	ChannelPath
	ServiceAccountPath
	TokenPath
}

type listServiceTokensInput struct {
	ChannelPath
	ServiceAccountPath
	ListTokensInput
}

func (a *API) listServiceTokens(ctx context.Context, caller *access.Caller, in *listServiceTokensInput) (*body[api.List[api.Token]], error) {
	f := registry.TokenFilter{Query: in.Query, Kind: registry.ParseTokenKind(in.Type), State: registry.TokenState(in.State)}
	tokens, total, err := a.Service.ServiceAccounts.Tokens(ctx, caller, in.Channel, in.Account, f, in.registry())
	if err != nil {
		return nil, err
	}
	return a.tokenList(ctx, tokens, total)
}

type createServiceTokenInput struct {
	ChannelPath
	ServiceAccountPath
	CreateTokenInput
}

func (a *API) createServiceToken(ctx context.Context, caller *access.Caller, in *createServiceTokenInput) (*body[api.TokenCreated], error) {
	issued, err := a.Service.ServiceAccounts.CreateToken(ctx, caller, in.Channel, in.Account, tokenIn(in.Body))
	if err != nil {
		return nil, err
	}
	return a.createdOut(ctx, issued)
}

type editServiceTokenInput struct {
	ChannelPath
	ServiceAccountPath
	EditTokenInput
}

func (a *API) editServiceToken(ctx context.Context, caller *access.Caller, in *editServiceTokenInput) (*body[api.TokenUpdated], error) {
	change, err := in.change()
	if err != nil {
		return nil, err
	}
	issued, err := a.Service.ServiceAccounts.EditToken(ctx, caller, in.Channel, in.Account, in.ID, change)
	if err != nil {
		return nil, err
	}
	return a.updatedOut(ctx, issued, change.Reissue)
}

func serviceAccountOut(a registry.ServiceAccount) api.ServiceAccount {
	return api.ServiceAccount{
		ID: a.PublicID, Name: a.Name, Description: a.Description, Channel: a.ChannelPath, CreatedBy: a.CreatedBy, CreatedAt: a.CreatedAt,
		TokensCount: a.Tokens,
	}
}
