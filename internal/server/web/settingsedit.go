package web

import (
	"maps"
	"slices"
	"time"

	"kingsnake/internal/registry"
)

// siteEdit is what the form for the settings of the site asks for: the fields that were changed there.
type siteEdit struct {
	p *page
	// seen is the settings by which the form was judged.
	seen siteData
	// edited are the names of the fields; the rest is what they hold, read.
	edited []string
	days   map[string]int
	from   time.Time
	tell   []string
	cve    string
	// stale tells that somebody else had changed one of the fields, too, and nothing was changed.
	stale bool
}

// empty tells that nothing was changed in the form.
func (e *siteEdit) empty() bool { return len(e.edited) == 0 }

// siteEdit reads the form.
func (p *page) siteEdit(seen siteData) (*siteEdit, error) {
	e := &siteEdit{p: p, seen: seen, days: map[string]int{}, cve: seen.seen.CVEChannel}
	for _, name := range slices.Sorted(maps.Keys(seen.values)) {
		if p.edited(name) {
			e.edited = append(e.edited, name)
		}
	}
	for _, f := range daysFields() {
		e.days[f.Name] = p.days(f.Name)
	}
	e.from, e.tell = p.dateOf(identFromField, p.text(identFromField)), words(p.text(identTellField))
	slices.Sort(e.tell)
	var err error
	if p.edited(cveField) {
		e.cve, err = p.cveChannel(e.cve)
	}
	return e, err
}

// apply changes the settings as they are in the transaction of the edit, or none of them where somebody else has changed
// the same meanwhile.
func (e *siteEdit) apply(s *registry.SiteSettings) {
	now := siteValues(*s)
	now[cveField] = e.seen.values[cveField]
	if s.CVEChannel != e.seen.seen.CVEChannel {
		now[cveField] = s.CVEChannel
	}
	e.stale = false
	for _, name := range e.edited {
		e.stale = e.p.stale(name, now[name], siteShows(name)) || e.stale
	}
	if e.stale {
		return
	}
	for _, name := range e.edited {
		e.set(s, name)
	}
}

// siteShows words what a field holds.
func siteShows(name string) func(string) string {
	switch name {
	case autocreateField, introField, authorField, identField:
		return ticked
	case leakedField:
		return labelled(leakPolicies())
	}
	return quoted
}

// set changes one setting.
func (e *siteEdit) set(s *registry.SiteSettings, name string) {
	on := e.p.checked(name)
	switch name {
	case autocreateField:
		s.UserChannelAutocreate = on
	case introField:
		s.ShowIntro = on
	case authorField:
		s.AuthorByDefault = on
	case leakedField:
		s.LeakedTokens = registry.LeakPolicy(e.p.text(name))
	case cveField:
		s.CVEChannel = e.cve
	case identField:
		ident(s).Enabled = on
	case identFromField:
		ident(s).EnableFrom = e.from
	case identTellField:
		ident(s).Tokens = e.tell
	}
	for _, f := range daysFields() {
		if f.Name == name {
			*f.of(s) = e.days[name]
		}
	}
}

// ident gives what the clients tell of themselves, which stays unset until somebody sets it.
func ident(s *registry.SiteSettings) *registry.AnacondaIdent {
	if s.AnacondaIdent == nil {
		s.AnacondaIdent = &registry.AnacondaIdent{}
	}
	return s.AnacondaIdent
}
