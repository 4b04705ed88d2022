package web

import (
	"context"
	"strconv"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) userTokenPages() section {
	const one = usersURL + "/{user}"
	return section{routes: []route{
		{pattern: "GET " + one + "/tokens", handle: w.userTokens, needs: access.UserView},
		{pattern: "GET " + one + "/tokens/{usertoken}/delete", handle: w.revokeTokenPage, needs: access.UserEdit},
		{pattern: "POST " + one + "/tokens/{usertoken}/delete", handle: w.revokeToken, needs: access.UserEdit},
		{pattern: "GET " + one + "/hand-over", handle: w.handOverPage, needs: access.UserEdit},
		{pattern: "POST " + one + "/hand-over", handle: w.handOver, needs: access.UserEdit},
	}}
}

// userTokensData is what the page for the tokens of an account shows.
type userTokensData struct {
	userFrame
	List   *listing
	Tokens []tokenView
}

func (w *Web) userTokens(p *page) error {
	f, err := p.accountFrame("tokens")
	if err != nil {
		return err
	}
	d := userTokensData{userFrame: f, List: p.listing("-created_at", "name", "expires_at", "last_used_at")}
	list, total, err := p.Service.Tokens.List(p.ctx(), p.Caller, f.Account.PublicID, registry.TokenFilter{Query: p.query("q")}, d.List.page())
	if err != nil {
		return err
	}
	d.List.Total = total
	if d.Tokens, err = p.tokenViews(list); err != nil {
		return err
	}
	return p.show("user_tokens", "Tokens · "+f.Account.Name, d)
}

// tokenViews are tokens of people as pages show them.
func (p *page) tokenViews(list []registry.Token) ([]tokenView, error) {
	policy, err := p.Service.Tokens.PolicyFor(p.ctx(), access.KindUser)
	if err != nil {
		return nil, err
	}
	out := make([]tokenView, len(list))
	for i, t := range list {
		out[i] = viewToken(t, p.Callers.Now(), policy.MaxLifetime)
	}
	return out, nil
}

// revocation asks whether a token of somebody is to end.
func (p *page) revocation() (userFrame, confirmation, error) {
	f, err := p.accountFrame("tokens")
	if err != nil {
		return f, confirmation{}, err
	}
	id := f.Account.PublicID
	t, err := p.Service.Tokens.Get(p.ctx(), p.Caller, id, p.path("usertoken"))
	if err != nil {
		return f, confirmation{}, err
	}
	views, err := p.tokenViews([]registry.Token{t})
	if err != nil {
		return f, confirmation{}, err
	}
	p.under(f.Account.Name, userURL(id), "Tokens", userURL(id, "tokens"))
	return f, confirmation{
		Question: "Revoke the token " + t.Name + " of " + f.Account.Name + "? Whatever uses it stops working at once, and it cannot be brought back.",
		Loses:    views[0].losses(),
		Keeps:    views[0].lastUse(p.Callers.Now()) + " What was done with it stays, and so does the record of it.",
		Action:   userURL(id, "tokens", t.PublicID, "delete"), Button: "Revoke token", Cancel: userURL(id, "tokens"),
	}, nil
}

const revokeTokenTitle = "Revoke a token"

func (w *Web) revokeTokenPage(p *page) error {
	_, c, err := p.revocation()
	if err != nil {
		return err
	}
	return p.confirm(revokeTokenTitle, c)
}

func (w *Web) revokeToken(p *page) error {
	f, c, err := p.revocation()
	if err != nil {
		return err
	}
	err = p.try(func(ctx context.Context) error {
		return p.Service.Tokens.Delete(ctx, p.Caller, f.Account.PublicID, p.path("usertoken"))
	})
	if err != nil {
		return p.again(err, "confirm", revokeTokenTitle, c, "")
	}
	return p.done(userURL(f.Account.PublicID, "tokens"), "The token is revoked. Whatever used it is refused from now on.")
}

const handOverTitle = "Hand tokens over"

// handOverData is what the form for handing tokens over offers.
type handOverData struct {
	userFrame
	// Tokens are those that can be handed over.
	Tokens []option
}

// canBeHandedOver tells tokens for resources from those that hold scopes, which go by what their owner may do.
func canBeHandedOver(t registry.Token) bool { return t.Kind == access.ResourceToken }

// handOverForm reads which tokens of an account can be handed over: those of resources that work.
func (p *page) handOverForm() (handOverData, error) {
	f, err := p.accountFrame("tokens")
	if err != nil {
		return handOverData{}, err
	}
	p.under(f.Account.Name, userURL(f.Account.PublicID), "Tokens", userURL(f.Account.PublicID, "tokens"))
	owns, err := p.Service.Accounts.Ownings(p.ctx(), p.Caller, f.Account.PublicID)
	if err != nil {
		return handOverData{}, err
	}
	views, err := p.tokenViews(owns.Tokens)
	d := handOverData{userFrame: f}
	for _, t := range views {
		if !canBeHandedOver(t.Token) {
			continue
		}
		used := "never used"
		switch {
		case !t.Used.At.IsZero():
			used = "last used " + relative(p.Callers.Now(), t.Used.At)
		case t.Awaited():
			used = "not used since its string was issued anew"
		}
		hint := ""
		for _, line := range t.Listed() {
			hint += line + "; "
		}
		d.Tokens = append(d.Tokens, choice(t.PublicID, t.Name, hint+used))
	}
	return d, err
}

func (w *Web) handOverPage(p *page) error {
	d, err := p.handOverForm()
	if err != nil {
		return err
	}
	return p.show("user_handover", handOverTitle, d)
}

// handedOver is a token that was handed over, with its new string, which is shown once.
type handedOver struct{ Label, String string }

// handedOverData is what is shown after tokens were handed over.
type handedOverData struct {
	userFrame
	Channel string
	Tokens  []handedOver
}

func (w *Web) handOver(p *page) error {
	d, err := p.handOverForm()
	if err != nil {
		return err
	}
	channel := p.text("channel")
	if channel == "" {
		p.wrong("channel", "name the channel whose service account is to have them")
	}
	var made []registry.Issued
	err = p.try(func(ctx context.Context) (err error) {
		made, err = p.Service.ServiceAccounts.HandOver(ctx, p.Caller, d.Account.PublicID, registry.HandOver{Channel: channel, Tokens: p.texts("tokens")})
		if e, known := registry.AsError(err); known && e.Code == registry.CodeNotFound && e.Field == "" {
			return &registry.Error{Code: registry.CodeInvalid, Field: "channel", Message: e.Message}
		}
		return p.named(err, "channel")
	})
	if err != nil {
		return p.again(err, "user_handover", handOverTitle, d, "The tokens are with the service account of the channel. If you did not copy the new strings, issue new ones there.")
	}
	out := handedOverData{userFrame: d.userFrame, Channel: channel}
	for i, m := range made {
		out.Tokens = append(out.Tokens, handedOver{strconv.Itoa(i+1) + ". " + m.Token.Name, m.String})
	}
	return p.show("user_handed_over", "Tokens handed over", out)
}
