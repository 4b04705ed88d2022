// Command kingsnake is a server for conda packages and its command line.
package main

import (
	"context"
	"os"

	"kingsnake/internal/cli"
)

func main() {
	os.Exit(cli.Main(context.Background(), cli.Deps{}, os.Args[1:]))
}
