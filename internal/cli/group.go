package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) groupCommand() *cobra.Command {
	return group(groupAccess, "group", "Create, list, change and delete groups of users",
		a.groupCreateCommand(), a.groupListCommand(), a.groupShowCommand(), a.groupEditCommand(), a.groupDeleteCommand(),
		a.groupAddMemberCommand(), a.groupRemoveMemberCommand())
}

func (a *app) groupCreateCommand() *cobra.Command {
	var in api.GroupRequest
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Create a group, which you then manage",
		Example: "  kingsnake group create devs --description \"Who builds\"",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			in.Name = given[0]
			g, err := c.CreateGroup(cmd.Context(), in)
			if err != nil {
				return fail(err, "could not create the group %s", in.Name)
			}
			return a.emit(g, func(t *table) { a.groupRows(t, g) })
		},
	}
	cmd.Flags().StringVar(&in.Description, "description", "", "what the group is for")
	return cmd
}

func (a *app) groupRows(t *table, g api.Group) {
	t.row("Name", g.Name)
	t.row("Description", g.Description)
	t.row("You may", string(g.UserPermission))
	if g.MembersCount != nil {
		t.row("Members", strconv.FormatInt(*g.MembersCount, 10))
	}
	t.row("Created", a.when(g.CreatedAt))
	t.row("ID", g.ID)
}

func (a *app) groupListCommand() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use:   "list [TEXT]",
		Short: "List the groups that you are in; all of them for administrators",
		Args:  args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			groups, err := gather(cmd.Context(), flags, strings.Join(given, ""), c.Groups)
			if err != nil {
				return fail(err, "could not list the groups")
			}
			defer more(a, groups)
			return a.emit(groups, func(t *table) {
				t.row("NAME", "MEMBERS", "YOU MAY", "UPDATED", "DESCRIPTION", "ID")
				for _, g := range groups.Items {
					members := ""
					if g.MembersCount != nil {
						members = strconv.FormatInt(*g.MembersCount, 10)
					}
					t.row(g.Name, members, string(g.UserPermission), a.when(g.UpdatedAt), g.Description, g.ID)
				}
			})
		},
	}
	flags.add(cmd.Flags())
	return cmd
}

// groupDetails is what "group show" prints as JSON.
type groupDetails struct {
	api.Group
	Members  []api.GroupMember  `json:"members"`
	Channels []api.GroupChannel `json:"channels"`
}

func (a *app) groupShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show GROUP",
		Short: "Show a group, its members and the channels that it has a permission on",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			g, err := readGroup(cmd.Context(), c.Client, given[0])
			if err != nil {
				return fail(err, "could not show the group %s", given[0])
			}
			return a.emit(g, func(t *table) {
				a.groupRows(t, g.Group)
				for _, m := range g.Members {
					t.row("Member", m.Username+" ("+string(m.Permission)+")")
				}
				for _, ch := range g.Channels {
					t.row("Channel", fullName(ch.Channel)+" ("+string(ch.Permission)+")")
				}
			})
		},
	}
}

func readGroup(ctx context.Context, c *client.Client, ref string) (groupDetails, error) {
	g, err := c.Group(ctx, ref)
	if err != nil {
		return groupDetails{}, err
	}
	out := groupDetails{Group: g}
	if out.Members, err = client.Collect(client.All(ctx, client.ListOptions{}, func(ctx context.Context, o client.ListOptions) (api.List[api.GroupMember], error) {
		return c.GroupMembers(ctx, g.ID, o)
	})); err != nil {
		return out, err
	}
	out.Channels, err = client.Collect(client.All(ctx, client.ListOptions{}, func(ctx context.Context, o client.ListOptions) (api.List[api.GroupChannel], error) {
		return c.GroupChannels(ctx, g.ID, o)
	}))
	return out, err
}

func (a *app) groupEditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "edit GROUP",
		Short: "Change a group's name or description",
		Args:  args(cobra.ExactArgs(1)),
	}
	f := cmd.Flags()
	f.String("name", "", "new name")
	f.String("description", "", "what the group is for")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		in := api.GroupUpdate{Name: changed(f, "name"), Description: changed(f, "description")}
		if in == (api.GroupUpdate{}) {
			return usagef("nothing to change: name at least one flag")
		}
		c, err := a.connectAs()
		if err != nil {
			return err
		}
		g, err := c.UpdateGroup(cmd.Context(), given[0], in)
		if err != nil {
			return fail(err, "could not change the group %s", given[0])
		}
		return a.emit(g, func(t *table) { a.groupRows(t, g) })
	}
	return cmd
}

func (a *app) groupDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete GROUP",
		Short: "Delete a group; what its members held through it ends at once",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			g, err := readGroup(cmd.Context(), c.Client, given[0])
			if err != nil {
				return fail(err, "could not find the group %s", given[0])
			}
			if err := a.confirm(yes, "Delete the group %s with %s, and its permissions on %s?", g.Name,
				plural(len(g.Members), "member"), plural(len(g.Channels), "channel")); err != nil {
				return err
			}
			if err := c.DeleteGroup(cmd.Context(), g.ID); err != nil {
				return fail(err, "could not delete the group %s", g.Name)
			}
			a.note("Deleted the group %s.", g.Name)
			return nil
		},
	}
	addYes(cmd, &yes)
	return cmd
}

func (a *app) groupAddMemberCommand() *cobra.Command {
	var manage bool
	cmd := &cobra.Command{
		Use:   "add-member GROUP USER...",
		Short: "Put users into a group, or change what they may do with it",
		Long: "Put users into a group. With --manage they may also rename and delete it and change its members; that says nothing\n" +
			"of channels. The owners of a channel always manage their group, CHANNEL_owners.",
		Example: "  kingsnake group add-member devs ada bob\n  kingsnake group add-member team_owners ada --manage",
		Args:    args(cobra.MinimumNArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			permission := api.LevelRead
			if manage {
				permission = api.LevelManage
			}
			return a.eachMember(cmd.Context(), given, "could not add %s", func(ctx context.Context, c *client.Client, group, user string) (api.Group, error) {
				return c.SetGroupMember(ctx, group, user, permission)
			})
		},
	}
	cmd.Flags().BoolVar(&manage, "manage", false, "let them change the group")
	return cmd
}

func (a *app) groupRemoveMemberCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove-member GROUP USER...",
		Short: "Take users out of a group; with your own name, leave it",
		Args:  args(cobra.MinimumNArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.eachMember(cmd.Context(), given, "could not remove %s", func(ctx context.Context, c *client.Client, group, user string) (api.Group, error) {
				return c.RemoveGroupMember(ctx, group, user)
			})
		},
	}
}

// eachMember calls something for each user of "GROUP USER...", and prints the group as it is then.
func (a *app) eachMember(ctx context.Context, given []string, failure string, do func(context.Context, *client.Client, string, string) (api.Group, error)) error {
	c, err := a.connectAs()
	if err != nil {
		return err
	}
	var g api.Group
	for _, user := range given[1:] {
		if g, err = do(ctx, c.Client, given[0], user); err != nil {
			return fail(err, failure, user)
		}
	}
	return a.emit(g, func(t *table) { a.groupRows(t, g) })
}
