package apihttp

import (
	"context"
	"net/http"
	"slices"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/callers"
	"kingsnake/internal/server/problem"
)

// userTokenOperations are what administrators do with the tokens of other accounts.
func (a *API) userTokenOperations() {
	const tag, all, one = "Tokens of users", "/api/users/{user_id}/tokens", "/api/users/{user_id}/tokens/{token_id}"
	view, edit := []access.Scope{access.UserTokenView}, []access.Scope{access.UserTokenEdit}
	add(a, Operation{Method: http.MethodGet, Path: all, Tag: tag, Summary: "List an account's tokens", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *listUserTokensInput) (*body[api.List[api.Token]], error) {
			return a.listTokens(ctx, caller, in.ID, &in.ListTokensInput)
		})
	add(a, Operation{Method: http.MethodPost, Path: all, Tag: tag, Summary: "Make a token for an account", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *createUserTokenInput) (*body[api.TokenCreated], error) {
			return a.createToken(ctx, caller, in.ID, &in.CreateTokenInput)
		})
	add(a, Operation{Method: http.MethodGet, Path: one, Tag: tag, Summary: "Show a token of an account", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *userTokenInput) (*body[api.Token], error) {
			return a.showToken(ctx, caller, in.UserPath.ID, &in.TokenPath)
		})
	add(a, Operation{Method: http.MethodPut, Path: one, Tag: tag, Summary: "Change a token of an account, or give it a new string", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *editUserTokenInput) (*body[api.TokenUpdated], error) {
			return a.editToken(ctx, caller, in.UserPath.ID, &in.EditTokenInput)
		})
	add(a, Operation{Method: http.MethodDelete, Path: one, Tag: tag, Summary: "Delete a token of an account", Scopes: edit, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *userTokenInput) (*nothing, error) {
			return nil, a.Service.Tokens.Delete(ctx, caller, in.UserPath.ID, in.TokenPath.ID)
		})
	add(a, Operation{Method: http.MethodPut, Path: one + "/metadata", Tag: tag, Summary: "Replace the free object of an account's token", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *userMetadataInput) (*body[api.TokenUpdated], error) {
			return a.setMetadata(ctx, caller, in.UserPath.ID, &in.MetadataInput)
		})
	add(a, Operation{Method: http.MethodPost, Path: "/api/users/tokens", Tag: tag, Summary: "List the tokens of several accounts", Scopes: view}, a.listUsersTokens)
	add(a, Operation{Method: http.MethodPut, Path: "/api/users/tokens", Tag: tag, Summary: "Change several tokens, or give them new strings", Scopes: edit}, a.editUsersTokens)
}

type listUserTokensInput struct {
	UserPath
	ListTokensInput
}

type createUserTokenInput struct {
	UserPath
	CreateTokenInput
}

type userTokenInput struct {
	UserPath
	TokenPath
}

type editUserTokenInput struct {
	UserPath
	EditTokenInput
}

type userMetadataInput struct {
	UserPath
	MetadataInput
}

type usersTokensInput struct {
	Page
	WithHash string `query:"with_hash" default:"true" enum:"true,false,True,False,1,0" doc:"Show the fingerprints of the strings."`
	Body     api.UsersTokens
}

func (a *API) listUsersTokens(ctx context.Context, caller *access.Caller, in *usersTokensInput) (*body[api.List[api.UserToken]], error) {
	tokens, total, err := a.Service.Tokens.ListOf(ctx, caller, in.Body.UsersIDs, in.registry())
	if err != nil {
		return nil, err
	}
	form, err := a.tokenForm(ctx)
	withHash := slices.Contains([]string{"true", "True", "1"}, in.WithHash)
	return list(tokens, total, func(t registry.Token) api.UserToken {
		out := api.UserToken{UserID: t.OwnerPublicID, Token: form(t)}
		if withHash {
			out.Hash = out.Fingerprint
			return out
		}
		out.Fingerprint = ""
		if out.Leak != nil {
			out.Leak.Fingerprint = ""
		}
		for i := range out.Secrets {
			out.Secrets[i].Fingerprint = ""
		}
		return out
	}), err
}

type editUsersTokensInput struct {
	Reissue
	Body api.UsersTokensUpdate
}

func (a *API) editUsersTokens(ctx context.Context, caller *access.Caller, in *editUsersTokensInput) (*body[api.UsersTokensUpdated], error) {
	change := registry.TokenChange{ExpiresAt: in.Body.ExpiresAt, Resources: resourcesIn(in.Body.Resources)}
	if err := in.apply(&change); err != nil {
		return nil, err
	}
	results, err := a.Service.Tokens.EditMany(ctx, caller, in.Body.TokenIDs, change)
	if err != nil {
		return nil, err
	}
	out := api.UsersTokensUpdated{SuccessfulUpdatedUsers: []string{}}
	for _, r := range results {
		one := api.UsersTokenResult{ID: r.ID}
		if r.Err != nil {
			one.Error = &problem.From(ctx, r.Err, access.ProtocolREST, callers.ID(ctx), a.Log).Problem
		} else {
			updated, err := a.updatedOut(ctx, r.Issued, change.Reissue)
			if err != nil {
				return nil, err
			}
			one.Secret, one.UserID, one.ExpiresAt = updated.Body.Secret, r.Token.OwnerPublicID, updated.Body.ExpiresAt
			if !slices.Contains(out.SuccessfulUpdatedUsers, one.UserID) {
				out.SuccessfulUpdatedUsers = append(out.SuccessfulUpdatedUsers, one.UserID)
			}
		}
		out.Tokens = append(out.Tokens, one)
	}
	return &body[api.UsersTokensUpdated]{out}, nil
}
