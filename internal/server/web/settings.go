package web

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) settingsPages() section {
	return section{
		nav: &navEntry{label: "Settings", path: settingsURL, icon: "gear", needs: access.SystemSettingsView, admin: true},
		routes: []route{
			{pattern: "GET " + settingsURL, handle: w.settings, needs: access.SystemSettingsView},
			{pattern: "POST " + settingsURL, handle: w.changeSite, needs: access.SystemSettingsEdit},
		},
	}
}

// The fields of the settings, by the names under which the domain speaks of them.
const (
	autocreateField = "user_channel_autocreate"
	introField      = "show_intro"
	cveField        = "cve_channel_id"
	authorField     = "kingsnake.author_by_default"
	leakedField     = "kingsnake.leaked_tokens"
	identField      = "anaconda_ident_settings.enabled"
	identFromField  = "anaconda_ident_settings.enable_from"
	identTellField  = "anaconda_ident_settings.selected_tokens"
)

// daysField is a setting of so many days.
type daysField struct {
	Name string
	of   func(*registry.SiteSettings) *int
}

func daysFields() []daysField {
	return []daysField{
		{"kingsnake.token_default_days", func(s *registry.SiteSettings) *int { return &s.TokenDays.Default }},
		{"kingsnake.token_max_days", func(s *registry.SiteSettings) *int { return &s.TokenDays.Max }},
		{"kingsnake.service_token_default_days", func(s *registry.SiteSettings) *int { return &s.ServiceTokenDays.Default }},
		{"kingsnake.service_token_max_days", func(s *registry.SiteSettings) *int { return &s.ServiceTokenDays.Max }},
	}
}

// siteData is what the settings of the site show.
type siteData struct {
	MayEdit bool
	Leaks   []option
	// Now says of each field of days what holds at present.
	Now map[string]string
	// seen is the settings as they are, and values what the fields of the form hold then.
	seen   registry.SiteSettings
	values map[string]string
}

const siteTitle = "Settings"

// siteForm reads the settings into the form.
func (p *page) siteForm() (siteData, error) {
	s, err := p.Service.Settings.Get(p.ctx(), p.Caller)
	if err != nil {
		return siteData{}, err
	}
	policies, err := p.Service.Settings.Policies(p.ctx())
	if err != nil {
		return siteData{}, err
	}
	values := siteValues(s)
	if values[cveField], err = p.cvePath(s.CVEChannel); err != nil {
		return siteData{}, err
	}
	for name, value := range values {
		p.opened(name, value)
	}
	d := siteData{seen: s, values: values, MayEdit: p.Service.Can(p.Caller, access.SystemSettingsEdit, access.OnSystem()), Leaks: leakPolicies(), Now: map[string]string{}}
	for i, life := range []time.Duration{policies.People.DefaultLifetime, policies.People.MaxLifetime, policies.Services.DefaultLifetime, policies.Services.MaxLifetime} {
		d.Now[daysFields()[i].Name] = "Now: " + lifetimeWords(life) + "."
	}
	return d, nil
}

// leakPolicies are what can become of a leaked token.
func leakPolicies() []option {
	return []option{
		choice(string(registry.LeakPolicyRevoke), "Revoke it and tell its owner", ""), choice(string(registry.LeakPolicyNotify), "Only tell its owner", ""),
	}
}

// lifetimeWords says how long a lifetime is, in days.
func lifetimeWords(d time.Duration) string {
	if d == 0 {
		return "none"
	}
	return plural(max(1, int64(d/(24*time.Hour))), "day")
}

// siteValues are the settings as the fields of the form have them, but for the channel of the CVEs.
func siteValues(s registry.SiteSettings) map[string]string {
	box := map[bool]string{true: "1"}
	out := map[string]string{
		autocreateField: box[s.UserChannelAutocreate], introField: box[s.ShowIntro], authorField: box[s.AuthorByDefault],
		leakedField: string(s.LeakedTokens), identField: "", identFromField: "", identTellField: "",
	}
	for _, f := range daysFields() {
		if out[f.Name] = ""; *f.of(&s) != registry.DaysAsConfigured {
			out[f.Name] = strconv.Itoa(*f.of(&s))
		}
	}
	if ident := s.AnacondaIdent; ident != nil {
		out[identField], out[identTellField] = box[ident.Enabled], strings.Join(ident.Tokens, " ")
		if !ident.EnableFrom.IsZero() {
			out[identFromField] = ident.EnableFrom.UTC().Format(time.DateOnly)
		}
	}
	return out
}

// cvePath is the channel with this id by its path. One that is no more is named by its id.
func (p *page) cvePath(id string) (string, error) {
	if id == "" {
		return "", nil
	}
	f := registry.ChannelFilter{PublicIDs: []string{id}, IncludeSubchannels: true}
	found, _, err := p.Service.Channels.List(p.ctx(), p.Caller, f, registry.Page{Limit: 1})
	if err != nil || len(found) == 0 {
		return id, err
	}
	return found[0].Path, nil
}

func (w *Web) settings(p *page) error {
	d, err := p.siteForm()
	if err != nil {
		return err
	}
	return p.show("settings", siteTitle, d)
}

// changeSite changes those settings of the site that were changed in the form.
func (w *Web) changeSite(p *page) error {
	d, err := p.siteForm()
	if err != nil {
		return err
	}
	edit, err := p.siteEdit(d)
	if err != nil {
		return err
	}
	err = p.try(func(ctx context.Context) error {
		if edit.empty() {
			return errUnchanged
		}
		_, err := p.Service.Settings.Edit(ctx, p.Caller, edit.apply)
		if err == nil && edit.stale {
			return errChecked
		}
		return beside(err, access.CVEEdit, cveField, "you may not choose this channel")
	})
	switch {
	case errors.Is(err, errUnchanged):
		return p.unchanged(settingsURL)
	case err != nil:
		return p.again(err, "settings", siteTitle, d, "")
	}
	return p.done(settingsURL, "The settings are saved. They hold from now on.")
}

// days reads a number of days; empty leaves it to the configuration.
func (p *page) days(name string) int {
	text := p.text(name)
	if text == "" {
		return registry.DaysAsConfigured
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		p.wrong(name, "give a number of days, 0 for none, or nothing to leave it to the configuration")
	}
	return n
}

// cveChannel is the id of the channel that was named, or the one that is set where its name was left alone.
func (p *page) cveChannel(current string) (string, error) {
	typed := p.text(cveField)
	if typed == "" || typed == current {
		return typed, nil
	}
	c, err := p.Service.Channels.Get(p.ctx(), p.Caller, typed)
	if e, known := registry.AsError(err); known && e.Denied != nil {
		p.wrong(cveField, "there is no channel "+typed+", or none that you may see")
		return "", nil
	}
	return c.PublicID, err
}
