package cli

import "github.com/spf13/cobra"

// exitCodesTopic is what "kingsnake help exit-codes" prints.
func exitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Long: `Scripts can rely on these exit codes.

  0    It worked.
  1    It failed for another reason than those below; of token scan, that it found something.
  2    The command line makes no sense, or a question could not be asked without a terminal.
  3    You are not logged in, or the server does not accept the session or token (401).
  4    The session or token lacks a right (403).
  5    The thing does not exist, or you may not see it (404).
  6    The name is taken, or another file of the same name is there (409).
  7    Some of several things failed; each failure was printed.
  130  The command was interrupted.`,
	}
}

// environmentTopic is what "kingsnake help environment" prints.
func environmentTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "environment",
		Short: "The variables and files that are read",
		Long: `The commands that talk to a server read these variables.

  KINGSNAKE_URL      Address of the server; --url wins over it, and it wins over the last login.
  KINGSNAKE_TOKEN    Access token to use in place of any login.
  KINGSNAKE_CA_FILE  PEM file of certificates to trust besides the system's.
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY
                     Proxy to go through.
  NO_COLOR           No colours if it is not empty.

Logins are kept in kingsnake/credentials.json in the directory that XDG_CONFIG_HOME names, else in the
configuration directory that is usual on your system. Only you can read the file.

The commands that run a server read KINGSNAKE_CONFIG and a variable for each setting, such as
KINGSNAKE_DATA_DIR for data_dir; "kingsnake config show" lists all settings.`,
	}
}
