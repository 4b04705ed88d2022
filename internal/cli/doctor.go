package cli

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/internal/config"
	"kingsnake/internal/doctor"
	"kingsnake/internal/server"
)

// unhealthyError says that the doctor has found errors. It counts as some of several things having failed.
type unhealthyError struct{ errors, all int }

func (e *unhealthyError) Error() string {
	return "the doctor has found " + plural(e.errors, "error")
}

func (e *unhealthyError) Unwrap() error { return &partlyError{failed: e.errors, total: e.all} }

func (a *app) doctorCommand() *cobra.Command {
	var file string
	var logs []string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine a site: settings, disk, database, clock, certificate, proxy, logs",
		Long: "Examine a site where its data folder is, also while its server runs: the settings, the disk, the database, the clock\n" +
			"and the certificate; and the way to the server at --url, else at public_url or where it listens: whether a proxy\n" +
			"passes on what clients send. With --logs it sends strings that look like tokens, in each form, and looks whether one\n" +
			"of them shows in these files, or in the files of these folders.\n\n" +
			"The exit code is 7 when something is an error.",
		Example: "  kingsnake doctor --data ./data\n  kingsnake doctor --config site.toml --url https://conda.example.org --logs /var/log/nginx",
		GroupID: groupServer,
		Args:    args(cobra.NoArgs),
	}
	flags := dataFlags(cmd.Flags(), &file)
	cmd.Flags().StringArrayVar(&logs, "logs", nil, "log file, or folder of them, in which no token may show; may be repeated")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := loadConfig(file, flags)
		if err != nil {
			return err
		}
		p := doctor.Patient{Config: cfg, URL: firstOf(a.url, os.Getenv("KINGSNAKE_URL")), Logs: logs, Now: a.Now}
		if p.Asked = p.URL != ""; !p.Asked {
			p.URL = addressOf(cfg)
		}
		findings, err := a.examine(cmd.Context(), cfg, p)
		if err != nil {
			return err
		}
		return a.printFindings(findings)
	}
	return cmd
}

// addressOf is where a server with these settings is reached.
func addressOf(cfg config.Config) string {
	if cfg.PublicURL != "" {
		return strings.TrimSuffix(cfg.PublicURL, "/")
	}
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return ""
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	if cfg.TLS() {
		return "https://" + net.JoinHostPort(host, port)
	}
	return "http://" + net.JoinHostPort(host, port)
}

// examine opens the site if it can be opened, and has it examined.
func (a *app) examine(ctx context.Context, cfg config.Config, p doctor.Patient) (_ []doctor.Finding, rerr error) {
	err := server.FindSite(cfg)
	if err == nil {
		var site *server.Site
		if site, err = a.openSite(ctx, cfg); err == nil {
			defer func() { rerr = errors.Join(rerr, site.Store.Close()) }()
			p.Site = doctor.NewSite(site.Store, site.Blobs, site.Service, a.Now)
		}
	}
	findings := doctor.Examine(ctx, p)
	if err != nil {
		findings = append([]doctor.Finding{{Check: "site", Status: doctor.Error, Found: err.Error(), Todo: "name the data folder of the site, as the server's user"}}, findings...)
	}
	return findings, nil
}

// examined is the report as --json prints it.
type examined struct {
	Status   doctor.Status    `json:"status"`
	Findings []doctor.Finding `json:"findings"`
}

func (a *app) printFindings(list []doctor.Finding) error {
	bad := 0
	err := a.emit(examined{doctor.Worst(list), list}, func(t *table) {
		for _, f := range list {
			t.row(strings.ToUpper(string(f.Status)), f.Check, f.Found)
			if f.Todo != "" {
				t.row("", "", "next: "+f.Todo)
			}
		}
	})
	for _, f := range list {
		if f.Status == doctor.Error {
			bad++
		}
	}
	if err == nil && bad > 0 {
		return &unhealthyError{bad, len(list)}
	}
	return err
}
