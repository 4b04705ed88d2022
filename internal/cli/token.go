package cli

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) tokenCommand() *cobra.Command {
	return group(groupAccess, "token", "Create, list, change, renew and delete access tokens",
		a.tokenCreateCommand(), a.tokenListCommand(), a.tokenShowCommand(), a.tokenEditCommand(),
		a.tokenReissueCommand(), a.tokenDeleteCommand(), a.tokenInfoCommand(), a.tokenUsageCommand(), a.tokenAdviseCommand(), a.tokenScanCommand())
}

func (a *app) tokenListCommand() *cobra.Command {
	var flags listFlags
	var kind, state, user string
	cmd := &cobra.Command{
		Use:   "list [TEXT]",
		Short: "List your tokens, or those of another account",
		Args:  args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			tokens, err := gather(cmd.Context(), flags, strings.Join(given, ""), func(ctx context.Context, o client.ListOptions) (api.List[api.Token], error) {
				return c.TokensOf(user).List(ctx, client.TokenFilter{ListOptions: o, Type: api.TokenType(kind), State: api.TokenState(state)})
			})
			if err != nil {
				return fail(err, "could not list the tokens")
			}
			defer more(a, tokens)
			return a.emit(tokens, func(t *table) {
				head := []string{"NAME", "TYPE", "STATE", "GRANTS", "EXPIRES", "LAST USED", "ID"}
				if a.wide {
					head = append(head, "CREATED", "USES", "FROM", "CLIENT", "FINGERPRINT")
				}
				t.row(head...)
				for _, token := range tokens.Items {
					t.row(a.tokenCells(token)...)
				}
			})
		},
	}
	flags.add(cmd.Flags())
	cmd.Flags().StringVar(&kind, "type", "", "only resource or scope tokens")
	cmd.Flags().StringVar(&state, "state", "", "only active, expiring, expired or leaked ones")
	addUser(cmd, &user)
	return cmd
}

func (a *app) tokenCells(token api.Token) []string {
	cells := []string{
		token.Name, string(token.Type), string(token.State), a.grants(token.Resources, token.Scopes),
		a.whenOr(token.ExpiresAt, "never"), a.whenOr(token.LastUsedAt, "never"), token.ID,
	}
	if a.wide {
		cells = append(cells, a.when(token.CreatedAt), strconv.FormatInt(token.Uses, 10),
			token.LastUsedAddress, token.LastUsedClient, token.Fingerprint)
	}
	return cells
}

// grants writes what a token holds; without --wide only as much as fits a column.
func (a *app) grants(resources []api.TokenResource, scopes []string) string {
	all := slices.Clone(scopes)
	for _, r := range resources {
		all = append(all, r.ResourceID+":"+string(r.Permission))
	}
	if len(all) > 2 && !a.wide {
		return strings.Join(all[:2], ", ") + ", +" + strconv.Itoa(len(all)-2)
	}
	return strings.Join(all, ", ")
}

func (a *app) tokenShowCommand() *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use:   "show TOKEN",
		Short: "Show one of your tokens, named by its id or its name",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			token, err := findToken(cmd.Context(), c.TokensOf(user), given[0])
			if err != nil {
				return err
			}
			return a.emit(token, func(t *table) { a.tokenRows(t, token) })
		},
	}
	addUser(cmd, &user)
	return cmd
}

// grantRows tells what a token holds.
func grantRows(t *table, resources []api.TokenResource, scopes []string) {
	for _, r := range resources {
		t.row("Grant", string(r.Permission)+" on "+string(r.ResourceType)+" "+r.ResourceID)
	}
	for _, s := range scopes {
		t.row("Scope", s)
	}
}

