// Package cli is the command line of Kingsnake: the client commands, which talk to a server through package client, and
// the commands that start a server. A command reads its flags, makes one or a few calls and prints the answer.
//
// Standard output carries data only: a table for people or, with --json, the objects of package api as they are on the
// wire. Everything else goes to standard error. The exit codes are listed in exit.go.
//
// Out of scope: what the server does, and what the REST API means.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"kingsnake/internal/config"
)

// Deps is what the commands need from the outside. The zero value works, with the process's standard streams and
// without the serve command.
type Deps struct {
	// Serve runs a server until the context ends.
	Serve func(ctx context.Context, cfg config.Config, log *slog.Logger) error

	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Now            func() time.Time
}

// app is what all commands share: the outside and the global flags.
type app struct {
	Deps
	url, caFile         string
	json, wide, verbose bool
}

// New makes the root command.
func New(deps Deps) *cobra.Command {
	return newApp(deps).root()
}

// Main runs the command that args name, prints its error, and answers the exit code. The first interrupt or termination
// signal ends the command's context, a second one the process.
func Main(ctx context.Context, deps Deps, args []string) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	a := newApp(deps)
	root := a.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil {
		a.printError(cmd, err)
	}
	return exitCode(err)
}

func newApp(deps Deps) *app {
	if deps.Stdin == nil {
		deps.Stdin = os.Stdin
	}
	if deps.Stdout == nil {
		deps.Stdout = os.Stdout
	}
	if deps.Stderr == nil {
		deps.Stderr = os.Stderr
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	return &app{Deps: deps}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "kingsnake",
		Short: "A server for conda packages, and its command line",
		Long: "A server for conda packages, and its command line.\n\n" +
			"Start with \"kingsnake serve\" for a server, or \"kingsnake login URL\" to use one.",
		Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			// Cobra would check this a moment later, and its error would not tell that it is one of usage.
			if err := errors.Join(cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups()); err != nil {
				return usageError{err}
			}
			return nil
		},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(a.Stdin)
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	f := root.PersistentFlags()
	f.StringVar(&a.url, "url", "", "address of the server (KINGSNAKE_URL; else where you logged in last)")
	f.StringVar(&a.caFile, "ca-file", "", "PEM file of certificates to trust besides the system's (KINGSNAKE_CA_FILE)")
	f.BoolVar(&a.json, "json", false, "print the server's answer as JSON")
	f.BoolVar(&a.wide, "wide", false, "print all columns and exact times")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "say on standard error what is asked of the server")
	root.AddGroup(
		&cobra.Group{ID: groupServer, Title: "Run a server:"},
		&cobra.Group{ID: groupAccount, Title: "Your account:"},
		&cobra.Group{ID: groupPackages, Title: "Channels and packages:"},
		&cobra.Group{ID: groupAccess, Title: "Who may do what:"},
	)
	if a.Serve != nil {
		root.AddCommand(a.serveCommand())
	}
	root.AddCommand(a.auditCommand())
	root.AddCommand(
		a.configCommand(), a.versionCommand(), a.verifyCommand(), a.backupCommand(), a.restoreCommand(), a.migrateStoreCommand(), a.doctorCommand(), a.adminCommand(), a.systemCommand(),
		a.loginCommand(), a.logoutCommand(), a.whoamiCommand(), a.condaCommand(),
		a.channelCommand(), a.uploadCommand(), a.downloadCommand(), a.removeCommand(), a.copyCommand(), a.moveCommand(), a.jobCommand(), a.packageCommand(), a.labelCommand(), a.searchCommand(),
		a.tokenCommand(), a.scopesCommand(), a.accessCommand(), a.trustCommand(), a.userCommand(), a.roleCommand(), a.groupCommand(), a.serviceAccountCommand(),
		exitCodesTopic(), environmentTopic(),
	)
	root.AddCommand(a.accountCommand(), a.settingsCommand(), a.noticeCommand())
	return root
}

// The groups of commands in the root's help.
const (
	groupServer   = "server"
	groupAccount  = "account"
	groupPackages = "packages"
	groupAccess   = "access"
)

// group makes a command that only has others below it.
func group(id, use, short string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, GroupID: id,
		Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(below...)
	return cmd
}

// onlyCommands refuses an argument that is no command, and says which one may have been meant.
func onlyCommands(cmd *cobra.Command, given []string) error {
	if len(given) == 0 {
		return nil
	}
	hint := ""
	cmd.SuggestionsMinimumDistance = 2
	if similar := cmd.SuggestionsFor(given[0]); len(similar) > 0 {
		hint = fmt.Sprintf("; did you mean %q?", similar[0])
	}
	return usagef("there is no command %q%s", cmd.CommandPath()+" "+given[0], hint)
}

// args marks the error of a check of positional arguments as one of usage.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return usageError{err}
		}
		return nil
	}
}
