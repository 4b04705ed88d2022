// Command kingsnake is a server for conda packages and its command line.
package main

import (
	"context"
	"log/slog"
	"os"

	"kingsnake/internal/cli"
	"kingsnake/internal/config"
	"kingsnake/internal/server"
)

func main() {
	deps := cli.Deps{Serve: func(ctx context.Context, cfg config.Config, log *slog.Logger) error {
		return server.Run(ctx, cfg, log, os.Stdout)
	}}
	os.Exit(cli.Main(context.Background(), deps, os.Args[1:]))
}
