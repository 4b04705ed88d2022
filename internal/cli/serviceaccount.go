package cli

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/config"
)

func (a *app) serviceAccountCommand() *cobra.Command {
	return group(groupAccess, "service-account", "Accounts of channels, whose tokens outlive people",
		a.serviceCreateCommand(), a.serviceShowCommand(), a.serviceDeleteCommand(), a.serviceTokensCommand(),
		a.serviceTokenCreateCommand(), a.serviceTokenReissueCommand(), a.serviceTokenDeleteCommand(),
		a.serviceTokenUsageCommand(), a.serviceTokenAdviseCommand())
}

// serviceAccount finds the account of a channel.
func serviceAccount(ctx context.Context, c *client.Client, channel string) (api.ServiceAccount, error) {
	accounts, err := c.ServiceAccounts(ctx, channel)
	if err != nil {
		return api.ServiceAccount{}, fail(err, "could not read the service account of %s", channel)
	}
	if len(accounts.Items) == 0 {
		return api.ServiceAccount{}, &failure{
			what: "the channel " + channel + " has no service account", err: &client.Error{Status: http.StatusNotFound},
			next: "make it: kingsnake service-account create " + channel,
		}
	}
	return accounts.Items[0], nil
}

// onService connects and finds the account of a channel.
func (a *app) onService(ctx context.Context, channel string) (*connection, api.ServiceAccount, error) {
	c, err := a.connectAs()
	if err != nil {
		return nil, api.ServiceAccount{}, err
	}
	account, err := serviceAccount(ctx, c.Client, channel)
	return c, account, err
}

func (a *app) serviceCreateCommand() *cobra.Command {
	var in api.ServiceAccountCreate
	cmd := &cobra.Command{
		Use:   "create CHANNEL",
		Short: "Make the service account of a channel",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			account, err := c.CreateServiceAccount(cmd.Context(), given[0], in)
			if err != nil {
				return fail(err, "could not make the service account of %s", given[0])
			}
			return a.printService(account)
		},
	}
	cmd.Flags().StringVar(&in.Description, "description", "", "what the account is for")
	return cmd
}

func (a *app) printService(account api.ServiceAccount) error {
	return a.emit(account, func(t *table) {
		t.row("Name", account.Name)
		t.row("Description", account.Description)
		t.row("Channel", account.Channel)
		t.row("Tokens", strconv.FormatInt(account.TokensCount, 10))
		t.row("Created", a.when(account.CreatedAt)+" by "+account.CreatedBy)
		t.row("ID", account.ID)
	})
}

func (a *app) serviceShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show CHANNEL",
		Short: "Show the service account of a channel",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			_, account, err := a.onService(cmd.Context(), given[0])
			if err != nil {
				return err
			}
			return a.printService(account)
		},
	}
}

func (a *app) serviceDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete CHANNEL",
		Short: "Delete the service account of a channel with its tokens",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, account, err := a.onService(cmd.Context(), given[0])
			if err != nil {
				return err
			}
			if err := a.confirm(yes, "Delete %s with %s? What uses them stops working at once.", account.Name, plural(account.TokensCount, "token")); err != nil {
				return err
			}
			if err := c.DeleteServiceAccount(cmd.Context(), given[0], account.ID); err != nil {
				return fail(err, "could not delete %s", account.Name)
			}
			a.note("Deleted %s.", account.Name)
			return nil
		},
	}
	addYes(cmd, &yes)
	return cmd
}

func (a *app) serviceTokensCommand() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use:   "tokens CHANNEL",
		Short: "List the tokens of a channel's service account",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, account, err := a.onService(cmd.Context(), given[0])
			if err != nil {
				return err
			}
			tokens, err := gather(cmd.Context(), flags, "", func(ctx context.Context, o client.ListOptions) (api.List[api.Token], error) {
				return c.ServiceTokens(ctx, given[0], account.ID, o)
			})
			if err != nil {
				return fail(err, "could not list the tokens of %s", account.Name)
			}
			defer more(a, tokens)
			return a.emit(tokens, func(t *table) {
				t.row("NAME", "STATE", "GRANTS", "EXPIRES", "LAST USED", "ID")
				for _, token := range tokens.Items {
					t.row(token.Name, string(token.State), a.grants(token.Resources, nil), a.whenOr(token.ExpiresAt, "never"), a.whenOr(token.LastUsedAt, "never"), token.ID)
				}
			})
		},
	}
	flags.add(cmd.Flags())
	return cmd
}

