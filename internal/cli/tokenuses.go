package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

// tokenUser is where tokens are asked for what they used: those of an account, or of a service account.
type tokenUser interface {
	Uses(ctx context.Context, id string) (api.TokenUses, error)
	Advice(ctx context.Context, id string, days int) (api.TokenAdvice, error)
	Narrow(ctx context.Context, id string, in api.TokenNarrow) (api.TokenUpdated, error)
}

// serviceTokens are the tokens of a channel's service account.
type serviceTokens struct {
	c                *client.Client
	channel, account string
}

func (s serviceTokens) Uses(ctx context.Context, id string) (api.TokenUses, error) {
	return s.c.ServiceTokenUses(ctx, s.channel, s.account, id)
}

func (s serviceTokens) Advice(ctx context.Context, id string, days int) (api.TokenAdvice, error) {
	return s.c.ServiceTokenAdvice(ctx, s.channel, s.account, id, days)
}

func (s serviceTokens) Narrow(ctx context.Context, id string, in api.TokenNarrow) (api.TokenUpdated, error) {
	return s.c.NarrowServiceToken(ctx, s.channel, s.account, id, in)
}

func (a *app) tokenUsageCommand() *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use:   "usage TOKEN",
		Short: "Show which of its rights a token used, where, how often and when last",
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
			return a.printUses(cmd.Context(), c.TokensOf(user), token)
		},
	}
	addUser(cmd, &user)
	return cmd
}

func (a *app) serviceTokenUsageCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "token-usage CHANNEL TOKEN",
		Short: "Show which of its rights a token of a channel's service account used",
		Args:  args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			_, tokens, token, err := a.onServiceToken(cmd.Context(), given[0], given[1])
			if err != nil {
				return err
			}
			return a.printUses(cmd.Context(), tokens, token)
		},
	}
}

// onServiceToken connects and finds a token of a channel's service account.
func (a *app) onServiceToken(ctx context.Context, channel, ref string) (*connection, serviceTokens, api.Token, error) {
	c, account, err := a.onService(ctx, channel)
	if err != nil {
		return nil, serviceTokens{}, api.Token{}, err
	}
	token, err := serviceToken(ctx, c.Client, channel, account.ID, ref)
	return c, serviceTokens{c.Client, channel, account.ID}, token, err
}

func (a *app) printUses(ctx context.Context, tokens tokenUser, token api.Token) error {
	uses, err := tokens.Uses(ctx, token.ID)
	if err != nil {
		return fail(err, "could not read what the token %s used", token.Name)
	}
	err = a.emit(uses, func(t *table) {
		t.row("SCOPE", "LEVEL", "WHERE", "HOLDS", "USES", "LAST USED")
		for _, u := range uses.Items {
			t.row(u.Scope, string(u.Level), useWhere(u), useHolds(u), strconv.FormatInt(u.Uses, 10), a.whenOr(u.LastUsedAt, "never"))
		}
	})
	if err == nil && !a.json {
		a.note("Noted since %s.", uses.Since.UTC().Format("2006-01-02 15:04 MST"))
	}
	return err
}

// useWhere words the place of a use.
func useWhere(u api.TokenUse) string {
	switch u.Where {
	case api.TokenUseGeneral:
		return ""
	case api.TokenUseOthers:
		return "further channels"
	case api.TokenUseGone:
		return "channels that are gone"
	case api.TokenUseHidden:
		return "channels that you may not see"
	case api.TokenUseResource:
	}
	return u.ResourceID
}

// useHolds words what the token holds of it now.
func useHolds(u api.TokenUse) string {
	switch {
	case !u.Granted:
		return "no longer"
	case u.Permission != api.LevelNone:
		return string(u.Permission)
	}
	return "yes"
}
