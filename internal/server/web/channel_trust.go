package web

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) channelTrustPages() section {
	const all = channelsURL + "/{channel}/trust"
	return section{routes: []route{
		{pattern: "GET " + all, handle: w.trustRules},
		{pattern: "GET " + all + "/new", handle: w.newTrustRule},
		{pattern: "POST " + all + "/new", handle: w.createTrustRule},
		{pattern: "GET " + all + "/rules/{rule}/delete", handle: w.deleteTrustRulePage},
		{pattern: "POST " + all + "/rules/{rule}/delete", handle: w.deleteTrustRule},
	}}
}

// trustData is what the list of trusted publishers shows.
type trustData struct {
	channelFrame
	List    *listing
	Rules   []trustRow
	Issuers []string
}

// trustRow is a rule, with what the issuer must say of a job, a line for each claim.
type trustRow struct {
	registry.TrustRule
	Says    []string
	May     string
	Minutes int64
}

func viewRule(r registry.TrustRule) trustRow {
	row := trustRow{TrustRule: r, May: capital(r.Level.String()), Minutes: int64(r.Lifetime.Minutes())}
	for _, name := range slices.Sorted(maps.Keys(r.Claims)) {
		row.Says = append(row.Says, name+" = "+r.Claims[name])
	}
	return row
}

func (w *Web) trustRules(p *page) error {
	f, err := p.frame(access.TrustEdit)
	if err != nil {
		return err
	}
	d := trustData{channelFrame: f, List: p.listing("-created_at", "last_used_at")}
	if d.Issuers, err = p.Service.Trust.Issuers(p.ctx(), p.Caller, f.Channel.Path); err != nil {
		return err
	}
	rules, total, err := p.Service.Trust.List(p.ctx(), p.Caller, f.Channel.Path, d.List.page())
	if err != nil {
		return err
	}
	d.List.Total = total
	for _, r := range rules {
		d.Rules = append(d.Rules, viewRule(r))
	}
	return p.showOf(f, "channel_trust", "Trusted publishers", d)
}

// newTrustData is what the form for a trusted publisher offers.
type newTrustData struct {
	channelFrame
	Issuers, Levels []option
}

const newTrustTitle = "Trust a publisher"

func (p *page) newTrustFrame() (newTrustData, error) {
	f, err := p.frame(access.TrustEdit)
	if err != nil {
		return newTrustData{}, err
	}
	issuers, err := p.Service.Trust.Issuers(p.ctx(), p.Caller, f.Channel.Path)
	d := newTrustData{channelFrame: f, Levels: []option{
		choice(access.Write.String(), "Write", "Upload to the channel, and install from it."),
		choice(access.Read.String(), "Read", "Install from the channel."),
	}}
	for _, issuer := range issuers {
		d.Issuers = append(d.Issuers, choice(issuer, issuer, ""))
	}
	return d, err
}

func (w *Web) newTrustRule(p *page) error {
	d, err := p.newTrustFrame()
	if err != nil {
		return err
	}
	p.preset("permission", access.Write.String())
	p.preset("minutes", "15")
	return p.showOf(d.channelFrame, "channel_trust_new", newTrustTitle, d)
}

// claims reads the claims of a form, each a line of its own: name = value.
func (p *page) claims() map[string]string {
	out := map[string]string{}
	for _, line := range p.lines("claims") {
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if _, twice := out[name]; !ok || name == "" || value == "" || twice {
			p.wrong("claims", "write each claim on a line of its own, once, as name = value")
		}
		out[name] = value
	}
	return out
}

func (w *Web) createTrustRule(p *page) error {
	d, err := p.newTrustFrame()
	if err != nil {
		return err
	}
	path := d.Channel.Path
	in := registry.TrustInput{
		Issuer: p.text("issuer"), Claims: p.claims(), Level: p.text("permission"), Packages: strings.Fields(p.text("packages")), Description: p.text("description"),
	}
	if in.Minutes, err = strconv.Atoi(p.text("minutes")); err != nil {
		p.wrong("minutes", "enter a number of minutes")
	}
	err = p.try(func(ctx context.Context) error {
		_, err := p.Service.Trust.Create(ctx, p.Caller, path, in)
		return err
	})
	if err != nil {
		return p.again(err, "channel_trust_new", newTrustTitle+" · "+path, d, "You find the rule in the list of trusted publishers.")
	}
	return p.done(channelURL(path, "trust"), "Jobs that match may publish to "+path+" now.")
}

// ruleDeletion asks whether a publisher is to be trusted no longer.
func (p *page) ruleDeletion() (confirmation, error) {
	f, err := p.frame(access.TrustEdit)
	if err != nil {
		return confirmation{}, err
	}
	path, id := f.Channel.Path, p.path("rule")
	p.under(path, channelURL(path), "Trusted publishers", channelURL(path, "trust"))
	r, err := p.Service.Trust.Get(p.ctx(), p.Caller, path, id)
	if err != nil {
		return confirmation{}, err
	}
	row := viewRule(r)
	return confirmation{
		Question: "Stop trusting these jobs of " + r.Issuer + "?",
		Loses: []string{
			"The right of jobs with " + strings.Join(row.Says, ", ") + " to get tokens for " + path + ". It has " + timesWords(r.Uses) + ".",
			"The tokens that such jobs hold now, unless another rule gives them the same",
		},
		Keeps:  "What they have published stays.",
		Action: channelURL(path, "trust", "rules", id, "delete"), Button: "Stop trusting them", Cancel: channelURL(path, "trust"),
	}, nil
}

// timesWords counts uses: "never been used", "been used once", "been used 12 times".
func timesWords(n int64) string {
	switch n {
	case 0:
		return "never been used"
	case 1:
		return "been used once"
	}
	return "been used " + thousands(n) + " times"
}

const deleteRuleTitle = "Delete a trusted publisher"

func (w *Web) deleteTrustRulePage(p *page) error {
	c, err := p.ruleDeletion()
	if err != nil {
		return err
	}
	return p.confirm(deleteRuleTitle, c)
}

func (w *Web) deleteTrustRule(p *page) error {
	c, err := p.ruleDeletion()
	if err != nil {
		return err
	}
	path := p.channelPath()
	err = p.try(func(ctx context.Context) error { return p.Service.Trust.Delete(ctx, p.Caller, path, p.path("rule")) })
	if err != nil {
		return p.again(err, "confirm", deleteRuleTitle, c, "")
	}
	return p.done(channelURL(path, "trust"), "These jobs are not trusted any more.")
}
