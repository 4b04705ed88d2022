package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
)

func (a *app) scopesCommand() *cobra.Command {
	var mine bool
	cmd := &cobra.Command{
		Use:     "scopes",
		Short:   "List the scopes that a token can hold",
		GroupID: groupAccess,
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			scopes, err := c.ScopeDetails(cmd.Context())
			if err != nil {
				return fail(err, "could not list the scopes")
			}
			if mine {
				grantable, err := c.GrantableScopes(cmd.Context())
				if err != nil {
					return fail(err, "could not list the scopes that you may grant")
				}
				scopes = slices.DeleteFunc(scopes, func(s api.ScopeDetail) bool { return !slices.Contains(grantable, s.Scope) })
			}
			return a.emit(scopes, func(t *table) {
				t.row("SCOPE", "LEVEL", "ON", "LETS THE HOLDER")
				for _, s := range scopes {
					t.row(s.Scope, string(s.Level), s.On, s.Description)
				}
			})
		},
	}
	cmd.Flags().BoolVar(&mine, "mine", false, "only those that you may grant")
	return cmd
}

func (a *app) accessCommand() *cobra.Command {
	return group(groupAccess, "access", "Questions about who may do what", a.accessExplainCommand())
}

// errDenied is the outcome of access explain --exit-code.
var errDenied = errors.New("not allowed")

func (a *app) accessExplainCommand() *cobra.Command {
	var in api.ExplainRequest
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "explain ACTION [CHANNEL]",
		Short: "Say whether an action is allowed, and why or why not",
		Long: "Say whether you, another user or a token may take an action, gate by gate. ACTION is a scope (see kingsnake\n" +
			"scopes); CHANNEL is left out for actions on the whole site.",
		Example: "  kingsnake access explain artifact:create team --user ada",
		Args:    args(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			in.Action, in.Channel = given[0], strings.Join(given[1:], "")
			answer, err := c.Explain(cmd.Context(), in)
			if err != nil {
				return fail(err, "could not explain %s", in.Action)
			}
			if err := a.emit(answer, func(t *table) { explanationRows(t, answer) }); err != nil {
				return err
			}
			if exitCode && !answer.Allowed {
				return errDenied
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&in.User, "user", "", "ask about this user")
	cmd.Flags().StringVar(&in.TokenID, "token-id", "", "ask about this token; the id, not the string")
	cmd.Flags().StringVar(&in.Package, "package", "", "ask about one package of the channel")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 4 when the action is not allowed")
	cmd.MarkFlagsMutuallyExclusive("user", "token-id")
	return cmd
}

func explanationRows(t *table, e api.Explanation) {
	verdict := "NOT ALLOWED"
	if e.Allowed {
		verdict = "ALLOWED"
	}
	t.row(verdict + ": " + e.Action + " on " + e.Resource + " as " + e.As)
	if len(e.Gates) > 0 {
		t.blank()
		t.row("GATE", "PASSED", "ASKED", "HELD", "BECAUSE")
	}
	for _, g := range e.Gates {
		t.row(g.Gate, yesNo(g.Passed), g.Asked, g.Held, g.Reason)
	}
	if e.Advice != "" {
		t.blank()
		t.row(e.Advice)
	}
}
