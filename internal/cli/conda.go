package cli

import (
	"context"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/cli/condaconf"
)

func (a *app) condaCommand() *cobra.Command {
	return group(groupAccount, "conda", "Make conda, mamba and pixi use this server", a.condaSetupCommand(), a.condaRemoveCommand())
}

// condaSetup is one run of conda setup.
type condaSetup struct {
	*app
	conn       *connection
	place      condaconf.Place
	condarc    string
	tools      []condaconf.Tool
	tokenStdin bool
	dryRun     bool
}

func (a *app) condaSetupCommand() *cobra.Command {
	s := &condaSetup{app: a}
	var tools []string
	cmd := &cobra.Command{
		Use:   "setup CHANNEL...",
		Short: "Write channels and a token where conda, mamba and pixi find them",
		Long: "Put channels at the top of the list in .condarc, which conda and mamba read, and a token into the store of each\n" +
			"tool, so that it is in no URL. The token is the one on standard input with --token-stdin; else the one that is\n" +
			"stored already, if it works; else a new one that can only read, made with your login. Public channels need none.\n" +
			"Every file that is written is listed; an existing .condarc is kept as a backup.",
		Example: "  kingsnake conda setup team\n  kingsnake conda setup team --dry-run",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			var err error
			if s.tools, err = parseTools(tools); err != nil {
				return err
			}
			if s.conn, err = a.connect(); err != nil {
				return err
			}
			if s.place, err = condaPlace(); err != nil {
				return err
			}
			return s.run(cmd.Context(), given)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&tools, "tool", []string{"conda", "mamba", "pixi"}, "tools to set up")
	f.StringVar(&s.condarc, "condarc", "", "file to edit (default ~/.condarc)")
	f.BoolVar(&s.tokenStdin, "token-stdin", false, "read the token from standard input")
	f.BoolVar(&s.dryRun, "dry-run", false, "only say what would be written")
	return cmd
}

func parseTools(names []string) ([]condaconf.Tool, error) {
	var tools []condaconf.Tool
	for _, name := range names {
		tool := condaconf.Tool(name)
		if !slices.Contains([]condaconf.Tool{condaconf.Conda, condaconf.Mamba, condaconf.Pixi}, tool) {
			return nil, usagef("--tool %q: write conda, mamba or pixi", name)
		}
		tools = append(tools, tool)
	}
	return tools, nil
}

func condaPlace() (condaconf.Place, error) {
	home, err := os.UserHomeDir()
	return condaconf.Place{Home: home, OS: runtime.GOOS, Getenv: os.Getenv}, fail(err, "could not find your home directory")
}

func (s *condaSetup) run(ctx context.Context, channels []string) error {
	base, err := url.Parse(s.conn.BaseURL())
	if err != nil {
		return err
	}
	token, made, err := s.token(ctx, base, channels)
	if err != nil {
		return err
	}
	changes, err := s.plan(base, channels, token)
	if err == nil && token != "" && !s.dryRun {
		err = rememberConda(base.String(), token)
	}
	if err == nil {
		err = s.applyChanges(changes, s.dryRun)
	}
	if err != nil && made != "" {
		s.note("The token %s was made and is not used; delete it with: kingsnake token delete %s", made, made)
	}
	return err
}

// plan lists the changes: those to the channels, and those to the tokens if there is one.
func (s *condaSetup) plan(base *url.URL, channels []string, token string) ([]condaconf.Change, error) {
	var changes []condaconf.Change
	if token != "" {
		tokens, warnings, err := s.place.Tokens(base, token, s.tools)
		if err != nil {
			return nil, fail(err, "could not plan the change of the tokens")
		}
		for _, w := range warnings {
			s.note("Warning: %s.", w)
		}
		changes = tokens
	}
	if !slices.Contains(s.tools, condaconf.Conda) && !slices.Contains(s.tools, condaconf.Mamba) {
		return changes, nil
	}
	var urls []string
	for _, name := range channels {
		address, err := s.conn.ChannelURL(name)
		if err != nil {
			return nil, err
		}
		urls = append(urls, address)
	}
	condarc, err := s.place.Channels(firstOf(s.condarc, s.place.Condarc()), urls)
	if err != nil {
		return nil, fail(err, "could not plan the change of the channels")
	}
	if condaconf.AsksForNoTokens(condarc.Before) {
		s.note("Warning: %s turns add_anaconda_token off, so conda will not send the token.", condarc.Path)
	}
	if !strings.Contains("\n"+string(condarc.Before), "\nchannels") {
		s.note("Note: with a channels list, conda no longer uses its built-in defaults channel unless the list names it.")
	}
	return append(changes, condarc), nil
}

