package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/internal/config"
)

// readOnlyScopes are what conda needs to install from every channel that the owner may read, and nothing else.
var readOnlyScopes = [...]string{
	"channel:view", "channel:view-artifacts", "subchannel:view", "subchannel:view-artifacts", "artifact:view", "artifact:download",
}

// tokenFlags are the flags that describe a token.
type tokenFlags struct {
	name, description, expires string
	scopes, resources          []string
	readOnly, oneTime, quiet   bool
	limits                     limitFlags
}

func (a *app) tokenCreateCommand() *cobra.Command {
	var flags tokenFlags
	var user string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a token and print its string, which is shown only this once",
		Long: "Create a token and print its string on standard output. It is shown only this once.\n\n" +
			"A token holds either scopes, which are actions on everything that you may do them on, or resources, which are\n" +
			"levels on channels or on single packages. It never does more than you may do yourself, and flags narrow it further.",
		Example: "  kingsnake token create --name laptop --read-only\n" +
			"  kingsnake token create --name ci --resource team:write --expires 30d\n" +
			"  kingsnake token create --name customer --resource team/conda/tool:read --one-time --cidr 203.0.113.0/24\n" +
			"  kingsnake token create --name ci --scope artifact:create --scope channel:view --quiet > token.txt",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := flags.create(a.Now())
			if err != nil {
				return err
			}
			if in.Restrictions, err = flags.limits.restrictions(cmd.Flags(), a.Now()); err != nil {
				return err
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			token, err := c.TokensOf(user).Create(cmd.Context(), in)
			if err != nil {
				return fail(err, "could not create the token %s", in.Name)
			}
			if a.json {
				return a.emit(token, nil)
			}
			return a.printSecret(c, token.Secret, token.Token, flags.quiet)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.name, "name", "", "name of the token")
	f.StringVar(&flags.description, "description", "", "what the token is for")
	f.StringVar(&flags.expires, "expires", "", "end: 30d, 2027-01-31, an RFC 3339 time, or never (default: the server's)")
	f.StringArrayVar(&flags.scopes, "scope", nil, "scope to hold; may be repeated (see kingsnake scopes)")
	f.StringArrayVar(&flags.resources, "resource", nil, "channel:level or channel/conda/PACKAGE:level to hold, level being read, write or manage; may be repeated")
	f.BoolVar(&flags.oneTime, "one-time", false, "work for one download or one write, and never again")
	f.BoolVar(&flags.readOnly, "read-only", false, "hold the six scopes that conda needs to install packages")
	f.BoolVarP(&flags.quiet, "quiet", "q", false, "print the string and nothing else")
	flags.limits.add(f)
	addUser(cmd, &user)
	return cmd
}

// create turns the flags into a request.
func (f tokenFlags) create(now time.Time) (api.TokenCreate, error) {
	in := api.TokenCreate{Name: f.name, Description: f.description, Scopes: f.scopes, OneTime: f.oneTime}
	if f.name == "" {
		return in, usagef("--name is missing")
	}
	if f.readOnly {
		in.Scopes = append(in.Scopes, readOnlyScopes[:]...)
	}
	if len(in.Scopes) > 0 == (len(f.resources) > 0) {
		return in, usagef("a token holds either scopes (--scope, --read-only) or resources (--resource)")
	}
	var err error
	if in.Resources, err = parseResources(f.resources); err != nil {
		return in, err
	}
	in.ExpiresAt, err = parseExpires(f.expires, now)
	return in, err
}

// parseResources reads "channel:level", "channel/subchannel:level" and "channel[/subchannel]/family/package:level".
func parseResources(all []string) ([]api.TokenResource, error) {
	var out []api.TokenResource
	for _, text := range all {
		id, level, ok := strings.Cut(text, ":")
		switch l := api.Level(level); {
		case !ok || id == "":
			return nil, usagef("--resource %q: write channel:level", text)
		case l != api.LevelRead && l != api.LevelWrite && l != api.LevelManage:
			return nil, usagef("--resource %q: the level must be read, write or manage", text)
		}
		kind := api.ResourceTypeArtifact
		switch strings.Count(id, "/") {
		case 0:
			kind = api.ResourceTypeChannel
		case 1:
			kind = api.ResourceTypeSubchannel
		}
		out = append(out, api.TokenResource{ResourceType: kind, ResourceID: id, Permission: api.Level(level)})
	}
	return out, nil
}

// parseExpires turns a length of time into a moment and passes dates, times and "never" on to the server.
func parseExpires(text string, now time.Time) (string, error) {
	if text == api.ExpiresNever {
		return text, nil
	}
	return parseMoment("--expires", text, now)
}

// parseMoment turns the value of a flag, a length of time from now on, into a moment, and passes dates and times on.
func parseMoment(flag, text string, now time.Time) (string, error) {
	if text == "" {
		return "", nil
	}
	if d, err := config.ParseDuration(text); err == nil {
		if d <= 0 {
			return "", usagef("%s %q: it must lie ahead", flag, text)
		}
		return now.UTC().Add(d.Std()).Format(time.RFC3339), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if _, err := time.Parse(layout, text); err == nil {
			return text, nil
		}
	}
	return "", usagef("%s %q: write a length such as 30d, a date such as 2027-01-31, an RFC 3339 time or, for an end, never", flag, text)
}

