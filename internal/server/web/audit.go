package web

import (
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
	events, total, err := p.Service.Audit.Search(p.ctx(), p.Caller, filter, d.List.unsorted())
	if e, known := registry.AsError(err); known && e.Denied == nil && aboutForm(e.Code) {
		p.wrong(e.Field, e.Message)
		return d, nil
	}
	d.List.Total = total
	for _, e := range events {
		shown, facts := eventFacts(e.Target, e.Data)
		d.Rows = append(d.Rows, auditRow{e, eventWords(e.Type), shown, facts})
	}
	return d, err
}
