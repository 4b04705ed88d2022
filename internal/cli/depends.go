package cli

import (
	"context"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) packageDepsCommand() *cobra.Command {
	return a.dependsCommand("deps CHANNEL::PACKAGE[/VERSION]", "List what a package depends on", "ASKS FOR",
		func(ctx context.Context, c *client.Client, channel string, s spec, o client.ListOptions) (api.List[api.ArtifactDependency], error) {
			return c.Dependencies(ctx, channel, s.name, s.version, o)
		})
}

func (a *app) packageDependantsCommand() *cobra.Command {
	return a.dependsCommand("dependants CHANNEL::PACKAGE", "List the packages of the channel that depend on a package", "VERSION",
		func(ctx context.Context, c *client.Client, channel string, s spec, o client.ListOptions) (api.List[api.ArtifactDependency], error) {
			return c.Dependants(ctx, channel, s.name, o)
		})
}

type askDepends func(ctx context.Context, c *client.Client, channel string, s spec, o client.ListOptions) (api.List[api.ArtifactDependency], error)

func (a *app) dependsCommand(use, short, version string, ask askDepends) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			channel, s, err := parseTarget(given[0])
			if err != nil {
				return err
			}
			c, err := a.connect()
			if err != nil {
				return err
			}
			found, err := gather(cmd.Context(), listFlags{}, "", func(ctx context.Context, o client.ListOptions) (api.List[api.ArtifactDependency], error) {
				return ask(ctx, c.Client, channel, s, o)
			})
			if err != nil {
				return fail(err, "could not ask about %s in %s", s, channel)
			}
			return a.emit(found, func(t *table) {
				t.row("NAME", version, "IN THIS CHANNEL")
				for _, d := range found.Items {
					own := ""
					if d.Artifact != nil {
						own = d.Artifact.Metadata.Version
					}
					t.row(d.Name, d.Version, own)
				}
			})
		},
	}
}
