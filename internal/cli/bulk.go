package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

// errCanceled is the end of a job that somebody canceled.
var errCanceled = errors.New("the job was canceled")

// bulkFlags are what copy and move take.
type bulkFlags struct {
	destination        string
	force, yes, noWait bool
}

func (a *app) copyCommand() *cobra.Command {
	return a.bulkCommand(api.BulkCopy, "Copy packages to another channel", "Copy")
}

func (a *app) moveCommand() *cobra.Command {
	return a.bulkCommand(api.BulkMove, "Move packages to another channel", "Move")
}

func (a *app) bulkCommand(action api.BulkAction, short, verb string) *cobra.Command {
	var flags bulkFlags
	cmd := &cobra.Command{
		Use:   string(action) + " SPEC... -d CHANNEL",
		Short: short,
		Long: short + ". A SPEC is CHANNEL[/SUBCHANNEL]::PACKAGE[/VERSION[/FILE]], or the channel alone for all that is in it;\n" +
			"a FILE is subdir/filename, or the file's name where one subdir has it. All specs of one call name the same channel.\n\n" +
			"The server does the work in a job and this command waits for it. No bytes are copied, and each file is done as a whole\n" +
			"or not at all. Another file of the same name stays unless --force says otherwise.",
		Example: fmt.Sprintf("  kingsnake %[1]s staging::numpy/2.1.0 -d prod\n  kingsnake %[1]s staging -d prod/2026-q4", action),
		GroupID: groupPackages,
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if flags.destination == "" {
				return usagef("where to %s? Use --destination", action)
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			channel, in, err := bulkRequest(cmd.Context(), c.Client, given)
			if err != nil {
				return err
			}
			in.Action, in.Force = action, flags.force
			in.TargetChannel, in.TargetSubchannel, _ = strings.Cut(flags.destination, "/")
			if action == api.BulkMove {
				if err := a.confirm(flags.yes, "%s %s of %s to %s?", verb, bulkText(in), channel, flags.destination); err != nil {
					return err
				}
			}
			return a.runBulk(cmd.Context(), c.Client, channel, in, flags.noWait)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&flags.destination, "destination", "d", "", "channel or channel/subchannel that gets the packages")
	f.BoolVar(&flags.force, "force", false, "replace other files of the same names")
	f.BoolVar(&flags.noWait, "no-wait", false, "print the job and do not wait for its end")
	if action == api.BulkMove {
		addYes(cmd, &flags.yes)
	}
	return cmd
}

// bulkRequest finds what the arguments name. A package without a version is left to the server, all else is asked for
// before anything is done.
func bulkRequest(ctx context.Context, c *client.Client, given []string) (channel string, in api.Bulk, err error) {
	for _, text := range given {
		from, rest, nested := strings.Cut(text, "::")
		if channel != "" && from != channel {
			return "", in, usagef("%s and %s are two channels; use one call for each", channel, from)
		}
		channel = from
		if !nested {
			in.All = true
			continue
		}
		s, err := parsePackagePath(rest)
		if err != nil {
			return "", in, err
		}
		if s.version == "" {
			in.Items = append(in.Items, api.BulkItem{Name: s.name, Family: api.FamilyConda})
			continue
		}
		files, err := s.files(ctx, c, channel, "", true)
		if err != nil {
			return "", in, fail(err, "could not find %s in %s", rest, channel)
		}
		for _, f := range files {
			in.Items = append(in.Items, api.BulkItem{Name: s.name, Family: api.FamilyConda, CKey: f.CKey})
		}
	}
	if in.All && len(given) > 1 {
		return "", in, usagef("%s alone names all that is in the channel; leave the rest out", channel)
	}
	return channel, in, nil
}

func bulkText(in api.Bulk) string {
	if in.All {
		return "everything"
	}
	return plural(len(in.Items), "item")
}

// runBulk asks for a bulk action and, unless told otherwise, waits for its end.
func (a *app) runBulk(ctx context.Context, c *client.Client, channel string, in api.Bulk, noWait bool) error {
	j, err := c.Bulk(ctx, channel, in)
	if err != nil {
		return fail(err, "could not %s %s of %s", in.Action, bulkText(in), channel)
	}
	if noWait {
		return a.emit(j, func(t *table) { t.row(j.ID) })
	}
	return a.follow(ctx, c, j)
}
