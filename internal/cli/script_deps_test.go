package cli

import (
	"context"
	"log/slog"
	"os"

	"kingsnake/internal/config"
	"kingsnake/internal/server"
)

// scriptDeps is what the program in the scripts is made of.
func scriptDeps() Deps {
	return Deps{Serve: func(ctx context.Context, cfg config.Config, log *slog.Logger) error {
		return server.Run(ctx, cfg, server.Options{Log: log}, os.Stdout)
	}}
}
