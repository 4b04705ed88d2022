package web

import (
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

const oneJob = channelsURL + "/{channel}/jobs/{job}"

func (w *Web) channelJobPages() section {
	return section{routes: []route{
		{pattern: "GET " + oneJob, handle: w.channelJob},
		{pattern: "POST " + oneJob + "/cancel", handle: w.cancelChannelJob},
	}}
}

// jobURL is the page on which somebody follows a job that they began on a page of a channel.
func jobURL(channel, id string, more ...string) string {
	return join(channelURL(channel, "jobs", id), more...)
}

// jobData is what the page of a job shows.
type jobData struct {
	channelFrame
	Job registry.Job
	// Going tells that the job is not over.
	Going bool
	Badge jobBadge
}

// jobBadge is the state of a job in words, and the colour of it.
type jobBadge struct{ Label, Kind string }

// badgeOf words the state of a job: one that is over, but not for all of its files, is no success.
func badgeOf(j registry.Job) jobBadge {
	switch {
	case j.State == registry.JobQueued:
		return jobBadge{"Waiting", "info"}
	case j.State == registry.JobRunning:
		return jobBadge{"Working", "info"}
	case j.State == registry.JobCanceled:
		return jobBadge{"Canceled", "warning"}
	case j.State == registry.JobFailed:
		return jobBadge{"Failed", "danger"}
	case j.Progress.Failed > 0:
		return jobBadge{"Done, with failures", "warning"}
	}
	return jobBadge{"Done", "success"}
}

// channelJob shows how far a job is.
func (w *Web) channelJob(p *page) error {
	f, err := p.frame(access.ChannelView)
	if err != nil {
		return err
	}
	p.under(f.Channel.Path, channelURL(f.Channel.Path))
	j, err := p.Service.Jobs.Get(p.ctx(), p.Caller, p.path("job"))
	if err != nil {
		return err
	}
	d := jobData{channelFrame: f, Job: j, Going: j.State == registry.JobQueued || j.State == registry.JobRunning, Badge: badgeOf(j)}
	return p.show("channel_job", "Job · "+f.Channel.Path, d)
}

// cancelChannelJob ends a job after the file that it is at.
func (w *Web) cancelChannelJob(p *page) error {
	j, err := p.Service.Jobs.Cancel(p.ctx(), p.Caller, p.path("job"))
	if err != nil {
		return err
	}
	return p.done(jobURL(p.channelPath(), j.PublicID), "The job ends. What is done already stays done.")
}

// Finished is how many files had their turn.
func (d jobData) Finished() int64 { return d.Job.Done + d.Job.Progress.Failed + d.Job.Skipped }

// CancelURL is where the form goes that ends the job.
func (d jobData) CancelURL() string { return jobURL(d.Channel.Path, d.Job.PublicID, "cancel") }
