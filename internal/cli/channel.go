package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) channelCommand() *cobra.Command {
	return group(groupPackages, "channel", "Create, show, change and delete channels",
		a.channelCreateCommand(),
		a.channelListCommand(),
		a.channelShowCommand(),
		a.channelEditCommand(),
		a.channelDeleteCommand(),
		a.channelHistoryCommand(),
		a.channelStatsCommand(),
		a.channelNoticesCommand(),
		a.channelSourcesCommand(),
		a.channelVirtualCommand(),
		a.channelReindexCommand(),
		a.channelFiltersCommand(),
		a.channelQuotaCommand(),
		a.channelGroupsCommand(),
		a.channelAccessCommand(),
		a.channelGrantCommand(),
		a.channelRevokeCommand(),
	)
}

func (a *app) channelCreateCommand() *cobra.Command {
	var in api.ChannelCreate
	var privacy string
	var virtual bool
	var sources []string
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Create a channel, or a subchannel CHANNEL/NAME; it is private unless --privacy says otherwise",
		Example: "  kingsnake channel create team --privacy authenticated --description \"Our builds\"\n  kingsnake channel create team/nightly",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			var err error
			if in.Privacy, err = parsePrivacy(privacy); err != nil {
				return err
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			in.Name = given[0]
			if in.ChannelType, in.Sources, err = virtualFlags(virtual, sources); err != nil {
				return err
			}
			channel, err := createChannel(cmd.Context(), c, in)
			if err != nil {
				return fail(err, "could not create the channel %s", in.Name)
			}
			return a.printChannel(c, channel)
		},
	}
	cmd.Flags().StringVar(&privacy, "privacy", "", "private, authenticated or public")
	cmd.Flags().StringVar(&in.Description, "description", "", "what the channel is for")
	cmd.Flags().BoolVar(&virtual, "virtual", false, "hold no packages, and show those of the sources")
	cmd.Flags().StringArrayVar(&sources, "source", nil, "channel whose packages a virtual one shows; may be repeated, the first one wins")
	return cmd
}

// createChannel makes a channel or, where the name has two parts, a subchannel.
func createChannel(ctx context.Context, c *connection, in api.ChannelCreate) (api.Channel, error) {
	parent, name, nested := strings.Cut(in.Name, "/")
	if !nested {
		return c.CreateChannel(ctx, in)
	}
	in.Name = name
	return c.CreateSubchannel(ctx, parent, in)
}

// parsePrivacy accepts the names and leaves an empty one to the server.
func parsePrivacy(s string) (api.Privacy, error) {
	switch p := api.Privacy(s); p {
	case "", api.PrivacyPrivate, api.PrivacyAuthenticated, api.PrivacyPublic:
		return p, nil
	}
	return "", usagef("--privacy %q: write private, authenticated or public", s)
}

func (a *app) channelListCommand() *cobra.Command {
	var flags listFlags
	var mine, subchannels bool
	var of string
	cmd := &cobra.Command{
		Use:   "list [TEXT]",
		Short: "List the channels that you may see",
		Args:  args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			channels, err := gather(cmd.Context(), flags, strings.Join(given, ""), func(ctx context.Context, o client.ListOptions) (api.List[api.Channel], error) {
				filter := client.ChannelFilter{ListOptions: o, IncludeSubchannels: subchannels}
				switch {
				case of != "":
					return c.Subchannels(ctx, of, o)
				case mine:
					return c.AccountChannels(ctx, filter)
				}
				return c.Channels(ctx, filter)
			})
			if err != nil {
				return fail(err, "could not list the channels")
			}
			defer more(a, channels)
			return a.emit(channels, func(t *table) {
				t.row("NAME", "PRIVACY", "PACKAGES", "DOWNLOADS", "UPDATED", "DESCRIPTION")
				for _, ch := range channels.Items {
					t.row(fullName(ch), string(ch.Privacy), strconv.FormatInt(ch.ArtifactCount, 10),
						strconv.FormatInt(ch.DownloadCount, 10), a.when(ch.Updated), ch.Description)
				}
			})
		},
	}
	flags.add(cmd.Flags())
	cmd.Flags().BoolVar(&subchannels, "subchannels", false, "list subchannels too")
	cmd.Flags().BoolVar(&mine, "mine", false, "only those that you own or that were shared with you")
	cmd.Flags().StringVar(&of, "of", "", "only the subchannels of this channel")
	cmd.MarkFlagsMutuallyExclusive("of", "mine")
	return cmd
}

