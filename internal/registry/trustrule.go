package registry

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"kingsnake/internal/access"
)

// TrustRule lets jobs of which an issuer says certain things publish to a channel.
type TrustRule struct {
	ID        int64
	PublicID  string
	ChannelID int64
	Channel   string
	Issuer    string
	// Claims are what the issuer must say, word by word.
	Claims map[string]string
	Level  access.Level
	// Packages are patterns for the names of packages; none means all.
	Packages []string
	// Lifetime is how long a token lives.
	Lifetime    time.Duration
	Description string
	CreatedBy   string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	LastUsedAt  time.Time
	Uses        int64
}

// The bounds of rules.
const (
	maxTrustRules        = 200
	maxTrustClaims       = 20
	maxTrustClaim        = 500
	maxTrustLifetime     = time.Hour
	defaultTrustLifetime = 15 * time.Minute
	maxTrustPackages     = 100
	minTrustLifetime     = time.Minute
	githubIssuer         = "https://token.actions.githubusercontent.com"
	gitlabIssuer         = "https://gitlab.com"
)

// TrustInput is what somebody asks of a rule.
type TrustInput struct {
	Issuer      string
	Claims      map[string]string
	Level       string
	Packages    []string
	Minutes     int
	Description string
}

// rule reads the input.
func (in TrustInput) rule(issuers []string) (TrustRule, error) {
	r := TrustRule{Issuer: in.Issuer, Claims: maps.Clone(in.Claims), Packages: slices.Clone(in.Packages), Description: in.Description, Lifetime: time.Duration(in.Minutes) * time.Minute}
	if in.Minutes == 0 {
		r.Lifetime = defaultTrustLifetime
	}
	level, ok := access.ParseLevel(in.Level)
	switch {
	case !slices.Contains(issuers, in.Issuer) && len(issuers) == 0:
		return r, invalid("issuer", "this site trusts no issuer; an administrator lists them in trusted_issuers")
	case !slices.Contains(issuers, in.Issuer):
		return r, invalid("issuer", "%q is none of the issuers that this site trusts: %s", clip(in.Issuer, 200), strings.Join(issuers, ", "))
	case !ok || level == access.None:
		return r, invalid("permission", "permission %q is neither read nor write", clip(in.Level, 32))
	case r.Lifetime < minTrustLifetime || r.Lifetime > maxTrustLifetime:
		return r, invalid("minutes", "a token lives between 1 and %d minutes", int(maxTrustLifetime/time.Minute))
	case utf8.RuneCountInString(in.Description) > maxDescription:
		return r, invalid("description", "the description has more than %d characters", maxDescription)
	case len(in.Packages) > maxTrustPackages:
		return r, invalid("packages", "a rule has at most %d patterns", maxTrustPackages)
	}
	for _, p := range in.Packages {
		if !access.ValidPattern(p) || strings.Contains(p, "/") {
			return r, invalid("packages", "%q is no pattern for package names such as numpy or team-*", clip(p, 300))
		}
	}
	r.Level = level
	return r, r.validateClaims()
}

// validateClaims refuses claims by which somebody else could come to be trusted.
func (r TrustRule) validateClaims() error {
	if len(r.Claims) == 0 || len(r.Claims) > maxTrustClaims {
		return invalid("claims", "a rule names between 1 and %d claims", maxTrustClaims)
	}
	for name, value := range r.Claims {
		if name == "" || value == "" || len(name) > maxTrustClaim || len(value) > maxTrustClaim || strings.ContainsFunc(name+value, unicode.IsControl) {
			return invalid("claims", "the name or the value of claim %q is empty, too long or holds control characters", clip(name, 100))
		}
		if slices.Contains([]string{"iss", "aud", "exp", "nbf", "iat", "jti"}, name) {
			return invalid("claims", "%s is judged in any case and pins nobody", name)
		}
	}
	for _, f := range families() {
		if f.is(r) && !f.pinned(r.Claims) {
			return invalid("claims", "%s: %s", f.name, f.remedy)
		}
	}
	return nil
}

// family is a CI system whose claims are known: which of them never change hands.
type family struct {
	name, issuer string
	// marks are claims that only this family has.
	marks  []string
	pinned func(claims map[string]string) bool
	remedy string
}

// families are the known ones. Their names can be given up and taken by somebody else; their ids cannot.
func families() []family {
	return []family{
		{
			name: "GitHub", issuer: githubIssuer, marks: []string{"repository", "repository_owner", "job_workflow_ref", "workflow_ref"},
			pinned: func(c map[string]string) bool {
				return c["repository_id"] != "" || c["repository_owner_id"] != "" && (c["repository"] != "" || c["job_workflow_ref"] != "" || c["workflow_ref"] != "")
			},
			remedy: "names of repositories and owners can be given up and taken by somebody else; pin repository_id, or repository_owner_id together with repository or job_workflow_ref",
		},
		{
			name: "GitLab", issuer: gitlabIssuer, marks: []string{"project_path", "namespace_path"},
			pinned: func(c map[string]string) bool {
				return c["project_id"] != "" || c["namespace_id"] != "" && (c["project_path"] != "" || c["ci_config_ref_uri"] != "")
			},
			remedy: "names of projects and groups can be given up and taken by somebody else; pin project_id, or namespace_id together with project_path or ci_config_ref_uri",
		},
	}
}

// is tells whether a rule is about this family, by the issuer or by the words that it uses.
func (f family) is(r TrustRule) bool {
	return r.Issuer == f.issuer || slices.ContainsFunc(f.marks, func(m string) bool { return r.Claims[m] != "" })
}

// mismatches names the claims that are not as the rule wants them, sorted.
func (r TrustRule) mismatches(a Assertion) []string {
	var names []string
	for name, want := range r.Claims {
		if got, said := a.Claims[name]; !said || got != want {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Assertion is what an issuer says of a job, when its signature, its audience and its times have been found good.
type Assertion struct {
	Issuer string
	// ID is the assertion's own, or the hash of all that it says where it has none.
	ID string
	// Claims are those that are one text, number or truth value.
	Claims    map[string]string
	ExpiresAt time.Time
}

// title says in a few words which job it is about.
func (a Assertion) title() string {
	text := a.Claims["sub"]
	if text == "" {
		text = "job of " + a.Issuer
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if runes := []rune(text); len(runes) > maxTokenName {
		text = string(runes[:maxTokenName])
	}
	return text
}

// reach is what a token of several rules may do on one channel.
type reach struct {
	rule     TrustRule
	level    access.Level
	packages []string
	all      bool
}

// add takes in what one more rule gives. A lower level is left out: a token cannot hold two on one channel.
func (g *reach) add(r TrustRule) {
	switch {
	case r.Level < g.level:
		return
	case r.Level > g.level:
		*g = reach{rule: r, level: r.Level}
	}
	g.all = g.all || len(r.Packages) == 0
	g.packages = slices.Compact(slices.Sorted(slices.Values(append(g.packages, r.Packages...))))
}

// patterns are the packages that the token is for, none for all.
func (g *reach) patterns() []string {
	if g.all {
		return nil
	}
	return g.packages
}
