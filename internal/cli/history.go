package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

// historyReader reads a page of a history; of is what the command was given.
type historyReader func(ctx context.Context, c *client.Client, of string, f client.HistoryFilter) (api.List[api.HistoryItem], error)

// historyCommand makes a command that prints a history.
func (a *app) historyCommand(use, short string, positional cobra.PositionalArgs, read historyReader) *cobra.Command {
	var flags listFlags
	var events []string
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  args(positional),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			of := ""
			if len(given) > 0 {
				of = given[0]
			}
			items, err := gather(cmd.Context(), flags, "", func(ctx context.Context, o client.ListOptions) (api.List[api.HistoryItem], error) {
				return read(ctx, c.Client, of, client.HistoryFilter{ListOptions: o, EventTypes: events})
			})
			if err != nil {
				return fail(err, "could not read the history")
			}
			more(a, items)
			return a.emit(items, func(t *table) {
				t.row("TIME", "EVENT", "WHO", "TARGET", "TOKEN", "ADDRESS")
				for _, i := range items.Items {
					target, _ := i.Data["target"].(string)
					t.row(a.when(time.UnixMilli(int64(i.Created*1000))), i.Meta.Event, i.Meta.Username, target, i.Meta.TokenID, i.Meta.Address)
				}
			})
		},
	}
	cmd.Flags().StringSliceVar(&events, "event", nil, "only these events, such as artifact_removed; may be repeated")
	cmd.Flags().IntVar(&flags.limit, "limit", 50, "print at most this many (0: all)")
	return cmd
}

func (a *app) channelHistoryCommand() *cobra.Command {
	return a.historyCommand("history CHANNEL", "Print what happened to a channel, newest first", cobra.ExactArgs(1),
		func(ctx context.Context, c *client.Client, of string, f client.HistoryFilter) (api.List[api.HistoryItem], error) {
			return c.ChannelHistory(ctx, of, f)
		})
}

func (a *app) accountHistoryCommand() *cobra.Command {
	return a.historyCommand("history", "Print what your account did and what was done to it, newest first", cobra.NoArgs,
		func(ctx context.Context, c *client.Client, _ string, f client.HistoryFilter) (api.List[api.HistoryItem], error) {
			return c.AccountHistory(ctx, f)
		})
}
