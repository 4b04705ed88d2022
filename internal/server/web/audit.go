package web

import (
	"slices"
	"strconv"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
	"kingsnake/internal/server/auditfile"
)

func (w *Web) auditPages() section {
	const needs = access.AuditLogsView
	return section{
		nav: &navEntry{label: "Audit", path: auditURL, icon: "list", needs: needs, admin: true},
		routes: []route{
			{pattern: "GET " + auditURL, handle: w.audit, needs: needs},
			{pattern: "POST " + auditURL + "/export", handle: w.exportAudit, needs: needs},
			{pattern: "POST " + auditURL + "/sign", handle: w.signAudit, needs: needs},
		},
	}
}

// auditData is what the audit shows.
type auditData struct {
	List     *listing
	Rows     []auditRow
	Types    []option
	Outcomes []option
	// Asked are the filters, by name, for the form that exports the same rows.
	Asked map[string]string
	End   registry.ChainEnd
	// Lines and CSV name the formats of an export.
	Lines, CSV string
	// Look is what a filtered list shows, nil for the list of all.
	Look *auditLook
}

// auditLook is how far the audit was looked through for what a filter asks.
type auditLook struct {
	// Older is where the look goes on, Newest where it began, each empty for nothing more that way.
	Older, Newest string
	// Full tells that the page holds no more, Back else from which time on all was looked through.
	Full bool
	Back time.Time
}

// auditRow is one event in words.
type auditRow struct {
	registry.Event
	// Shown is what it was done to, by its name.
	Words, Shown string
	Facts        []string
}

const auditTitle = "Audit"

// auditFilters are the fields of the filter.
func auditFilters() []string {
	return []string{"type", "outcome", "user", "channel", "from", "to", "q"}
}

// auditFilter reads the filter. What is wrong with it stands beside its field, and narrows nothing.
func (p *page) auditFilter(value func(string) string) registry.AuditFilter {
	f := registry.AuditFilter{
		Outcome: registry.Outcome(value("outcome")), User: value("user"), Channel: value("channel"), Query: value("q"),
		From: p.dateOf("from", value("from")), Until: p.dateOf("to", value("to")),
	}
	if t := value("type"); t != "" {
		f.Types = []registry.EventType{registry.EventType(t)}
	}
	if !f.Until.IsZero() {
		// The day itself is meant too.
		f.Until = f.Until.AddDate(0, 0, 1)
	}
	return f
}

// dateOf reads a day, UTC, from a field; empty is none.
func (p *page) dateOf(name, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		p.wrong(name, "write the day as 2026-01-31")
	}
	return at
}

func (w *Web) audit(p *page) error {
	d, err := p.auditData()
	if err != nil {
		return err
	}
	return p.show("audit", auditTitle, d)
}

// auditData reads what the page shows.
func (p *page) auditData() (auditData, error) {
	d := auditData{List: p.listing(""), Asked: map[string]string{}, Lines: auditfile.Lines, CSV: auditfile.CSV, Outcomes: []option{
		choice("", "Any", ""), choice(string(registry.Done), "Done", ""), choice(string(registry.Denial), "Refused", ""),
	}}
	for _, name := range auditFilters() {
		d.Asked[name] = p.query(name)
		p.preset(name, p.query(name))
	}
	d.Types = append(d.Types, choice("", "Everything", ""))
	for _, t := range auditEvents() {
		d.Types = append(d.Types, choice(string(t), eventWords(t), ""))
	}
	var err error
	if d.End, err = p.Service.Audit.End(p.ctx(), p.Caller); err != nil {
		return d, err
	}
	filter := p.auditFilter(p.query)
	if len(p.form.Errors) > 0 {
		return d, nil
	}
	events, err := p.auditEvents(&d, filter)
	if e, known := registry.AsError(err); known && e.Denied == nil && aboutForm(e.Code) {
		p.wrong(e.Field, e.Message)
		return d, nil
	}
	for _, e := range events {
		shown, facts := eventFacts(e.Target, e.Data)
		d.Rows = append(d.Rows, auditRow{e, eventWords(e.Type), shown, facts})
	}
	return d, err
}

// auditEvents reads a page of all events, or as far as it can of those that a filter asks for.
func (p *page) auditEvents(d *auditData, f registry.AuditFilter) ([]registry.Event, error) {
	if !slices.ContainsFunc(auditFilters(), func(name string) bool { return p.query(name) != "" }) {
		events, total, err := p.Service.Audit.Search(p.ctx(), p.Caller, f, d.List.unsorted())
		d.List.Total = total
		return events, err
	}
	d.Look = &auditLook{}
	if at, err := strconv.ParseInt(p.query("before"), 10, 64); err == nil && at > 0 {
		f.Before, d.Look.Newest = at, d.List.with("before", "")
	}
	look, err := p.Service.Audit.Look(p.ctx(), p.Caller, f, d.List.per)
	if d.Look.Full, d.Look.Back = look.Full, look.Back; look.Next > 0 {
		d.Look.Older = d.List.with("before", strconv.FormatInt(look.Next, 10))
	}
	return look.Events, err
}
