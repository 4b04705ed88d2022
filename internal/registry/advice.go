package registry

import (
	"slices"
	"time"

	"kingsnake/internal/access"
)

// AdviceVerdict says what became of comparing what a token holds with what it used.
type AdviceVerdict string

// The verdicts.
const (
	// AdviceFits is a token that used all that it holds.
	AdviceFits AdviceVerdict = "fits"
	// AdviceNarrow is a token for which less is enough.
	AdviceNarrow AdviceVerdict = "narrow"
	// AdviceUnused is a token that used nothing; there is no narrower one, and it may as well be deleted.
	AdviceUnused AdviceVerdict = "unused"
)

// The days over which uses are looked at.
const (
	DefaultAdviceDays = 90
	MaxAdviceDays     = 365
)

// Advice compares what a token holds with what it used, and says what would have been enough.
type Advice struct {
	Token Token
	Days  int
	// Since is when what was looked at begins: Days ago, or later when the token was made, or the noting of uses begun,
	// after that. Young tells of the latter.
	Since   time.Time
	Young   bool
	Verdict AdviceVerdict
	// Scopes or Resources are what is enough; both are empty for AdviceUnused.
	Scopes    access.ScopeSet
	Resources []TokenResource
	// Unused is what the token holds beyond that.
	Unused []Excess
}

// Excess is something that a token holds and did not use.
type Excess struct {
	// Scope is one of a scope token, Resource one of a resource token, of which Enough is the level that was used.
	Scope    access.Scope
	Resource TokenResource
	Enough   access.Level
	// LastUsedAt is when it was used before what was looked at, zero where it is not known to have been used.
	LastUsedAt time.Time
}

// adviceDays checks for how many days somebody wants advice; 0 asks for the default.
func adviceDays(days int) (int, error) {
	if days == 0 {
		return DefaultAdviceDays, nil
	}
	if days < 0 || days > MaxAdviceDays {
		return 0, invalid("days", "days is not between 1 and %d", MaxAdviceDays)
	}
	return days, nil
}

// advise compares a token with its uses. recorded is since when uses have been noted.
func advise(t Token, uses []TokenUse, days int, recorded, now time.Time) Advice {
	a := Advice{Token: t, Days: days, Since: now.AddDate(0, 0, -days)}
	for _, begin := range []time.Time{t.CreatedAt, recorded} {
		if begin.After(a.Since) {
			a.Since, a.Young = begin, true
		}
	}
	var recent []access.Use
	for _, u := range uses {
		if !u.LastUsedAt.Before(now.AddDate(0, 0, -days)) {
			recent = append(recent, u.use())
		}
	}
	enough := t.Access().Narrow(recent)
	if t.Kind == access.ScopeToken {
		a.adviseScopes(enough, uses)
	} else {
		a.adviseResources(enough, uses)
	}
	switch {
	case a.Scopes == 0 && len(a.Resources) == 0:
		a.Verdict = AdviceUnused
	case len(a.Unused) == 0:
		a.Verdict = AdviceFits
	default:
		a.Verdict = AdviceNarrow
	}
	return a
}

func (a *Advice) adviseScopes(enough *access.Token, uses []TokenUse) {
	a.Scopes = enough.Scopes
	for s := range a.Token.Scopes.Without(enough.Scopes).All() {
		x := Excess{Scope: s}
		for _, u := range uses {
			if u.Scope == s && u.LastUsedAt.After(x.LastUsedAt) {
				x.LastUsedAt = u.LastUsedAt
			}
		}
		a.Unused = append(a.Unused, x)
	}
}

func (a *Advice) adviseResources(enough *access.Token, uses []TokenUse) {
	for _, r := range a.Token.Resources {
		left := r
		left.Level = enough.Resources[r.ChannelID]
		if r.Package != "" {
			left.Level = enough.Packages[r.ChannelID][r.Package]
		}
		if left.Level != access.None {
			a.Resources = append(a.Resources, left)
		}
		if left.Level < r.Level {
			a.Unused = append(a.Unused, Excess{Resource: r, Enough: left.Level, LastUsedAt: lastAbove(uses, r, left.Level)})
		}
	}
}

// lastAbove is when a resource was last used for what takes more than a level.
func lastAbove(uses []TokenUse, r TokenResource, level access.Level) (last time.Time) {
	for _, u := range uses {
		if u.Channel == r.ChannelID && u.Package == r.Package && u.Scope.Info().Level > level && u.LastUsedAt.After(last) {
			last = u.LastUsedAt
		}
	}
	return last
}

// narrowed is the token as it is enough.
func (a Advice) narrowed() Token {
	t := a.Token
	t.Scopes, t.Resources = a.Scopes, slices.Clone(a.Resources)
	return t
}

// removed names what is taken away, for the audit.
func (a Advice) removed() []string {
	out := make([]string, len(a.Unused))
	for i, x := range a.Unused {
		switch {
		case x.Scope != 0:
			out[i] = x.Scope.String()
		case x.Enough == access.None:
			out[i] = x.Resource.Name() + ":" + x.Resource.Level.String()
		default:
			out[i] = x.Resource.Name() + ":" + x.Resource.Level.String() + " (keeps " + x.Enough.String() + ")"
		}
	}
	return out
}

// inapplicable says why there is nothing to apply, nil where there is.
func (a Advice) inapplicable() error {
	switch a.Verdict {
	case AdviceUnused:
		return &Error{Code: CodeConflict, Reason: "token_unused", Message: "this token used nothing since " +
			a.Since.Format(time.DateOnly) + ", and a token that holds nothing is none; delete it instead"}
	case AdviceFits:
		return &Error{Code: CodeConflict, Reason: "token_fits", Message: "this token has used all that it holds since " + a.Since.Format(time.DateOnly) + "; there is nothing to take away"}
	case AdviceNarrow:
	}
	return nil
}
