package cli

import (
	"github.com/spf13/cobra"
)

func (a *app) accountCommand() *cobra.Command {
	return group(groupAccount, "account", "Your account", a.accountDefaultChannelCommand(), a.accountEmailCommand(), a.accountHistoryCommand())
}

func (a *app) accountDefaultChannelCommand() *cobra.Command {
	var clear bool
	cmd := &cobra.Command{
		Use:     "default-channel [CHANNEL]",
		Short:   "Show, set or clear your default channel",
		Example: "  kingsnake account default-channel team\n  kingsnake account default-channel --clear",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if clear && len(given) > 0 {
				return usagef("name a channel or clear it, not both")
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			account, err := c.Account(cmd.Context())
			switch {
			case clear:
				account, err = c.SetDefaultChannel(cmd.Context(), "")
			case len(given) > 0:
				account, err = c.SetDefaultChannel(cmd.Context(), given[0])
			}
			if err != nil {
				return fail(err, "could not do this with the default channel")
			}
			return a.emit(account, func(t *table) { t.row("Default channel", account.DefaultChannelName) })
		},
	}
	cmd.Flags().BoolVar(&clear, "clear", false, "have no default channel any more")
	return cmd
}
