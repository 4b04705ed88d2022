package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) searchCommand() *cobra.Command {
	var flags listFlags
	var channel, platform string
	cmd := &cobra.Command{
		Use:     "search [TEXT]",
		Short:   "Find packages in the channels that you may see",
		Example: "  kingsnake search numpy --platform linux-64",
		GroupID: groupPackages,
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			found, err := gather(cmd.Context(), flags, strings.Join(given, ""), func(ctx context.Context, o client.ListOptions) (api.List[api.Artifact], error) {
				filter := client.ArtifactFilter{ListOptions: o, Family: api.FamilyConda, Platform: platform}
				if channel != "" {
					return c.Artifacts(ctx, channel, filter)
				}
				return c.SearchArtifacts(ctx, filter)
			})
			if err != nil {
				return fail(err, "could not search")
			}
			defer more(a, found)
			return a.emit(found, func(t *table) { a.artifactRows(t, found.Items) })
		},
	}
	flags.add(cmd.Flags())
	cmd.Flags().StringVarP(&channel, "channel", "c", "", "only this channel")
	cmd.Flags().StringVar(&platform, "platform", "", "only packages with files of this subdir")
	return cmd
}

func (a *app) artifactRows(t *table, items []api.Artifact) {
	t.row("CHANNEL", "NAME", "VERSION", "FILES", "DOWNLOADS", "UPDATED", "PLATFORMS", "SUMMARY")
	for _, item := range items {
		channel := item.Channel
		if item.Subchannel != nil {
			channel += "/" + *item.Subchannel
		}
		t.row(channel, item.Name, item.Metadata.Version, strconv.FormatInt(item.FileCount, 10),
			strconv.FormatInt(item.DownloadCount, 10), a.when(item.UpdatedAt),
			strings.Join(item.Metadata.Subdirs, ","), item.Metadata.Summary)
	}
}