// token finds a token that can read the channels. It answers the id of one that it had to make, and no token at all if
// the channels are public.
func (s *condaSetup) token(ctx context.Context, base *url.URL, channels []string) (token, made string, err error) {
	if s.tokenStdin {
		if token, err = s.secret(true, "Token", "--token-stdin"); err != nil {
			return "", "", err
		}
		return token, "", s.canRead(ctx, client.Token(token), channels)
	}
	if public, err := s.public(ctx, channels); err != nil || public {
		return "", "", err
	}
	stored, err := s.place.Token(base)
	if err != nil {
		return "", "", fail(err, "could not read the token that conda has")
	}
	if stored != "" && s.canRead(ctx, client.Token(stored), channels) == nil {
		return stored, "", nil
	}
	if t := s.conn.login.Token; t != "" {
		s.note("Using the %s; with a login by password, a token that can only read would be made.", s.conn.how)
		return t, "", nil
	}
	return s.newToken(ctx)
}

// public reports whether anyone can read the channels, and fails if the caller cannot see one.
func (s *condaSetup) public(ctx context.Context, channels []string) (bool, error) {
	all := true
	for _, name := range channels {
		ch, err := s.conn.Channel(ctx, name)
		if err != nil {
			return false, fail(err, "could not find the channel %s", name)
		}
		all = all && ch.Privacy == api.PrivacyPublic
	}
	return all, nil
}

func (s *condaSetup) canRead(ctx context.Context, cred client.Credential, channels []string) error {
	for _, name := range channels {
		if _, err := s.conn.As(cred).Channel(ctx, name); err != nil {
			return fail(err, "the token cannot read the channel %s", name)
		}
	}
	return nil
}

func (s *condaSetup) newToken(ctx context.Context) (token, made string, err error) {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	if s.dryRun {
		s.note("A token that can only read would be made.")
		return "TOKEN-TO-BE-MADE", "", nil
	}
	created, err := s.conn.CreateToken(ctx, api.TokenCreate{
		Name:        "conda on " + host,
		Description: "Made by kingsnake conda setup",
		Scopes:      readOnlyScopes[:],
	})
	if err != nil {
		return "", "", fail(err, "could not make a token for conda")
	}
	s.note("Made the token %s (id %s), which can only read; it expires %s.", created.Name, created.ID, s.whenOr(created.ExpiresAt, "never"))
	return created.Secret, created.ID, nil
}

func (a *app) condaRemoveCommand() *cobra.Command {
	var condarc string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "remove [CHANNEL...]",
		Short: "Undo conda setup, for some channels or altogether",
		Long: "Take channels out of .condarc. Without any named, take out all of this server's, and its token from the stores\n" +
			"of conda, mamba and pixi. The token itself lives on; kingsnake token delete ends it.",
		RunE: func(_ *cobra.Command, channels []string) error {
			conn, err := a.connect()
			if err != nil {
				return err
			}
			place, err := condaPlace()
			if err != nil {
				return err
			}
			changes, err := planRemove(place, conn, firstOf(condarc, place.Condarc()), channels)
			if err != nil {
				return fail(err, "could not plan the change")
			}
			if err := a.applyChanges(changes, dryRun); err != nil || dryRun || len(channels) > 0 {
				return err
			}
			return rememberConda(conn.BaseURL(), "")
		},
	}
	cmd.Flags().StringVar(&condarc, "condarc", "", "file to edit (default ~/.condarc)")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be changed")
	return cmd
}

func planRemove(place condaconf.Place, conn *connection, condarc string, channels []string) ([]condaconf.Change, error) {
	base, err := url.Parse(conn.BaseURL())
	if err != nil {
		return nil, err
	}
	gone := map[string]bool{}
	for _, name := range channels {
		address, err := conn.ChannelURL(name)
		if err != nil {
			return nil, err
		}
		gone[address] = true
	}
	change, err := place.WithoutChannels(condarc, func(channel string) bool {
		channel = strings.TrimRight(channel, "/")
		return gone[channel] || len(channels) == 0 && strings.HasPrefix(channel, base.String()+"/")
	})
	if err != nil {
		return nil, err
	}
	changes := []condaconf.Change{change}
	if len(channels) == 0 {
		saved, err := loadCredentials()
		if err != nil {
			return nil, err
		}
		tokens, err := place.WithoutTokens(base, func(token string) bool { return sumOf(token) == saved.Conda[base.String()] })
		if err != nil {
			return nil, err
		}
		changes = append(changes, tokens...)
	}
	return changes, nil
}

// applyChanges carries out a plan and lists what became of each file.
func (a *app) applyChanges(changes []condaconf.Change, dryRun bool) error {
	if !dryRun {
		backups, err := condaconf.Apply(changes, a.Now())
		for _, b := range backups {
			a.note("Kept a backup: %s", b)
		}
		if err != nil {
			return fail(err, "could not write the files")
		}
	}
	type fileChange struct {
		Path   string `json:"path"`
		Change string `json:"change"`
	}
	list := []fileChange{}
	for _, c := range changes {
		if c.Before == nil && c.After == nil {
			continue
		}
		list = append(list, fileChange{c.Path, c.Verb()})
	}
	if dryRun {
		a.note("Nothing was written; without --dry-run these would be:")
	}
	return a.emit(list, func(t *table) {
		for _, c := range list {
			t.row(c.Change, c.Path)
		}
	})
}
