package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) labelCommand() *cobra.Command {
	return group(groupPackages, "label", "Show the labels of a channel, and set those of files", a.labelListCommand(), a.labelSetCommand())
}

func (a *app) labelListCommand() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use:   "list CHANNEL",
		Short: "List the labels that a channel's files carry",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			labels, err := gather(cmd.Context(), flags, "", func(ctx context.Context, o client.ListOptions) (api.List[api.Label], error) {
				return c.Labels(ctx, given[0], o)
			})
			if err != nil {
				return fail(err, "could not list the labels of %s", given[0])
			}
			defer more(a, labels)
			return a.emit(labels, func(t *table) {
				t.row("LABEL", "FILES")
				for _, l := range labels.Items {
					t.row(l.Name, strconv.FormatInt(l.FileCount, 10))
				}
			})
		},
	}
	flags.add(cmd.Flags())
	return cmd
}

func (a *app) labelSetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "set CHANNEL/PACKAGE LABEL...",
		Short: "Give files exactly these labels",
		Long: "Give the files that the first argument names these labels and no others: channel/name (all files of the package),\n" +
			"channel/name=version[=build], or channel/subdir/filename. Clients that name no label see only \"main\".",
		Example: "  kingsnake label set team/numpy=2.0 main\n  kingsnake label set team/linux-64/numpy-2.0-0.conda main stable",
		Args:    args(cobra.MinimumNArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			found, err := findTargets(cmd.Context(), c.Client, given[:1])
			if err != nil {
				return err
			}
			files := make([]api.ArtifactFile, 0, len(found))
			for _, f := range found {
				file, err := c.SetLabels(cmd.Context(), f.channel, f.name, f.ckey, given[1:])
				if err != nil {
					return fail(err, "could not set the labels of %s/%s", f.channel, f.ckey)
				}
				files = append(files, file)
			}
			return a.emit(files, func(t *table) {
				for _, f := range files {
					t.row(f.CKey, strings.Join(f.Labels, ", "))
				}
			})
		},
	}
}
