package web

import (
	"context"

	"kingsnake/internal/registry"
)

func (w *Web) passwordPages() section {
	return section{routes: []route{
		{pattern: "GET " + passwordURL, handle: w.passwordPage},
		{pattern: "POST " + passwordURL, handle: w.changePassword},
	}}
}

// passwordData is what the page for the own password shows.
type passwordData struct {
	// Issued tells that the password is still the one that the server made, and has to be replaced first of all.
	Issued bool
	// Asks tells that the current password has to be entered.
	Asks bool
	// None tells that the account has no password: it signs in by the service of this name.
	None bool
	SSO  string
}

const passwordTitle = "Change password"

func (p *page) passwordData() (passwordData, error) {
	me, err := p.account()
	return passwordData{Issued: me.PasswordIssued, Asks: !me.PasswordIssued, None: me.PasswordHash == "", SSO: p.SignInName}, err
}

func (w *Web) passwordPage(p *page) error {
	d, err := p.passwordData()
	if err != nil {
		return err
	}
	return p.show("password", passwordTitle, d)
}

func (w *Web) changePassword(p *page) error {
	d, err := p.passwordData()
	if err != nil {
		return err
	}
	current, chosen := p.secret("current_password"), p.secret("new_password")
	if chosen != p.secret("repeated_password") {
		p.wrong("repeated_password", "the two new passwords differ; type the same one twice")
	}
	name := p.Caller.Principal.Name
	err = p.try(func(ctx context.Context) error {
		err := p.Callers.TryPassword(p.Caller, name, func() error {
			return p.Service.Accounts.ChangeOwnPassword(ctx, p.Caller, current, chosen)
		})
		if err != nil {
			return passwordField(err)
		}
		// The change has ended all sessions, and this one was among them.
		s, err := p.Service.Accounts.Login(ctx, registry.LoginInput{Username: name, Password: chosen, Origin: p.Callers.Origin(p.r, p.Caller.RequestID)})
		if err != nil {
			return err
		}
		return p.enter(s)
	})
	if err != nil {
		if e, known := registry.AsError(err); known && e.Field == "current_password" {
			d.Asks = true
		}
		return p.again(err, "password", passwordTitle, d, "")
	}
	return p.done(homeURL, "Your password is changed. All other sessions of your account have ended.")
}

// passwordField puts an error about a password beside the field on the page that it is about.
func passwordField(err error) error {
	if e, ok := registry.AsError(err); ok && e.Field == "password" {
		moved := *e
		moved.Field = "new_password"
		return &moved
	}
	return err
}
