package apihttp

import (
	"context"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

type UserPath struct {
	ID string `path:"user_id" maxLength:"100"`
}

func (a *API) userOperations() {
	const tag = "Users"
	const one = "/api/users/{user_id}"
	view, edit := []access.Scope{access.UserView}, []access.Scope{access.UserEdit}
	add(a, Operation{Method: http.MethodGet, Path: "/api/users", Tag: tag, Summary: "Find users", Scopes: view}, a.listUsers)
	add(a, Operation{Method: http.MethodPost, Path: "/api/users", Tag: tag, Summary: "Make an account", Scopes: edit, Status: http.StatusCreated},
		func(ctx context.Context, caller *access.Caller, in *struct{ Body api.UserCreate }) (*body[api.UserCreated], error) {
			made, err := a.Service.Accounts.CreateUser(ctx, caller, registry.UserInput{
				Name: in.Body.Username, Email: in.Body.Email, Password: in.Body.Password, Roles: in.Body.Roles,
			})
			return &body[api.UserCreated]{api.UserCreated{User: userOut(made.User), Password: made.Password}}, err
		})
	add(a, Operation{Method: http.MethodGet, Path: one, Tag: tag, Summary: "Show an account", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *UserPath) (*body[api.User], error) {
			u, err := a.Service.Accounts.GetUser(ctx, caller, in.ID)
			return &body[api.User]{userOut(u)}, err
		})
	add(a, Operation{Method: http.MethodPut, Path: one, Tag: tag, Summary: "Change, disable or enable an account", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *editUserInput) (*body[api.User], error) {
			u, err := a.Service.Accounts.EditUser(ctx, caller, in.ID, registry.UserChange{Email: in.Body.Email, Disabled: in.Body.Disabled})
			return &body[api.User]{userOut(u)}, err
		})
	add(a, Operation{Method: http.MethodDelete, Path: one, Tag: tag, Summary: "Delete an account with its tokens", Scopes: edit, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *deleteUserInput) (*nothing, error) {
			return nil, a.Service.Accounts.DeleteUser(ctx, caller, in.ID, in.Force)
		})
	add(a, Operation{
		Method: http.MethodGet, Path: one + "/ownings", Tag: tag, Summary: "What would be left behind without an account",
		Scopes: []access.Scope{access.UserView, access.UserTokenView},
	}, a.ownings)
	add(a, Operation{
		Method: http.MethodPost, Path: one + "/tokens/hand-over", Tag: tag, Summary: "Give tokens of a user to the service account of a channel",
		Scopes: []access.Scope{access.UserTokenEdit, access.ServiceAccountEdit},
	}, a.handOver)
	add(a, Operation{Method: http.MethodPut, Path: one + "/password", Tag: tag, Summary: "Set an account's password", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *resetInput) (*body[api.PasswordResetResult], error) {
			made, err := a.Service.Accounts.SetPassword(ctx, caller, in.ID, in.Body.Password)
			return &body[api.PasswordResetResult]{api.PasswordResetResult{Password: made}}, err
		})
	roles := []access.Scope{access.RoleEdit}
	add(a, Operation{Method: http.MethodPut, Path: one + "/roles", Tag: tag, Summary: "Give an account exactly these roles", Scopes: roles},
		func(ctx context.Context, caller *access.Caller, in *rolesInput) (*body[api.User], error) {
			u, err := a.Service.Accounts.SetUserRoles(ctx, caller, in.ID, in.Body.Roles)
			return &body[api.User]{userOut(u)}, err
		})
}

type editUserInput struct {
	UserPath
	Body api.UserUpdate
}

type handOverInput struct {
	UserPath
	Body api.HandOver
}

func (a *API) handOver(ctx context.Context, caller *access.Caller, in *handOverInput) (*body[items[api.TokenCreated]], error) {
	issued, err := a.Service.ServiceAccounts.HandOver(ctx, caller, in.ID, registry.HandOver{Channel: in.Body.Channel, Tokens: in.Body.Tokens})
	if err != nil {
		return nil, err
	}
	out := items[api.TokenCreated]{Items: []api.TokenCreated{}}
	form, err := a.tokenForm(ctx)
	for _, i := range issued {
		out.Items = append(out.Items, api.TokenCreated{Secret: i.String, Token: form(i.Token)})
	}
	return &body[items[api.TokenCreated]]{out}, err
}

type deleteUserInput struct {
	UserPath
	Force bool `query:"force" doc:"Delete the account also where it is the only owner of a channel."`
}

type resetInput struct {
	UserPath
	Body api.PasswordReset
}

type rolesInput struct {
	UserPath
	Body api.RolesUpdate
}

type listUsersInput struct {
	Page
	Query    string `query:"q" maxLength:"200"`
	Role     string `query:"role" maxLength:"64" doc:"Only those who have the role of this name."`
	Disabled string `query:"disabled" enum:"true,false" doc:"Only disabled accounts, or only the others."`
}

// userList is a plain array, as clients of this operation expect; the count of all goes into a header.
type userList struct {
	TotalCount int64 `header:"X-Total-Count"`
	Body       []api.User
}

func (a *API) listUsers(ctx context.Context, caller *access.Caller, in *listUsersInput) (*userList, error) {
	filter := registry.UserFilter{Query: in.Query, Role: in.Role}
	if in.Disabled != "" {
		filter.Disabled = new(in.Disabled == "true")
	}
	users, total, err := a.Service.Accounts.ListUsers(ctx, caller, filter, in.registry())
	out := &userList{TotalCount: total, Body: []api.User{}}
	for _, u := range users {
		out.Body = append(out.Body, userOut(u))
	}
	return out, err
}

func userOut(u registry.User) api.User {
	out := api.User{
		ID: u.PublicID, Username: u.Name, Email: u.Email, Roles: u.Roles, Disabled: u.Disabled,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, LastLoginAt: instant(u.LastLoginAt),
	}
	if out.Roles == nil {
		out.Roles = []string{}
	}
	return out
}

func (a *API) ownings(ctx context.Context, caller *access.Caller, in *UserPath) (*body[api.Ownings], error) {
	o, err := a.Service.Accounts.Ownings(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	out := api.Ownings{Channels: []string{}, Groups: []api.GroupRef{}, Tokens: []api.Token{}}
	out.Channels = append(out.Channels, o.Channels...)
	for _, g := range o.Groups {
		out.Groups = append(out.Groups, api.GroupRef{ID: g.PublicID, Name: g.Name})
	}
	form, err := a.tokenForm(ctx)
	for _, t := range o.Tokens {
		out.Tokens = append(out.Tokens, form(t))
	}
	return &body[api.Ownings]{out}, err
}
