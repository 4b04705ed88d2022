package web

import (
	"context"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) channelPages() section {
	return section{
		nav: &navEntry{label: "Channels", path: channelsURL, icon: "layers"},
		routes: []route{
			{pattern: "GET " + channelsURL, handle: w.channels},
			{pattern: "GET " + channelsURL + "/{channel}", handle: w.channel},
			{pattern: "GET " + newChannelURL, handle: w.newChannel, needs: access.ChannelCreate},
			{pattern: "POST " + newChannelURL, handle: w.createChannel},
		},
	}
}

// channelsData is what the list of channels shows.
type channelsData struct {
	List     *listing
	Channels []registry.Channel
	// MayCreate tells whether to offer to create one.
	MayCreate bool
}

func (w *Web) channels(p *page) error {
	d := channelsData{List: p.listing("name", "updated_at"), MayCreate: w.offers(p, access.ChannelCreate)}
	filter := registry.ChannelFilter{Query: p.query("q"), IncludeSubchannels: p.query("sub") != ""}
	var err error
	if d.Channels, d.List.Total, err = p.Service.Channels.List(p.ctx(), p.Caller, filter, d.List.page()); err != nil {
		return err
	}
	return p.show("channels", "Channels", d)
}

// channelData is what the page of a channel shows.
type channelData struct {
	Channel registry.Channel
	// Lines are how to install from it, Uploads how to upload to it, for who may.
	Lines, Uploads []useLine
}

func (w *Web) channel(p *page) error {
	c, err := p.Service.Channels.Get(p.ctx(), p.Caller, p.channelPath())
	if err != nil {
		return err
	}
	d := channelData{Channel: c, Lines: p.readLines(c, tokenPlace)}
	if w.Service.Can(p.Caller, access.ArtifactCreate, access.OnChannel(c.Access())) {
		d.Uploads = p.writeLines(c, tokenPlace)
	}
	return p.under("Channels", channelsURL).show("channel", c.Path, d)
}

// newChannelData is what the form for a new channel offers.
type newChannelData struct{ Privacies []option }

func privacies() newChannelData {
	var out []option
	for _, p := range []access.Privacy{access.Private, access.Authenticated, access.Public} {
		w := privacyOf(p)
		out = append(out, choice(string(p), w.Label, w.Sentence))
	}
	return newChannelData{out}
}

const newChannelTitle = "Create a channel"

func (w *Web) newChannel(p *page) error {
	p.preset("privacy", string(access.Private))
	return p.under("Channels", channelsURL).show("channel_new", newChannelTitle, privacies())
}

func (w *Web) createChannel(p *page) error {
	p.under("Channels", channelsURL)
	in := registry.Channel{Name: p.text("name"), Description: p.text("description"), Privacy: access.Privacy(p.text("privacy"))}
	var made registry.Channel
	err := p.try(func(ctx context.Context) (err error) {
		made, err = p.Service.Channels.Create(ctx, p.Caller, in)
		return err
	})
	if err != nil {
		return p.again(err, "channel_new", newChannelTitle, privacies(), "You find it in the list of channels.")
	}
	return p.done(channelURL(made.Path), "Channel "+made.Path+" is created.")
}
