package web

import (
	"context"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// UnusedWords counts the rights that the token did not use.
func (d tokenEditData) UnusedWords() string {
	return plural(int64(len(d.Advice.Unused)), "right") + " of those that it has"
}

// narrowing asks whether a token shall lose what it did not use.
func (p *page) narrowing() (confirmation, error) {
	d, err := p.tokenEdit()
	if err != nil {
		return confirmation{}, err
	}
	p.under(d.Token.Name, d.URL)
	c := confirmation{
		Question: "Take from the token " + d.Token.Name + " what it has not used since " + d.Advice.Since.UTC().Format("2 January 2006") + "?",
		Action:   tokenURL(d.Token.PublicID, "narrow"), Button: "Narrow token", Cancel: d.URL,
		Keeps: "Its string stays the same and goes on working for everything else. What it needs once a year may be among this.",
	}
	for _, x := range d.Advice.Unused {
		c.Loses = append(c.Loses, excessWords(x))
	}
	return c, nil
}

// excessWords says what a token holds and did not use.
func excessWords(x registry.Excess) string {
	switch {
	case x.Scope.Known():
		return x.Scope.String() + ": " + x.Scope.Info().Sentence
	case x.Enough == access.None:
		return levelWords(x.Resource.Level) + " " + x.Resource.Name()
	}
	return levelWords(x.Resource.Level) + " " + x.Resource.Name() + "; it keeps: " + levelWords(x.Enough)
}

// Idle tells that the token is there for so long that its being unused says something.
func (d tokenEditData) Idle(now time.Time) bool { return now.Sub(d.Advice.Since) > 24*time.Hour }

const narrowTokenTitle = "Narrow token"

func (w *Web) askToNarrowToken(p *page) error {
	c, err := p.narrowing()
	if err != nil {
		return err
	}
	if len(c.Loses) == 0 {
		return p.redirect(c.Cancel)
	}
	return p.confirm(narrowTokenTitle, c)
}

func (w *Web) narrowToken(p *page) error {
	c, err := p.narrowing()
	if err != nil {
		return err
	}
	err = p.try(func(ctx context.Context) error {
		_, err := p.Service.Tokens.Narrow(ctx, p.Caller, "", p.path("token"), registry.NarrowInput{})
		return err
	})
	if err != nil {
		return p.again(err, "confirm", narrowTokenTitle, c, "")
	}
	return p.done(c.Cancel, "The token holds only what it used.")
}
