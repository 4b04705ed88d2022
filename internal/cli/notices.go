package cli

import (
	"slices"
	"strings"
	"time"

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
			return a.changeNotices(cmd, given[0], func(all []api.NoticeUpdate) ([]api.NoticeUpdate, error) { return append(all, added), nil })
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
			return a.changeNotices(cmd, given[0], func(had []api.NoticeUpdate) ([]api.NoticeUpdate, error) {
				if all {
					return nil, nil
				}
				for _, id := range ids {
					if !slices.ContainsFunc(had, func(n api.NoticeUpdate) bool { return n.ID == id }) {
						return nil, usagef("the channel %s has no notice %q; see \"kingsnake channel notices list %s\"", given[0], id, given[0])
					}
				}
				return slices.DeleteFunc(had, func(n api.NoticeUpdate) bool { return slices.Contains(ids, n.ID) }), nil
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all of them")
	return cmd
}

// changeNotices reads a channel's notices, changes the list and sends it back, without those that are over.
func (a *app) changeNotices(cmd *cobra.Command, channel string, change func([]api.NoticeUpdate) ([]api.NoticeUpdate, error)) error {
	c, err := a.connectAs()
	if err != nil {
		return err
	}
	notices, err := c.Notices(cmd.Context(), channel)
	if err != nil {
		return fail(err, "could not list the notices of the channel %s", channel)
	}
	keep := []api.NoticeUpdate{}
	for _, n := range notices {
		if n.ExpiresAt.After(a.Now()) {
			keep = append(keep, api.NoticeUpdate{ID: n.ID, Message: n.Message, Level: n.Level, ExpiresAt: new(n.ExpiresAt.Round(time.Second))})
		}
	}
	if keep, err = change(keep); err != nil {
		return err
	}
	if notices, err = c.SetNotices(cmd.Context(), channel, append([]api.NoticeUpdate{}, keep...)); err != nil {
		return fail(err, "could not change the notices of the channel %s", channel)
	}
	return a.printNotices(notices)
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
