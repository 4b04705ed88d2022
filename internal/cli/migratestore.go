package cli

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"kingsnake/internal/config"
	"kingsnake/internal/server"
)

// movedStore is what --json prints.
type movedStore struct {
	Tables int64 `json:"tables"`
	Rows   int64 `json:"rows"`
	Blobs  int64 `json:"blobs"`
	Copied int64 `json:"blobs_copied"`
	Bytes  int64 `json:"blob_bytes"`
}

func (a *app) migrateStoreCommand() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "migrate-store --from FOLDER|FILE --to FOLDER|FILE",
		Short: "Move a site to another database or another storage of packages",
		Long: "Move a site from SQLite and files to PostgreSQL and S3, back, or between any two of them. Each end is a data\n" +
			"folder, for SQLite and files in it, or the configuration file (*.toml) of a server, from which data_dir, database\n" +
			"and blobs count. No server may run on either data folder; servers elsewhere that use the same PostgreSQL cannot\n" +
			"write meanwhile. The target has to be empty. A move that was interrupted goes on when it is run again. What was\n" +
			"written is compared with what was read, by counts and hashes. The source is left as it is.",
		Example: "  kingsnake migrate-store --from ./data --to kingsnake.toml",
		GroupID: groupServer,
		Args:    args(cobra.NoArgs),
	}
	cmd.Flags().StringVar(&from, "from", "", "data folder or configuration file of the site as it is")
	cmd.Flags().StringVar(&to, "to", "", "data folder or configuration file of the site as it shall be")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		m := server.Move{Now: a.Now, Progress: a.moveProgress()}
		var err error
		if m.From, err = moveEnd("--from", from); err != nil {
			return err
		}
		if m.To, err = moveEnd("--to", to); err != nil {
			return err
		}
		out, err := server.MigrateStore(cmd.Context(), m)
		if err != nil {
			return fail(err, "the site was not moved")
		}
		err = a.emit(movedStore(out), func(t *table) {
			t.row("Records", fmt.Sprintf("%d in %s, compared", out.Rows, plural(int(out.Tables), "table")))
			t.row("Files", fmt.Sprintf("%d, %s; %d were copied now", out.Blobs, bytesText(out.Bytes), out.Copied))
		})
		a.note("The site is at its new place. Next: kingsnake verify, then start servers there, and none at the old place again:\nwhat was written there would be missing here. When all is well, remove the old place.")
		return err
	}
	return cmd
}

// moveEnd reads what one end of a move is. The environment is left out, since it would be that of both.
func moveEnd(flag, name string) (config.Config, error) {
	if name == "" {
		return config.Config{}, usageError{fmt.Errorf("%s is missing: name a data folder or a configuration file", flag)}
	}
	info, err := os.Stat(name)
	if err == nil && !info.IsDir() {
		cfg, err := config.Load(name, nil)
		if err != nil {
			return cfg, fail(err, "%s cannot be read", flag)
		}
		return cfg, fail(cfg.Validate(), "%s cannot work", flag)
	}
	cfg := config.Default()
	cfg.DataDir = name
	return cfg, nil
}

// moveProgress says how far a move is, every few seconds.
func (a *app) moveProgress() func(what string, done int64) {
	var last time.Time
	return func(what string, done int64) {
		if now := a.Now(); now.Sub(last) >= 5*time.Second {
			last = now
			a.note("%s %s so far", strconv.FormatInt(done, 10), what)
		}
	}
}