// fullName is "channel" or "channel/subchannel".
func fullName(ch api.Channel) string {
	if ch.Parent != "" {
		return ch.Parent + "/" + ch.Name
	}
	return ch.Name
}

func (a *app) channelShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show a channel",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			channel, err := c.Channel(cmd.Context(), given[0])
			if err != nil {
				return fail(err, "could not show the channel %s", given[0])
			}
			return a.printChannel(c, channel)
		},
	}
}

func (a *app) printChannel(c *connection, ch api.Channel) error {
	address, err := c.ChannelURL(fullName(ch))
	if err != nil {
		return err
	}
	return a.emit(ch, func(t *table) {
		t.row("Name", fullName(ch))
		t.row("URL", address)
		t.row("Privacy", string(ch.Privacy))
		if ch.ChannelType == api.ChannelTypeVirtual {
			t.row("Sources", strings.Join(sourceNames(ch.Sources), ", "))
		}
		t.row("Description", ch.Description)
		t.row("Owners", strings.Join(ch.Owners, ", "))
		t.row("Packages", strconv.FormatInt(ch.ArtifactCount, 10))
		t.row("Downloads", strconv.FormatInt(ch.DownloadCount, 10))
		t.row("Size", bytesText(ch.UsedBytes))
		t.row("Quota", quotaText(ch))
		t.row("Frozen", yesNo(ch.IndexingBehavior == api.IndexingFrozen))
		t.row("Created", a.when(ch.Created))
		t.row("Updated", a.when(ch.Updated))
		t.row("ID", ch.ID)
	})
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (a *app) channelEditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "edit NAME",
		Short:   "Change a channel's name, privacy or description, freeze or unfreeze it",
		Example: "  kingsnake channel edit team --privacy public",
		Args:    args(cobra.ExactArgs(1)),
	}
	f := cmd.Flags()
	f.String("name", "", "new name; this server refuses it, since clients hold the old one")
	f.String("privacy", "", "private, authenticated or public")
	f.String("description", "", "what the channel is for")
	f.Bool("frozen", false, "take no changes; --frozen=false takes them again")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		in, err := channelUpdate(f)
		if err != nil {
			return err
		}
		c, err := a.connectAs()
		if err != nil {
			return err
		}
		channel, err := c.UpdateChannel(cmd.Context(), given[0], in)
		if err != nil {
			return fail(err, "could not change the channel %s", given[0])
		}
		return a.printChannel(c, channel)
	}
	return cmd
}

// channelUpdate holds the flags that were given.
func channelUpdate(f *pflag.FlagSet) (api.ChannelUpdate, error) {
	in := api.ChannelUpdate{Name: changed(f, "name"), Description: changed(f, "description")}
	if text := changed(f, "privacy"); text != nil {
		privacy, err := parsePrivacy(*text)
		if err != nil {
			return in, err
		}
		in.Privacy = &privacy
	}
	if frozen := f.Lookup("frozen"); frozen.Changed {
		behavior := api.IndexingDefault
		if frozen.Value.String() == "true" {
			behavior = api.IndexingFrozen
		}
		in.IndexingBehavior = &behavior
	}
	if in.Name == nil && in.Description == nil && in.Privacy == nil && in.IndexingBehavior == nil {
		return in, usagef("nothing to change: name at least one flag")
	}
	return in, nil
}

// changed is the value of a flag that was given, and nil for one that was not.
func changed(f *pflag.FlagSet, name string) *string {
	flag := f.Lookup(name)
	if !flag.Changed {
		return nil
	}
	value := flag.Value.String()
	return &value
}

func (a *app) channelDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a channel and all packages in it",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			channel, err := c.Channel(cmd.Context(), given[0])
			if err != nil {
				return fail(err, "could not find the channel %s", given[0])
			}
			if err := a.confirm(yes, "Delete the channel %s with %s?", fullName(channel), plural(channel.ArtifactCount, "package")); err != nil {
				return err
			}
			if err := c.DeleteChannel(cmd.Context(), given[0]); err != nil {
				return fail(err, "could not delete the channel %s", given[0])
			}
			a.note("Deleted the channel %s.", fullName(channel))
			return nil
		},
	}
	addYes(cmd, &yes)
	return cmd
}

func addYes(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVarP(yes, "yes", "y", false, "do not ask")
}
