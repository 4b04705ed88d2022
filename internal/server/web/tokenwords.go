package web

import (
	"strconv"
	"strings"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// tokenMay says what a token may do, a line for each grant.
func tokenMay(t registry.Token) []string {
	if t.Kind == access.ResourceToken {
		out := make([]string, len(t.Resources))
		for i, r := range t.Resources {
			out[i] = levelWords(r.Level) + " " + r.Name()
		}
		return out
	}
	for _, set := range scopeSets() {
		if set.scopes == t.Scopes {
			return []string{set.Label}
		}
	}
	var out []string
	for s := range t.Scopes.All() {
		out = append(out, s.String())
	}
	return out
}

// levelWords says what a level lets somebody do.
func levelWords(l access.Level) string {
	switch l {
	case access.Write:
		return "Read and upload to"
	case access.Manage:
		return "Manage"
	}
	return "Read"
}

// tokenLimits says what narrows a token besides.
func tokenLimits(r access.Restrictions) []string {
	var out []string
	if len(r.CIDRs) > 0 {
		list := make([]string, len(r.CIDRs))
		for i, c := range r.CIDRs {
			list[i] = c.String()
		}
		out = append(out, "only from "+strings.Join(list, ", "))
	}
	if len(r.Channels) > 0 {
		out = append(out, "only on channels "+strings.Join(r.Channels, ", "))
	}
	if len(r.Packages) > 0 {
		out = append(out, "only for packages "+strings.Join(r.Packages, ", "))
	}
	if !r.NotBefore.IsZero() {
		out = append(out, "not before "+r.NotBefore.UTC().Format("2 January 2006"))
	}
	if r.MaxUses > 0 {
		out = append(out, strconv.FormatInt(max(0, r.MaxUses-r.Uses), 10)+" of "+plural(r.MaxUses, "use")+" left")
	}
	return out
}

// scopeSet is a ready-made set of scopes.
type scopeSet struct {
	Name, Label, Hint string
	scopes            access.ScopeSet
}

// scopeSets are the ready-made sets.
func scopeSets() []scopeSet {
	read := access.Scopes(access.ChannelView, access.ChannelViewArtifacts, access.SubchannelView, access.SubchannelViewArtifacts, access.ArtifactView, access.ArtifactDownload)
	upload := read.Union(access.Scopes(access.ArtifactCreate))
	return []scopeSet{
		{"read", "Read only, for conda", "Install from every channel that you may read.", read},
		{"upload", "Upload from CI", "The same, and upload to every channel that you may write to.", upload},
		{"publish", "Publish and tidy up", "The same, and replace, edit and delete files.", upload.Union(access.Scopes(access.ArtifactEdit, access.ArtifactDelete))},
	}
}

// lifetimes are the ends of a token's life that a form for a new one offers, within what the site allows: what is usual
// there first, and that only once.
func lifetimes(policy registry.TokenPolicy) []option {
	first := choice("", "Never, as is usual here", "")
	if policy.DefaultLifetime > 0 {
		first.Label = "In " + daysWords(policy.DefaultLifetime) + ", as is usual here"
	}
	return append([]option{first}, ends(policy, policy.DefaultLifetime)...)
}

// asItIs is no lifetime that a site can have as its usual one.
const asItIs = -1

// ends are the ends of a token's life that a form offers besides its first choice, which has this lifetime.
func ends(policy registry.TokenPolicy, first time.Duration) []option {
	var out []option
	for _, days := range []int{1, 7, 30, 90, 365} {
		life := time.Duration(days) * 24 * time.Hour
		if life != first && (policy.MaxLifetime == 0 || life <= policy.MaxLifetime) {
			out = append(out, choice(strconv.Itoa(days), "In "+plural(int64(days), "day"), ""))
		}
	}
	if policy.MaxLifetime == 0 && first != 0 {
		out = append(out, choice(registry.ExpiresNever, "Never", ""))
	}
	return append(out, choice("date", "On a date", ""))
}

// limitWords says what the site demands of a token's life, empty for nothing.
func limitWords(policy registry.TokenPolicy, now time.Time) string {
	if policy.MaxLifetime == 0 {
		return ""
	}
	return "Tokens of this site live at most " + daysWords(policy.MaxLifetime) + ", that is until " + now.Add(policy.MaxLifetime).UTC().Format("2 January 2006") + "."
}

func daysWords(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return plural(int64(d/(24*time.Hour)), "day")
	}
	return d.String()
}

// expiry gives the end that a form asks for in the words of the domain.
func (p *page) expiry(now time.Time) string {
	switch v := p.text("expires"); v {
	case "", registry.ExpiresNever:
		return v
	case "date":
		at := p.text("expires_at")
		if at == "" {
			p.wrong("expires_at", "choose the date on which the token ends")
		}
		return at
	default:
		days, err := strconv.Atoi(v)
		if err != nil || days < 1 || days > 10_000 {
			p.wrong("expires", "choose when the token ends")
			return ""
		}
		return now.UTC().AddDate(0, 0, days).Format(time.DateOnly)
	}
}
