package web

import (
	"context"
	"net/http"
	"slices"
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
	if p.r.Method != http.MethodPost {
		if err := p.presetSite(s); err != nil {
			return siteData{}, err
		}
	}
	d := siteData{MayEdit: p.Service.Can(p.Caller, access.SystemSettingsEdit, access.OnSystem()), Leaks: []option{
		choice(string(registry.LeakPolicyRevoke), "Revoke it and tell its owner", ""), choice(string(registry.LeakPolicyNotify), "Only tell its owner", ""),
	}, Now: map[string]string{}}
	for i, life := range []time.Duration{policies.People.DefaultLifetime, policies.People.MaxLifetime, policies.Services.DefaultLifetime, policies.Services.MaxLifetime} {
		d.Now[daysFields()[i].Name] = "Now: " + lifetimeWords(life) + "."
	}
	return d, nil
}

// lifetimeWords says how long a lifetime is, in days.
func lifetimeWords(d time.Duration) string {
	if d == 0 {
		return "none"
	}
	return plural(max(1, int64(d/(24*time.Hour))), "day")
}

// presetSite fills the form with what holds.
func (p *page) presetSite(s registry.SiteSettings) error {
	box := func(name string, on bool) {
		if on {
			p.preset(name, "1")
		}
	}
	box(autocreateField, s.UserChannelAutocreate)
	box(introField, s.ShowIntro)
	box(authorField, s.AuthorByDefault)
	p.preset(leakedField, string(s.LeakedTokens))
	for _, f := range daysFields() {
		if n := *f.of(&s); n != registry.DaysAsConfigured {
			p.preset(f.Name, strconv.Itoa(n))
		}
	}
	if ident := s.AnacondaIdent; ident != nil {
		box(identField, ident.Enabled)
		p.preset(identTellField, strings.Join(ident.Tokens, " "))
		if !ident.EnableFrom.IsZero() {
			p.preset(identFromField, ident.EnableFrom.UTC().Format(time.DateOnly))
		}
	}
	path, err := p.cvePath(s.CVEChannel)
	p.preset(cveField, path)
	return err
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

// changeSite changes the settings of the site to what was typed.
func (w *Web) changeSite(p *page) error {
	d, err := p.siteForm()
	if err != nil {
		return err
	}
	edit, err := p.siteEdit()
	if err != nil {
		return err
	}
	err = p.try(func(ctx context.Context) error {
		_, err := p.Service.Settings.Edit(ctx, p.Caller, edit)
		return beside(err, access.CVEEdit, cveField, "you may not choose this channel")
	})
	if err != nil {
		return p.again(err, "settings", siteTitle, d, "")
	}
	return p.done(settingsURL, "The settings are saved. They hold from now on.")
}

// siteEdit is the change that the form asks for.
func (p *page) siteEdit() (func(*registry.SiteSettings), error) {
	days := map[string]int{}
	for _, f := range daysFields() {
		days[f.Name] = p.days(f.Name)
	}
	from := p.dateOf(identFromField, p.text(identFromField))
	tell := words(p.text(identTellField))
	slices.Sort(tell)
	current, err := p.Service.Settings.Get(p.ctx(), p.Caller)
	if err != nil {
		return nil, err
	}
	cve, err := p.cveChannel(current.CVEChannel)
	return func(s *registry.SiteSettings) {
		s.UserChannelAutocreate, s.ShowIntro, s.AuthorByDefault = p.checked(autocreateField), p.checked(introField), p.checked(authorField)
		s.LeakedTokens, s.CVEChannel = registry.LeakPolicy(p.text(leakedField)), cve
		for _, f := range daysFields() {
			*f.of(s) = days[f.Name]
		}
		// What nobody ever set stays unset, until somebody does.
		if on := p.checked(identField); s.AnacondaIdent != nil || on || !from.IsZero() || len(tell) > 0 {
			s.AnacondaIdent = &registry.AnacondaIdent{Enabled: on, EnableFrom: from, Tokens: tell}
		}
	}, err
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
