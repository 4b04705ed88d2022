package cli

import (
	"context"

	"github.com/spf13/cobra"

	"kingsnake/client"
)

func (a *app) removeCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "remove CHANNEL/PACKAGE...",
		Short: "Delete packages or single files",
		Long: "Delete what each argument names: channel/name (all files of the package), channel/name=version[=build],\n" +
			"channel/subdir/filename, or channel::name[/version[/file]]. The files are listed before you are asked.",
		Example: "  kingsnake remove team/numpy=1.26\n  kingsnake remove team/linux-64/numpy-1.26-0.conda",
		GroupID: groupPackages,
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			found, err := findTargets(cmd.Context(), c.Client, given)
			if err != nil {
				return err
			}
			for _, f := range found {
				a.note("  %s/%s", f.channel, f.ckey)
			}
			if err := a.confirm(yes, "Delete %s?", plural(len(found), "file")); err != nil {
				return err
			}
			return a.removeFiles(cmd.Context(), c.Client, found)
		},
	}
	addYes(cmd, &yes)
	return cmd
}

// target is one file to delete.
type target struct{ channel, name, ckey string }

// findTargets resolves all arguments before anything is deleted.
func findTargets(ctx context.Context, c *client.Client, given []string) ([]target, error) {
	var found []target
	seen := map[string]bool{}
	for _, text := range given {
		channel, s, err := parseTarget(text)
		if err != nil {
			return nil, err
		}
		files, err := s.files(ctx, c, channel, "", true)
		if err != nil {
			return nil, fail(err, "could not find %s in %s", s, channel)
		}
		for _, f := range files {
			if key := channel + "/" + f.CKey; !seen[key] {
				seen[key] = true
				found = append(found, target{channel, s.name, f.CKey})
			}
		}
	}
	return found, nil
}

func (a *app) removeFiles(ctx context.Context, c *client.Client, files []target) error {
	return a.eachFile(ctx, files, "delete", "Deleted", func(ctx context.Context, f target) error {
		return c.DeleteFile(ctx, f.channel, f.name, f.ckey)
	})
}

// eachFile does one thing to each of several files and says how it went; what fails for one file does not keep it from
// the others, unless it would fail for all.
func (a *app) eachFile(ctx context.Context, files []target, verb, done string, do func(context.Context, target) error) error {
	failed := 0
	for _, f := range files {
		err := fail(do(ctx, f), "could not %s %s/%s", verb, f.channel, f.ckey)
		if err == nil {
			continue
		}
		if len(files) == 1 || hopeless(ctx, err) {
			return err
		}
		a.printFailure(err)
		failed++
	}
	if failed > 0 {
		return &partlyError{failed: failed, total: len(files)}
	}
	a.note("%s %s.", done, plural(len(files), "file"))
	return nil
}
