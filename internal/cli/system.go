package cli

import (
	"strconv"

	"github.com/spf13/cobra"
)

func (a *app) channelStatsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "stats NAME",
		Short: "Count what is in a channel",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			s, err := c.ChannelStats(cmd.Context(), given[0])
			if err != nil {
				return fail(err, "could not count what is in the channel %s", given[0])
			}
			return a.emit(s, func(t *table) {
				t.row("Packages", strconv.FormatInt(s.PackageCount, 10))
				t.row("Files", strconv.FormatInt(s.TotalArtifactCount, 10))
				t.row("Size", bytesText(s.TotalSize))
				t.row("Downloads", strconv.FormatInt(s.DownloadCount, 10))
				t.row("Groups", strconv.FormatInt(s.GroupCount, 10))
				t.row("Subchannels", strconv.FormatInt(s.SubchannelCount, 10))
			})
		},
	}
}

func (a *app) systemCommand() *cobra.Command {
	return group(groupAccess, "system", "See how much the site stores, and clean up", a.systemStatsCommand(), a.cleanBlobsCommand(), a.profileCommand())
}

func (a *app) systemStatsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "stats",
		Short: "How much the site stores",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			s, err := c.SystemStats(cmd.Context())
			if err != nil {
				return fail(err, "could not ask how much the site stores")
			}
			return a.emit(s, func(t *table) {
				t.row("FAMILY", "SIZE")
				for _, f := range s.BlobSize.ByArtifactFamily {
					t.row(string(f.ArtifactFamily), bytesText(f.BlobSize))
				}
				t.row("all", bytesText(s.BlobSize.Total))
			})
		},
	}
}

func (a *app) cleanBlobsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "clean-blobs [SHA256...]",
		Short: "Delete stored files that no package and no index names, now and not at the next upkeep",
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			done, err := c.CleanBlobs(cmd.Context(), given...)
			if err != nil {
				return fail(err, "could not clean up")
			}
			return a.emit(done, func(t *table) {
				t.row("Deleted", plural(done.BlobCount, "file"))
				t.row("Freed", bytesText(done.SpaceReclaimed))
			})
		},
	}
}
