package web

import (
	"context"
	"errors"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// tokenEditData is what the page of one token shows.
type tokenEditData struct {
	Token     tokenView
	Lifetimes []option
	Limit     string
	Today     string
	Overlaps  []option
	// Resources are its resources as rows, for a resource token.
	Resources []resourceRow
	// Allowed are its scopes with what each lets the holder do, for a scope token.
	Allowed []access.Info
	URL     string
	// Advice is what the token did not use.
	Advice registry.Advice
}

// overlaps are how long an old string may live on beside a new one.
func overlaps() []option {
	return []option{
		choice("0s", "Stop at once", ""), choice("1h", "Work for another hour", ""), choice("24h", "Work for another day", ""),
		choice("168h", "Work for another week", ""), choice("720h", "Work for another 30 days", ""),
	}
}

// keepEnd is the choice that leaves the end of a token as it is.
const keepEnd = "keep"

// tokenEdit reads a token for its page.
func (p *page) tokenEdit() (tokenEditData, error) {
	t, err := p.Service.Tokens.Get(p.ctx(), p.Caller, "", p.path("token"))
	if err != nil {
		return tokenEditData{}, err
	}
	policy, err := p.Service.Tokens.PolicyFor(p.ctx(), t.OwnerKind)
	if err != nil {
		return tokenEditData{}, err
	}
	now := p.Callers.Now()
	d := tokenEditData{
		Token: viewToken(t, now, policy.MaxLifetime), Limit: limitWords(policy, now), Today: now.UTC().Format(time.DateOnly), Overlaps: overlaps(),
		Lifetimes: append([]option{choice(keepEnd, "Leave as it is", "")}, ends(policy, asItIs)...), URL: tokenURL(t.PublicID),
	}
	for s := range t.Scopes.All() {
		d.Allowed = append(d.Allowed, s.Info())
	}
	if d.Advice, err = p.Service.Tokens.Advise(p.ctx(), p.Caller, "", t.PublicID, 0); err != nil {
		return tokenEditData{}, err
	}
	p.under("Tokens", tokensURL)
	return d, nil
}

func (w *Web) token(p *page) error {
	d, err := p.tokenEdit()
	if err != nil {
		return err
	}
	p.openToken(d.Token.Token)
	p.preset("overlap", "0s")
	p.setGrants(grantsOf(d.Token.Token))
	d.Resources = p.resourceRows()
	return p.show("token_edit", d.Token.Name, d)
}

func (w *Web) editToken(p *page) error {
	rows := p.rowButtons()
	d, err := p.tokenEdit()
	if err != nil {
		return err
	}
	p.openToken(d.Token.Token)
	title := d.Token.Name
	if rows {
		d.Resources = p.resourceRows()
		return p.show("token_edit", title, d)
	}
	change := p.tokenChange(d.Token.Token)
	d.Resources = p.resourceRows()
	var made registry.Issued
	err = p.try(func(ctx context.Context) (err error) {
		if change.empty() {
			return errUnchanged
		}
		made, err = p.Service.Tokens.Edit(ctx, p.Caller, "", d.Token.PublicID, change.TokenChange)
		return err
	})
	switch {
	case errors.Is(err, errUnchanged):
		return p.unchanged(tokensURL)
	case err != nil:
		return p.again(err, "token_edit", title, d, "If a new string was issued and you did not copy it, issue another one.")
	case change.Reissue:
		return p.issued(made, "New token issued", tokensURL)
	}
	return p.done(tokensURL, "Token "+made.Token.Name+" is changed.")
}

// tokenDeletion asks whether a token shall go, and says who will miss it.
func (p *page) tokenDeletion() (confirmation, error) {
	d, err := p.tokenEdit()
	if err != nil {
		return confirmation{}, err
	}
	p.under(d.Token.Name, d.URL)
	c := confirmation{
		Question: "Delete the token “" + d.Token.Name + "”? Whatever uses it stops working at once, and it cannot be brought back.",
		Action:   tokenURL(d.Token.PublicID, "delete"), Button: "Delete token", Cancel: d.URL,
		Loses: d.Token.losses(),
		Keeps: d.Token.lastUse(p.Callers.Now()) + " What was done with it stays, and so does the record of it.",
	}
	return c, nil
}

const deleteTokenTitle = "Delete token"

func (w *Web) askToDeleteToken(p *page) error {
	c, err := p.tokenDeletion()
	if err != nil {
		return err
	}
	return p.confirm(deleteTokenTitle, c)
}

func (w *Web) deleteToken(p *page) error {
	c, err := p.tokenDeletion()
	if err != nil {
		return err
	}
	err = p.try(func(ctx context.Context) error {
		return p.Service.Tokens.Delete(ctx, p.Caller, "", p.path("token"))
	})
	if err != nil {
		return p.again(err, "confirm", deleteTokenTitle, c, "")
	}
	return p.done(tokensURL, "The token is deleted. Whatever used it is refused from now on.")
}
