package cli

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) loginCommand() *cobra.Command {
	var username string
	var passwordStdin, tokenStdin, oidc, noBrowser bool
	cmd := &cobra.Command{
		Use:   "login [URL]",
		Short: "Log in to a server and remember it",
		Long: "Log in to a server with user name and password, with an access token, or with a browser at the server's OpenID\n" +
			"Connect provider (--oidc). The session or token is kept in\n" +
			"kingsnake/credentials.json in your configuration directory, which only you can read; the password is not kept.",
		Example: "  kingsnake login https://conda.example.org\n" +
			"  kingsnake login https://conda.example.org --oidc\n" +
			"  kingsnake login https://conda.example.org --token-stdin < token.txt",
		GroupID: groupAccount,
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if len(given) == 1 {
				a.url = given[0]
			}
			saved, err := loadCredentials()
			if err != nil {
				return err
			}
			c, err := a.client(saved.Current)
			if err != nil {
				return err
			}
			a.warnPlain(c.BaseURL())
			if oidc {
				return a.loginOIDC(cmd.Context(), c, saved, !noBrowser)
			}
			if tokenStdin {
				return a.loginToken(cmd.Context(), c, saved)
			}
			return a.loginPassword(cmd.Context(), c, saved, username, passwordStdin)
		},
	}
	cmd.Flags().StringVarP(&username, "username", "u", "", "user name")
	cmd.Flags().BoolVar(&passwordStdin, "password-stdin", false, "read the password from standard input")
	cmd.Flags().BoolVar(&tokenStdin, "token-stdin", false, "read an access token from standard input")
	cmd.Flags().BoolVar(&oidc, "oidc", false, "sign in with a browser, at the server's OpenID Connect provider")
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "with --oidc: only print the page to open")
	cmd.MarkFlagsMutuallyExclusive("oidc", "token-stdin")
	cmd.MarkFlagsMutuallyExclusive("oidc", "password-stdin")
	cmd.MarkFlagsMutuallyExclusive("oidc", "username")
	cmd.MarkFlagsMutuallyExclusive("token-stdin", "password-stdin")
	cmd.MarkFlagsMutuallyExclusive("token-stdin", "username")
	return cmd
}

func (a *app) loginPassword(ctx context.Context, c *client.Client, saved credentials, username string, fromStdin bool) error {
	var err error
	if username == "" {
		if username, err = a.askLine("User name", "--username"); err != nil {
			return err
		}
	}
	password, err := a.secret(fromStdin, "Password", "--password-stdin")
	if err != nil {
		return err
	}
	session, err := c.Login(ctx, username, password)
	if err != nil {
		return fail(err, "could not log in to %s as %s", c.BaseURL(), username)
	}
	account, err := c.As(client.Session(session.Token)).Account(ctx)
	if err != nil {
		return fail(err, "could not read the account after the login")
	}
	saved.Servers[c.BaseURL()] = login{Username: account.Username, Session: session.Token, ExpiresAt: session.ExpiresAt}
	return a.finishLogin(c, saved, account, session.ExpiresAt)
}

func (a *app) loginToken(ctx context.Context, c *client.Client, saved credentials) error {
	token, err := a.secret(true, "Token", "--token-stdin")
	if err != nil {
		return err
	}
	as := c.As(client.Token(token))
	account, err := as.Account(ctx)
	if err != nil {
		return fail(err, "could not use the token at %s", c.BaseURL())
	}
	info, err := as.TokenInfo(ctx)
	if err != nil {
		return fail(err, "could not read what the token is")
	}
	known := login{Username: account.Username, Token: token}
	if info.ExpiresAt != nil {
		known.ExpiresAt = *info.ExpiresAt
	}
	saved.Servers[c.BaseURL()] = known
	return a.finishLogin(c, saved, account, known.ExpiresAt)
}

func (a *app) finishLogin(c *client.Client, saved credentials, account api.Account, end time.Time) error {
	saved.Current = c.BaseURL()
	if err := saved.save(); err != nil {
		return err
	}
	until := ""
	if !end.IsZero() {
		until = "; this ends " + a.when(end)
	}
	a.note("Logged in to %s as %s%s.", c.BaseURL(), account.Username, until)
	if os.Getenv("KINGSNAKE_TOKEN") != "" {
		a.note("KINGSNAKE_TOKEN is set and is used in place of this login.")
	}
	if a.json {
		return a.emit(account, nil)
	}
	return nil
}

// warnPlain says when a password or token would travel in the clear.
func (a *app) warnPlain(address string) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" {
		return
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsLoopback() || u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost") {
		return
	}
	a.note("Warning: %s is not encrypted; others on the way can read your password and tokens.", address)
}

func (a *app) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "logout",
		Short:   "End the session and forget the login",
		GroupID: groupAccount,
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			saved, err := loadCredentials()
			if err != nil {
				return err
			}
			c, err := a.client(saved.Current)
			if err != nil {
				return err
			}
			known, ok := saved.Servers[c.BaseURL()]
			if !ok {
				a.note("You were not logged in to %s.", c.BaseURL())
				return nil
			}
			delete(saved.Servers, c.BaseURL())
			if err := saved.save(); err != nil {
				return err
			}
			if known.Session != "" {
				err := c.As(known.credential()).Logout(cmd.Context())
				if err != nil && client.StatusOf(err) != http.StatusUnauthorized {
					return fail(err, "the login is forgotten here, but the server could not be told")
				}
			}
			a.note("Logged out of %s.", c.BaseURL())
			return nil
		},
	}
}

func (a *app) whoamiCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "whoami",
		Short:   "Say who the server takes you for",
		GroupID: groupAccount,
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			account, err := c.Account(cmd.Context())
			if err != nil {
				return fail(err, "could not read the account at %s", c.BaseURL())
			}
			return a.emit(account, func(t *table) {
				t.row("User", account.Username)
				t.row("Server", c.BaseURL())
				t.row("By", c.how)
				t.row("Roles", strings.Join(account.Roles, ", "))
				t.row("Default channel", account.DefaultChannelName)
				if end := c.login.ExpiresAt; !end.IsZero() {
					t.row("Ends", a.when(end))
				}
			})
		},
	}
}
