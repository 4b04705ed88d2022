package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/internal/backup"
	"kingsnake/internal/config"
	"kingsnake/internal/server"
)

// backupReport is what --json prints of a backup that was made or read.
type backupReport struct {
	backup.Manifest
	Whole       bool   `json:"whole"`
	Snapshot    string `json:"snapshot,omitempty"`
	Copied      int    `json:"copied"`
	CopiedBytes int64  `json:"copied_bytes"`
}

// lossyError says that a backup is whole but for what the site had lost. It counts as some of several things having failed.
type lossyError struct{ lost int }

func (e *lossyError) Error() string {
	return fmt.Sprintf("%s of the site missing or damaged when it was copied; the rest is in the backup", verbed(e.lost, "file", "was", "were"))
}

func (e *lossyError) Unwrap() error { return &partlyError{failed: e.lost} }

func verbed(n int, thing, one, more string) string {
	if n == 1 {
		return plural(n, thing) + " " + one
	}
	return plural(n, thing) + " " + more
}

func lossy(m backup.Manifest) error {
	if m.Whole() {
		return nil
	}
	return &lossyError{lost: len(m.Missing) + len(m.Damaged)}
}

func (a *app) backupCommand() *cobra.Command {
	var file string
	var keep int
	cmd := &cobra.Command{
		Use:   "backup FILE | FOLDER/ | -",
		Short: "Copy a site into a file or a folder, also while its server runs",
		Long: "Copy a site as it is in one moment, also while its server runs: the records, the key, and all files that they name.\n" +
			"FILE is a new tar archive, - the same on standard output. A folder, which is there or whose name ends in a slash,\n" +
			"takes one copy after the other; files that are in it already are not copied again.\n\n" +
			"A backup holds everything that is secret on the site, and only its owner may read it. The configuration file is\n" +
			"not in it.",
		Example: "  kingsnake backup site.tar --data ./data\n  kingsnake backup /mnt/backup/ --keep 14 --data ./data\n" +
			"  kingsnake backup - --data ./data | age -r KEY > site.tar.age",
		GroupID: groupServer,
		Args:    args(cobra.ExactArgs(1)),
	}
	flags := dataFlags(cmd.Flags(), &file)
	cmd.Flags().IntVar(&keep, "keep", 0, "how many copies stay in the folder; 0 is all")
	cmd.AddCommand(a.backupVerifyCommand())
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		to, err := a.backupTarget(given[0], keep)
		if err != nil {
			return err
		}
		cfg, err := loadConfig(file, flags)
		if err != nil {
			return err
		}
		r, err := a.backup(cmd.Context(), cfg, to)
		if err != nil {
			return fail(err, "the backup was not made")
		}
		a.note("The backup holds everything that is secret on the site; keep it as safe as the data folder.")
		if to.Stream != nil {
			return lossy(r.Manifest)
		}
		return a.printBackup(backupReport{r.Manifest, r.Whole(), r.Snapshot, r.Copied, r.CopiedBytes})
	}
	return cmd
}

// backupTarget reads where a backup goes.
func (a *app) backupTarget(name string, keep int) (server.BackupOptions, error) {
	to := server.BackupOptions{Keep: keep, Progress: func(done, all int) {
		if done%progressFiles == 0 {
			a.note("%d of %d files were copied", done, all)
		}
	}}
	info, err := os.Stat(name)
	switch {
	case name == "-":
		to.Stream = a.Stdout
		if isTerminal(a.Stdout) {
			return to, usagef("a backup is nothing for a terminal; name a file")
		}
		if a.json {
			return to, usagef("--json and the backup cannot both go to standard output")
		}
	case strings.HasSuffix(name, "/") || err == nil && info.IsDir():
		to.Folder = name
	default:
		to.File = name
	}
	if keep < 0 || keep > 0 && to.Folder == "" {
		return to, usagef("--keep is a number of copies in a folder")
	}
	return to, nil
}

func (a *app) backup(ctx context.Context, cfg config.Config, to server.BackupOptions) (r backup.Report, rerr error) {
	if err := server.FindSite(cfg); err != nil {
		return r, err
	}
	site, err := a.openSite(ctx, cfg)
	if err != nil {
		return r, err
	}
	defer func() { rerr = errors.Join(rerr, site.Store.Close()) }()
	return site.Backup(ctx, cfg, to)
}

