package cli

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) packageCommand() *cobra.Command {
	return group(groupPackages, "package", "What packages say of themselves, their dependencies, and what the index says of them",
		a.packageAboutCommand(), a.packageDepsCommand(), a.packageDependantsCommand(), a.packageEditCommand())
}

func (a *app) packageEditCommand() *cobra.Command {
	var set, unset []string
	cmd := &cobra.Command{
		Use:   "edit SPEC... --set KEY=VALUE",
		Short: "Change what the index says of files",
		Long: "Change what the index says of files. A SPEC is CHANNEL[/SUBCHANNEL]::PACKAGE/VERSION[/FILE]. A VALUE is JSON, or else a\n" +
			"text. What the files say themselves is kept: --unset KEY takes an edit back.",
		Example: `  kingsnake package edit prod::numpy/2.1.0 --set 'depends=["python >=3.10"]'` + "\n  kingsnake package edit prod::numpy/2.1.0 --unset depends",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			patch, err := patchOf(set, unset)
			if err != nil {
				return err
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			found, err := findTargets(cmd.Context(), c.Client, given)
			if err != nil {
				return err
			}
			return a.eachFile(cmd.Context(), found, "edit", "Edited", func(ctx context.Context, f target) error {
				if err := c.EditMetadata(ctx, f.channel, f.ckey, patch); err != nil {
					return err
				}
				a.note("  %s/%s", f.channel, f.ckey)
				return nil
			})
		},
	}
	cmd.Flags().StringArrayVar(&set, "set", nil, "key and value to set, KEY=VALUE")
	cmd.Flags().StringArrayVar(&unset, "unset", nil, "key whose edit to take back")
	return cmd
}

// patchOf makes an edit of the flags.
func patchOf(set, unset []string) (map[string]any, error) {
	patch := map[string]any{}
	for _, text := range set {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return nil, usagef("%q is not KEY=VALUE", text)
		}
		patch[key] = value
		if json.Valid([]byte(value)) {
			patch[key] = json.RawMessage(value)
		}
	}
	for _, key := range unset {
		patch[key] = nil
	}
	if len(patch) == 0 {
		return nil, usagef("nothing to change: use --set or --unset")
	}
	return patch, nil
}
