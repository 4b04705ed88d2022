package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) userCommand() *cobra.Command {
	return group(groupAccess, "user", "Manage users (administrators), and your own password",
		a.userCreateCommand(), a.userListCommand(), a.userShowCommand(),
		a.userSwitchCommand("disable", "Keep a user from signing in and refuse the user's tokens", true),
		a.userSwitchCommand("enable", "Let a disabled user in again", false),
		a.userOwningsCommand(), a.userHandOverCommand(), a.userDeleteCommand(), a.userPasswdCommand(), a.userRolesCommand())
}

func (a *app) userCreateCommand() *cobra.Command {
	var in api.UserCreate
	var passwordStdin bool
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a user; without --password-stdin the server makes up a password and it is printed",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			in.Username = given[0]
			if passwordStdin {
				if in.Password, err = a.secret(true, "Password", "--password-stdin"); err != nil {
					return err
				}
			}
			user, err := c.CreateUser(cmd.Context(), in)
			if err != nil {
				return fail(err, "could not create the user %s", in.Username)
			}
			a.note("Created the user %s.", user.Username)
			if a.json {
				return a.emit(user, nil)
			}
			return a.printPassword(user.Password)
		},
	}
	cmd.Flags().StringVar(&in.Email, "email", "", "e-mail address")
	cmd.Flags().StringArrayVar(&in.Roles, "role", nil, "role to give; may be repeated")
	cmd.Flags().BoolVar(&passwordStdin, "password-stdin", false, "read the password from standard input")
	return cmd
}

// printPassword prints a password that the server made up, and nothing if it did not.
func (a *app) printPassword(password string) error {
	if password == "" {
		return nil
	}
	a.note("The password is shown only this once:")
	_, err := fmt.Fprintln(a.Stdout, password)
	return err
}

func (a *app) userListCommand() *cobra.Command {
	var filter client.UserFilter
	var disabled bool
	cmd := &cobra.Command{
		Use:   "list [TEXT]",
		Short: "List users",
		Args:  args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			filter.Query = strings.Join(given, "")
			if cmd.Flags().Changed("disabled") {
				filter.Disabled = &disabled
			}
			users, err := allUsers(cmd.Context(), c.Client, filter)
			if err != nil {
				return fail(err, "could not list the users")
			}
			return a.emit(users, func(t *table) {
				t.row("NAME", "ROLES", "STATE", "LAST LOGIN", "CREATED", "E-MAIL", "ID")
				for _, u := range users {
					t.row(u.Username, strings.Join(u.Roles, ","), userState(u), a.whenOr(u.LastLoginAt, "never"), a.when(u.CreatedAt), u.Email, u.ID)
				}
			})
		},
	}
	cmd.Flags().StringVar(&filter.Role, "role", "", "only those who have this role")
	cmd.Flags().BoolVar(&disabled, "disabled", false, "only disabled users; with =false only the others")
	return cmd
}

// allUsers reads every page. The answer is a plain array, so the end is a page that is not full.
func allUsers(ctx context.Context, c *client.Client, filter client.UserFilter) ([]api.User, error) {
	const page = 100
	filter.Limit = page
	users := []api.User{}
	for {
		filter.Offset = len(users)
		got, err := c.Users(ctx, filter)
		if err != nil {
			return nil, err
		}
		users = append(users, got...)
		if len(got) < page {
			return users, nil
		}
	}
}

func userState(u api.User) string {
	if u.Disabled {
		return "disabled"
	}
	return "active"
}

// findUser looks a user up by name.
func findUser(ctx context.Context, c *client.Client, name string) (api.User, error) {
	users, err := allUsers(ctx, c, client.UserFilter{ListOptions: client.ListOptions{Query: name}})
	if err != nil {
		return api.User{}, fail(err, "could not look for the user %s", name)
	}
	for _, u := range users {
		if u.Username == name || u.ID == name {
			return u, nil
		}
	}
	return api.User{}, &failure{what: "there is no user " + name, err: errNoUser, next: "see all: kingsnake user list"}
}

func (a *app) userShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show a user",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.withUser(cmd.Context(), given[0], func(c *client.Client, found api.User) (api.User, error) {
				return c.User(cmd.Context(), found.ID)
			})
		},
	}
}

// withUser finds a user, does something with it, and prints what became of it.
func (a *app) withUser(ctx context.Context, name string, do func(*client.Client, api.User) (api.User, error)) error {
	c, err := a.connectAs()
	if err != nil {
		return err
	}
	user, err := findUser(ctx, c.Client, name)
	if err != nil {
		return err
	}
	if user, err = do(c.Client, user); err != nil {
		return fail(err, "could not do this with the user %s", name)
	}
	return a.emit(user, func(t *table) {
		t.row("Name", user.Username)
		t.row("State", userState(user))
		t.row("Roles", strings.Join(user.Roles, ", "))
		t.row("E-mail", user.Email)
		t.row("Created", a.when(user.CreatedAt))
		t.row("Last login", a.whenOr(user.LastLoginAt, "never"))
		t.row("ID", user.ID)
	})
}

func (a *app) userSwitchCommand(use, short string, disabled bool) *cobra.Command {
	return &cobra.Command{
		Use:   use + " NAME",
		Short: short,
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.withUser(cmd.Context(), given[0], func(c *client.Client, u api.User) (api.User, error) {
				return c.UpdateUser(cmd.Context(), u.ID, api.UserUpdate{Disabled: &disabled})
			})
		},
	}
}

func (a *app) userDeleteCommand() *cobra.Command {
	var yes, force bool
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a user with the user's sessions and tokens",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			user, err := findUser(cmd.Context(), c.Client, given[0])
			if err != nil {
				return err
			}
			if err := a.confirm(yes, "Delete the user %s with all sessions and tokens?", user.Username); err != nil {
				return err
			}
			if err := c.DeleteUser(cmd.Context(), user.ID, force); err != nil {
				return fail(err, "could not delete the user %s", user.Username)
			}
			a.note("Deleted the user %s.", user.Username)
			return nil
		},
	}
	addYes(cmd, &yes)
	cmd.Flags().BoolVar(&force, "force", false, "also the only owner of a channel, which is left to administrators")
	return cmd
}

func (a *app) userRolesCommand() *cobra.Command {
	var set, add, remove []string
	cmd := &cobra.Command{
		Use:     "roles NAME",
		Short:   "Set, give or take roles",
		Example: "  kingsnake user roles ada --add admin",
		Args:    args(cobra.ExactArgs(1)),
	}
	cmd.Flags().StringSliceVar(&set, "set", nil, "exactly these roles, separated by commas")
	cmd.Flags().StringSliceVar(&add, "add", nil, "roles to give")
	cmd.Flags().StringSliceVar(&remove, "remove", nil, "roles to take")
	cmd.MarkFlagsMutuallyExclusive("set", "add")
	cmd.MarkFlagsMutuallyExclusive("set", "remove")
	cmd.MarkFlagsOneRequired("set", "add", "remove")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		return a.withUser(cmd.Context(), given[0], func(c *client.Client, found api.User) (api.User, error) {
			roles := set
			if !cmd.Flags().Changed("set") {
				// The list may leave the roles out, so that they are read from the user itself.
				user, err := c.User(cmd.Context(), found.ID)
				if err != nil {
					return user, err
				}
				roles = slices.DeleteFunc(append(user.Roles, add...), func(r string) bool { return slices.Contains(remove, r) })
				slices.Sort(roles)
				roles = slices.Compact(roles)
			}
			return c.SetRoles(cmd.Context(), found.ID, roles)
		})
	}
	return cmd
}
