package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kingsnake/internal/config"
)

func (a *app) serveCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a server",
		Long: "Run a server. Settings come from the defaults, then the file, then KINGSNAKE_* variables, then flags;\n" +
			"\"kingsnake config show\" prints the result. The first start in an empty directory makes a new site.",
		Example: "  kingsnake serve --data ./data --listen 127.0.0.1:8080",
		GroupID: groupServer,
		Args:    args(cobra.NoArgs),
	}
	flags := serverFlags(cmd.Flags(), &file)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := loadConfig(file, flags)
		if err != nil {
			return err
		}
		log, flush := a.logger(cfg)
		err = a.Serve(cmd.Context(), cfg, log)
		if ferr := flush(); ferr != nil && err == nil {
			err = ferr
		}
		if errors.Is(err, context.Canceled) && cmd.Context().Err() != nil {
			return nil // The server was asked to stop.
		}
		return fail(err, "the server stopped")
	}
	return cmd
}

// serverFlags adds the flags that stand for settings; the answer maps each to its setting.
func serverFlags(f *pflag.FlagSet, file *string) map[*pflag.Flag]string {
	f.StringVar(file, "config", os.Getenv("KINGSNAKE_CONFIG"), "TOML file with settings (KINGSNAKE_CONFIG)")
	f.String("data", "", "directory of the site's data")
	f.String("database", "", "postgres:// URL of the database; else a file in the data directory")
	f.String("blobs", "", "s3:// URL of the packages; else a folder in the data directory")
	f.String("listen", "", "host:port to listen on")
	f.String("public-url", "", "address under which clients reach the server")
	return map[*pflag.Flag]string{
		f.Lookup("data"): "data_dir", f.Lookup("database"): "database", f.Lookup("blobs"): "blobs", f.Lookup("listen"): "listen", f.Lookup("public-url"): "public_url",
	}
}

// loadConfig loads and checks the settings, with the flags that were given on top.
func loadConfig(file string, flags map[*pflag.Flag]string) (config.Config, error) {
	cfg, err := config.Load(file, os.Environ())
	if err != nil {
		return cfg, fail(err, "the settings cannot be read")
	}
	for flag, key := range flags {
		if !flag.Changed {
			continue
		}
		if err := cfg.Set(key, flag.Value.String(), "flag --"+flag.Name); err != nil {
			return cfg, usageError{err}
		}
	}
	return cfg, fail(cfg.Validate(), "the settings cannot work")
}

// logger gives the log of a server, and what writes the rest of it in the end.
func (a *app) logger(cfg config.Config) (log *slog.Logger, flush func() error) {
	held := &heldLog{to: a.Stderr}
	return slog.New(newLogHandler(cfg, held)), held.Flush
}
