package config

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

// Mapping says what a value of the groups claim gives.
type Mapping struct{ Value, Gives string }

// AllValues is the entry of OIDCGroupMap that stands for all groups named like a value.
const AllValues = "*"

// ParseMapping reads "value=name". The value may hold equals signs, as distinguished names do.
func ParseMapping(entry string) (Mapping, bool) {
	at := strings.LastIndexByte(entry, '=')
	if at < 1 || at == len(entry)-1 {
		return Mapping{}, false
	}
	return Mapping{Value: entry[:at], Gives: entry[at+1:]}, true
}

// mappings reads the entries that Validate has found good.
func mappings(entries []string) []Mapping {
	var all []Mapping
	for _, e := range entries {
		if m, ok := ParseMapping(e); ok {
			all = append(all, m)
		}
	}
	return all
}

// OIDCRoles and OIDCGroups are the maps, read.
func (c *Config) OIDCRoles() []Mapping { return mappings(c.OIDCRoleMap) }

// OIDCGroups is OIDCGroupMap without the entry AllValues.
func (c *Config) OIDCGroups() []Mapping { return mappings(c.OIDCGroupMap) }

// OIDCEveryGroup tells whether OIDCGroupMap has the entry AllValues.
func (c *Config) OIDCEveryGroup() bool { return slices.Contains(c.OIDCGroupMap, AllValues) }

// validateOIDC checks the settings of the sign-in by OpenID Connect.
func (c *Config) validateOIDC(require func(ok bool, key, want string)) {
	if c.OIDCIssuer != "" {
		require(validIssuer(c.OIDCIssuer), "oidc_issuer", "write an https address without query or fragment; http works on this machine only")
		require(c.OIDCClientID != "", "oidc_client_id", "set it to the id that the provider gave this site, or leave oidc_issuer out")
		require(c.PublicURL != "", "public_url", "must be set together with oidc_issuer, since the provider sends people back there")
	} else {
		require(c.OIDCClientID == "" && c.OIDCClientSecret == "", "oidc_issuer", "must be set together with oidc_client_id")
	}
	for _, issuer := range c.TrustedIssuers {
		require(validIssuer(issuer), "trusted_issuers", "write each as an https address without query or fragment; http works on this machine only")
	}
	require(len(c.TrustedIssuers) == 0 || c.PublicURL != "", "trusted_issuers", "set public_url too: assertions name the site that they are for")
	require(slices.Contains(c.OIDCScopes, "openid"), "oidc_scopes", "openid must be among them")
	require(c.OIDCGroupsClaim != "", "oidc_groups_claim", "name a claim, such as groups")
	require(c.OIDCClaimsLifetime > 0, "oidc_claims_lifetime", "must be more than 0")
	for _, entry := range c.OIDCRoleMap {
		m, ok := ParseMapping(entry)
		require(ok && m.Value != AllValues, "oidc_role_map", "write each entry as value=role; roles are given to values by name only")
	}
	for _, entry := range c.OIDCGroupMap {
		m, ok := ParseMapping(entry)
		require(entry == AllValues || ok && m.Value != AllValues, "oidc_group_map", "write each entry as value=group, or * for all groups named like a value")
		require(!strings.HasSuffix(m.Gives, "_owners"), "oidc_group_map", "groups that end in _owners belong to their channels; map to another group and give that one the channel")
	}
	for _, domain := range c.OIDCAllowedDomains {
		require(!strings.ContainsAny(domain, "@ /*"), "oidc_allowed_domains", "write domains as example.org")
	}
}

// validIssuer wants what OpenID Connect Discovery wants of an issuer. Without TLS whoever stands between could let
// anybody in, so that is taken on one machine only.
func validIssuer(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(s, "?#") {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && local
}
