package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/config"
)

func (a *app) channelFiltersCommand() *cobra.Command {
	var clear, log bool
	cmd := &cobra.Command{
		Use:   "filters NAME",
		Short: "Show or change which files of a channel are offered",
		Long: "Show or change which files of a channel are offered. Without flags, show the filters. Flags replace the lists that they\n" +
			"name and leave the others. Licences are families: agpl, gpl2, gpl3, lgpl, bsd, mit, apache, psf, public_domain,\n" +
			"proprietary, other, none. What is hidden stays stored, and is offered again when the filters no longer hide it.",
		Example: "  kingsnake channel filters team --exclude-license agpl,gpl3 --exclude-spec 'openssl <3'\n" +
			"  kingsnake channel filters team --clear",
		Args: args(cobra.ExactArgs(1)),
	}
	f := cmd.Flags()
	f.StringSlice("include-license", nil, "offer only these families of licences; empty for all")
	f.StringSlice("exclude-license", nil, "hide these families of licences")
	f.StringArray("include-spec", nil, "offer what this MatchSpec matches, whatever the rest says; repeatable")
	f.StringArray("exclude-spec", nil, "hide what this MatchSpec matches; repeatable")
	f.BoolVar(&clear, "clear", false, "offer all files again")
	f.BoolVar(&log, "log", false, "show what the filters did to which file")
	cmd.MarkFlagsMutuallyExclusive("clear", "log")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		c, err := a.connectAs()
		if err != nil {
			return err
		}
		if log {
			return a.printFiltered(cmd.Context(), c, given[0])
		}
		ch, err := c.Channel(cmd.Context(), given[0])
		if err != nil {
			return fail(err, "could not show the filters of %s", given[0])
		}
		filters := ch.Filters
		changed := clear
		if clear {
			filters = api.ChannelFilters{}
		}
		if filters.Conda, err = condaFilter(f, filters.Conda, &changed); err != nil {
			return err
		}
		if changed {
			if ch, err = c.UpdateChannel(cmd.Context(), given[0], api.ChannelUpdate{Filters: &filters}); err != nil {
				return fail(err, "could not change the filters of %s", given[0])
			}
		}
		return a.printFilters(ch.Filters)
	}
	return cmd
}

// condaFilter puts the flags that were given into a filter, which may be nil.
func condaFilter(f *pflag.FlagSet, had *api.FamilyFilter, changed *bool) (*api.FamilyFilter, error) {
	var out api.FamilyFilter
	if had != nil {
		out = *had
	}
	for name, into := range map[string]*[]string{"include-license": &out.IncludeLicenses, "exclude-license": &out.ExcludeLicenses} {
		if !f.Changed(name) {
			continue
		}
		list, err := f.GetStringSlice(name)
		if err != nil {
			return nil, err
		}
		*into, *changed = slices.DeleteFunc(list, func(s string) bool { return s == "" }), true
	}
	for name, into := range map[string]*[]string{"include-spec": &out.IncludeSpecs, "exclude-spec": &out.ExcludeSpecs} {
		if !f.Changed(name) {
			continue
		}
		list, err := f.GetStringArray(name)
		if err != nil {
			return nil, err
		}
		*into, *changed = slices.DeleteFunc(list, func(s string) bool { return s == "" }), true
	}
	return &out, nil
}

func (a *app) printFilters(filters api.ChannelFilters) error {
	return a.emit(filters, func(t *table) {
		for _, family := range []struct {
			name   string
			filter *api.FamilyFilter
		}{{"conda", filters.Conda}, {"cran", filters.CRAN}, {"python", filters.Python}} {
			if family.filter == nil {
				continue
			}
			f := family.filter
			for _, row := range []struct {
				name string
				list []string
			}{
				{"only licences", f.IncludeLicenses}, {"not licences", f.ExcludeLicenses}, {"always", f.IncludeSpecs}, {"not", f.ExcludeSpecs},
			} {
				if len(row.list) > 0 {
					t.row(family.name, row.name, strings.Join(row.list, "; "))
				}
			}
		}
		if filters == (api.ChannelFilters{}) {
			t.row("All files are offered.")
		}
	})
}

func (a *app) printFiltered(ctx context.Context, c *connection, channel string) error {
	list, err := c.FilesFiltered(ctx, channel, client.ListOptions{Limit: 100})
	if err != nil {
		return fail(err, "could not show what the filters of %s did", channel)
	}
	defer more(a, list)
	return a.emit(list, func(t *table) {
		t.row("FILE", "CHANGE", "CAUSE", "WHEN")
		for _, f := range list.Items {
			t.row(f.CKey, map[string]string{"added": "offered", "removed": "hidden"}[f.Change], f.FilteredCause, a.when(f.CreatedAt))
		}
	})
}

func (a *app) channelQuotaCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "quota NAME [SIZE]",
		Short:   "Show how much a channel holds, or bound it (administrators)",
		Example: "  kingsnake channel quota team 50GiB\n  kingsnake channel quota team none",
		Args:    args(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			size := config.Size(0)
			var err error
			if len(given) == 2 && given[1] != "none" {
				if size, err = config.ParseSize(given[1]); err != nil {
					return usagef("%q: write a size such as 50GiB, or none", given[1])
				}
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			var ch api.Channel
			if len(given) == 2 {
				ch, err = c.SetChannelQuota(cmd.Context(), given[0], int64(size))
			} else {
				ch, err = c.Channel(cmd.Context(), given[0])
			}
			if err != nil {
				return fail(err, "could not show or set the quota of %s", given[0])
			}
			answer := struct {
				QuotaBytes int64 `json:"quota_bytes"`
				UsedBytes  int64 `json:"used_bytes"`
			}{ch.QuotaBytes, ch.UsedBytes}
			return a.emit(answer, func(t *table) {
				t.row("Used", bytesText(ch.UsedBytes))
				t.row("Quota", quotaText(ch))
			})
		},
	}
}

func quotaText(ch api.Channel) string {
	if ch.QuotaBytes == 0 {
		return "none"
	}
	return fmt.Sprintf("%s (%d%% used)", bytesText(ch.QuotaBytes), ch.UsedBytes*100/ch.QuotaBytes)
}
