package apihttp

import (
	"context"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

type GroupPath struct {
	Group string `path:"group_id" maxLength:"600" doc:"The id or the name of a group."`
}

func (a *API) groupOperations() {
	const tag = "Groups"
	const one = "/api/groups/{group_id}"
	view, edit := []access.Scope{access.GroupView}, []access.Scope{access.GroupEdit}
	add(a, Operation{Method: http.MethodGet, Path: "/api/groups", Tag: tag, Summary: "List the groups that the caller is in; all for admins", Scopes: view}, a.listGroups)
	add(a, Operation{Method: http.MethodPost, Path: "/api/groups", Tag: tag, Summary: "Make a group", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *struct{ Body api.GroupRequest }) (*body[api.Group], error) {
			g, err := a.Service.Groups.Create(ctx, caller, in.Body.Name, in.Body.Description)
			return &body[api.Group]{groupOut(g)}, err
		})
	add(a, Operation{Method: http.MethodGet, Path: one, Tag: tag, Summary: "Show a group", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *GroupPath) (*body[api.Group], error) {
			g, err := a.Service.Groups.Get(ctx, caller, in.Group)
			return &body[api.Group]{groupOut(g)}, err
		})
	add(a, Operation{Method: http.MethodPut, Path: one, Tag: tag, Summary: "Rename or describe a group", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *editGroupInput) (*body[api.Group], error) {
			g, err := a.Service.Groups.Edit(ctx, caller, in.Group, registry.GroupChange{Name: in.Body.Name, Description: in.Body.Description})
			return &body[api.Group]{groupOut(g)}, err
		})
	add(a, Operation{Method: http.MethodDelete, Path: one, Tag: tag, Summary: "Delete a group; what it gave ends at once", Scopes: edit, Status: http.StatusNoContent},
		func(ctx context.Context, caller *access.Caller, in *GroupPath) (*nothing, error) {
			return nil, a.Service.Groups.Delete(ctx, caller, in.Group)
		})
	add(a, Operation{Method: http.MethodGet, Path: one + "/users", Tag: tag, Summary: "List the members of a group", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *groupPageInput) (*body[api.List[api.GroupMember]], error) {
			members, total, err := a.Service.Groups.Members(ctx, caller, in.Group, in.registry())
			return list(members, total, memberOut), err
		})
	add(a, Operation{Method: http.MethodPost, Path: one + "/users", Tag: tag, Summary: "Add a member, or change what a member may do with the group", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *setMemberInput) (*body[api.Group], error) {
			g, err := a.Service.Groups.SetMember(ctx, caller, in.Group, in.Body.UserID, string(in.Body.Permission))
			return &body[api.Group]{groupOut(g)}, err
		})
	add(a, Operation{Method: http.MethodDelete, Path: one + "/users/{user_id}", Tag: tag, Summary: "Remove a member, or leave the group", Scopes: edit},
		func(ctx context.Context, caller *access.Caller, in *removeMemberInput) (*body[api.Group], error) {
			g, err := a.Service.Groups.RemoveMember(ctx, caller, in.Group, in.User)
			return &body[api.Group]{groupOut(g)}, err
		})
	add(a, Operation{Method: http.MethodGet, Path: one + "/channels", Tag: tag, Summary: "List the channels that a group has a permission on", Scopes: view},
		func(ctx context.Context, caller *access.Caller, in *groupPageInput) (*body[api.List[api.GroupChannel]], error) {
			channels, total, err := a.Service.Groups.Channels(ctx, caller, in.Group, in.registry())
			return list(channels, total, groupChannelOut), err
		})
}

type listGroupsInput struct {
	Page
	Query string `query:"q" maxLength:"200"`
	// Counts is a text because huma takes false for a value that is missing.
	Counts string `query:"with_user_counts" default:"true" enum:"true,false,True,False,1,0" doc:"Tell how many members each group has."`
}

func (a *API) listGroups(ctx context.Context, caller *access.Caller, in *listGroupsInput) (*body[api.List[api.Group]], error) {
	groups, total, err := a.Service.Groups.List(ctx, caller, in.Query, in.registry())
	out := list(groups, total, groupOut)
	if in.Counts == "false" || in.Counts == "False" || in.Counts == "0" {
		for i := range out.Body.Items {
			out.Body.Items[i].MembersCount = nil
		}
	}
	return out, err
}

type groupPageInput struct {
	GroupPath
	Page
}

type editGroupInput struct {
	GroupPath
	Body api.GroupUpdate
}

type setMemberInput struct {
	GroupPath
	Body api.GroupMemberSet
}

type removeMemberInput struct {
	GroupPath
	User string `path:"user_id" maxLength:"300" doc:"The id or the name of a user."`
}

func groupOut(g registry.Group) api.Group {
	return api.Group{
		ID: g.PublicID, Name: g.Name, Description: g.Description, MembersCount: &g.Members, CreatedAt: g.CreatedAt, UpdatedAt: g.UpdatedAt,
		UserPermission: api.Level(g.Level.String()),
	}
}

func memberOut(m registry.Member) api.GroupMember {
	return api.GroupMember{ID: m.PublicID, Username: m.Name, Permission: api.Level(m.Level.String()), Remote: m.Remote}
}

func groupChannelOut(c registry.GroupOn) api.GroupChannel {
	return api.GroupChannel{Channel: channelOut(c.Channel), Permission: api.Level(c.Permission.String())}
}
