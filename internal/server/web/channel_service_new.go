package web

import (
	"context"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// newServiceTokenData is what the form for a token of a service account offers.
type newServiceTokenData struct {
	channelFrame
	Lifetimes []option
	// Limit says what the site demands of a token's life; Today is the first date that makes sense.
	Limit, Today string
	Resources    []resourceRow
}

const newServiceTokenTitle = "Generate a token"

// serviceTokenForm is the form, with the channel itself as the first resource.
func (p *page) serviceTokenForm() (servicesData, newServiceTokenData, error) {
	d, err := p.ownedFrame()
	if err != nil {
		return d, newServiceTokenData{}, err
	}
	p.under(d.Channel.Path, channelURL(d.Channel.Path), servicesTitle, serviceURL(d.Channel.Path))
	policy, err := p.Service.Tokens.PolicyFor(p.ctx(), access.KindServiceAccount)
	now := p.Callers.Now()
	p.preset(resourceField, d.Channel.Path)
	p.preset("expires", "")
	return d, newServiceTokenData{
		channelFrame: d.channelFrame, Lifetimes: lifetimes(policy), Limit: limitWords(policy, now), Today: now.UTC().Format(time.DateOnly), Resources: p.resourceRows(),
	}, err
}

func (w *Web) newServiceToken(p *page) error {
	_, d, err := p.serviceTokenForm()
	if err != nil {
		return err
	}
	return p.showOf(d.channelFrame, "channel_service_new", newServiceTokenTitle, d)
}

func (w *Web) createServiceToken(p *page) error {
	rows := p.rowButtons()
	s, d, err := p.serviceTokenForm()
	if err != nil {
		return err
	}
	path := d.Channel.Path
	if rows {
		return p.showOf(d.channelFrame, "channel_service_new", newServiceTokenTitle, d)
	}
	in := registry.TokenInput{Name: p.text("name"), Description: p.text("description"), ExpiresAt: p.expiry(p.Callers.Now()), Resources: p.resourceInputs()}
	if len(in.Resources) == 0 && !p.resumed {
		p.wrong(resourceField, "name at least one channel that the token may use")
	}
	var made registry.Issued
	err = p.try(func(ctx context.Context) (err error) {
		made, err = p.Service.ServiceAccounts.CreateToken(ctx, p.Caller, path, s.Account.PublicID, in)
		return p.named(err, resourceField)
	})
	if err != nil {
		return p.again(err, "channel_service_new", newServiceTokenTitle+" · "+path, d, "You find the token in the list. Its string cannot be shown again; if you did not copy it, issue a new one.")
	}
	return p.issued(made, "Token generated", serviceURL(path))
}
