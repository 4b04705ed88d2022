package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kingsnake/api"
)

// addUser adds the flag by which administrators name whose tokens they mean.
func addUser(cmd *cobra.Command, user *string) {
	cmd.Flags().StringVar(user, "user", "", "the account whose tokens are meant, for administrators (default: your own)")
}

// limitFlags are the flags that narrow a token further than what it holds.
type limitFlags struct {
	channels, packages, cidrs []string
	notBefore                 string
	maxUses                   int64
}

func (l *limitFlags) add(f *pflag.FlagSet) {
	f.StringArrayVar(&l.channels, "channel-pattern", nil, "work only on channels that match, such as team or team/*; may be repeated")
	f.StringArrayVar(&l.packages, "package", nil, "work only for packages whose name matches, such as numpy or team-*; may be repeated")
	f.StringArrayVar(&l.cidrs, "cidr", nil, "work only from this network or address; may be repeated")
	f.StringVar(&l.notBefore, "not-before", "", "work only from then on: 2d, 2027-01-31, or an RFC 3339 time")
	f.Int64Var(&l.maxUses, "max-uses", 0, "work only for so many downloads, writes and new tokens together")
}

// given tells whether any of the flags was.
func (l *limitFlags) given(f *pflag.FlagSet) bool {
	for _, name := range []string{"channel-pattern", "package", "cidr", "not-before", "max-uses"} {
		if f.Changed(name) {
			return true
		}
	}
	return false
}

// restrictions turns the flags into a request, nil when none was given.
func (l *limitFlags) restrictions(f *pflag.FlagSet, now time.Time) (*api.TokenRestrictions, error) {
	if !l.given(f) {
		return nil, nil //nolint:nilnil // Nil stands for no restrictions.
	}
	out := &api.TokenRestrictions{Channels: l.channels, Packages: l.packages, AllowedCIDRs: l.cidrs, MaxUses: l.maxUses}
	if f.Changed("max-uses") && l.maxUses < 1 {
		return nil, usagef("--max-uses must be at least 1")
	}
	if l.notBefore == api.ExpiresNever {
		return nil, usagef("--not-before takes a length, a date or a time")
	}
	var err error
	out.NotBefore, err = parseMoment("--not-before", l.notBefore, now)
	return out, err
}

// limitRows tells what narrows a token.
func limitRows(t *table, r *api.TokenRestrictions) {
	if r == nil {
		return
	}
	for _, list := range []struct {
		label string
		items []string
	}{{"Only on channels", r.Channels}, {"Only for packages", r.Packages}, {"Only from", r.AllowedCIDRs}} {
		if len(list.items) > 0 {
			t.row(list.label, strings.Join(list.items, ", "))
		}
	}
	if r.NotBefore != "" {
		t.row("Not before", r.NotBefore)
	}
	if r.MaxUses > 0 {
		t.row("Uses", strconv.FormatInt(r.Uses, 10)+" of "+strconv.FormatInt(r.MaxUses, 10)+" spent")
	}
}
