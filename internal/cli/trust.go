package cli

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) trustCommand() *cobra.Command {
	return group(groupAccess, "trust", "Let CI jobs publish to a channel without a stored token",
		a.trustListCommand(), a.trustShowCommand(), a.trustAddCommand(), a.trustEditCommand(), a.trustRemoveCommand())
}

// issuerAddress is the address of an issuer that has a short name, and otherwise what was given.
func issuerAddress(name string) string {
	switch name {
	case "github":
		return "https://token.actions.githubusercontent.com"
	case "gitlab":
		return "https://gitlab.com"
	}
	return name
}

// trustFlags are the flags of a rule.
type trustFlags struct {
	issuer, permission, description string
	claims, packages                []string
	minutes                         int
}

func (f *trustFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.issuer, "issuer", "", "who makes the assertions: github, gitlab or an address")
	cmd.Flags().StringArrayVar(&f.claims, "claim", nil, "name=value that the issuer must say of the job; repeatable")
	cmd.Flags().StringVar(&f.permission, "permission", "write", "read or write")
	cmd.Flags().StringArrayVar(&f.packages, "package", nil, "pattern for the names of packages; repeatable, without one all of the channel")
	cmd.Flags().IntVar(&f.minutes, "minutes", 15, "how long a job's token lives, 60 at most")
	cmd.Flags().StringVar(&f.description, "description", "", "what the rule is for")
}

// apply changes a rule by the flags that were given; all counts every flag as given.
func (f *trustFlags) apply(cmd *cobra.Command, rule *api.TrustRuleWrite, all bool) error {
	given := func(name string) bool { return all || cmd.Flags().Changed(name) }
	if given("issuer") {
		rule.Issuer = issuerAddress(f.issuer)
	}
	if given("claim") {
		rule.Claims = map[string]string{}
		for _, c := range f.claims {
			name, value, ok := strings.Cut(c, "=")
			if !ok || name == "" {
				return usagef("--claim %s: write it as name=value", c)
			}
			rule.Claims[name] = value
		}
	}
	if given("permission") {
		rule.Permission = api.Level(f.permission)
	}
	if given("package") {
		rule.Packages = f.packages
	}
	if given("minutes") {
		rule.Minutes = f.minutes
	}
	if given("description") {
		rule.Description = f.description
	}
	return nil
}

func (a *app) trustAddCommand() *cobra.Command {
	var flags trustFlags
	cmd := &cobra.Command{
		Use:   "add CHANNEL",
		Short: "Trust the jobs of a CI system",
		Long: "Trust the jobs of which an issuer makes certain claims: they get a token for a few minutes in exchange for the\n" +
			"assertion that the CI system makes for them. Pin ids, which never change hands; names do.",
		Example: "  kingsnake trust add team --issuer github --claim repository_id=123456 --claim environment=release",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if flags.issuer == "" || len(flags.claims) == 0 {
				return usagef("say whom to trust: use --issuer and at least one --claim")
			}
			var rule api.TrustRuleWrite
			if err := flags.apply(cmd, &rule, true); err != nil {
				return err
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			made, err := c.CreateTrustRule(cmd.Context(), given[0], rule)
			if err != nil {
				return fail(err, "could not make the trust rule")
			}
			a.note("Channel %s trusts these jobs from now on.", made.Channel)
			return a.showTrust(made)
		},
	}
	flags.register(cmd)
	return cmd
}

func (a *app) trustEditCommand() *cobra.Command {
	var flags trustFlags
	cmd := &cobra.Command{
		Use:   "edit CHANNEL RULE",
		Short: "Change a trust rule; what no flag names stays",
		Args:  args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			rule, err := c.TrustRule(cmd.Context(), given[0], given[1])
			if err != nil {
				return fail(err, "could not read the trust rule")
			}
			if err := flags.apply(cmd, &rule.TrustRuleWrite, false); err != nil {
				return err
			}
			changed, err := c.ReplaceTrustRule(cmd.Context(), given[0], given[1], rule.TrustRuleWrite)
			if err != nil {
				return fail(err, "could not change the trust rule")
			}
			return a.showTrust(changed)
		},
	}
	flags.register(cmd)
	return cmd
}

func (a *app) trustShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show CHANNEL RULE",
		Short: "Show a trust rule",
		Args:  args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			rule, err := c.TrustRule(cmd.Context(), given[0], given[1])
			if err != nil {
				return fail(err, "could not read the trust rule")
			}
			return a.showTrust(rule)
		},
	}
}

// showTrust prints one rule.
func (a *app) showTrust(r api.TrustRule) error {
	return a.emit(r, func(t *table) {
		t.row("Rule", r.ID)
		t.row("Channel", r.Channel)
		t.row("Issuer", r.Issuer)
		t.row("Claims", claimsText(r.Claims))
		t.row("Permission", string(r.Permission))
		t.row("Packages", packagesText(r.Packages))
		t.row("Minutes", strconv.Itoa(r.Minutes))
		t.row("Description", r.Description)
		t.row("Made by", r.CreatedBy)
		t.row("Tokens made", strconv.FormatInt(r.Uses, 10))
	})
}

func claimsText(claims map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		all = append(all, name+"="+claims[name])
	}
	return strings.Join(all, ", ")
}

func packagesText(patterns []string) string {
	if len(patterns) == 0 {
		return "all"
	}
	return strings.Join(patterns, ", ")
}

func (a *app) trustListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list CHANNEL",
		Short: "List whom a channel trusts to publish",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			// A channel has at most 200.
			rules, err := c.TrustRules(cmd.Context(), given[0], client.ListOptions{Limit: 1000})
			if err != nil {
				return fail(err, "could not list the trust rules of %s", given[0])
			}
			return a.emit(rules, func(t *table) {
				t.row("RULE", "ISSUER", "CLAIMS", "PERMISSION", "PACKAGES", "MINUTES", "TOKENS")
				for _, r := range rules.Items {
					t.row(r.ID, r.Issuer, claimsText(r.Claims), string(r.Permission), packagesText(r.Packages), strconv.Itoa(r.Minutes), strconv.FormatInt(r.Uses, 10))
				}
			})
		},
	}
}

func (a *app) trustRemoveCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "remove CHANNEL RULE",
		Short: "Trust no longer",
		Args:  args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			if err := a.confirm(yes, "Jobs will get no token for %s by rule %s any more.", given[0], given[1]); err != nil {
				return err
			}
			if err := c.DeleteTrustRule(cmd.Context(), given[0], given[1]); err != nil {
				return fail(err, "could not remove the trust rule")
			}
			a.note("Removed. Jobs get no token by it any more.")
			return nil
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}
