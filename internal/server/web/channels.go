package web

import (
	"context"
	"strings"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) channelPages() section {
	return section{
		nav: &navEntry{label: "Channels", path: channelsURL, icon: "layers"},
		routes: []route{
			{pattern: "GET " + channelsURL, handle: w.channels},
			{pattern: "GET " + newChannelURL, handle: w.newChannel, needs: access.ChannelCreate},
			{pattern: "POST " + newChannelURL, handle: w.createChannel},
		},
	}
}

// channelsData is what the list of channels shows.
type channelsData struct {
	List     *listing
	Channels []registry.Channel
	// Privacies are the choices of the filter.
	Privacies []option
	// MayCreate tells whether to offer to create one.
	MayCreate bool
}

func (w *Web) channels(p *page) error {
	d := channelsData{
		List: p.listing("name", "updated_at"), MayCreate: w.offers(p, access.ChannelCreate),
		Privacies: append([]option{choice("", "Any", "")}, privacyOptions()...),
	}
	filter := registry.ChannelFilter{Query: p.query("q"), IncludeSubchannels: p.query("sub") != ""}
	if privacy := access.Privacy(p.query("privacy")); privacy.Known() {
		filter.Privacy = privacy
	}
	p.preset("privacy", p.query("privacy"))
	var err error
	if d.Channels, d.List.Total, err = p.Service.Channels.List(p.ctx(), p.Caller, filter, d.List.page()); err != nil {
		return err
	}
	return p.show("channels", "Channels", d)
}

// newChannelData is what the form for a new channel offers.
type newChannelData struct{ Privacies, Types []option }

func newChannelChoices() newChannelData {
	return newChannelData{privacyOptions(), []option{
		choice(string(registry.DefaultChannel), "Packages of its own", "People and jobs upload to it."),
		choice(string(registry.VirtualChannel), "Virtual", "It shows the packages of other channels under one address, and holds none itself."),
	}}
}

// privacyOptions are the choices of who can read a channel.
func privacyOptions() []option {
	var out []option
	for _, p := range []access.Privacy{access.Private, access.Authenticated, access.Public} {
		w := privacyOf(p)
		out = append(out, choice(string(p), w.Label, w.Sentence))
	}
	return out
}

const newChannelTitle = "Create a channel"

func (w *Web) newChannel(p *page) error {
	p.preset("privacy", string(access.Private))
	p.preset("channel_type", string(registry.DefaultChannel))
	return p.under("Channels", channelsURL).show("channel_new", newChannelTitle, newChannelChoices())
}

func (w *Web) createChannel(p *page) error {
	p.under("Channels", channelsURL)
	in := registry.Channel{
		Name: p.text("name"), Description: p.text("description"), Privacy: access.Privacy(p.text("privacy")),
		Type: registry.ChannelType(p.text("channel_type")), Sources: p.sources(),
	}
	var made registry.Channel
	err := p.try(func(ctx context.Context) (err error) {
		made, err = p.Service.Channels.Create(ctx, p.Caller, in)
		return besideSources(err)
	})
	if err != nil {
		return p.again(err, "channel_new", newChannelTitle, newChannelChoices(), "You find it in the list of channels.")
	}
	return p.done(channelURL(made.Path), "Channel "+made.Path+" is created.")
}

// sources are the channels that a virtual one is to draw on, one on each line of the form.
func (p *page) sources() []registry.Channel {
	var out []registry.Channel
	for _, path := range strings.Fields(p.text("sources")) {
		out = append(out, registry.Channel{Path: path})
	}
	return out
}

// besideSources puts the refusal of a channel that is named as a source beside that field.
func besideSources(err error) error {
	if e, ok := registry.AsError(err); ok && e.Denied != nil {
		return beside(err, access.ArtifactDownload, "sources", "there is no channel "+e.Denied.Target.Channel.Path+" that you may download from")
	}
	return err
}
