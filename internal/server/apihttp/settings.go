package apihttp

import (
	"context"
	"encoding/json"
	"net/http"

	"kingsnake/api"
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (a *API) settingOperations() {
	const tag, path = "System", "/api/system/settings"
	add(a, Operation{Method: http.MethodGet, Path: path, Tag: tag, Summary: "The settings of the site", Scopes: []access.Scope{access.SystemSettingsView}},
		func(ctx context.Context, caller *access.Caller, _ *struct{}) (*body[api.SystemSettings], error) {
			s, err := a.Service.Settings.Get(ctx, caller)
			return &body[api.SystemSettings]{settingsOut(s)}, err
		})
	add(a, Operation{Method: http.MethodPut, Path: path, Tag: tag, Summary: "Change settings of the site", Scopes: []access.Scope{access.SystemSettingsEdit}},
		func(ctx context.Context, caller *access.Caller, in *settingsInput) (*body[api.SystemSettings], error) {
			s, err := a.Service.Settings.Edit(ctx, caller, in.edit)
			return &body[api.SystemSettings]{settingsOut(s)}, err
		})
}

// settingsInput keeps the body as it came too, to tell a null from what was left out.
type settingsInput struct {
	RawBody []byte
	Body    api.SystemSettingsUpdate
}

// edit applies what the body names.
func (in *settingsInput) edit(s *registry.SiteSettings) {
	b := in.Body
	assign(&s.UserChannelAutocreate, b.UserChannelAutocreate)
	assign(&s.ShowIntro, b.ShowIntro)
	if assign(&s.CVEChannel, b.CVEChannelID); in.null("cve_channel_id") {
		s.CVEChannel = ""
	}
	switch ident := b.AnacondaIdent; {
	case ident != nil:
		s.AnacondaIdent = &registry.AnacondaIdent{Enabled: ident.Enabled, Tokens: ident.SelectedTokens}
		assign(&s.AnacondaIdent.EnableFrom, ident.EnableFrom)
	case in.null("anaconda_ident_settings"):
		s.AnacondaIdent = nil
	}
	if ours := b.Kingsnake; ours != nil {
		assign(&s.AuthorByDefault, ours.AuthorByDefault)
		assign(&s.TokenDays.Default, ours.TokenDefaultDays)
		assign(&s.TokenDays.Max, ours.TokenMaxDays)
		assign(&s.ServiceTokenDays.Default, ours.ServiceTokenDefaultDays)
		assign(&s.ServiceTokenDays.Max, ours.ServiceTokenMaxDays)
		if policy := ours.LeakedTokens; policy != nil {
			s.LeakedTokens = registry.LeakPolicy(*policy)
		}
	}
}

// null tells whether the body names a field and gives it no value.
func (in *settingsInput) null(field string) bool {
	var given map[string]json.RawMessage
	err := json.Unmarshal(in.RawBody, &given)
	return err == nil && string(given[field]) == "null"
}

// assign sets what is given.
func assign[T any](field *T, given *T) {
	if given != nil {
		*field = *given
	}
}

func settingsOut(s registry.SiteSettings) api.SystemSettings {
	out := api.SystemSettings{
		UserChannelAutocreate: s.UserChannelAutocreate, ShowIntro: s.ShowIntro, Kingsnake: kingsnakeOut(s),
	}
	if s.CVEChannel != "" {
		out.CVEChannelID = &s.CVEChannel
	}
	if ident := s.AnacondaIdent; ident != nil {
		out.AnacondaIdent = &api.AnacondaIdentSettings{
			Enabled: ident.Enabled, EnableFrom: instant(ident.EnableFrom), UpdatedBy: ident.UpdatedBy, SelectedTokens: ident.Tokens,
		}
	}
	return out
}

// kingsnakeOut are the settings that Anaconda Server does not have.
func kingsnakeOut(s registry.SiteSettings) api.KingsnakeSettings {
	return api.KingsnakeSettings{
		AuthorByDefault: s.AuthorByDefault, TokenDefaultDays: s.TokenDays.Default, TokenMaxDays: s.TokenDays.Max,
		ServiceTokenDefaultDays: s.ServiceTokenDays.Default, ServiceTokenMaxDays: s.ServiceTokenDays.Max,
		LeakedTokens: string(s.LeakedTokens),
	}
}
