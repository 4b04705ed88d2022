// Command kingsnake is a server for conda packages and its command line.
package main

import (
	"context"
	"log/slog"
	"os"

	"kingsnake/internal/cli"
	"kingsnake/internal/config"
	"kingsnake/internal/identity/apart"
	"kingsnake/internal/server"
)

func main() {
	if apart.Called(os.Args) {
		os.Exit(apart.Main(os.Stdin, os.Stdout, os.Stderr))
	}
	deps := cli.Deps{Serve: func(ctx context.Context, cfg config.Config, log *slog.Logger) error {
		return server.Run(ctx, cfg, server.Options{Log: log, Hash: apart.New(log).Key}, os.Stdout)
	}}
	os.Exit(cli.Main(context.Background(), deps, os.Args[1:]))
}
