package web

import (
	"context"
	"slices"
	"strings"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) channelFilterPages() section {
	const path = channelsURL + "/{channel}/settings/filters"
	return section{routes: []route{
		{pattern: "GET " + path, handle: w.filters},
		{pattern: "POST " + path, handle: w.changeFilters},
	}}
}

// The fields of the form for filters bear the names that the domain gives them in its errors.
const (
	licenseModeField  = "filters.conda"
	includeSpecsField = "filters.conda.include_specs"
	excludeSpecsField = "filters.conda.exclude_specs"
)

// What licenses of a filter mean.
const (
	allLicenses    = "all"
	onlyLicenses   = "only"
	exceptLicenses = "except"
)

// filtersData is what the page for the filters of a channel shows.
type filtersData struct {
	channelFrame
	Modes, Licenses []option
	// Working tells that a change of the filters is still being applied.
	Working bool
}

const filtersTitle = "Filters"

// licenseFamilies are the families of licences in words.
func licenseFamilies() []option {
	return []option{
		choice(string(registry.LicenseMIT), "MIT", ""), choice(string(registry.LicenseBSD), "BSD", ""), choice(string(registry.LicenseApache), "Apache", ""),
		choice(string(registry.LicensePSF), "Python", ""), choice(string(registry.LicensePublicDomain), "Public domain", ""),
		choice(string(registry.LicenseLGPL), "LGPL", ""), choice(string(registry.LicenseGPL2), "GPL 2", ""), choice(string(registry.LicenseGPL3), "GPL 3", ""),
		choice(string(registry.LicenseAGPL), "AGPL", ""), choice(string(registry.LicenseProprietary), "Proprietary", ""),
		choice(string(registry.LicenseOther), "Any other", ""), choice(string(registry.LicenseNone), "None given", ""),
	}
}

func (p *page) filtersFrame() (filtersData, error) {
	f, err := p.frame(access.ChannelEdit)
	if err != nil {
		return filtersData{}, err
	}
	p.under(f.Channel.Path, channelURL(f.Channel.Path), "Settings", channelURL(f.Channel.Path, "settings"))
	filter := f.Channel.Filters.Conda
	mode, chosen := allLicenses, filter.IncludeLicenses
	switch {
	case len(filter.IncludeLicenses) > 0:
		mode = onlyLicenses
	case len(filter.ExcludeLicenses) > 0:
		mode, chosen = exceptLicenses, filter.ExcludeLicenses
	}
	if p.r.Method == "GET" {
		p.preset(licenseModeField, mode)
		for _, l := range chosen {
			p.form.Values.Add("licenses", string(l))
		}
		p.preset(includeSpecsField, strings.Join(filter.IncludeSpecs, "\n"))
		p.preset(excludeSpecsField, strings.Join(filter.ExcludeSpecs, "\n"))
	}
	d := filtersData{channelFrame: f, Working: f.Channel.Filtering != 0, Licenses: licenseFamilies(), Modes: []option{
		choice(allLicenses, "Offer packages of every licence", ""), choice(onlyLicenses, "Offer only the licences ticked below", ""), choice(exceptLicenses, "Offer all but the licences ticked below", ""),
	}}
	for i := range d.Licenses {
		d.Licenses[i].Selected = p.form.Has("licenses", d.Licenses[i].Value)
	}
	return d, nil
}

func (w *Web) filters(p *page) error {
	d, err := p.filtersFrame()
	if err != nil {
		return err
	}
	return p.showOf(d.channelFrame, "channel_filters", filtersTitle, d)
}

// chosenFilter reads the filter of conda packages from the form.
func (p *page) chosenFilter() registry.FamilyFilter {
	var f registry.FamilyFilter
	var licenses []registry.LicenseFamily
	for _, l := range p.texts("licenses") {
		licenses = append(licenses, registry.LicenseFamily(l))
	}
	mode := p.text(licenseModeField)
	if mode != allLicenses && len(licenses) == 0 {
		p.wrong(licenseModeField, "tick at least one licence")
	}
	switch mode {
	case allLicenses:
	case onlyLicenses:
		f.IncludeLicenses = licenses
	case exceptLicenses:
		f.ExcludeLicenses = licenses
	default:
		p.wrong(licenseModeField, "choose which licences are offered")
	}
	f.IncludeSpecs, f.ExcludeSpecs = p.lines(includeSpecsField), p.lines(excludeSpecsField)
	return f
}

// lines are the lines of a field that are not blank.
func (p *page) lines(name string) []string {
	all := strings.Split(p.text(name), "\n")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

func (w *Web) changeFilters(p *page) error {
	d, err := p.filtersFrame()
	if err != nil {
		return err
	}
	path, filters := d.Channel.Path, d.Channel.Filters
	filters.Conda = p.chosenFilter()
	err = p.try(func(ctx context.Context) error {
		_, err := p.Service.Channels.Edit(ctx, p.Caller, path, registry.ChannelChange{Filters: &filters})
		return err
	})
	if err != nil {
		return p.again(err, "channel_filters", filtersTitle+" · "+path, d, "")
	}
	return p.done(channelURL(path, "settings"), "The filters are changed. What they hide goes from the index; the files are kept.")
}
