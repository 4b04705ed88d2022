package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/config"
)

// adviceFlags are the flags of the commands that advise.
type adviceFlags struct {
	days              int
	apply, other, yes bool
	overlap           string
	quiet             bool
}

func (f *adviceFlags) add(s *pflag.FlagSet) {
	s.IntVar(&f.days, "days", 90, "how many days of use to look at, 1 to 365")
	s.BoolVar(&f.apply, "apply", false, "take away what was not used; the string stays")
	s.BoolVar(&f.other, "new", false, "with --apply: make another token that holds what was used, and print its string")
	s.StringVar(&f.overlap, "overlap", "", "with --new: end the old token that much later, such as 24h (default: leave its end alone)")
	s.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	s.BoolVarP(&f.quiet, "quiet", "q", false, "with --new: print the string and nothing else")
}

// check refuses flags that do not go together.
func (f *adviceFlags) check(all bool) error {
	switch {
	case f.days < 1 || f.days > 365:
		return usagef("--days is not between 1 and 365")
	case f.other && !f.apply:
		return usagef("--new goes with --apply")
	case f.overlap != "" && !f.other:
		return usagef("--overlap goes with --new")
	case f.other && all:
		return usagef("--new makes one token and prints its string: name the token instead of --all")
	}
	return nil
}

// narrow is what to ask the server for.
func (f *adviceFlags) narrow() (api.TokenNarrow, error) {
	in := api.TokenNarrow{Days: f.days, New: f.other}
	if f.overlap == "" {
		return in, nil
	}
	overlap, err := config.ParseDuration(f.overlap)
	if err != nil {
		return in, usagef("--overlap: %w", err)
	}
	in.Overlap = overlap.Std().String()
	return in, nil
}

const adviceLong = "Compare what a token holds with what it used in the last days, and say what would have been enough.\n\n" +
	"With --apply the rest is taken away. The token keeps its string, so that no client has to be changed; with --new\n" +
	"another token is made instead and the old one stays, until its end or that of --overlap."

func (a *app) tokenAdviseCommand() *cobra.Command {
	var flags adviceFlags
	var user string
	var all bool
	cmd := &cobra.Command{
		Use:     "advise [TOKEN]",
		Short:   "Show what a token holds and does not use, and take it away with --apply",
		Long:    adviceLong,
		Example: "  kingsnake token advise --all\n  kingsnake token advise ci --days 30 --apply",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if all == (len(given) == 1) {
				return usagef("name one token, or use --all")
			}
			if err := flags.check(all); err != nil {
				return err
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			if all {
				return a.adviseAll(cmd.Context(), c.TokensOf(user), flags)
			}
			token, err := findToken(cmd.Context(), c.TokensOf(user), given[0])
			if err != nil {
				return err
			}
			return a.advise(cmd.Context(), c, c.TokensOf(user), token, flags)
		},
	}
	flags.add(cmd.Flags())
	cmd.Flags().BoolVar(&all, "all", false, "all tokens that have not ended")
	addUser(cmd, &user)
	return cmd
}

func (a *app) serviceTokenAdviseCommand() *cobra.Command {
	var flags adviceFlags
	cmd := &cobra.Command{
		Use:   "token-advise CHANNEL TOKEN",
		Short: "Show what a token of a channel's service account holds and does not use",
		Long:  adviceLong,
		Args:  args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if err := flags.check(false); err != nil {
				return err
			}
			c, tokens, token, err := a.onServiceToken(cmd.Context(), given[0], given[1])
			if err != nil {
				return err
			}
			return a.advise(cmd.Context(), c, tokens, token, flags)
		},
	}
	flags.add(cmd.Flags())
	return cmd
}

// advise shows the advice on one token and, when asked to, applies it.
func (a *app) advise(ctx context.Context, c *connection, tokens tokenUser, token api.Token, flags adviceFlags) error {
	in, err := flags.narrow()
	if err != nil {
		return err
	}
	advice, err := tokens.Advice(ctx, token.ID, flags.days)
	if err != nil {
		return fail(err, "could not ask for advice on the token %s", token.Name)
	}
	if !flags.apply {
		return a.emit(advice, func(t *table) { a.adviceRows(t, advice) })
	}
	if advice.Verdict == api.TokenVerdictNarrow {
		for _, x := range advice.Unused {
			a.note("  not used: %s", excess(x))
		}
		if err := a.confirm(flags.yes, "%s", applying(token.Name, advice, flags.other)); err != nil {
			return err
		}
	}
	updated, err := tokens.Narrow(ctx, token.ID, in)
	if err != nil {
		return fail(err, "could not narrow the token %s", token.Name)
	}
	if a.json || updated.Secret == nil {
		return a.emit(updated, func(t *table) { a.tokenRows(t, updated.Token) })
	}
	return a.printSecret(c, *updated.Secret, updated.Token, flags.quiet)
}

