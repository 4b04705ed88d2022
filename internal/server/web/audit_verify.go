package web

import (
	"context"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// verificationURL is the page on which somebody follows a verification of the audit.
const verificationURL = auditURL + "/verifications"

func (w *Web) auditVerifyPages() section {
	const needs = access.AuditLogsView
	const one = verificationURL + "/{verification}"
	return section{routes: []route{
		{pattern: "POST " + auditURL + "/verify", handle: w.verifyAudit, needs: needs},
		{pattern: "GET " + one, handle: w.verification, needs: needs},
		{pattern: "POST " + one + "/cancel", handle: w.cancelVerification, needs: needs},
	}}
}

// verificationData is what the page of a verification shows.
type verificationData struct {
	Job   registry.Job
	Badge jobBadge
	// Going tells that it is not over, Verified what it found once it is through.
	Going    bool
	Verified *registry.Verified
}

// Done is the part of the events that were read, of 100.
func (d verificationData) Done() int64 { return 100 * d.Job.Done / max(1, d.Job.Total) }

// URL is the page itself.
func (d verificationData) URL() string { return join(verificationURL, d.Job.PublicID) }

// verifyAudit has a job compute the whole chain anew: on a large site that takes longer than a browser waits.
func (w *Web) verifyAudit(p *page) error {
	var job registry.Job
	err := p.try(func(ctx context.Context) (err error) {
		job, err = p.Service.Audit.BeginVerify(ctx, p.Caller)
		return err
	})
	if err != nil {
		d, derr := p.auditData()
		if derr != nil {
			return derr
		}
		return p.again(err, "audit", auditTitle, d, "")
	}
	return p.redirect(verificationData{Job: job}.URL())
}

func (w *Web) verification(p *page) error {
	p.under(auditTitle, auditURL)
	j, err := p.Service.Jobs.Get(p.ctx(), p.Caller, p.path("verification"))
	if err == nil && j.Kind != registry.JobAuditVerify {
		err = errNoPage
	}
	if err != nil {
		return err
	}
	d := verificationData{Job: j, Badge: badgeOf(j), Going: j.State == registry.JobQueued || j.State == registry.JobRunning}
	if v, done := j.Verified(); done && !d.Going {
		d.Verified = &v
	}
	return p.show("audit_verification", "Verification of the audit", d)
}

func (w *Web) cancelVerification(p *page) error {
	j, err := p.Service.Jobs.Get(p.ctx(), p.Caller, p.path("verification"))
	if err == nil && j.Kind != registry.JobAuditVerify {
		err = errNoPage
	}
	if err == nil {
		j, err = p.Service.Jobs.Cancel(p.ctx(), p.Caller, j.PublicID)
	}
	if err != nil {
		return err
	}
	return p.done(verificationData{Job: j}.URL(), "The verification ends.")
}
