package cli

import (
	"github.com/spf13/cobra"
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
