package apihttp

import (
	"context"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

type RolePath struct {
	ID string `path:"role_id" maxLength:"100" doc:"The id or the name of a role."`
}

func (a *API) roleOperations() {
	const tag = "Roles"
	const one = "/api/roles/{role_id}"
	view, edit := []access.Scope{access.RoleView}, []access.Scope{access.RoleEdit}
	add(a, Operation{Method: http.MethodGet, Path: "/api/roles", Tag: tag, Summary: "List the roles", Scopes: view},
		func(ctx context.Context, caller *access.Caller, _ *struct{}) (*body[api.List[api.Role]], error) {
			roles, err := a.Service.Roles.List(ctx, caller)
			return list(roles, int64(len(roles)), roleOut), err
		})
	add(a, Operation{Method: http.MethodPost, Path: "/api/roles", Tag: tag, Summary: "Make a role", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *struct{ Body api.Role }) (*body[api.Role], error) {
			r, err := a.Service.Roles.Create(ctx, caller, roleIn(in.Body))
			return &body[api.Role]{roleOut(r)}, err
		})
	add(a, Operation{Method: http.MethodGet, Path: one, Tag: tag, Summary: "Show a role", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *RolePath) (*body[api.Role], error) {
			r, err := a.Service.Roles.Get(ctx, caller, in.ID)
			return &body[api.Role]{roleOut(r)}, err
		})
	add(a, Operation{Method: http.MethodPut, Path: one, Tag: tag, Summary: "Replace a role's name and levels", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *editRoleInput) (*body[api.Role], error) {
			r, err := a.Service.Roles.Edit(ctx, caller, in.ID, roleIn(in.Body))
			return &body[api.Role]{roleOut(r)}, err
		})
	add(a, Operation{Method: http.MethodDelete, Path: one, Tag: tag, Summary: "Delete a role", Scopes: edit, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *deleteRoleInput) (*nothing, error) {
			return nil, a.Service.Roles.Delete(ctx, caller, in.ID, in.Force)
		})
	add(a, Operation{Method: http.MethodGet, Path: one + "/users", Tag: tag, Summary: "List the users who have a role", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *holdersInput) (*body[api.List[api.UserRef]], error) {
			users, total, err := a.Service.Roles.Holders(ctx, caller, in.ID, in.registry())
			return list(users, total, userRef), err
		})
	add(a, Operation{Method: http.MethodPut, Path: one + "/users/{user_id}", Tag: tag, Summary: "Give a role to a user", Scopes: edit, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *holderPath) (*nothing, error) {
			return nil, a.Service.Accounts.GiveRole(ctx, caller, in.User, in.Role)
		})
	add(a, Operation{Method: http.MethodDelete, Path: one + "/users/{user_id}", Tag: tag, Summary: "Take a role from a user", Scopes: edit, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *holderPath) (*nothing, error) {
			return nil, a.Service.Accounts.TakeRole(ctx, caller, in.User, in.Role)
		})
}

type editRoleInput struct {
	RolePath
	Body api.Role
}

type deleteRoleInput struct {
	RolePath
	Force bool `query:"force" doc:"Delete the role also where somebody has it."`
}

type holderPath struct {
	Role string `path:"role_id" maxLength:"100" doc:"The id or the name of a role."`
	User string `path:"user_id" maxLength:"100" doc:"The id or the name of a user."`
}

type holdersInput struct {
	RolePath
	Page
}

func roleIn(r api.Role) registry.RoleInput {
	in := registry.RoleInput{Name: r.Name, Levels: make(map[string]string, len(r.Permissions))}
	for category, level := range r.Permissions {
		in.Levels[category] = ""
		if level != nil {
			in.Levels[category] = string(*level)
		}
	}
	return in
}

func roleOut(r registry.Role) api.Role {
	out := api.Role{ID: r.PublicID, Name: r.Name, Persistent: r.Persistent, Permissions: map[string]*api.Level{}}
	for _, c := range access.Categories() {
		out.Permissions[string(c)] = nil
		if l := r.Levels[c]; l > access.None {
			out.Permissions[string(c)] = new(api.Level(l.String()))
		}
	}
	return out
}

func userRef(u registry.User) api.UserRef { return api.UserRef{ID: u.PublicID, Username: u.Name} }
