package cli

import (
	"context"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) channelGroupsCommand() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use:   "groups CHANNEL",
		Short: "List the groups that have a permission on a channel",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			groups, err := gather(cmd.Context(), flags, "", func(ctx context.Context, o client.ListOptions) (api.List[api.ChannelGroup], error) {
				return c.ChannelGroups(ctx, given[0], o)
			})
			if err != nil {
				return fail(err, "could not list the groups of the channel %s", given[0])
			}
			defer more(a, groups)
			return a.emit(groups, func(t *table) {
				t.row("GROUP", "PERMISSION", "OWNS", "SINCE", "DESCRIPTION", "ID")
				for _, g := range groups.Items {
					t.row(g.Name, string(g.Permission), yesNo(g.Persistent), a.when(g.CreatedAt), g.Description, g.GroupID)
				}
			})
		},
	}
	flags.add(cmd.Flags())
	return cmd
}

func (a *app) channelGrantCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "grant CHANNEL GROUP read|write|manage",
		Short:   "Give a group a permission on a channel, or change the one that it has",
		Example: "  kingsnake channel grant team devs write",
		Args:    args(cobra.ExactArgs(3)),
		RunE: func(cmd *cobra.Command, given []string) error {
			level := api.Level(given[2])
			if level != api.LevelRead && level != api.LevelWrite && level != api.LevelManage {
				return usagef("%q: write read, write or manage", given[2])
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			if err := c.AddChannelGroup(cmd.Context(), given[0], given[1], level); err != nil {
				return fail(err, "could not give %s on %s to the group %s", level, given[0], given[1])
			}
			a.note("The group %s has %s on %s.", given[1], string(level), given[0])
			return nil
		},
	}
}

func (a *app) channelRevokeCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "revoke CHANNEL GROUP",
		Short: "Take a group's permission on a channel away",
		Args:  args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			if err := a.confirm(yes, "Take the permission of the group %s on %s away?", given[1], given[0]); err != nil {
				return err
			}
			if err := c.RemoveChannelGroup(cmd.Context(), given[0], given[1]); err != nil {
				return fail(err, "could not take the permission of the group %s away", given[1])
			}
			a.note("The group %s has no permission on %s any more.", given[1], given[0])
			return nil
		},
	}
	addYes(cmd, &yes)
	return cmd
}
