package cli

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kingsnake/internal/config"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/server"
)

func (a *app) adminCommand() *cobra.Command {
	return group(groupServer, "admin", "Commands for who has the site's data folder", a.resetPasswordCommand())
}

// recovery is what --json prints.
type recovery struct {
	Username  string `json:"username"`
	Password  string `json:"password"`
	Enabled   bool   `json:"enabled"`
	MadeAdmin bool   `json:"made_admin"`
}

func (a *app) resetPasswordCommand() *cobra.Command {
	var file, username string
	cmd := &cobra.Command{
		Use:   "reset-password",
		Short: "Give an account a new password and print it once",
		Long: "Give an account a new password and print it once. Nobody need be signed in: being able to write to the data\n" +
			"folder is enough. This works beside a running server; the account's sessions end within a second. A disabled\n" +
			"account is enabled again, and becomes an administrator if no administrator who can sign in is left.",
		Example: "  kingsnake admin reset-password --data ./data",
		Args:    args(cobra.NoArgs),
	}
	flags := dataFlags(cmd.Flags(), &file)
	cmd.Flags().StringVar(&username, "username", registry.FirstAdmin, "whose password")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := loadConfig(file, flags)
		if err != nil {
			return err
		}
		out, err := a.recoverAccount(cmd.Context(), cfg, username)
		if err != nil {
			return fail(err, "the password of %s was not reset", username)
		}
		if out.Enabled {
			a.note("Enabled the account %s again.", out.User.Name)
		}
		if out.MadeAdmin {
			a.note("Made %s an administrator, since no administrator who can sign in was left.", out.User.Name)
		}
		a.note("The new password of %s, shown only now:", out.User.Name)
		answer := recovery{Username: out.User.Name, Password: out.Password, Enabled: out.Enabled, MadeAdmin: out.MadeAdmin}
		return a.emit(answer, func(t *table) { t.row(out.Password) })
	}
	return cmd
}

// recoverAccount works on the site itself, as the machine's own user.
func (a *app) recoverAccount(ctx context.Context, cfg config.Config, username string) (out registry.Recovered, rerr error) {
	if err := server.FindSite(cfg); err != nil {
		return out, err
	}
	site, err := a.openSite(ctx, cfg)
	if err != nil {
		return out, err
	}
	defer func() { rerr = errors.Join(rerr, site.Store.Close()) }()
	out, err = site.Service.Accounts.Recover(ctx, identity.Local(a.Now()), username)
	if e, ok := registry.AsError(err); ok && e.Code == registry.CodeNotFound {
		return out, errNoUser
	}
	return out, err
}

// dataFlags adds the flags of a command that works on a data folder; the answer maps each to its setting.
func dataFlags(f *pflag.FlagSet, file *string) map[*pflag.Flag]string {
	f.StringVar(file, "config", os.Getenv("KINGSNAKE_CONFIG"), "TOML file with settings (KINGSNAKE_CONFIG)")
	f.String("data", "", "directory of the site's data")
	f.String("database", "", "postgres:// URL of the site's database; else a file in the data directory")
	f.String("blobs", "", "s3:// URL of the site's packages; else a folder in the data directory")
	return map[*pflag.Flag]string{f.Lookup("data"): "data_dir", f.Lookup("database"): "database", f.Lookup("blobs"): "blobs"}
}
