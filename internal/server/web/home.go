package web

import (
	"slices"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) homePages() section {
	return section{
		nav:    &navEntry{label: "Home", path: homeURL, icon: "home"},
		routes: []route{{pattern: "GET " + homeURL + "{$}", handle: w.home}},
	}
}

// homeData is what the first page shows.
type homeData struct {
	Steps []step
	// Left is how many steps are to be done yet.
	Left     int
	Channels []registry.Channel
	// More tells that there are more channels than are shown.
	More   bool
	Tokens int64
	// Lines are how to install from the first of the channels.
	Lines []useLine
}

// step is one of the first things to do on a site. URL is empty for one that waits for another.
type step struct {
	Label, Hint, URL string
	Done             bool
}

// homeChannels is how many channels the first page shows.
const homeChannels = 8

func (w *Web) home(p *page) error {
	d := homeData{}
	var total int64
	var err error
	recent := registry.Page{Limit: homeChannels, Sort: []registry.Sort{{By: "updated_at", Descending: true}}}
	if d.Channels, total, err = p.Service.Channels.Mine(p.ctx(), p.Caller, access.Read, true, recent); err != nil {
		return err
	}
	d.More = total > int64(len(d.Channels))
	if w.offers(p, access.UserTokenView) {
		if _, d.Tokens, err = p.Service.Tokens.List(p.ctx(), p.Caller, "", registry.TokenFilter{Now: p.Callers.Now()}, registry.Page{Limit: 1}); err != nil {
			return err
		}
	}
	d.Steps = w.steps(p, d)
	for _, s := range d.Steps {
		if !s.Done {
			d.Left++
		}
	}
	if len(d.Channels) > 0 {
		d.Lines = p.readLines(d.Channels[0], tokenPlace)
	}
	return p.show("home", "Welcome, "+p.Caller.Principal.Name, d)
}

// steps are the first things to do, each with whether it is done. Who has done them all is not shown any.
func (w *Web) steps(p *page, d homeData) []step {
	var out []step
	if me, err := p.account(); err == nil && me.PasswordHash != "" {
		out = append(out, step{Label: "Choose your own password", Hint: "The one that was printed at the start is for the first sign-in only.", URL: passwordURL, Done: !me.PasswordIssued})
	}
	mayCreate := w.Service.Can(p.Caller, access.ChannelCreate, access.OnSystem())
	if mayCreate || len(d.Channels) > 0 {
		out = append(out, step{Label: "Create a channel", Hint: "A channel is a named collection of packages, with its own readers and writers.", URL: newChannelURL, Done: len(d.Channels) > 0})
	}
	upload := step{Label: "Upload a package", Hint: "A .conda file goes into a channel that you or your groups may write to.", URL: channelsURL}
	if mayCreate {
		upload.Hint, upload.URL = "Once there is a channel: drop a .conda file on its page, or use the command line.", ""
	}
	if len(d.Channels) > 0 {
		upload.URL = channelURL(d.Channels[0].Path)
		upload.Hint = "Drop a .conda file on the page of a channel, or use the command line."
	}
	upload.Done = slices.ContainsFunc(d.Channels, func(c registry.Channel) bool { return c.ArtifactCount > 0 })
	out = append(out, upload)
	if w.offers(p, access.UserTokenView) {
		token := step{Label: "Make a token", Hint: "It names the channels where it works: yours, once there is one, or others that you may read.", URL: newTokenURL, Done: d.Tokens > 0}
		if len(d.Channels) > 0 {
			token.Hint, token.URL = "conda, mamba and pixi use it in place of your password.", withQuery(newTokenURL, "channel", d.Channels[0].Path)
		}
		out = append(out, token)
	}
	return out
}
