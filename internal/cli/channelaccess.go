package cli

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) channelAccessCommand() *cobra.Command {
	var flags listFlags
	var opts client.AccessOptions
	var query, level string
	var kinds []string
	cmd := &cobra.Command{
		Use:   "access CHANNEL",
		Short: "List who and which tokens can reach a channel, and by which path",
		Long: "List everybody and every token that can reach a channel which you manage: what they may do there at most, by which\n" +
			"path, under which conditions, and when they were last used. kingsnake access explain says more about one of them.",
		Example: "  kingsnake channel access team --level write\n  kingsnake channel access team/nightly --kind token --inactive",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			opts.Level = api.Level(level)
			for _, k := range kinds {
				opts.Kinds = append(opts.Kinds, api.AccessKind(k))
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			found, err := gather(cmd.Context(), flags, query, func(ctx context.Context, o client.ListOptions) (api.List[api.ChannelAccess], error) {
				opts.ListOptions = o
				return c.ChannelAccess(ctx, given[0], opts)
			})
			if err != nil {
				return fail(err, "could not list who can reach %s", given[0])
			}
			defer more(a, found)
			return a.emit(found, func(t *table) {
				t.row("WHO", "MAY", "HOW", "IF", "LAST USED")
				for _, r := range found.Items {
					t.row(whoText(r), string(r.Level), pathsText(r.Paths), a.conditionsText(r), a.usedText(r))
				}
			})
		},
	}
	flags.add(cmd.Flags())
	cmd.Flags().StringVar(&level, "level", "", "only who reaches at least this level: read, write or manage")
	cmd.Flags().StringSliceVar(&kinds, "kind", nil, "only these kinds: everybody, signed-in, user, service-account, trust-rule, token")
	cmd.Flags().StringVar(&query, "query", "", "only those with this text in their name or their owner's")
	cmd.Flags().BoolVar(&opts.Inactive, "inactive", false, "also what is disabled, expired or not valid yet")
	cmd.Flags().BoolVar(&opts.Open, "open", false, "also each account and token that reaches the channel only because of its privacy")
	return cmd
}

// whoText names what reaches a channel.
func whoText(r api.ChannelAccess) string {
	switch r.Kind {
	case api.AccessServiceAccount, api.AccessEverybody, api.AccessSignedIn:
		return r.Name
	case api.AccessTrustRule:
		return "jobs: " + r.Name
	}
	if r.Token == nil {
		return r.Name
	}
	kind := string(r.Token.Type)
	switch {
	case r.Token.CI:
		kind = "CI"
	case r.Token.OneTime:
		kind = "one-time"
	case r.Token.MintedBy != "":
		kind = "child " + kind
	}
	return kind + " token " + r.Name + " of " + r.Owner
}

// pathsText says how something reaches a channel.
func pathsText(paths []api.AccessPath) string {
	var all []string
	for _, p := range paths {
		if text := p.Text; !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, "; ")
}

// conditionsText says under which conditions it does so.
func (a *app) conditionsText(r api.ChannelAccess) string {
	var all []string
	add := func(before string, list []string) {
		if len(list) > 0 {
			all = append(all, before+strings.Join(list, ", "))
		}
	}
	if r.State != api.AccessActive {
		all = append(all, "not now: "+string(r.State))
	}
	add("packages ", r.Conditions.Packages)
	if limits := r.Conditions.Restrictions; limits != nil {
		add("packages ", limits.Packages)
		add("from ", limits.AllowedCIDRs)
		if limits.NotBefore != "" {
			all = append(all, "not before "+limits.NotBefore)
		}
		if limits.MaxUses > 0 {
			all = append(all, strconv.FormatInt(max(0, limits.MaxUses-limits.Uses), 10)+" of "+plural(limits.MaxUses, "use")+" left")
		}
	}
	add("held back by the roles ", r.Conditions.Roles)
	if end := r.Conditions.ExpiresAt; end != nil {
		all = append(all, "ends "+a.when(*end))
	}
	return strings.Join(all, "; ")
}

// usedText says when it was last used and, where that is known, from where.
func (a *app) usedText(r api.ChannelAccess) string {
	if r.LastUsed == nil {
		return ""
	}
	text := a.when(r.LastUsed.At)
	if r.LastUsed.Address != "" {
		text += " from " + r.LastUsed.Address
	}
	if r.LastUsed.Client != "" {
		text += " by " + r.LastUsed.Client
	}
	if here := r.LastUsedHere; here != nil {
		text += "; here " + a.when(here.At) + ", " + plural(here.Uses, "use")
	} else if r.Kind == api.AccessOfToken {
		text += "; not here"
	}
	return text
}
