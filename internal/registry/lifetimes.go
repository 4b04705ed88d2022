package registry

import (
	"context"
	"time"

	"kingsnake/internal/access"
)

// LifetimeDays are the settings that bound the lives of tokens, in days; 0 stands for no default and no bound.
type LifetimeDays struct{ Default, Max int }

// DaysAsConfigured leaves a lifetime to the server's configuration.
const DaysAsConfigured = -1

// maxLifetimeDays is about a century.
const maxLifetimeDays = 36_500

const day = 24 * time.Hour

func validateDays(field string, n int) error {
	if n < DaysAsConfigured || n > maxLifetimeDays {
		return invalid("kingsnake."+field, "a lifetime has between 1 and %d days; 0 is none, and %d leaves it to the configuration", maxLifetimeDays, DaysAsConfigured)
	}
	return nil
}

// over is a policy with what is set in place of what is configured.
func (d LifetimeDays) over(p TokenPolicy) TokenPolicy {
	if d.Default != DaysAsConfigured {
		p.DefaultLifetime = time.Duration(d.Default) * day
	}
	if d.Max != DaysAsConfigured {
		p.MaxLifetime = time.Duration(d.Max) * day
	}
	return p
}

// TokenPolicies are what the site demands of the tokens of people and of service accounts.
type TokenPolicies struct{ People, Services TokenPolicy }

// For gives the policy for a kind of account.
func (p TokenPolicies) For(kind PrincipalKind) TokenPolicy {
	if kind == access.KindServiceAccount {
		return p.Services
	}
	return p.People
}

// policies are what holds under these settings. What bounds the tokens of people bounds those of service accounts too.
func (s SiteSettings) policies(configured TokenPolicies) TokenPolicies {
	p := TokenPolicies{People: s.TokenDays.over(configured.People), Services: s.ServiceTokenDays.over(configured.Services)}
	if bound := p.People.MaxLifetime; bound > 0 && (p.Services.MaxLifetime == 0 || bound < p.Services.MaxLifetime) {
		p.Services.MaxLifetime = bound
	}
	return p
}

// Policies are what the site demands of tokens as of now. It asks nobody.
func (s *Settings) Policies(ctx context.Context) (TokenPolicies, error) {
	current, err := s.Current(ctx)
	return current.policies(s.configured), err
}
