// Package doctor examines a site: its settings, clock, storage, database and certificate, the way to it through a proxy, and
// whether tokens show in logs. It changes nothing but for a file in the storage and a row of the audit.
//
// Out of scope: whether the site's files are whole, which reading all of them tells (package upkeep).
package doctor

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"kingsnake/internal/blob"
	"kingsnake/internal/config"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/store"
)

// Status is how good or bad a finding is.
type Status string

// The statuses. A warning works, but not as well or as safely as it could.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Error   Status = "error"
)

// Finding is the outcome of one check.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Found  string `json:"found"`
	// Todo says what to do about it, empty when nothing.
	Todo string `json:"todo"`
}

// Site is what is examined of a site on this machine.
type Site struct {
	Records *store.Store
	Blobs   blob.Store
	// Refused gives the refused login in the audit whose client's name contains a text, nil for none yet.
	Refused func(ctx context.Context, client string) (*registry.Event, error)
}

// NewSite is a site whose audit is read for the machine's own administrator.
func NewSite(records *store.Store, blobs blob.Store, svc *registry.Service, now func() time.Time) *Site {
	return &Site{Records: records, Blobs: blobs, Refused: func(ctx context.Context, client string) (*registry.Event, error) {
		f := registry.AuditFilter{Types: []registry.EventType{registry.EventLoginFailed}, Query: client}
		list, err := svc.Audit.List(ctx, identity.Local(now()), f, 1)
		if err != nil || len(list) == 0 {
			return nil, err
		}
		return &list[0], nil
	}}
}

// Patient is what is examined.
type Patient struct {
	Config config.Config
	// Site is nil where it could not be opened.
	Site *Site
	// URL is where the server answers, empty to ask nothing of it, and Asked tells that somebody named it.
	URL   string
	Asked bool
	// Logs are files and folders in which no token may show.
	Logs []string
	Now  func() time.Time
	// Patience is how long a request is waited for that somebody in between may hold up; zero means five seconds.
	Patience time.Duration
}

// examination collects findings.
type examination struct {
	Patient
	findings []Finding
}

func (e *examination) add(check string, status Status, todo, format string, args ...any) {
	e.findings = append(e.findings, Finding{Check: check, Status: status, Found: fmt.Sprintf(format, args...), Todo: todo})
}

func (e *examination) ok(check, format string, args ...any) { e.add(check, OK, "", format, args...) }

// Examine makes all checks, in an order in which the cause of another finding comes first.
func Examine(ctx context.Context, p Patient) []Finding {
	p.Patience = cmp.Or(p.Patience, patience)
	e := &examination{Patient: p}
	e.settings()
	e.certificate()
	if p.Site != nil {
		e.storage(ctx)
		e.database(ctx)
	}
	e.space()
	if p.URL != "" {
		e.server(ctx)
	}
	return e.findings
}

// Worst is the worst status among findings.
func Worst(list []Finding) Status {
	worst := OK
	for _, f := range list {
		if f.Status == Error || f.Status == Warning && worst == OK {
			worst = f.Status
		}
	}
	return worst
}