// printBackup prints what a backup holds. A site that had lost something makes it fail.
func (a *app) printBackup(r backupReport) error {
	r.Missing, r.Damaged = nonNil(r.Missing), nonNil(r.Damaged)
	err := a.emit(r, func(t *table) {
		t.row("Made", r.CreatedAt.Format("2006-01-02 15:04:05 UTC")+" by Kingsnake "+r.Version)
		if r.Snapshot != "" {
			t.row("Snapshot", r.Snapshot)
		}
		t.row("Files", fmt.Sprintf("%d with %s", r.Blobs, bytesText(r.Bytes)))
		if r.Snapshot != "" {
			t.row("Of them new", fmt.Sprintf("%d with %s", r.Copied, bytesText(r.CopiedBytes)))
		}
		for _, h := range r.Missing {
			t.row("MISSING", h)
		}
		for _, h := range r.Damaged {
			t.row("DAMAGED", h)
		}
	})
	if err == nil && !r.Whole {
		return &failure{
			what: "the site has lost something", err: lossy(r.Manifest),
			next: "kingsnake verify, which names the packages; upload them again",
		}
	}
	return err
}

// openBackup opens a backup to read; close ends that.
func (a *app) openBackup(name, snapshot string) (_ *backup.Copy, closing io.Closer, err error) {
	info, err := os.Stat(name)
	switch {
	case name == "-":
		return backup.FromStream(a.Stdin), io.NopCloser(nil), nil
	case err != nil:
		return nil, nil, err
	case info.IsDir():
		return backup.FromFolder(name, snapshot), io.NopCloser(nil), nil
	case snapshot != "":
		return nil, nil, usagef("--snapshot is for a folder")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	return backup.FromStream(f), f, nil
}

func (a *app) backupVerifyCommand() *cobra.Command {
	var snapshot string
	cmd := &cobra.Command{
		Use:   "verify FILE | FOLDER | -",
		Short: "Read a backup and compare all hashes",
		Long: "Read a backup from its beginning to its end and compare the hashes of all that is in it. The exit code is 1 when it\n" +
			"is damaged or cut off, and 7 when it is whole but the site had lost files when it was made.",
		Args: args(cobra.ExactArgs(1)),
	}
	cmd.Flags().StringVar(&snapshot, "snapshot", "", "which copy of a folder; else the latest")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		from, closing, err := a.openBackup(given[0], snapshot)
		if err != nil {
			return fail(err, "the backup cannot be read")
		}
		m, err := from.Verify(cmd.Context())
		if err = errors.Join(err, closing.Close()); err != nil {
			return fail(err, "the backup is of no use")
		}
		if err := a.printBackup(backupReport{Manifest: m, Whole: m.Whole(), Copied: m.Blobs, CopiedBytes: m.Bytes}); err != nil {
			return err
		}
		a.note("The backup is whole.")
		return nil
	}
	return cmd
}

func (a *app) restoreCommand() *cobra.Command {
	var file, snapshot string
	cmd := &cobra.Command{
		Use:   "restore FILE | FOLDER | -",
		Short: "Make a site of a backup, in an empty data folder",
		Long: "Make a site of a backup, in a data folder that is new or empty and, with --database, in a PostgreSQL database that\n" +
			"is. All hashes are compared first. A restore that does not end leaves nothing that a server would take for a site;\n" +
			"run it again. A backup goes from either database into either.",
		Example: "  kingsnake restore site.tar --data ./restored\n  age -d -i KEY site.tar.age | kingsnake restore - --data ./restored",
		GroupID: groupServer,
		Args:    args(cobra.ExactArgs(1)),
	}
	flags := dataFlags(cmd.Flags(), &file)
	cmd.Flags().StringVar(&snapshot, "snapshot", "", "which copy of a folder; else the latest")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		cfg, err := loadConfig(file, flags)
		if err != nil {
			return err
		}
		from, closing, err := a.openBackup(given[0], snapshot)
		if err != nil {
			return fail(err, "the backup cannot be read")
		}
		from.Progress = func(done int) {
			if done%progressFiles == 0 {
				a.note("%d files were restored", done)
			}
		}
		m, err := server.Restore(cmd.Context(), cfg, from)
		if err = errors.Join(err, closing.Close()); err != nil {
			return fail(err, "nothing was restored")
		}
		a.afterRestore(cfg, m)
		return a.printBackup(backupReport{Manifest: m, Whole: m.Whole(), Copied: m.Blobs, CopiedBytes: m.Bytes})
	}
	return cmd
}

// afterRestore says what to do next.
func (a *app) afterRestore(cfg config.Config, m backup.Manifest) {
	a.note("Restored the site of %s to %s.", m.CreatedAt.Format("2006-01-02 15:04:05 UTC"), cfg.DataDir)
	a.note("Next: kingsnake serve --data %s", cfg.DataDir)
	a.note("Tokens and rights that were taken away after that time are there again: take them away again, with the audit of")
	a.note("the lost site if you have it. Everybody signs in again. Uploads after that time are gone: repeat them.")
}
