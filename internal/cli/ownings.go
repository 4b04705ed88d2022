package cli

import (
	"github.com/spf13/cobra"

	"kingsnake/api"
)

func (a *app) userOwningsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ownings NAME",
		Short: "Show what would be left behind without a user, and which tokens would end",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			ownings, err := c.Ownings(cmd.Context(), given[0])
			if err != nil {
				return fail(err, "could not see what belongs to %s", given[0])
			}
			return a.emit(ownings, func(t *table) {
				for _, name := range ownings.Channels {
					t.row("Only owner of channel", name)
				}
				for _, g := range ownings.Groups {
					t.row("Only manager of group", g.Name)
				}
				for _, token := range ownings.Tokens {
					t.row("Token", token.Name, a.whenOr(token.LastUsedAt, "never used"), token.ID)
				}
			})
		},
	}
}

func (a *app) userHandOverCommand() *cobra.Command {
	var in api.HandOver
	var yes bool
	cmd := &cobra.Command{
		Use:   "hand-over NAME --channel CHANNEL TOKEN-ID...",
		Short: "Give tokens of a user to a channel's service account; each gets a new string, and the old one ends at once",
		Args:  args(cobra.MinimumNArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			in.Tokens = given[1:]
			if err := a.confirm(yes, "Give %s of %s to the service account of %s? Their present strings end at once.",
				plural(len(in.Tokens), "token"), given[0], in.Channel); err != nil {
				return err
			}
			tokens, err := c.HandOverTokens(cmd.Context(), given[0], in)
			if err != nil {
				return fail(err, "could not hand over tokens of %s", given[0])
			}
			a.note("The new strings are shown only this once.")
			return a.emit(tokens, func(t *table) {
				t.row("NAME", "ID", "STRING")
				for _, token := range tokens {
					t.row(token.Name, token.ID, token.Secret)
				}
			})
		},
	}
	cmd.Flags().StringVar(&in.Channel, "channel", "", "the channel whose service account gets the tokens")
	addYes(cmd, &yes)
	if err := cmd.MarkFlagRequired("channel"); err != nil {
		a.note("%v", err)
	}
	return cmd
}
