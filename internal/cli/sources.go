package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

// virtualFlags reads what a new channel draws on.
func virtualFlags(virtual bool, sources []string) (api.ChannelType, []api.ChannelSource, error) {
	switch {
	case !virtual && len(sources) > 0:
		return "", nil, usagef("--source is for virtual channels: add --virtual")
	case virtual && len(sources) == 0:
		return "", nil, usagef("a virtual channel needs at least one --source")
	case !virtual:
		return "", nil, nil
	}
	return api.ChannelTypeVirtual, parseSources(sources), nil
}

// parseSources takes "channel" and "channel/subchannel" apart; the server judges them.
func parseSources(names []string) []api.ChannelSource {
	out := make([]api.ChannelSource, len(names))
	for i, name := range names {
		parent, sub, nested := strings.Cut(name, "/")
		if nested {
			out[i] = api.ChannelSource{Name: sub, ParentName: parent}
		} else {
			out[i] = api.ChannelSource{Name: name}
		}
	}
	return out
}

// sourceNames is the inverse of parseSources.
func sourceNames(sources []api.ChannelSource) []string {
	out := make([]string, len(sources))
	for i, s := range sources {
		out[i] = s.Name
		if s.ParentName != "" {
			out[i] = s.ParentName + "/" + s.Name
		}
	}
	return out
}

func (a *app) channelSourcesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "sources NAME [SOURCE...]",
		Short: "Show what a virtual channel draws on, or replace it",
		Long: "Show the sources of a virtual channel that you may see, or give it these sources and no others. Where several have a\n" +
			"file of one name, the first one's is shown. Whoever reads the virtual channel has to be allowed to read every source.",
		Example: "  kingsnake channel sources all\n  kingsnake channel sources all team team/dev",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			connect := a.connectAs
			if len(given) == 1 {
				connect = a.connect
			}
			c, err := connect()
			if err != nil {
				return err
			}
			var channel api.Channel
			if len(given) == 1 {
				channel, err = c.Channel(cmd.Context(), given[0])
			} else {
				channel, err = c.UpdateChannel(cmd.Context(), given[0], api.ChannelUpdate{Sources: parseSources(given[1:])})
			}
			if err != nil {
				return fail(err, "could not %s the sources of %s", map[bool]string{true: "show", false: "change"}[len(given) == 1], given[0])
			}
			return a.emit(channel.Sources, func(t *table) {
				for _, name := range sourceNames(channel.Sources) {
					t.row(name)
				}
			})
		},
	}
}

func (a *app) channelVirtualCommand() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use:   "virtual NAME",
		Short: "List the virtual channels that draw on a channel",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			channels, err := gather(cmd.Context(), flags, "", func(ctx context.Context, o client.ListOptions) (api.List[api.Channel], error) {
				return c.VirtualChannels(ctx, given[0], o)
			})
			if err != nil {
				return fail(err, "could not list the virtual channels over %s", given[0])
			}
			defer more(a, channels)
			return a.emit(channels, func(t *table) {
				t.row("NAME", "PRIVACY", "SOURCES")
				for _, ch := range channels.Items {
					t.row(fullName(ch), string(ch.Privacy), strings.Join(sourceNames(ch.Sources), ", "))
				}
			})
		},
	}
	flags.add(cmd.Flags())
	return cmd
}
