package server

import (
	"strings"
	"time"

	"kingsnake/internal/config"
	"kingsnake/internal/identity/oidc"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/apihttp"
)

// externalPolicy is whom the site lets in by OpenID Connect, as configured.
func externalPolicy(cfg config.Config) registry.ExternalPolicy {
	return registry.ExternalPolicy{
		Roles: byValue(cfg.OIDCRoles()), Groups: byValue(cfg.OIDCGroups()), EveryGroup: cfg.OIDCEveryGroup(),
		AllowedDomains: cfg.OIDCAllowedDomains, AllowedValues: cfg.OIDCAllowedGroups,
		ClaimsLifetime: time.Duration(cfg.OIDCClaimsLifetime),
	}
}

func byValue(all []config.Mapping) map[string][]string {
	out := map[string][]string{}
	for _, m := range all {
		out[m.Value] = append(out[m.Value], m.Gives)
	}
	return out
}

// signIn makes the sign-in by OpenID Connect, if it is configured. The provider is asked nothing yet.
func (s *Server) signIn(o Options) (*oidc.Flow, string) {
	if s.cfg.OIDCIssuer == "" {
		return nil, ""
	}
	p := oidc.NewProvider(oidc.Settings{
		Issuer: s.cfg.OIDCIssuer, ClientID: s.cfg.OIDCClientID, ClientSecret: string(s.cfg.OIDCClientSecret),
		RedirectURL: strings.TrimSuffix(s.cfg.PublicURL, "/") + apihttp.CallbackPath,
		Scopes:      s.cfg.OIDCScopes, GroupsClaim: s.cfg.OIDCGroupsClaim,
	}, oidc.Options{Log: o.Log, Now: o.Now})
	return oidc.NewFlow(p, s.site.Keys.SignIn(), s.site.Service.External.Spend), s.cfg.OIDCName
}

// assertions judges the word of the issuers that the site trusts, if it trusts any.
func (s *Server) assertions(o Options) *oidc.Assertions {
	if len(s.cfg.TrustedIssuers) == 0 {
		return nil
	}
	return oidc.NewAssertions(s.cfg.TrustedIssuers, s.cfg.PublicURL, oidc.Options{Log: o.Log, Now: o.Now})
}
