package server_test

import (
	"net/http"
	"strings"
	"testing"

	"kingsnake/api"
)

const oneGroup = "/api/groups/{group_id}"

// onGroup tells the operations on one group from the others.
func (o operation) onGroup() bool { return strings.Contains(o.name, oneGroup) }

// revealingGroups are the scopes that are asked of a group.
func revealingGroups() []string { return []string{"group:view", "group:edit"} }

// group gives a group of the admin's to work on, with the subject as a member; one of the kind doomed is to be destroyed.
func (w *world) group(t testing.TB, kind string) string {
	t.Helper()
	return w.spare(t, kind, func(name string) string {
		if _, err := w.Admin.CreateGroup(t.Context(), api.GroupRequest{Name: name}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Admin.SetGroupMember(t.Context(), name, "subject", api.LevelRead); err != nil {
			t.Fatal(err)
		}
		return name
	})
}

// groupAt gives a group that has a permission on a channel.
func (w *world) groupAt(t testing.TB, kind string, at place) string {
	t.Helper()
	name := w.group(t, kind+"-at-"+strings.ReplaceAll(at.path, "/", "-"))
	if err := w.Admin.AddChannelGroup(t.Context(), at.path, name, api.LevelRead); err != nil {
		t.Fatal(err)
	}
	return name
}

// groupOperations are those of groups and of their permissions on channels.
func groupOperations() []operation {
	on := func(method, below string, body any) func(testing.TB, *world, place) call {
		return func(t testing.TB, w *world, _ place) call {
			kind := "devs"
			if method == http.MethodDelete {
				kind = "doomed"
			}
			return call{method: method, path: "/api/groups/" + w.group(t, kind) + below, body: body}
		}
	}
	view, edit := needs("group:view"), needs("group:edit")
	const one = oneChannel + "/groups/{group_id}"
	return []operation{
		{name: "GET /api/groups", self: true, scopes: view, finds: `"devs`, call: func(t testing.TB, w *world, _ place) call {
			w.group(t, "devs")
			return get("/api/groups")
		}},
		{name: "POST /api/groups", scopes: edit, call: func(_ testing.TB, w *world, _ place) call {
			return call{method: http.MethodPost, path: "/api/groups", body: api.GroupRequest{Name: w.fresh("group")}}
		}},
		{name: "GET " + oneGroup, hides: true, scopes: view, call: on(http.MethodGet, "", nil)},
		{name: "PUT " + oneGroup, hides: true, scopes: edit, call: on(http.MethodPut, "", api.GroupUpdate{Description: new("changed")})},
		{name: "DELETE " + oneGroup, hides: true, scopes: edit, call: on(http.MethodDelete, "", nil)},
		{name: "GET " + oneGroup + "/users", hides: true, scopes: view, call: on(http.MethodGet, "/users", nil)},
		{name: "POST " + oneGroup + "/users", hides: true, scopes: edit, call: on(http.MethodPost, "/users", api.GroupMemberSet{UserID: "subject", Permission: api.LevelRead})},
		{name: "DELETE " + oneGroup + "/users/{user_id}", hides: true, scopes: edit, call: on(http.MethodDelete, "/users/subject", nil)},
		{name: "GET " + oneGroup + "/channels", hides: true, scopes: view, call: on(http.MethodGet, "/channels", nil)},
		{name: "GET " + oneChannel + "/groups", both: true, scopes: needs("channel.group:view"), call: below(http.MethodGet, "/groups", nil)},
		{
			name: "POST " + oneChannel + "/groups", both: true, namesGroup: true, scopes: needs("channel.group:edit", "group:view"),
			call: func(t testing.TB, w *world, at place) call {
				return call{method: http.MethodPost, path: at.rest + "/groups", body: api.ChannelGroupRequest{GroupID: w.group(t, "devs"), Permission: api.LevelRead}}
			},
		},
		{name: "PUT " + one, both: true, scopes: needs("channel.group:edit"), call: func(t testing.TB, w *world, at place) call {
			return call{method: http.MethodPut, path: at.rest + "/groups/" + w.groupAt(t, "kept", at), body: api.ChannelGroupPermissions{Permission: api.LevelWrite}}
		}},
		{name: "DELETE " + one, both: true, scopes: needs("channel.group:edit"), call: func(t testing.TB, w *world, at place) call {
			return call{method: http.MethodDelete, path: at.rest + "/groups/" + w.groupAt(t, "removed", at)}
		}},
	}
}