func (a *app) tokenRows(t *table, token api.Token) {
	t.row("Name", token.Name)
	t.row("Description", token.Description)
	t.row("ID", token.ID)
	t.row("Type", string(token.Type))
	t.row("State", string(token.State))
	t.row("Owner", token.Owner)
	a.leakRow(t, token.Leak)
	grantRows(t, token.Resources, token.Scopes)
	limitRows(t, token.Restrictions)
	t.row("Created", a.when(token.CreatedAt))
	t.row("Expires", a.whenOr(token.ExpiresAt, "never"))
	for _, s := range token.Secrets {
		label := "Old string"
		if s.Current {
			label = "String"
		}
		text := s.Fingerprint + ", " + plural(s.Uses, "use")
		if s.Refusals > 0 {
			text += ", " + plural(s.Refusals, "refusal")
		}
		text += ", last used " + a.whenOr(s.LastUsedAt, "never")
		if s.LastUsedAddress != "" {
			text += " from " + s.LastUsedAddress + " by " + s.LastUsedClient
		}
		if s.RetiresAt != nil {
			text += "; ends " + a.when(*s.RetiresAt)
		}
		t.row(label, text)
	}
}

// findToken looks for one of an account's tokens by id, and else by a name that only one living token has.
func findToken(ctx context.Context, tokens client.UserTokens, ref string) (api.Token, error) {
	token, err := tokens.Get(ctx, ref)
	if !slices.Contains([]int{http.StatusNotFound, http.StatusUnprocessableEntity}, client.StatusOf(err)) {
		return token, fail(err, "could not read the token %s", ref)
	}
	named := []api.Token{}
	list := func(ctx context.Context, o client.ListOptions) (api.List[api.Token], error) {
		return tokens.List(ctx, client.TokenFilter{ListOptions: o})
	}
	for token, listErr := range client.All(ctx, client.ListOptions{Query: ref}, list) {
		if listErr != nil {
			return api.Token{}, fail(listErr, "could not look for the token %s", ref)
		}
		if token.Name == ref && token.State != api.TokenStateRevoked {
			named = append(named, token)
		}
	}
	switch len(named) {
	case 0:
		return api.Token{}, &failure{what: "there is no token " + ref, err: err, next: "see yours: kingsnake token list"}
	case 1:
		return named[0], nil
	}
	return api.Token{}, usagef("%d tokens have the name %s: name one by its id (kingsnake token list)", len(named), ref)
}

func (a *app) tokenDeleteCommand() *cobra.Command {
	var yes bool
	var user string
	cmd := &cobra.Command{
		Use:     "delete TOKEN...",
		Aliases: []string{"revoke"},
		Short:   "End tokens at once",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			var tokens []api.Token
			for _, ref := range given {
				token, err := findToken(cmd.Context(), c.TokensOf(user), ref)
				if err != nil {
					return err
				}
				tokens = append(tokens, token)
				a.note("  %s  %s, last used %s", token.ID, token.Name, a.whenOr(token.LastUsedAt, "never"))
			}
			if err := a.confirm(yes, "Delete %s? What uses them stops working at once.", plural(len(tokens), "token")); err != nil {
				return err
			}
			for _, token := range tokens {
				if err := c.TokensOf(user).Delete(cmd.Context(), token.ID); err != nil {
					return fail(err, "could not delete the token %s", token.Name)
				}
			}
			a.note("Deleted %s.", plural(len(tokens), "token"))
			return nil
		},
	}
	addYes(cmd, &yes)
	addUser(cmd, &user)
	return cmd
}

func (a *app) tokenInfoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "info",
		Short: "Say what the token is that you use (KINGSNAKE_TOKEN or login --token-stdin)",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			if c.login.Token == "" {
				return usagef("you use a session and no token; set KINGSNAKE_TOKEN or use kingsnake login --token-stdin")
			}
			info, err := c.TokenInfo(cmd.Context())
			if err != nil {
				return fail(err, "could not read what the token is")
			}
			return a.emit(info, func(t *table) {
				t.row("Name", info.Name)
				t.row("ID", info.ID)
				t.row("Type", string(info.Type))
				t.row("State", string(info.State))
				t.row("Owner", info.Owner)
				a.leakRow(t, info.Leak)
				grantRows(t, info.Resources, info.Scopes)
				limitRows(t, info.Restrictions)
				t.row("Expires", a.whenOr(info.ExpiresAt, "never"))
				if info.RetiresAt != nil {
					t.row("String ends", a.when(*info.RetiresAt)+"; a newer one was issued")
				}
				if info.DaysLeft != nil {
					t.row("Days left", strconv.Itoa(*info.DaysLeft))
				}
				if info.Warning != "" {
					t.row("Warning", info.Warning)
				}
			})
		},
	}
}
