package web

import (
	"context"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) channelServicePages() section {
	const all = channelsURL + "/{channel}/service-accounts"
	return section{routes: []route{
		{pattern: "GET " + all, handle: w.serviceAccounts},
		{pattern: "POST " + all, handle: w.createServiceAccount},
		{pattern: "GET " + all + "/delete", handle: w.deleteServiceAccountPage},
		{pattern: "POST " + all + "/delete", handle: w.deleteServiceAccount},
		{pattern: "GET " + all + "/generate-token", handle: w.newServiceToken},
		{pattern: "POST " + all + "/generate-token", handle: w.createServiceToken},
		{pattern: "GET " + all + "/tokens/{servicetoken}/reissue", handle: w.reissueServiceTokenPage},
		{pattern: "POST " + all + "/tokens/{servicetoken}/reissue", handle: w.reissueServiceToken},
		{pattern: "GET " + all + "/tokens/{servicetoken}/delete", handle: w.deleteServiceTokenPage},
		{pattern: "POST " + all + "/tokens/{servicetoken}/delete", handle: w.deleteServiceToken},
	}}
}

// servicesData is what the page for the service account of a channel shows.
type servicesData struct {
	channelFrame
	// Account is nil where the channel has none.
	Account *registry.ServiceAccount
	List    *listing
	Tokens  []tokenView
}

const servicesTitle = "Service accounts"

// serviceFrame reads a channel and its service account.
func (p *page) serviceFrame() (servicesData, error) {
	f, err := p.frame(access.ServiceAccountEdit)
	if err != nil {
		return servicesData{}, err
	}
	d := servicesData{channelFrame: f, List: p.listing("-created_at", "name", "expires_at", "last_used_at")}
	accounts, err := p.Service.ServiceAccounts.List(p.ctx(), p.Caller, f.Channel.Path)
	if err == nil && len(accounts) > 0 {
		d.Account = &accounts[0]
	}
	return d, err
}

// ownedFrame is serviceFrame for pages that are about the account: without one they do not exist.
func (p *page) ownedFrame() (servicesData, error) {
	d, err := p.serviceFrame()
	if err == nil && d.Account == nil {
		err = errNoPage
	}
	return d, err
}

// serviceURL is the page for the service account of a channel, or one below it.
func serviceURL(path string, more ...string) string {
	return channelURL(path, append([]string{"service-accounts"}, more...)...)
}

// withTokens adds the tokens of the account.
func (p *page) withTokens(d servicesData) (servicesData, error) {
	if d.Account == nil {
		return d, nil
	}
	tokens, total, err := p.Service.ServiceAccounts.Tokens(p.ctx(), p.Caller, d.Channel.Path, d.Account.PublicID, registry.TokenFilter{}, d.List.page())
	if err != nil {
		return d, err
	}
	policy, err := p.Service.Tokens.PolicyFor(p.ctx(), access.KindServiceAccount)
	d.List.Total = total
	for _, t := range tokens {
		d.Tokens = append(d.Tokens, viewToken(t, p.Callers.Now(), policy.MaxLifetime))
	}
	return d, err
}

func (w *Web) serviceAccounts(p *page) error {
	d, err := p.serviceFrame()
	if err == nil {
		d, err = p.withTokens(d)
	}
	if err != nil {
		return err
	}
	return p.showOf(d.channelFrame, "channel_services", servicesTitle, d)
}

func (w *Web) createServiceAccount(p *page) error {
	d, err := p.serviceFrame()
	if err != nil {
		return err
	}
	path := d.Channel.Path
	err = p.try(func(ctx context.Context) error {
		_, err := p.Service.ServiceAccounts.Create(ctx, p.Caller, path, p.text("description"))
		return err
	})
	if err != nil {
		return p.again(err, "channel_services", servicesTitle+" · "+path, d, "")
	}
	return p.done(serviceURL(path), "The service account is created. Generate a token for it.")
}

// accountDeletion asks whether the service account is to go.
func (p *page) accountDeletion() (servicesData, confirmation, error) {
	d, err := p.ownedFrame()
	if err != nil {
		return d, confirmation{}, err
	}
	path := d.Channel.Path
	p.under(path, channelURL(path), servicesTitle, serviceURL(path))
	loses := []string{"The account itself, which has no tokens"}
	if n := d.Account.Tokens; n > 0 {
		loses = []string{"The account itself", ending(n, "token")}
	}
	return d, confirmation{
		Question: "Delete " + d.Account.Name + "?", Loses: loses,
		Keeps:  "What was uploaded with them stays.",
		Action: serviceURL(path, "delete"), Button: "Delete the account", Cancel: serviceURL(path),
	}, nil
}

