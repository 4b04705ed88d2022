package apihttp

import (
	"time"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func restrictionsIn(in *api.TokenRestrictions) registry.RestrictionsInput {
	if in == nil {
		return registry.RestrictionsInput{}
	}
	return registry.RestrictionsInput{
		Channels: in.Channels, Packages: in.Packages, AllowedCIDRs: in.AllowedCIDRs, NotBefore: in.NotBefore, MaxUses: in.MaxUses,
	}
}

// restrictionsOut gives restrictions on the wire, nil when there are none.
func restrictionsOut(r access.Restrictions) *api.TokenRestrictions {
	if len(r.Channels)+len(r.Packages)+len(r.CIDRs) == 0 && r.NotBefore.IsZero() && r.MaxUses == 0 {
		return nil
	}
	out := &api.TokenRestrictions{Channels: r.Channels, Packages: r.Packages, MaxUses: r.MaxUses}
	if r.MaxUses > 0 {
		out.Uses = r.Uses
	}
	for _, p := range r.CIDRs {
		out.AllowedCIDRs = append(out.AllowedCIDRs, p.String())
	}
	if !r.NotBefore.IsZero() {
		out.NotBefore = r.NotBefore.Format(time.RFC3339)
	}
	return out
}
