package cli

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) packageAboutCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "about CHANNEL::PACKAGE[/VERSION[/FILE]]",
		Short: "Show what a package says about itself, and its README",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			channel, s, err := parseTarget(given[0])
			if err != nil {
				return err
			}
			c, err := a.connect()
			if err != nil {
				return err
			}
			ckey, err := s.latest(cmd.Context(), c.Client, channel)
			if err != nil {
				return fail(err, "could not find %s in %s", s, channel)
			}
			about, err := c.About(cmd.Context(), channel, s.name, ckey)
			if err != nil {
				return fail(err, "could not ask about %s in %s", s, channel)
			}
			return a.emit(about, func(t *table) { aboutRows(t, about) })
		},
	}
}

// latest gives the ckey of the file that changed last among those meant, empty where that is for the server to choose.
func (s spec) latest(ctx context.Context, c *client.Client, channel string) (string, error) {
	if s.ckey != "" || s.version == "" {
		return s.ckey, nil
	}
	files, err := s.files(ctx, c, channel, "", false)
	if err != nil {
		return "", err
	}
	return slices.MaxFunc(files, func(x, y api.ArtifactFile) int { return x.UpdatedAt.Compare(y.UpdatedAt) }).CKey, nil
}

// aboutRows shows the texts of about.json, and below them the README.
func aboutRows(t *table, about api.ArtifactAbout) {
	t.row("Name", about.Name)
	t.row("Version", about.Version)
	t.row("File", about.CKey)
	var fields map[string]any
	if err := json.Unmarshal(about.About, &fields); err != nil {
		t.err = err
		return
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if text, ok := fields[key].(string); ok {
			t.row(key, text)
		}
	}
	if about.ReadmeName == "" {
		return
	}
	t.blank()
	for line := range strings.Lines(about.Readme) {
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			t.blank()
			continue
		}
		t.row(line)
	}
}