const deleteServiceTitle = "Delete a service account"

func (w *Web) deleteServiceAccountPage(p *page) error {
	_, c, err := p.accountDeletion()
	if err != nil {
		return err
	}
	return p.confirm(deleteServiceTitle, c)
}

func (w *Web) deleteServiceAccount(p *page) error {
	d, c, err := p.accountDeletion()
	if err != nil {
		return err
	}
	err = p.try(func(ctx context.Context) error {
		return p.Service.ServiceAccounts.Delete(ctx, p.Caller, d.Channel.Path, d.Account.PublicID)
	})
	if err != nil {
		return p.again(err, "confirm", deleteServiceTitle, c, "")
	}
	return p.done(serviceURL(d.Channel.Path), "The service account is deleted, and its tokens with it.")
}

// serviceToken reads one token of the account.
func (p *page) serviceToken() (servicesData, tokenView, error) {
	d, err := p.ownedFrame()
	if err != nil {
		return d, tokenView{}, err
	}
	p.under(d.Channel.Path, channelURL(d.Channel.Path), servicesTitle, serviceURL(d.Channel.Path))
	t, err := p.Service.ServiceAccounts.Token(p.ctx(), p.Caller, d.Channel.Path, d.Account.PublicID, p.path("servicetoken"))
	if err != nil {
		return d, tokenView{}, err
	}
	policy, err := p.Service.Tokens.PolicyFor(p.ctx(), access.KindServiceAccount)
	return d, viewToken(t, p.Callers.Now(), policy.MaxLifetime), err
}

// serviceTokenDeletion asks whether a token is to end.
func (p *page) serviceTokenDeletion() (servicesData, confirmation, error) {
	d, t, err := p.serviceToken()
	if err != nil {
		return d, confirmation{}, err
	}
	return d, confirmation{
		Question: "Delete the token “" + t.Name + "”? Whatever uses it stops working at once.",
		Loses:    t.losses(), Keeps: t.lastUse(p.Callers.Now()) + " What was uploaded with it stays.",
		Action: serviceURL(d.Channel.Path, "tokens", t.PublicID, "delete"), Button: "Delete token", Cancel: serviceURL(d.Channel.Path),
	}, nil
}

func (w *Web) deleteServiceTokenPage(p *page) error {
	_, c, err := p.serviceTokenDeletion()
	if err != nil {
		return err
	}
	return p.confirm(deleteTokenTitle, c)
}

func (w *Web) deleteServiceToken(p *page) error {
	d, c, err := p.serviceTokenDeletion()
	if err != nil {
		return err
	}
	err = p.try(func(ctx context.Context) error {
		return p.Service.ServiceAccounts.DeleteToken(ctx, p.Caller, d.Channel.Path, d.Account.PublicID, p.path("servicetoken"))
	})
	if err != nil {
		return p.again(err, "confirm", deleteTokenTitle, c, "")
	}
	return p.done(serviceURL(d.Channel.Path), "The token is deleted. Whatever used it is refused from now on.")
}

// reissueData is what the page for a new string of a token shows.
type reissueData struct {
	channelFrame
	Token    tokenView
	Overlaps []option
}

const reissueTitle = "Issue a new token"

func (w *Web) reissueServiceTokenPage(p *page) error {
	d, t, err := p.serviceToken()
	if err != nil {
		return err
	}
	p.preset("overlap", "0s")
	return p.showOf(d.channelFrame, "channel_service_reissue", reissueTitle, reissueData{d.channelFrame, t, overlaps()})
}

func (w *Web) reissueServiceToken(p *page) error {
	d, t, err := p.serviceToken()
	if err != nil {
		return err
	}
	overlap, err := time.ParseDuration(p.text("overlap"))
	if err != nil {
		p.wrong("overlap", "choose how long the old string goes on working")
	}
	var made registry.Issued
	err = p.try(func(ctx context.Context) (err error) {
		made, err = p.Service.ServiceAccounts.EditToken(ctx, p.Caller, d.Channel.Path, d.Account.PublicID, t.PublicID, registry.TokenChange{Reissue: true, Overlap: overlap})
		return err
	})
	if err != nil {
		return p.again(err, "channel_service_reissue", reissueTitle+" · "+d.Channel.Path, reissueData{d.channelFrame, t, overlaps()}, "If you did not copy the new string, issue another one.")
	}
	return p.issued(made, "New token issued", serviceURL(d.Channel.Path))
}
