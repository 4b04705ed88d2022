package web

import (
	"context"
	"strconv"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// tokenFormData is what the form for a new token offers.
type tokenFormData struct {
	Types, Lifetimes []option
	// Limit says what the site demands of a token's life; Today is the first date that makes sense.
	Limit, Today string
	Resources    []resourceRow
	Scopes       []scopeRow
	Sets         []scopeSet
	// NoChannel tells that there is no channel to name, MayCreate that one can be created.
	NoChannel, MayCreate bool
}

const newTokenTitle = "Generate token"

func (p *page) tokenForm() (tokenFormData, error) {
	policy, err := p.Service.Tokens.PolicyFor(p.ctx(), access.KindUser)
	now := p.Callers.Now()
	return tokenFormData{
		Types: []option{
			choice("resources", "Resources", "Works on the channels that you name, up to the level that you give it there. Right for most."),
			choice("scopes", "Scopes", "Takes the actions that you name, on every channel where you may take them."),
		},
		Lifetimes: lifetimes(policy), Limit: limitWords(policy, now), Today: now.UTC().Format("2006-01-02"),
		Resources: p.resourceRows(), Scopes: p.scopeRows(), Sets: scopeSets(),
	}, err
}

func (w *Web) newToken(p *page) error {
	p.preset("type", "resources")
	p.preset("expires", "")
	if c := p.query("channel"); c != "" {
		p.preset(resourceField, c)
	}
	d, err := p.tokenForm()
	if err != nil {
		return err
	}
	_, channels, err := p.Service.Channels.List(p.ctx(), p.Caller, registry.ChannelFilter{}, registry.Page{Limit: 1})
	if err != nil {
		return err
	}
	d.NoChannel, d.MayCreate = channels == 0, p.offers(p, access.ChannelCreate)
	return p.under("Tokens", tokensURL).show("token_new", newTokenTitle, d)
}

func (w *Web) createToken(p *page) error {
	p.under("Tokens", tokensURL)
	rows := p.rowButtons()
	d, err := p.tokenForm()
	if err != nil {
		return err
	}
	if rows {
		return p.show("token_new", newTokenTitle, d)
	}
	in := p.tokenInput()
	var made registry.Issued
	err = p.try(func(ctx context.Context) (err error) {
		made, err = p.Service.Tokens.Create(ctx, p.Caller, "", in)
		return p.named(err, resourceField)
	})
	if err != nil {
		return p.again(err, "token_new", newTokenTitle, d, "You find the token in the list of tokens. Its string cannot be shown again; if you did not copy it, edit the token and issue a new one.")
	}
	return p.issued(made, "Token generated", tokensURL)
}

// tokenInput is the token that the form asks for. Of the two types only the chosen one counts.
func (p *page) tokenInput() registry.TokenInput {
	in := registry.TokenInput{
		Name: p.text("name"), Description: p.text("description"), ExpiresAt: p.expiry(p.Callers.Now()), Restrictions: p.restrictions(),
	}
	switch p.text("type") {
	case "resources":
		if in.Resources = p.resourceInputs(); len(in.Resources) == 0 && !p.resumed {
			p.wrong(resourceField, "name at least one channel that the token may use")
		}
	case "scopes":
		if in.Scopes = p.texts(scopeField); len(in.Scopes) == 0 && !p.resumed {
			p.wrong(scopeField, "select at least one scope")
		}
	default:
		p.wrong("type", "choose a type")
	}
	return in
}

// restrictions are what narrows the token further, as the form asks for it.
func (p *page) restrictions() registry.RestrictionsInput {
	in := registry.RestrictionsInput{
		AllowedCIDRs: words(p.text("restrictions.allowed_cidrs")), Packages: words(p.text("restrictions.packages")),
		NotBefore: p.text("restrictions.not_before"),
	}
	if uses := p.text("restrictions.max_uses"); uses != "" {
		n, err := strconv.ParseInt(uses, 10, 64)
		if err != nil || n < 1 {
			p.wrong("restrictions.max_uses", "give a number of uses, or nothing for no limit")
		}
		in.MaxUses = n
	}
	return in
}

// issuedData is what is shown, once, of a new string.
type issuedData struct {
	Name, String string
	Token        tokenView
	// Channel is the one that the lines are for.
	Channel string
	// Reads and Uploads are the lines by which to use the string.
	Reads, Uploads []useLine
	// Close is where the page leads when the string is copied: whence the person came.
	Close string
}

// issued shows a new string. It is not to be had again, and stands in no other page. From there one goes back to the
// list of tokens whose page is named.
func (p *page) issued(made registry.Issued, title, back string) error {
	policy, err := p.Service.Tokens.PolicyFor(p.ctx(), access.KindUser)
	if err != nil {
		return err
	}
	d := issuedData{Name: made.Token.Name, String: made.String, Token: viewToken(made.Token, p.Callers.Now(), policy.MaxLifetime), Channel: "CHANNEL", Close: back}
	writes := made.Token.Scopes.Has(access.ArtifactCreate)
	if len(made.Token.Resources) > 0 {
		first := made.Token.Resources[0]
		d.Channel, writes = first.Path, first.Level >= access.Write
	}
	c := registry.Channel{Path: d.Channel, Privacy: access.Private}
	d.Reads = p.readLines(c, made.String)
	if writes {
		d.Uploads = p.writeLines(c, made.String)
	}
	return p.show("token_issued", title, d)
}