func (a *app) serviceTokenCreateCommand() *cobra.Command {
	var in api.TokenCreate
	var resources []string
	var expires string
	var quiet bool
	cmd := &cobra.Command{
		Use:   "token-create CHANNEL",
		Short: "Make a token of a channel's service account and print its string, which is shown only this once",
		Long: "Make a token of a channel's service account and print its string on standard output. It is shown only this once.\n\n" +
			"You need manage on the channel and, now, every right that the token carries; afterwards it works without you.",
		Example: "  kingsnake service-account token-create team --name ci --resource team:write --quiet > token.txt",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if in.Name == "" {
				return usagef("--name is missing")
			}
			if len(resources) == 0 {
				resources = []string{given[0] + ":read"}
			}
			var err error
			if in.Resources, err = parseResources(resources); err != nil {
				return err
			}
			if in.ExpiresAt, err = parseExpires(expires, a.Now()); err != nil {
				return err
			}
			c, account, err := a.onService(cmd.Context(), given[0])
			if err != nil {
				return err
			}
			token, err := c.CreateServiceToken(cmd.Context(), given[0], account.ID, in)
			if err != nil {
				return fail(err, "could not make the token %s", in.Name)
			}
			if a.json {
				return a.emit(token, nil)
			}
			return a.printSecret(c, token.Secret, token.Token, quiet)
		},
	}
	f := cmd.Flags()
	f.StringVar(&in.Name, "name", "", "name of the token")
	f.StringVar(&in.Description, "description", "", "what the token is for")
	f.StringVar(&expires, "expires", "", "end: 30d, 2027-01-31 or an RFC 3339 time (default: in 30 days)")
	f.StringArrayVar(&resources, "resource", nil, "channel:level to hold; may be repeated (default: read on the channel)")
	f.BoolVarP(&quiet, "quiet", "q", false, "print the string and nothing else")
	return cmd
}

// serviceToken finds a token of an account by id, and else by a name that only one has.
func serviceToken(ctx context.Context, c *client.Client, channel, account, ref string) (api.Token, error) {
	var named []api.Token
	list := func(ctx context.Context, o client.ListOptions) (api.List[api.Token], error) {
		return c.ServiceTokens(ctx, channel, account, o)
	}
	for token, err := range client.All(ctx, client.ListOptions{}, list) {
		switch {
		case err != nil:
			return api.Token{}, fail(err, "could not look for the token %s", ref)
		case token.ID == ref:
			return token, nil
		case token.Name == ref:
			named = append(named, token)
		}
	}
	switch len(named) {
	case 0:
		return api.Token{}, &failure{
			what: "the service account of " + channel + " has no token " + ref, err: &client.Error{Status: http.StatusNotFound},
			next: "see them: kingsnake service-account tokens " + channel,
		}
	case 1:
		return named[0], nil
	}
	return api.Token{}, usagef("%d tokens have the name %s: name one by its id", len(named), ref)
}

func (a *app) serviceTokenReissueCommand() *cobra.Command {
	var overlap string
	var quiet bool
	cmd := &cobra.Command{
		Use:   "token-reissue CHANNEL TOKEN",
		Short: "Give a token of a channel's service account a new string",
		Args:  args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			keep, err := config.ParseDuration(overlap)
			if err != nil {
				return usagef("--overlap: %w", err)
			}
			c, account, err := a.onService(cmd.Context(), given[0])
			if err != nil {
				return err
			}
			token, err := serviceToken(cmd.Context(), c.Client, given[0], account.ID, given[1])
			if err != nil {
				return err
			}
			return a.reissueService(cmd.Context(), c, given[0], account.ID, token, keep.Std(), quiet)
		},
	}
	cmd.Flags().StringVar(&overlap, "overlap", "0", "how long the old string still works, such as 24h")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print the string and nothing else")
	return cmd
}

func (a *app) reissueService(ctx context.Context, c *connection, channel, account string, token api.Token, overlap time.Duration, quiet bool) error {
	updated, err := c.ReissueServiceToken(ctx, channel, account, token.ID, api.TokenUpdate{}, overlap)
	if err != nil {
		return fail(err, "could not renew the token %s", token.Name)
	}
	if a.json || updated.Secret == nil {
		return a.emit(updated, func(t *table) { a.tokenRows(t, updated.Token) })
	}
	return a.printSecret(c, *updated.Secret, updated.Token, quiet)
}

func (a *app) serviceTokenDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "token-delete CHANNEL TOKEN",
		Short: "End a token of a channel's service account at once",
		Args:  args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, account, err := a.onService(cmd.Context(), given[0])
			if err != nil {
				return err
			}
			token, err := serviceToken(cmd.Context(), c.Client, given[0], account.ID, given[1])
			if err != nil {
				return err
			}
			if err := a.confirm(yes, "Delete the token %s, last used %s? What uses it stops working at once.", token.Name, a.whenOr(token.LastUsedAt, "never")); err != nil {
				return err
			}
			if err := c.DeleteServiceToken(cmd.Context(), given[0], account.ID, token.ID); err != nil {
				return fail(err, "could not delete the token %s", token.Name)
			}
			a.note("Deleted the token %s.", token.Name)
			return nil
		},
	}
	addYes(cmd, &yes)
	return cmd
}
