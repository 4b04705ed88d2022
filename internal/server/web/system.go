package web

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) systemPages() section {
	const needs = access.SystemSettingsView
	const job = systemURL + "/jobs/{job}/cancel"
	return section{
		nav: &navEntry{label: "System", path: systemURL, icon: "pulse", needs: needs, admin: true},
		routes: []route{
			{pattern: "GET " + systemURL, handle: w.system, needs: needs},
			{pattern: "GET " + job, handle: w.cancelJobPage, needs: needs},
			{pattern: "POST " + job, handle: w.cancelJob, needs: needs},
		},
	}
}

// systemData is what the page about the server shows.
type systemData struct {
	// Problems are what is wrong with the server, none when all is well.
	Problems []string
	Counts   []countOf
	// Counted tells whether Storage and Stored are known.
	Counted bool
	Storage []storedFamily
	Stored  int64
	Jobs    []jobRow
	List    *listing
	States  []option
	// Runtime is what the server was built by and runs on.
	Runtime string
}

// countOf is how many there are of something, with the page that lists them.
type countOf struct {
	Label string
	N     int64
	URL   string
}

// storedFamily is what the files of a family take.
type storedFamily struct {
	Family string
	Bytes  int64
}

// jobRow is a job with what can be done about it.
type jobRow struct {
	registry.Job
	Badge     string
	MayCancel bool
}

// Handled is how many items have had their turn.
func (j jobRow) Handled() int64 { return j.Done + j.Failed + j.Skipped }

// jobStates are the states of a job with the class of their badge.
func jobStates() []struct {
	State registry.JobState
	Badge string
} {
	return []struct {
		State registry.JobState
		Badge string
	}{
		{registry.JobQueued, ""}, {registry.JobRunning, "info"}, {registry.JobDone, "success"}, {registry.JobFailed, "danger"}, {registry.JobCanceled, "warning"},
	}
}

// unfinished tells whether a job can still be canceled.
func unfinished(j registry.Job) bool {
	return (j.State == registry.JobQueued || j.State == registry.JobRunning) && !j.Canceled
}

// countingPatience is how long the page waits for the bytes of all packages, which on a very large site take seconds to
// count.
const countingPatience = 50 * time.Millisecond

func (w *Web) system(p *page) error {
	d := systemData{
		Problems: w.Check(p.ctx()), List: p.listing("-created_at", "updated_at"), States: []option{choice("", "Any state", "")},
		Runtime: runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH,
	}
	stats, err := p.Service.System.StatsSoon(p.ctx(), p.Caller, countingPatience)
	if err != nil {
		return err
	}
	d.Counted = stats != nil
	for _, family := range slices.Sorted(maps.Keys(stats)) {
		d.Storage, d.Stored = append(d.Storage, storedFamily{family, stats[family]}), d.Stored+stats[family]
	}
	if d.Counts, err = p.counts(); err != nil {
		return err
	}
	if err := p.listJobs(&d); err != nil {
		return err
	}
	return p.show("system", "System", d)
}

// counts are how many there are of what the caller may list; what it may not is left out.
func (p *page) counts() ([]countOf, error) {
	ctx, one := p.ctx(), registry.Page{Limit: 1}
	_, top, err := p.Service.Channels.List(ctx, p.Caller, registry.ChannelFilter{}, one)
	if err != nil {
		return nil, err
	}
	_, all, err := p.Service.Channels.List(ctx, p.Caller, registry.ChannelFilter{IncludeSubchannels: true}, one)
	if err != nil {
		return nil, err
	}
	out := []countOf{{"Channels", top, channelsURL}, {"Subchannels", all - top, withQuery(channelsURL, "sub", "1")}}
	_, groups, err := p.Service.Groups.List(ctx, p.Caller, "", one)
	if err != nil {
		return nil, err
	}
	out = append(out, countOf{"Groups", groups, groupsURL})
	if p.Service.Can(p.Caller, access.UserView, access.OnSystem()) {
		_, people, err := p.Service.Accounts.ListUsers(ctx, p.Caller, registry.UserFilter{}, one)
		if err != nil {
			return nil, err
		}
		out = append(out, countOf{"People", people, usersURL})
	}
	if p.Service.Can(p.Caller, access.AuditLogsView, access.OnSystem()) {
		end, err := p.Service.Audit.End(ctx, p.Caller)
		if err != nil {
			return nil, err
		}
		out = append(out, countOf{"Events in the audit", end.State.Seq, auditURL})
	}
	return out, nil
}

// listJobs reads the jobs of a state, or all.
func (p *page) listJobs(d *systemData) error {
	var f registry.JobFilter
	badges := map[registry.JobState]string{}
	for _, s := range jobStates() {
		badges[s.State] = s.Badge
		d.States = append(d.States, choice(string(s.State), capital(string(s.State)), ""))
	}
	if state := registry.JobState(p.query("state")); state.Known() {
		f.States = []registry.JobState{state}
		p.preset("state", string(state))
	}
	jobs, total, err := p.Service.Jobs.List(p.ctx(), p.Caller, f, d.List.page())
	d.List.Total = total
	mayAll := p.Service.Can(p.Caller, access.JobEdit, access.OnSystem())
	for _, j := range jobs {
		may := mayAll || j.Asker.PrincipalID == p.Caller.Principal.ID
		d.Jobs = append(d.Jobs, jobRow{Job: j, Badge: badges[j.State], MayCancel: may && unfinished(j)})
	}
	return err
}

const cancelJobTitle = "Cancel a job"

// cancellation asks whether a job is to end before it is through.
func (p *page) cancellation() (confirmation, error) {
	p.under("System", systemURL)
	j, err := p.Service.Jobs.Get(p.ctx(), p.Caller, p.path("job"))
	if err != nil {
		return confirmation{}, err
	}
	c := confirmation{
		Question: "Cancel " + j.Title + "?", Keeps: "What is done stays done: " + plural(j.Done, "item") + " so far.",
		Action: join(systemURL, "jobs", j.PublicID, "cancel"), Button: "Cancel the job", Cancel: systemURL,
	}
	if left := j.Total - j.Done - j.Failed - j.Skipped; left > 0 {
		c.Loses = []string{plural(left, "item") + " that had no turn yet"}
	}
	if !unfinished(j) {
		c.Keeps = "It is over already; there is nothing to cancel."
	}
	return c, nil
}

func (w *Web) cancelJobPage(p *page) error {
	c, err := p.cancellation()
	if err != nil {
		return err
	}
	return p.confirm(cancelJobTitle, c)
}

func (w *Web) cancelJob(p *page) error {
	c, err := p.cancellation()
	if err != nil {
		return err
	}
	err = p.try(func(ctx context.Context) error {
		_, err := p.Service.Jobs.Cancel(ctx, p.Caller, p.path("job"))
		return err
	})
	if err != nil {
		return p.again(err, "confirm", cancelJobTitle, c, "")
	}
	return p.done(systemURL, "The job ends after what it is doing now.")
}
