package cli

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
)

func (a *app) channelNoticesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "notices",
		Short: "What a channel tells its users when conda installs from it",
		Args:  onlyCommands,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.noticesListCommand(), a.noticesAddCommand(), a.noticesRemoveCommand())
	return cmd
}

func (a *app) noticesListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list CHANNEL",
		Short: "List the notices of a channel, also those that are over",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			notices, err := c.Notices(cmd.Context(), given[0])
			if err != nil {
				return fail(err, "could not list the notices of the channel %s", given[0])
			}
			return a.printNotices(notices)
		},
	}
}

func (a *app) printNotices(notices []api.Notice) error {
	return a.emit(api.Notices{Notices: notices}, func(t *table) {
		t.row("ID", "LEVEL", "CREATED", "EXPIRES", "MESSAGE")
		for _, n := range notices {
			t.row(n.ID, string(n.Level), a.when(n.CreatedAt), a.when(n.ExpiresAt), n.Message)
		}
	})
}

func (a *app) noticesAddCommand() *cobra.Command {
	var level string
	var days int
	cmd := &cobra.Command{
		Use:     "add CHANNEL MESSAGE...",
		Short:   "Tell the users of a channel something",
		Example: "  kingsnake channel notices add team --level warning --days 7 \"We move to py313 on Friday.\"",
		Args:    args(cobra.MinimumNArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if days < 1 {
				return usagef("--days %d: a notice is shown for a day at least", days)
			}
			until := a.Now().AddDate(0, 0, days)
			added := api.NoticeUpdate{Message: strings.Join(given[1:], " "), Level: api.NoticeLevel(level), ExpiresAt: &until}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			notices, err := c.AddNotice(cmd.Context(), given[0], added)
			if err != nil {
				return fail(err, "could not add a notice to the channel %s", given[0])
			}
			return a.printNotices(notices)
		},
	}
	cmd.Flags().StringVar(&level, "level", "info", "info, warning or critical")
	cmd.Flags().IntVar(&days, "days", 30, "how long it is shown")
	return cmd
}

func (a *app) noticesRemoveCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "remove CHANNEL [ID...]",
		Short: "Take back what a channel tells its users",
		Args:  args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			ids := given[1:]
			if all == (len(ids) > 0) {
				return usagef("name the notices to remove, or --all")
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			if all {
				_, err = c.SetNotices(cmd.Context(), given[0], []api.NoticeUpdate{})
			}
			for _, id := range ids {
				err = errors.Join(err, c.RemoveNotice(cmd.Context(), given[0], id))
			}
			if err != nil {
				return fail(err, "could not remove notices of the channel %s", given[0])
			}
			notices, err := c.Notices(cmd.Context(), given[0])
			if err != nil {
				return fail(err, "the notices were removed, but those that are left of the channel %s could not be listed", given[0])
			}
			return a.printNotices(notices)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all of them")
	return cmd
}

func (a *app) channelReindexCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reindex NAME",
		Short: "Have a channel's index built anew from what is stored",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			done, err := c.Reindex(cmd.Context(), given[0])
			if err != nil {
				return fail(err, "could not have the index of the channel %s built anew", given[0])
			}
			a.note("The index of %s is built anew: %s.", given[0], plural(done.Subdirs, "subdir"))
			return nil
		},
	}
}