// applying asks whether to apply an advice.
func applying(name string, advice api.TokenAdvice, other bool) string {
	question := "Take " + plural(len(advice.Unused), "unused right") + " from the token " + name + "?"
	if other {
		question = "Make another token " + name + " without " + plural(len(advice.Unused), "unused right") + "?"
	}
	if advice.Young {
		question += " " + youngNote(advice)
	}
	return question
}

func youngNote(advice api.TokenAdvice) string {
	return "Its uses are known only since " + advice.Since.UTC().Format("2006-01-02") + ": what it does more seldom has not been seen yet."
}

// excess words something that a token holds and did not use.
func excess(x api.TokenExcess) string {
	switch {
	case x.Scope != "":
		return x.Scope
	case x.Enough == api.LevelNone:
		return string(x.Permission) + " on " + x.ResourceID
	}
	return string(x.Permission) + " on " + x.ResourceID + ", of which it used " + string(x.Enough)
}

func (a *app) adviceRows(t *table, advice api.TokenAdvice) {
	t.row("Name", advice.Name)
	t.row("ID", advice.ID)
	t.row("Looked at", plural(advice.Days, "day"))
	if advice.Young {
		t.row("Young", youngNote(advice))
	}
	switch advice.Verdict {
	case api.TokenVerdictUnused:
		t.row("Advice", "it used nothing; delete it: kingsnake token delete "+advice.ID)
	case api.TokenVerdictFits:
		t.row("Advice", "none: it used all that it holds")
	case api.TokenVerdictNarrow:
		t.row("Advice", "take away what it did not use: the same command with --apply")
	}
	for _, x := range advice.Unused {
		t.row("Not used", excess(x)+", last used "+a.whenOr(x.LastUsedAt, "never"))
	}
	for _, s := range advice.Scopes {
		t.row("Enough", s)
	}
	for _, r := range advice.Resources {
		t.row("Enough", string(r.Permission)+" on "+r.ResourceID)
	}
}

// adviseAll shows the advice on all tokens of an account and, when asked to, applies it to those of which something can be
// taken away.
func (a *app) adviseAll(ctx context.Context, tokens client.UserTokens, flags adviceFlags) error {
	out := api.List[api.TokenAdvice]{Items: []api.TokenAdvice{}}
	list := func(ctx context.Context, o client.ListOptions) (api.List[api.Token], error) {
		return tokens.List(ctx, client.TokenFilter{ListOptions: o})
	}
	for token, err := range client.All(ctx, client.ListOptions{}, list) {
		if err != nil {
			return fail(err, "could not list the tokens")
		}
		if token.State != api.TokenStateActive && token.State != api.TokenStateExpiring {
			continue
		}
		advice, err := tokens.Advice(ctx, token.ID, flags.days)
		if err != nil {
			return fail(err, "could not ask for advice on the token %s", token.Name)
		}
		out.Items = append(out.Items, advice)
	}
	out.TotalCount = int64(len(out.Items))
	if err := a.emit(out, func(t *table) { a.adviceTable(t, out.Items) }); err != nil || !flags.apply {
		return err
	}
	return a.applyAll(ctx, tokens, out.Items, flags)
}

func (a *app) adviceTable(t *table, list []api.TokenAdvice) {
	t.row("NAME", "ADVICE", "NOT USED", "SINCE", "ID")
	for _, advice := range list {
		since := a.when(advice.Since)
		if advice.Young {
			since += " (young)"
		}
		t.row(advice.Name, string(advice.Verdict), a.excesses(advice.Unused), since, advice.ID)
	}
}

// excesses writes what a token did not use; without --wide only as much as fits a column.
func (a *app) excesses(list []api.TokenExcess) string {
	words := make([]string, len(list))
	for i, x := range list {
		words[i] = x.Scope
		if x.Scope == "" {
			words[i] = x.ResourceID + ":" + string(x.Permission)
		}
	}
	if len(words) > 2 && !a.wide {
		return strings.Join(words[:2], ", ") + ", +" + strconv.Itoa(len(words)-2)
	}
	return strings.Join(words, ", ")
}

func (a *app) applyAll(ctx context.Context, tokens tokenUser, list []api.TokenAdvice, flags adviceFlags) error {
	var narrow []api.TokenAdvice
	for _, advice := range list {
		if advice.Verdict == api.TokenVerdictNarrow {
			narrow = append(narrow, advice)
		}
	}
	if len(narrow) == 0 {
		a.note("There is nothing to take away.")
		return nil
	}
	if err := a.confirm(flags.yes, "Take from %s what was not used?", plural(len(narrow), "token")); err != nil {
		return err
	}
	for _, advice := range narrow {
		if _, err := tokens.Narrow(ctx, advice.ID, api.TokenNarrow{Days: flags.days}); err != nil {
			return fail(err, "could not narrow the token %s", advice.Name)
		}
		a.note("Narrowed %s.", advice.Name)
	}
	return nil
}
