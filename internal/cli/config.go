package cli

import (
	"github.com/spf13/cobra"

	"kingsnake/internal/config"
)

func (a *app) configCommand() *cobra.Command {
	return group(groupServer, "config", "Settings of a server", a.configShowCommand())
}

func (a *app) configShowCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print every effective setting and where it comes from",
		Args:  args(cobra.NoArgs),
	}
	flags := serverFlags(cmd.Flags(), &file)
	cmd.RunE = func(*cobra.Command, []string) error {
		cfg, err := loadConfig(file, flags)
		if err != nil {
			return err
		}
		type answer struct {
			Settings []config.Setting `json:"settings"`
		}
		settings := cfg.Settings()
		return a.emit(answer{settings}, func(t *table) {
			t.row("KEY", "VALUE", "SOURCE")
			for _, s := range settings {
				t.row(s.Key, s.Value, s.Source)
			}
		})
	}
	return cmd
}
