package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) roleCommand() *cobra.Command {
	return group(groupAccess, "role", "Roles: what they allow, and who has them",
		a.roleListCommand(), a.roleShowCommand(), a.roleUsersCommand(), a.roleCreateCommand(), a.roleEditCommand(), a.roleDeleteCommand(),
		a.roleAssignCommand())
}

func (a *app) roleListCommand() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the roles and the level that each gives by category",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			roles, err := gather(cmd.Context(), flags, "", c.Roles)
			if err != nil {
				return fail(err, "could not list the roles")
			}
			defer more(a, roles)
			return a.emit(roles, func(t *table) {
				t.row("ROLE", "LEVEL", "CATEGORIES")
				for _, role := range roles.Items {
					roleRows(t, role)
				}
			})
		},
	}
	flags.add(cmd.Flags())
	return cmd
}

// roleRows prints a line for each level, the highest first.
func roleRows(t *table, role api.Role) {
	name := role.Name
	for _, level := range []api.Level{api.LevelManage, api.LevelWrite, api.LevelRead} {
		var categories []string
		for category, l := range role.Permissions {
			if l != nil && *l == level {
				categories = append(categories, category)
			}
		}
		if len(categories) > 0 {
			slices.Sort(categories)
			t.row(name, string(level), strings.Join(categories, ", "))
			name = ""
		}
	}
	if name != "" {
		t.row(name, "none")
	}
}

// withRole does something about a role and prints what became of it.
func (a *app) withRole(name string, do func(*client.Client) (api.Role, error)) error {
	c, err := a.connectAs()
	if err != nil {
		return err
	}
	role, err := do(c.Client)
	if err != nil {
		return fail(err, "could not do this with the role %s", name)
	}
	return a.emit(role, func(t *table) {
		t.row("ROLE", "LEVEL", "CATEGORIES")
		roleRows(t, role)
	})
}

func (a *app) roleShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show ROLE",
		Short: "Show a role",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.withRole(given[0], func(c *client.Client) (api.Role, error) { return c.Role(cmd.Context(), given[0]) })
		},
	}
}

func (a *app) roleUsersCommand() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use:   "users ROLE",
		Short: "List the users who have a role",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			users, err := gather(cmd.Context(), flags, "", func(ctx context.Context, o client.ListOptions) (api.List[api.UserRef], error) {
				return c.RoleUsers(ctx, given[0], o)
			})
			if err != nil {
				return fail(err, "could not list the users with the role %s", given[0])
			}
			defer more(a, users)
			return a.emit(users, func(t *table) {
				t.row("NAME", "ID")
				for _, u := range users.Items {
					t.row(u.Username, u.ID)
				}
			})
		},
	}
	flags.add(cmd.Flags())
	return cmd
}

// levelFlags are levels by category as flags give them.
type levelFlags map[string]string

func (l *levelFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringToStringVar((*map[string]string)(l), "level", nil, "CATEGORY=LEVEL, such as cve=read; may be repeated; none takes a level away")
}

// apply sets the levels in a role's permissions.
func (l *levelFlags) apply(permissions map[string]*api.Level) {
	for category, level := range *l {
		permissions[category] = new(api.Level(level))
	}
}

func (a *app) roleCreateCommand() *cobra.Command {
	var levels levelFlags
	cmd := &cobra.Command{
		Use:     "create ROLE",
		Short:   "Create a role",
		Example: "  kingsnake role create analyst --level cve=manage --level audit-logs=read",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			in := api.Role{Name: given[0], Permissions: map[string]*api.Level{}}
			levels.apply(in.Permissions)
			return a.withRole(given[0], func(c *client.Client) (api.Role, error) { return c.CreateRole(cmd.Context(), in) })
		},
	}
	levels.add(cmd)
	return cmd
}

func (a *app) roleEditCommand() *cobra.Command {
	var levels levelFlags
	var name string
	cmd := &cobra.Command{
		Use:     "edit ROLE",
		Short:   "Change some levels of a role, or its name; it takes effect at once",
		Example: "  kingsnake role edit author --level cve=none",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.withRole(given[0], func(c *client.Client) (api.Role, error) {
				role, err := c.Role(cmd.Context(), given[0])
				if err != nil {
					return role, err
				}
				levels.apply(role.Permissions)
				if name != "" {
					role.Name = name
				}
				return c.UpdateRole(cmd.Context(), role.ID, role)
			})
		},
	}
	levels.add(cmd)
	cmd.Flags().StringVar(&name, "name", "", "the role's new name")
	cmd.MarkFlagsOneRequired("level", "name")
	return cmd
}

func (a *app) roleDeleteCommand() *cobra.Command {
	var yes, force bool
	cmd := &cobra.Command{
		Use:   "delete ROLE",
		Short: "Delete a role that nobody has, or with --force take it from everybody",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			if err := a.confirm(yes, "Delete the role %s?", given[0]); err != nil {
				return err
			}
			if err := c.DeleteRole(cmd.Context(), given[0], force); err != nil {
				return fail(err, "could not delete the role %s", given[0])
			}
			a.note("Deleted the role %s.", given[0])
			return nil
		},
	}
	addYes(cmd, &yes)
	cmd.Flags().BoolVar(&force, "force", false, "also where somebody has it")
	return cmd
}

func (a *app) roleAssignCommand() *cobra.Command {
	var take bool
	cmd := &cobra.Command{
		Use:     "assign ROLE USER...",
		Short:   "Give a role to users, or take it from them",
		Example: "  kingsnake role assign analyst ada bob\n  kingsnake role assign analyst bob --take",
		Args:    args(cobra.MinimumNArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			change, done := c.GiveRole, "%s has the role %s now."
			if take {
				change, done = c.TakeRole, "%s does not have the role %s any more."
			}
			for _, user := range given[1:] {
				if err := change(cmd.Context(), given[0], user); err != nil {
					return fail(err, "could not change the roles of %s", user)
				}
				a.note(done, user, given[0])
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&take, "take", false, "take the role away")
	return cmd
}
