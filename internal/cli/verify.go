package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"kingsnake/internal/config"
	"kingsnake/internal/server"
	"kingsnake/internal/upkeep"
)

// unsoundError says that a site has lost something. It counts as some of several things having failed.
type unsoundError struct{ lost int }

func (e *unsoundError) Error() string {
	return fmt.Sprintf("the site is not sound: %s missing or damaged", plural(e.lost, "file"))
}

func (e *unsoundError) Unwrap() error { return &partlyError{failed: e.lost} }

// verification is the report as --json prints it.
type verification struct {
	Sound       bool     `json:"sound"`
	Repaired    bool     `json:"repaired"`
	Files       int      `json:"package_files"`
	Missing     []string `json:"missing"`
	Damaged     []string `json:"damaged"`
	Indexes     int      `json:"index_files"`
	BadIndexes  int      `json:"bad_index_files"`
	Blobs       int      `json:"blobs"`
	Orphans     int      `json:"orphans"`
	OrphanBytes int64    `json:"orphan_bytes"`
	Staged      int      `json:"staged"`
	WrongCounts int64    `json:"wrong_counts"`
	Unlearned   int64    `json:"unlearned_packages"`
}

func (a *app) verifyCommand() *cobra.Command {
	var file string
	var repair bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Read a site's files and compare them with what was uploaded",
		Long: "Read every package file and index file of a site and compare its SHA-256. This works beside a running server,\n" +
			"whose uploads under way then show as files that nothing names. With --repair, which needs the server to be\n" +
			"stopped, such files and the leftovers of broken uploads are removed, and damaged index files are built anew when\n" +
			"they are next asked for. A damaged package can only be uploaded again. The counts of channels and the words by which\n" +
			"packages are found are compared with what they are made of; they may differ where servers of two versions used one\n" +
			"database, and the server mends them in time.\n\n" +
			"The exit code is 7 when a file is missing or damaged.",
		Example: "  kingsnake verify --data ./data",
		GroupID: groupServer,
		Args:    args(cobra.NoArgs),
	}
	flags := dataFlags(cmd.Flags(), &file)
	cmd.Flags().BoolVar(&repair, "repair", false, "mend what can be mended; no server may use the site meanwhile")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := loadConfig(file, flags)
		if err != nil {
			return err
		}
		r, err := a.verify(cmd.Context(), cfg, repair)
		if err != nil {
			return fail(err, "the site could not be verified")
		}
		out := verification{
			Sound: r.Sound(), Repaired: r.Repaired, Files: r.Files, Missing: nonNil(r.Missing), Damaged: nonNil(r.Damaged), Indexes: r.Indexes,
			BadIndexes: r.BadIndexes, Blobs: r.Blobs, Orphans: r.Orphans, OrphanBytes: r.OrphanBytes, Staged: r.Staged,
			WrongCounts: r.Kept.Counts, Unlearned: r.Kept.Words,
		}
		if err := a.emit(out, func(t *table) { verifyTable(t, r) }); err != nil || out.Sound {
			return err
		}
		return &unsoundError{lost: len(r.Missing) + len(r.Damaged) + r.BadIndexes}
	}
	return cmd
}

// verify opens the site, with the lock of its folder if it is to be repaired.
func (a *app) verify(ctx context.Context, cfg config.Config, repair bool) (r upkeep.Report, rerr error) {
	if err := server.FindSite(cfg); err != nil {
		return r, err
	}
	if repair {
		lock, err := server.LockSite(cfg.DataDir)
		if err != nil {
			return r, err
		}
		defer func() { rerr = errors.Join(rerr, lock.Close()) }()
	}
	site, err := a.openSite(ctx, cfg)
	if err != nil {
		return r, err
	}
	defer func() { rerr = errors.Join(rerr, site.Store.Close()) }()
	return site.Upkeep.Verify(ctx, repair, func(done int) {
		if done%progressFiles == 0 {
			a.note("%d package files were read", done)
		}
	})
}

// progressFiles is how many files are read between two words of progress.
const progressFiles = 10_000

// openSite opens a site for a command that works on it directly.
func (a *app) openSite(ctx context.Context, cfg config.Config) (*server.Site, error) {
	return server.OpenSite(ctx, cfg, server.Options{Log: a.warnings(), Now: a.Now})
}

// warnings is a log for commands: people read it, and only when something is wrong.
func (a *app) warnings() *slog.Logger {
	return slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func verifyTable(t *table, r upkeep.Report) {
	for _, name := range r.Missing {
		t.row("MISSING", name)
	}
	for _, name := range r.Damaged {
		t.row("DAMAGED", name)
	}
	if len(r.Missing)+len(r.Damaged) > 0 {
		t.blank()
	}
	after := func(n int, todo, done string) string {
		switch {
		case n == 0:
			return ""
		case r.Repaired:
			return " (" + done + ")"
		}
		return " (" + todo + ")"
	}
	t.row("Package files", fmt.Sprintf("%d: %d missing, %d damaged", r.Files, len(r.Missing), len(r.Damaged)))
	t.row("Index files", fmt.Sprintf("%d: %d missing or damaged%s", r.Indexes, r.BadIndexes,
		after(r.BadIndexes, "--repair lets them be built anew", "to be built anew when next asked for")))
	t.row("Named by nothing", fmt.Sprintf("%s, %s%s", plural(r.Orphans, "file"), bytesText(r.OrphanBytes),
		after(r.Orphans, "the server removes them in time, --repair at once", "removed")))
	t.row("Counts of channels", fmt.Sprintf("%d channels: %d wrong%s", r.Kept.Channels, r.Kept.Counts,
		after(int(r.Kept.Counts), "the server mends them in time, --repair at once", "mended")))
	t.row("Words of packages", fmt.Sprintf("%d packages: %d that searches miss%s", r.Kept.Packages, r.Kept.Words,
		after(int(r.Kept.Words), "the server learns them in time", "the server learns them when it starts")))
	if r.Repaired {
		t.row("Broken uploads", fmt.Sprintf("%s%s", plural(r.Staged, "leftover"), after(r.Staged, "", "removed")))
	}
	verdict := "The site is sound."
	if !r.Sound() {
		verdict = "The site is not sound."
	}
	t.blank()
	t.row(verdict)
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
