package cli

import (
	"github.com/spf13/cobra"

	"kingsnake/internal/version"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		GroupID: groupServer,
		Args:    args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			info := version.Get()
			wire := struct {
				Version string `json:"version"`
				Commit  string `json:"commit"`
				Date    string `json:"date"`
				Go      string `json:"go"`
			}(info)
			return a.emit(wire, func(t *table) { t.row("kingsnake " + info.String()) })
		},
	}
}
