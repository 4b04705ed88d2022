package apihttp

import (
	"context"
	"encoding/json"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func marshal(v any) ([]byte, error) { return json.Marshal(v) }

type loginInput struct{ Body api.LoginRequest }

func (a *API) accountOperations() {
	add(a, Operation{Method: http.MethodPost, Path: "/api/auth/login", Tag: "Account", Summary: "Sign in with a password", Open: true, Password: true}, a.login)
	add(a, Operation{Method: http.MethodPost, Path: "/api/auth/logout", Tag: "Account", Summary: "End the session", Self: true, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, _ *struct{}) (*nothing, error) {
			return nil, a.Service.Accounts.Logout(ctx, caller)
		})
	add(a, Operation{Method: http.MethodGet, Path: "/api/account", Tag: "Account", Summary: "Who the caller is", Self: true}, a.account)
	add(a, Operation{Method: http.MethodPut, Path: "/api/account", Tag: "Account", Summary: "Set the caller's default channel", Scopes: []access.Scope{access.ChannelDefaultChannelEdit}},
		func(ctx context.Context, caller *access.Caller, in *struct{ Body api.AccountUpdate }) (*body[api.Account], error) {
			me, err := a.Service.Accounts.SetDefaultChannel(ctx, caller, in.Body.DefaultChannelName)
			return accountOut(me), err
		})
	add(a, Operation{Method: http.MethodPut, Path: "/api/account/email", Tag: "Account", Summary: "Change the own e-mail address", Self: true},
		func(ctx context.Context, caller *access.Caller, in *struct{ Body api.EmailUpdate }) (*body[api.Account], error) {
			me, err := a.Service.Accounts.SetOwnEmail(ctx, caller, in.Body.Email)
			return accountOut(me), err
		})
	add(a, Operation{Method: http.MethodPut, Path: "/api/account/password", Tag: "Account", Summary: "Change the own password", Self: true, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *struct{ Body api.PasswordChange }) (*nothing, error) {
			return nil, a.Callers.TryPassword(caller, caller.Principal.Name, func() error {
				return a.Service.Accounts.ChangeOwnPassword(ctx, caller, in.Body.CurrentPassword, in.Body.NewPassword)
			})
		})
	add(a, Operation{Method: http.MethodGet, Path: "/api/account/scopes", Tag: "Account", Summary: "The scopes that the caller may grant", Self: true},
		func(_ context.Context, caller *access.Caller, _ *struct{}) (*body[api.Scopes], error) {
			return &body[api.Scopes]{api.Scopes{Scopes: scopeNames(a.Service.Tokens.Grantable(caller))}}, nil
		})
	add(a, Operation{Method: http.MethodGet, Path: "/api/account/permissions", Tag: "Account", Summary: "The levels that the caller's roles allow", Self: true}, a.permissions)
	add(a, Operation{Method: http.MethodGet, Path: "/api/account/channels", Tag: "Account", Summary: "The caller's channels", Self: true}, a.ownChannels)
}

func (a *API) login(ctx context.Context, origin *access.Caller, in *loginInput) (*body[api.LoginResponse], error) {
	var s registry.Session
	err := a.Callers.TryPassword(origin, in.Body.Username, func() (err error) {
		s, err = a.Service.Accounts.Login(ctx, registry.LoginInput{Username: in.Body.Username, Password: in.Body.Password, Origin: origin})
		return err
	})
	if err != nil {
		return nil, err
	}
	token, err := a.Sessions(s)
	if err != nil {
		return nil, err
	}
	return &body[api.LoginResponse]{api.LoginResponse{Token: token, ExpiresAt: s.ExpiresAt}}, nil
}

func (a *API) account(ctx context.Context, caller *access.Caller, _ *struct{}) (*body[api.Account], error) {
	me, err := a.Service.Accounts.Me(ctx, caller)
	return accountOut(me), err
}

func accountOut(me registry.User) *body[api.Account] {
	out := api.Account{UserID: me.PublicID, Username: me.Name, Email: me.Email, DefaultChannelName: me.DefaultChannelPath, Roles: me.Roles}
	if out.Roles == nil {
		out.Roles = []string{}
	}
	return &body[api.Account]{out}
}

func (a *API) permissions(_ context.Context, caller *access.Caller, _ *struct{}) (*body[items[api.UserPermission]], error) {
	out := items[api.UserPermission]{Items: []api.UserPermission{}}
	for _, c := range access.Categories() {
		level := caller.Reach(c)
		if level > access.None {
			out.Items = append(out.Items, api.UserPermission{ResourceType: string(c), Action: string(c), Permissions: api.Level(level.String())})
		}
	}
	return &body[items[api.UserPermission]]{out}, nil
}

// items is a list without a count.
type items[T any] struct {
	Items []T `json:"items"`
}

func scopeNames(list []access.Scope) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.String()
	}
	return out
}

type ownChannelsInput struct {
	Page
	Permission         string `query:"permission" enum:"read,write,manage" doc:"Only channels on which the caller has at least this level."`
	IncludeSubchannels bool   `query:"include_subchannels"`
}

func (a *API) ownChannels(ctx context.Context, caller *access.Caller, in *ownChannelsInput) (*body[api.List[api.Channel]], error) {
	level, _ := access.ParseLevel(in.Permission)
	channels, total, err := a.Service.Channels.Mine(ctx, caller, level, in.IncludeSubchannels, in.registry())
	return list(channels, total, channelOut), err
}
