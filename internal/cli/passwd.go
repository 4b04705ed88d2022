package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"kingsnake/client"
)

// errNoUser is what a name finds that nobody has.
var errNoUser = errors.New("no user has this name")

func (a *app) userPasswdCommand() *cobra.Command {
	var generate, passwordStdin bool
	cmd := &cobra.Command{
		Use:   "passwd [NAME]",
		Short: "Change your own password, or set another user's (administrators)",
		Long: "Change your own password, which ends your other sessions, or set another user's. With --password-stdin, your own\n" +
			"password takes two lines of standard input: the old one and the new one.",
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			if len(given) == 0 {
				if generate {
					return usagef("--generate is for the password of another user")
				}
				return a.ownPassword(cmd, c.Client, passwordStdin)
			}
			user, err := findUser(cmd.Context(), c.Client, given[0])
			if err != nil {
				return err
			}
			password := ""
			if !generate {
				if password, err = a.newPassword(passwordStdin); err != nil {
					return err
				}
			}
			result, err := c.ResetPassword(cmd.Context(), user.ID, password)
			if err != nil {
				return fail(err, "could not set the password of %s", user.Username)
			}
			a.note("Set the password of %s.", user.Username)
			if a.json {
				return a.emit(result, nil)
			}
			return a.printPassword(result.Password)
		},
	}
	cmd.Flags().BoolVar(&generate, "generate", false, "let the server make one up and print it")
	cmd.Flags().BoolVar(&passwordStdin, "password-stdin", false, "read from standard input")
	cmd.MarkFlagsMutuallyExclusive("generate", "password-stdin")
	return cmd
}

func (a *app) ownPassword(cmd *cobra.Command, c *client.Client, fromStdin bool) error {
	var current, next string
	var err error
	if fromStdin {
		current, next, err = a.twoLines()
	} else if current, err = a.secret(false, "Current password", "--password-stdin"); err == nil {
		next, err = a.newPassword(false)
	}
	if err != nil {
		return err
	}
	if err := c.ChangePassword(cmd.Context(), current, next); err != nil {
		return fail(err, "could not change your password")
	}
	a.note("Changed your password.")
	return nil
}

// newPassword asks twice at a terminal, because nobody sees what is typed.
func (a *app) newPassword(fromStdin bool) (string, error) {
	password, err := a.secret(fromStdin, "New password", "--password-stdin")
	if err != nil || fromStdin {
		return password, err
	}
	again, err := a.secret(false, "New password again", "--password-stdin")
	if err != nil {
		return "", err
	}
	if password != again {
		return "", errors.New("the two passwords differ; nothing was changed")
	}
	return password, nil
}