// printSecret prints a token's string on standard output and, unless quiet, how to use it on standard error.
func (a *app) printSecret(c *connection, secret string, token api.Token, quiet bool) error {
	if _, err := fmt.Fprintln(a.Stdout, secret); err != nil {
		return err
	}
	if quiet {
		return nil
	}
	channel := "CHANNEL"
	if len(token.Resources) > 0 {
		channel = token.Resources[0].ResourceID
	}
	address := c.BaseURL()
	a.note("")
	a.note("This is the only time that the string is shown. The token is called %s (id %s) and expires %s.",
		token.Name, token.ID, a.whenOr(token.ExpiresAt, "never"))
	a.note("")
	a.note("Use it with conda, mamba and pixi, without the token in any URL:")
	a.note("  kingsnake conda setup %s --url %s --token-stdin", channel, address)
	a.note("In a CI job:")
	a.note("  conda install -c %s PACKAGE", address+"/t/$KINGSNAKE_TOKEN/"+channel)
	a.note("To upload:")
	a.note("  KINGSNAKE_URL=%s KINGSNAKE_TOKEN=... kingsnake upload %s FILE", address, channel)
	return nil
}

func (a *app) tokenEditCommand() *cobra.Command {
	var resources []string
	var limits limitFlags
	var user string
	var unrestricted bool
	cmd := &cobra.Command{
		Use:   "edit TOKEN",
		Short: "Change a token's name, description, end, resources or restrictions; its string stays",
		Args:  args(cobra.ExactArgs(1)),
	}
	f := cmd.Flags()
	f.String("name", "", "new name")
	f.String("description", "", "new description")
	f.String("expires", "", "new end: 30d, 2027-01-31, an RFC 3339 time, or never")
	f.StringArrayVar(&resources, "resource", nil, "channel:level or channel/conda/PACKAGE:level; all that are given replace all that the token holds")
	f.BoolVar(&unrestricted, "unrestricted", false, "take all restrictions away; each of the next flags replaces all of them")
	limits.add(f)
	addUser(cmd, &user)
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		in := api.TokenUpdate{Name: changed(f, "name"), Description: changed(f, "description")}
		var err error
		if in.Resources, err = parseResources(resources); err != nil {
			return err
		}
		if in.ExpiresAt, err = a.changedExpires(changed(f, "expires")); err != nil {
			return err
		}
		if in.Restrictions, err = limits.restrictions(f, a.Now()); err != nil {
			return err
		}
		if unrestricted && in.Restrictions == nil {
			in.Restrictions = &api.TokenRestrictions{}
		}
		if in.Name == nil && in.Description == nil && in.ExpiresAt == nil && in.Resources == nil && in.Restrictions == nil {
			return usagef("nothing to change: name at least one flag")
		}
		c, err := a.connectAs()
		if err != nil {
			return err
		}
		token, err := findToken(cmd.Context(), c.TokensOf(user), given[0])
		if err != nil {
			return err
		}
		updated, err := c.TokensOf(user).Update(cmd.Context(), token.ID, in)
		if err != nil {
			return fail(err, "could not change the token %s", given[0])
		}
		return a.emit(updated, func(t *table) { a.tokenRows(t, updated.Token) })
	}
	return cmd
}

// changedExpires is parseExpires for a flag that may not have been given.
func (a *app) changedExpires(text *string) (*string, error) {
	if text == nil {
		return nil, nil //nolint:nilnil // Nil stands for "leave it as it is".
	}
	parsed, err := parseExpires(*text, a.Now())
	return &parsed, err
}

func (a *app) tokenReissueCommand() *cobra.Command {
	var overlap, user string
	var quiet bool
	cmd := &cobra.Command{
		Use:     "reissue TOKEN",
		Short:   "Give a token a new string; the old one dies at once or after --overlap",
		Example: "  kingsnake token reissue ci --overlap 24h",
		Args:    args(cobra.ExactArgs(1)),
	}
	f := cmd.Flags()
	f.StringVar(&overlap, "overlap", "0", "how long the old string still works, such as 24h")
	f.String("expires", "", "new end: 30d, 2027-01-31, an RFC 3339 time, or never")
	f.BoolVarP(&quiet, "quiet", "q", false, "print the string and nothing else")
	addUser(cmd, &user)
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		keep, err := config.ParseDuration(overlap)
		if err != nil {
			return usagef("--overlap: %w", err)
		}
		expires, err := a.changedExpires(changed(f, "expires"))
		if err != nil {
			return err
		}
		c, err := a.connectAs()
		if err != nil {
			return err
		}
		token, err := findToken(cmd.Context(), c.TokensOf(user), given[0])
		if err != nil {
			return err
		}
		updated, err := c.TokensOf(user).Reissue(cmd.Context(), token.ID, api.TokenUpdate{ExpiresAt: expires}, keep.Std())
		if err != nil {
			return fail(err, "could not renew the token %s", given[0])
		}
		if updated.Secret == nil {
			return fail(fmt.Errorf("the server answered no string"), "could not renew the token %s", given[0])
		}
		if a.json {
			return a.emit(updated, nil)
		}
		return a.printSecret(c, *updated.Secret, updated.Token, quiet)
	}
	return cmd
}
