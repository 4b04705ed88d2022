package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
)

// group makes a group of ada's.
func (s *stage) group(t testing.TB, name string) api.Group {
	t.Helper()
	g, err := s.ada.CreateGroup(t.Context(), api.GroupRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// member adds somebody to a group as ada; give gives a group a permission on team.
func (s *stage) member(t testing.TB, group, user string, level api.Level) {
	t.Helper()
	if _, err := s.ada.SetGroupMember(t.Context(), group, user, level); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) give(t testing.TB, group string, level api.Level) {
	t.Helper()
	if err := s.ada.AddChannelGroup(t.Context(), "team", group, level); err != nil {
		t.Fatal(err)
	}
}

// done fails the test unless err is nil.
func done(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// TestGroupsAtOnce: whatever is done to a group or to its permission has effect with the next request, also where all is
// kept in memory already.
func TestGroupsAtOnce(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	s.group(t, "devs")
	s.member(t, "devs", "bob", api.LevelRead)
	s.give(t, "devs", api.LevelWrite)
	credentials := map[string]string{
		"session": s.session(t, "bob"), "resource token": s.ResourceToken(s.bob, "team", api.LevelWrite).Secret,
		"scope token": s.ScopeToken(s.bob, "channel:view-artifacts", "artifact:create", "channel:view").Secret,
	}
	is := func(what string, level api.Level) {
		t.Helper()
		for kind, c := range credentials {
			what := what + ": " + kind
			for range 2 {
				read, write := index("team", c).do(t, s.Site), s.put("team", c).do(t, s.Site)
				switch level {
				case api.LevelNone:
					read.refused(t, what, http.StatusForbidden, api.CodeNotFound)
					write.refused(t, what, http.StatusForbidden, api.CodeNotFound)
				case api.LevelRead:
					read.ok(t, what)
					write.refused(t, what, http.StatusForbidden, api.CodeChannelLevel)
				default:
					read.ok(t, what)
					write.ok(t, what)
				}
			}
		}
	}
	is("a member", api.LevelWrite)
	_, err := s.ada.SetChannelGroup(ctx, "team", "devs", api.LevelRead)
	done(t, "lower", err)
	is("after lowering", api.LevelRead)
	_, err = s.ada.RemoveGroupMember(ctx, "devs", "bob")
	done(t, "remove bob", err)
	is("after leaving the group", api.LevelNone)
	s.member(t, "devs", "bob", api.LevelManage)
	is("in the group again", api.LevelRead)
	s.give(t, "devs", api.LevelWrite)
	is("after raising", api.LevelWrite)
	done(t, "remove the permission", s.ada.RemoveChannelGroup(ctx, "team", "devs"))
	is("without the permission", api.LevelNone)
	s.give(t, "devs", api.LevelRead)
	is("with the permission again", api.LevelRead)
	done(t, "delete the group", s.ada.DeleteGroup(ctx, "devs"))
	is("without the group", api.LevelNone)
	s.group(t, "devs")
	s.member(t, "devs", "bob", api.LevelManage)
	is("with a namesake of the group", api.LevelNone)
}

// TestExplainNamesTheGroup: an explanation says by which group somebody has a level.
func TestExplainNamesTheGroup(t *testing.T) {
	s := newStage(t)
	s.group(t, "devs")
	s.member(t, "devs", "bob", api.LevelRead)
	s.give(t, "devs", api.LevelWrite)
	why := func() string {
		t.Helper()
		a := s.as(t, "ada", http.MethodPost, "/api/access/explain", api.ExplainRequest{User: "bob", Action: "artifact:create", Channel: "team"})
		return string(a.body)
	}
	if got := why(); !strings.Contains(got, "group devs") {
		t.Errorf("explanation = %s, which does not name the group devs", got)
	}
	_, err := s.ada.UpdateGroup(t.Context(), "devs", api.GroupUpdate{Name: new("developers")})
	done(t, "rename", err)
	if got := why(); !strings.Contains(got, "group developers") || !strings.Contains(got, `"allowed":true`) {
		t.Errorf("explanation after renaming = %s, want the same right by the group developers", got)
	}
}

// groupProbes are all requests that name a group, and one that names a group in its body.
func groupProbes(group string) []call {
	one := "/api/groups/" + group
	return []call{
		get(one), get(one + "/users"), get(one + "/channels"),
		{method: http.MethodHead, path: one},
		{method: http.MethodPut, path: one, body: api.GroupUpdate{Description: new("x")}},
		{method: http.MethodDelete, path: one},
		{method: http.MethodPost, path: one + "/users", body: api.GroupMemberSet{UserID: "bob", Permission: api.LevelManage}},
		{method: http.MethodDelete, path: one + "/users/bob"},
		{method: http.MethodDelete, path: one + "/users/ada"},
		{method: http.MethodPost, path: "/api/channels/bobs/groups", body: api.ChannelGroupRequest{GroupID: group, Permission: api.LevelRead}},
	}
}

// TestHiddenGroups: a group that somebody is not in answers as one that does not exist, by name and by id.
func TestHiddenGroups(t *testing.T) {
	s := newStage(t)
	g := s.group(t, "devs")
	owners, err := s.ada.Group(t.Context(), "team_owners")
	done(t, "ada's owners group", err)
	none := "00000000-0000-4000-8000-000000000000"
	for what, token := range map[string]string{
		"session":     s.session(t, "bob"),
		"scope token": s.ScopeToken(s.bob, "group:view", "group:edit", "channel.group:edit", "channel.group:view").Secret,
	} {
		for hidden, unknown := range map[string]string{"devs": "none", g.ID: none, "team_owners": "none_owners", owners.ID: none} {
			missing := groupProbes(unknown)
			for i, c := range groupProbes(hidden) {
				s.alike(t, what, token, c, missing[i], http.StatusNotFound, api.CodeNotFound)
			}
		}
	}
	resource := s.ResourceToken(s.ada, "team", api.LevelManage).Secret
	for i, c := range groupProbes("devs") {
		s.alike(t, "a resource token of ada's", resource, c, groupProbes("none")[i], http.StatusNotFound, api.CodeNotFound)
	}
	for i, c := range groupProbes("devs") {
		s.alike(t, "nobody", "", c, groupProbes("none")[i], http.StatusUnauthorized, api.CodeAuthRequired)
	}
}

// TestHiddenChannelGroups: the groups of a hidden channel answer as those of a channel that does not exist.
func TestHiddenChannelGroups(t *testing.T) {
	s := newStage(t)
	s.group(t, "devs")
	s.give(t, "devs", api.LevelRead)
	probes := func(ch string) []call {
		all := "/api/channels/" + ch + "/groups"
		return []call{
			get(all),
			{method: http.MethodPost, path: all, body: api.ChannelGroupRequest{GroupID: "devs", Permission: api.LevelRead}},
			{method: http.MethodPut, path: all + "/devs", body: api.ChannelGroupPermissions{Permission: api.LevelWrite}},
			{method: http.MethodDelete, path: all + "/devs"},
		}
	}
	for i, c := range probes("team") {
		s.alike(t, "session", s.session(t, "bob"), c, probes("none")[i], http.StatusNotFound, api.CodeNotFound)
		s.alike(t, "nobody", "", c, probes("none")[i], http.StatusUnauthorized, api.CodeAuthRequired)
	}
	for _, c := range probes("open")[1:] {
		c.xAuth(s.session(t, "bob")).do(t, s.Site).refused(t, "a reader: "+c.method, http.StatusForbidden, api.CodeChannelLevel)
	}
	// Everybody who may read a channel sees its groups.
	get("/api/channels/open/groups").do(t, s.Site).ok(t, "nobody on a public channel")
	get("/api/channels/staff/groups").xAuth(s.session(t, "bob")).do(t, s.Site).ok(t, "bob on an authenticated channel")
}

// TestGroupLists: lists hold the caller's own groups, and of a group's channels those that the caller may see.
func TestGroupLists(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	s.group(t, "devs")
	s.member(t, "devs", "bob", api.LevelRead)
	s.give(t, "devs", api.LevelRead)
	s.Channel(s.ada, "quiet", api.PrivacyPrivate)
	names := func(c *client.Client) []string {
		t.Helper()
		groups, err := c.Groups(ctx, client.ListOptions{})
		done(t, "list", err)
		var out []string
		for _, g := range groups.Items {
			out = append(out, g.Name+" "+string(g.UserPermission))
		}
		if int(groups.TotalCount) != len(out) {
			t.Errorf("total_count = %d, want %d", groups.TotalCount, len(out))
		}
		return out
	}
	for who, c := range map[string]struct {
		client *client.Client
		want   []string
	}{
		"ada":                                 {s.ada, []string{"devs manage", "open_owners manage", "quiet_owners manage", "staff_owners manage", "team_owners manage"}},
		"bob":                                 {s.bob, []string{"bobs_owners manage", "devs read"}},
		"admin":                               {s.Admin, []string{"bobs_owners manage", "devs manage", "open_owners manage", "quiet_owners manage", "staff_owners manage", "team_owners manage"}},
		"a token of bob's to see":             {s.Token(s.ScopeToken(s.bob, "group:view").Secret), []string{"bobs_owners read", "devs read"}},
		"a token of bob's for something else": {s.Token(s.ScopeToken(s.bob, "channel:view").Secret), nil},
		"an admin's token for something else": {s.Token(s.ScopeToken(s.Admin, "channel:view").Secret), nil},
	} {
		if diff := cmp.Diff(names(c.client), c.want); diff != "" {
			t.Errorf("%s sees (-got +want):\n%s", who, diff)
		}
	}
	get("/api/groups").do(t, s.Site).refused(t, "nobody", http.StatusUnauthorized, api.CodeAuthRequired)

	// A group may reach channels that not all its members may see, as when a token is used.
	channels := func(c *client.Client) []string {
		t.Helper()
		list, err := c.GroupChannels(ctx, "devs", client.ListOptions{})
		done(t, "channels", err)
		var out []string
		for _, ch := range list.Items {
			out = append(out, ch.Name+" "+string(ch.Permission))
		}
		return out
	}
	done(t, "a second channel", s.ada.AddChannelGroup(ctx, "quiet", "devs", api.LevelManage))
	if diff := cmp.Diff(channels(s.bob), []string{"quiet manage", "team read"}); diff != "" {
		t.Errorf("channels of devs (-got +want):\n%s", diff)
	}
	if got := channels(s.Token(s.ScopeToken(s.bob, "group:view").Secret)); got != nil {
		t.Errorf("a token that sees no channel lists %v", got)
	}
	members, err := s.bob.GroupMembers(ctx, "devs", client.ListOptions{Sort: "-username"})
	done(t, "members", err)
	var got []string
	for _, m := range members.Items {
		got = append(got, m.Username+" "+string(m.Permission))
	}
	if diff := cmp.Diff(got, []string{"bob read", "ada manage"}); diff != "" {
		t.Errorf("members (-got +want):\n%s", diff)
	}
	counts := func(query string) *int64 {
		var list api.List[api.Group]
		if err := json.Unmarshal(s.as(t, "bob", http.MethodGet, "/api/groups?q=devs"+query, nil).body, &list); err != nil || len(list.Items) != 1 {
			t.Fatalf("groups = %v, %v, want one", list.Items, err)
		}
		return list.Items[0].MembersCount
	}
	if with, without := counts(""), counts("&with_user_counts=false"); with == nil || *with != 2 || without != nil {
		t.Errorf("members_count = %v and without counts %v, want 2 and none", with, without)
	}
}

// TestGroupMembers: whoever manages a group adds people by name; who does not exist answers like what may
// not be seen, and no account but a person's can be added.
func TestGroupMembers(t *testing.T) {
	s := newStage(t)
	s.group(t, "devs")
	add := func(user string) call {
		return call{method: http.MethodPost, path: "/api/groups/devs/users", body: api.GroupMemberSet{UserID: user, Permission: api.LevelRead}}
	}
	ada := s.session(t, "ada")
	add("bob").xAuth(ada).do(t, s.Site).ok(t, "bob")
	s.alike(t, "ada", ada, add("nobody-of-that-name"), add("system"), http.StatusNotFound, api.CodeNotFound)
	add("nobody").xAuth(s.session(t, "admin")).do(t, s.Site).refused(t, "an admin is told", http.StatusNotFound, api.CodeNotFound)
	remove := func(user string) call {
		return call{method: http.MethodDelete, path: "/api/groups/devs/users/" + user}
	}
	s.User("carol")
	missing, other := remove("nobody").xAuth(ada).do(t, s.Site), remove("carol").xAuth(ada).do(t, s.Site)
	missing.refused(t, "remove nobody", http.StatusNotFound, api.CodeNotFound)
	other.refused(t, "remove somebody else", http.StatusNotFound, api.CodeNotFound)
	// The number of the request and the name that was asked for are the only differences.
	if got, want := strings.ReplaceAll(string(requestID(other)), "carol", "nobody"), string(requestID(missing)); got != want {
		t.Errorf("removing somebody who is no member = %s, and somebody who does not exist %s", got, want)
	}
	// Who may only see the group changes nothing in it, but may leave it.
	bob := s.session(t, "bob")
	for _, c := range []call{add("carol"), remove("ada"), {method: http.MethodPut, path: "/api/groups/devs", body: api.GroupUpdate{Name: new("ours")}}, {method: http.MethodDelete, path: "/api/groups/devs"}} {
		c.xAuth(bob).do(t, s.Site).refused(t, "bob: "+c.method+" "+c.path, http.StatusForbidden, api.CodeGroupLevel)
	}
	token := s.ScopeToken(s.bob, "group:view", "group:edit").Secret
	remove("bob").xAuth(token).do(t, s.Site).refused(t, "a token does not leave", http.StatusForbidden, api.CodeGroupLevel)
	remove("bob").xAuth(bob).do(t, s.Site).ok(t, "bob leaves")
	get("/api/groups/devs").xAuth(bob).do(t, s.Site).refused(t, "afterwards", http.StatusNotFound, api.CodeNotFound)
}

// TestGroupNames: what people may not call a group.
func TestGroupNames(t *testing.T) {
	s := newStage(t)
	ada := s.session(t, "ada")
	make := func(name string) answer {
		return call{method: http.MethodPost, path: "/api/groups", body: api.GroupRequest{Name: name}}.xAuth(ada).do(t, s.Site)
	}
	for _, name := range []string{
		"", " devs", "devs ", "-\x00", "a\nb", ".devs", "ädevs", "x_owners", "new_Owners", "service-account-channel-team", strings.Repeat("x", 129),
		"0d4f9f0e-6f6b-4b0b-9e5c-1f3f2b8f7a11", "a\u202eb",
	} {
		make(name).refused(t, "name "+name, http.StatusUnprocessableEntity, api.CodeInvalid)
	}
	for _, name := range []string{"Devs 2 (Berlin)", "_x", "/ldap/devs", "7", strings.Repeat("x", 128)} {
		var g api.Group
		if err := json.Unmarshal(make(name).ok(t, "name "+name).body, &g); err != nil {
			t.Fatal(err)
		}
		for _, ref := range []string{name, g.ID} {
			if strings.HasPrefix(ref, "/") {
				continue // No path can hold it; such a group has an id.
			}
			if got, err := s.ada.Group(t.Context(), ref); err != nil || got.Name != name {
				t.Errorf("group %q = %q, %v, want %q", ref, got.Name, err, name)
			}
		}
	}
	// A taken name shows, whoever has it.
	make("7").refused(t, "a name that is taken", http.StatusConflict, api.CodeConflict)
	call{method: http.MethodPost, path: "/api/groups", body: api.GroupRequest{Name: "7"}}.xAuth(s.session(t, "bob")).do(t, s.Site).
		refused(t, "a name that is taken by another", http.StatusConflict, api.CodeConflict)
	call{method: http.MethodPut, path: "/api/groups/_x", body: api.GroupUpdate{Name: new("7")}}.xAuth(ada).do(t, s.Site).
		refused(t, "renaming to a name that is taken", http.StatusConflict, api.CodeConflict)
	call{method: http.MethodPut, path: "/api/groups/_x", body: api.GroupUpdate{Name: new("my_owners")}}.xAuth(ada).do(t, s.Site).
		refused(t, "renaming to an owners group", http.StatusUnprocessableEntity, api.CodeInvalid)
}

// TestOwnersGroup: the group that owns a channel stays as it is; its members change with manage on the channel.
func TestOwnersGroup(t *testing.T) {
	s := newStage(t)
	ada := s.session(t, "ada")
	const owners = "/api/groups/team_owners"
	const onTeam = "/api/channels/team/groups/team_owners"
	for what, c := range map[string]call{
		"rename":        {method: http.MethodPut, path: owners, body: api.GroupUpdate{Name: new("ours")}},
		"delete":        {method: http.MethodDelete, path: owners},
		"lower":         {method: http.MethodPut, path: onTeam, body: api.ChannelGroupPermissions{Permission: api.LevelRead}},
		"remove":        {method: http.MethodDelete, path: onTeam},
		"lower by post": {method: http.MethodPost, path: "/api/channels/team/groups", body: api.ChannelGroupRequest{GroupID: "team_owners", Permission: api.LevelRead}},
	} {
		for _, who := range []string{ada, s.session(t, "admin")} {
			c.xAuth(who).do(t, s.Site).refused(t, what, http.StatusConflict, api.CodeConflict)
		}
	}
	call{method: http.MethodPut, path: owners, body: api.GroupUpdate{Name: new("team_owners"), Description: new("Ask them")}}.xAuth(ada).do(t, s.Site).ok(t, "describe")
	add := func(user string, level api.Level) call {
		return call{method: http.MethodPost, path: owners + "/users", body: api.GroupMemberSet{UserID: user, Permission: level}}
	}
	add("bob", api.LevelRead).xAuth(ada).do(t, s.Site).refused(t, "an owner who only reads", http.StatusUnprocessableEntity, api.CodeInvalid)

	// Bob manages the channel by another group, and is no owner.
	s.User("carol")
	s.group(t, "devs")
	s.member(t, "devs", "bob", api.LevelRead)
	s.give(t, "devs", api.LevelWrite)
	bob := s.session(t, "bob")
	add("carol", api.LevelManage).xAuth(bob).do(t, s.Site).refused(t, "bob with write", http.StatusForbidden, api.CodeChannelLevel)
	s.give(t, "devs", api.LevelManage)
	get(owners).xAuth(bob).do(t, s.Site).ok(t, "bob sees the owners")
	add("carol", api.LevelManage).xAuth(bob).do(t, s.Site).ok(t, "bob with manage")
	index("team", s.session(t, "carol")).do(t, s.Site).ok(t, "carol owns the channel")

	// A token for the channel may do so too, and one for groups may not: it is the channel that changes hands.
	resource, scope := s.ResourceToken(s.ada, "team", api.LevelManage).Secret, s.ScopeToken(s.ada, "channel.group:edit").Secret
	remove := call{method: http.MethodDelete, path: owners + "/users/carol"}
	remove.xAuth(resource).do(t, s.Site).ok(t, "a resource token removes carol")
	add("carol", api.LevelManage).xAuth(scope).do(t, s.Site).ok(t, "a scope token adds carol")
	groups := s.ScopeToken(s.ada, "group:view", "group:edit").Secret
	remove.xAuth(groups).do(t, s.Site).refused(t, "a token for groups", http.StatusNotFound, api.CodeNotFound)
	lower := s.ResourceToken(s.ada, "team", api.LevelWrite).Secret
	remove.xAuth(lower).do(t, s.Site).refused(t, "a resource token with write", http.StatusForbidden, api.CodeTokenLevel)

	// The group of one channel on another one is a group like any other.
	done(t, "owners of team on open", s.ada.AddChannelGroup(t.Context(), "open", "team_owners", api.LevelWrite))
	list, err := s.ada.ChannelGroups(t.Context(), "open", client.ListOptions{})
	done(t, "groups of open", err)
	persistent := map[string]bool{}
	for _, g := range list.Items {
		persistent[g.Name+" "+string(g.Permission)] = g.Persistent
	}
	if diff := cmp.Diff(persistent, map[string]bool{"open_owners manage": true, "team_owners write": false}); diff != "" {
		t.Errorf("groups of open (-got +want):\n%s", diff)
	}
	done(t, "remove it", s.ada.RemoveChannelGroup(t.Context(), "open", "team_owners"))
}

// TestLastOwner: a channel keeps an owner who can sign in, unless an admin wants it otherwise.
func TestLastOwner(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	remove := func(user string) call {
		return call{method: http.MethodDelete, path: "/api/groups/team_owners/users/" + user}
	}
	ada := s.session(t, "ada")
	p := remove("ada").xAuth(ada).do(t, s.Site).refused(t, "ada leaves alone", http.StatusConflict, api.CodeLastOwner)
	if !strings.Contains(p.Message, "make somebody else an owner first") {
		t.Errorf("message = %q, which does not say what to do", p.Message)
	}
	s.member(t, "team_owners", "bob", api.LevelManage)
	s.as(t, "admin", http.MethodPut, "/api/users/bob", api.UserUpdate{Disabled: new(true)})
	remove("ada").xAuth(ada).do(t, s.Site).refused(t, "the other owner is disabled", http.StatusConflict, api.CodeLastOwner)
	resource := s.ResourceToken(s.ada, "team", api.LevelManage).Secret
	remove("ada").xAuth(resource).do(t, s.Site).refused(t, "by token", http.StatusConflict, api.CodeLastOwner)
	remove("bob").xAuth(ada).do(t, s.Site).ok(t, "a disabled owner goes")
	s.as(t, "admin", http.MethodPut, "/api/users/bob", api.UserUpdate{Disabled: new(false)})
	s.member(t, "team_owners", "bob", api.LevelManage)
	remove("ada").xAuth(ada).do(t, s.Site).ok(t, "ada leaves bob the channel")
	index("team", ada).do(t, s.Site).refused(t, "ada afterwards", http.StatusForbidden, api.CodeNotFound)
	remove("bob").xAuth(s.session(t, "admin")).do(t, s.Site).ok(t, "an admin empties the group")
	c, err := s.Admin.Channel(ctx, "team")
	if err != nil || len(c.Owners) != 0 {
		t.Errorf("owners = %v, %v, want none", c.Owners, err)
	}
	if _, err := s.Admin.SetGroupMember(ctx, "team_owners", "ada", api.LevelManage); err != nil {
		t.Errorf("an admin makes an owner: %v", err)
	}
	index("team", ada).do(t, s.Site).ok(t, "ada owns it again")
}

// TestChannelGroupAnswers: the answers have the form that clients of Anaconda Server know.
func TestChannelGroupAnswers(t *testing.T) {
	s := newStage(t)
	g := s.group(t, "devs")
	ada := s.session(t, "ada")
	post := call{method: http.MethodPost, path: "/api/channels/team/groups", body: api.ChannelGroupRequest{GroupID: g.ID, Permission: api.LevelRead}}
	if a := post.xAuth(ada).do(t, s.Site); a.status != http.StatusNoContent || len(a.body) != 0 {
		t.Errorf("POST = %d %s, want 204", a.status, a.body)
	}
	put := call{method: http.MethodPut, path: "/api/channels/team/groups/" + g.ID, body: api.ChannelGroupPermissions{Permission: api.LevelWrite}}
	var list map[string]any
	if err := json.Unmarshal(put.xAuth(ada).do(t, s.Site).ok(t, "PUT").body, &list); err != nil {
		t.Fatal(err)
	}
	items, _ := list["items"].([]any)
	if list["total_count"] != 2.0 || len(items) != 2 {
		t.Fatalf("PUT = %v, want a list of two", list)
	}
	devs, _ := items[0].(map[string]any)
	keys := []string{}
	for k := range devs {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if diff := cmp.Diff(keys, []string{"created_at", "description", "group_id", "name", "permission", "persistent", "updated_at"}); diff != "" {
		t.Errorf("fields (-got +want):\n%s", diff)
	}
	if devs["group_id"] != g.ID || devs["permission"] != "write" || devs["persistent"] != false {
		t.Errorf("devs = %v, want write and not persistent", devs)
	}
	for _, c := range []call{put, {method: http.MethodDelete, path: put.path}} {
		c.path = strings.Replace(c.path, "team", "open", 1)
		c.xAuth(ada).do(t, s.Site).refused(t, "a group without a permission there: "+c.method, http.StatusNotFound, api.CodeNotFound)
	}
	call{method: http.MethodDelete, path: put.path}.xAuth(ada).do(t, s.Site).ok(t, "DELETE")
}
