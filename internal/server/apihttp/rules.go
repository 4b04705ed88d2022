package apihttp

import (
	"context"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// ruleOperations are about what a channel offers and how much it holds.
func (a *API) ruleOperations() {
	const tag = "Channels"
	const one = "/api/channels/{channel}"
	addBoth(a, Operation{Method: http.MethodGet, Path: one + "/files-filtered", Tag: tag, Summary: "List what the channel's filters did to its files", Scopes: []access.Scope{access.ChannelHistory}}, a.filesFiltered)
	addBoth(a, Operation{Method: http.MethodPut, Path: one + "/quota", Tag: tag, Summary: "Bound the bytes of a channel's files", Scopes: []access.Scope{access.ChannelEdit, access.SystemSettingsEdit}}, a.setQuota)
}

type filesFilteredInput struct {
	ChannelPath
	Page
}

func (a *API) filesFiltered(ctx context.Context, caller *access.Caller, in *filesFilteredInput) (*body[api.List[api.FileFiltered]], error) {
	c, changes, total, err := a.Service.Filtering.Files(ctx, caller, in.Channel, in.registry())
	return list(changes, total, func(f registry.FileChange) api.FileFiltered {
		return api.FileFiltered{
			ChannelID: c.PublicID, ChannelName: c.Path, CKey: f.CKey, FilteredCause: string(f.Cause), Change: string(f.Change), CreatedAt: f.At,
		}
	}), err
}

type setQuotaInput struct {
	ChannelPath
	Body api.ChannelQuota
}

func (a *API) setQuota(ctx context.Context, caller *access.Caller, in *setQuotaInput) (*body[api.Channel], error) {
	c, err := a.Service.Channels.SetQuota(ctx, caller, in.Channel, in.Body.QuotaBytes)
	return &body[api.Channel]{channelOut(c)}, err
}

// filtersIn turns filters of the wire into the domain's; nil stays nil.
func filtersIn(f *api.ChannelFilters) *registry.Filters {
	if f == nil {
		return nil
	}
	return &registry.Filters{Conda: familyIn(f.Conda), CRAN: familyIn(f.CRAN), Python: familyIn(f.Python)}
}

func familyIn(f *api.FamilyFilter) registry.FamilyFilter {
	if f == nil {
		return registry.FamilyFilter{}
	}
	return registry.FamilyFilter{
		IncludeLicenses: converted[registry.LicenseFamily](f.IncludeLicenses), ExcludeLicenses: converted[registry.LicenseFamily](f.ExcludeLicenses),
		IncludeSpecs: f.IncludeSpecs, ExcludeSpecs: f.ExcludeSpecs,
	}
}

// filtersOut leaves out families that nothing is hidden of.
func filtersOut(f registry.Filters) api.ChannelFilters {
	return api.ChannelFilters{Conda: familyOut(f.Conda), CRAN: familyOut(f.CRAN), Python: familyOut(f.Python)}
}

func familyOut(f registry.FamilyFilter) *api.FamilyFilter {
	if f.IsZero() {
		return nil
	}
	return &api.FamilyFilter{
		IncludeLicenses: converted[string](f.IncludeLicenses), ExcludeLicenses: converted[string](f.ExcludeLicenses),
		IncludeSpecs: f.IncludeSpecs, ExcludeSpecs: f.ExcludeSpecs,
	}
}

// converted turns texts of one type into another.
func converted[To, From ~string](list []From) []To {
	out := make([]To, len(list))
	for i, v := range list {
		out[i] = To(v)
	}
	return out
}

func channelSettingsIn(s *api.ChannelSettings) *registry.ChannelSettings {
	if s == nil {
		return nil
	}
	out := &registry.ChannelSettings{}
	if n := s.CVENotifications; n != nil {
		out.CVENotifications = &registry.CVENotifications{
			ScoreIncrease: n.ScoreIncrease, ScoreDecrease: n.ScoreDecrease, StatusChange: n.StatusChange, ScoreThreshold: n.ScoreThreshold,
		}
	}
	return out
}

func channelSettingsOut(s registry.ChannelSettings) *api.ChannelSettings {
	n := s.CVENotifications
	if n == nil {
		return nil
	}
	return &api.ChannelSettings{CVENotifications: &api.CVENotifications{
		ScoreIncrease: n.ScoreIncrease, ScoreDecrease: n.ScoreDecrease, StatusChange: n.StatusChange, ScoreThreshold: n.ScoreThreshold,
	}}
}
