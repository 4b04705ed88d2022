package cli

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) profileCommand() *cobra.Command {
	names := []string{"allocs", "goroutine", "heap", "profile", "threadcreate", "trace"}
	var seconds int
	cmd := &cobra.Command{
		Use:   "profile NAME",
		Short: "Write a profile of the server to standard output, for \"go tool pprof\" or \"go tool trace\"",
		Long: "Write a profile of the server to standard output: \"profile\" is which functions take processor time, \"trace\" what\n" +
			"happens, both for some seconds; \"heap\", \"allocs\", \"goroutine\" and \"threadcreate\" are of the moment. It asks for the\n" +
			"scope system.settings:edit. Of several servers the one that answers is profiled.",
		Example:   "  kingsnake system profile profile --seconds 30 > cpu.pprof && go tool pprof -http=: cpu.pprof",
		Args:      args(cobra.ExactArgs(1)),
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, given []string) error {
			if !slices.Contains(names, given[0]) {
				return usagef("there is no profile %q: write %s", given[0], strings.Join(names, ", "))
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			err = c.Profile(cmd.Context(), given[0], seconds, func(r io.Reader) error {
				_, err := io.Copy(a.Stdout, r)
				return err
			})
			return fail(err, "the server was not profiled")
		},
	}
	cmd.Flags().IntVar(&seconds, "seconds", 0, "how long a profile or a trace takes, at most 60 (default 30 and 5)")
	return cmd
}
