package web

import (
	"context"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) subchannelPages() section {
	const all = channelsURL + "/{channel}/subchannels"
	return section{routes: []route{
		{pattern: "GET " + all, handle: w.subchannels},
		{pattern: "GET " + all + "/new", handle: w.newSubchannel},
		{pattern: "POST " + all + "/new", handle: w.createSubchannel},
	}}
}

// subchannelsData is what the list of subchannels shows.
type subchannelsData struct {
	channelFrame
	List        *listing
	Subchannels []subchannelRow
	MayCreate   bool
}

// subchannelRow is one line of the list.
type subchannelRow struct {
	registry.Channel
	MayDelete bool
}

// parentFrame is frame for pages that only channels have that can have subchannels.
func (p *page) parentFrame(needs access.Scope) (channelFrame, error) {
	f, err := p.frame(needs)
	if err == nil && !hasSubchannels(f.Channel) {
		err = errNoPage
	}
	return f, err
}

func (w *Web) subchannels(p *page) error {
	f, err := p.parentFrame(access.ChannelView)
	if err != nil {
		return err
	}
	d := subchannelsData{channelFrame: f, List: p.listing("name", "updated_at"), MayCreate: p.can(access.SubchannelCreate, f.Channel)}
	p.preset("q", p.query("q"))
	list, total, err := p.Service.Channels.Subchannels(p.ctx(), p.Caller, f.Channel.Path, registry.ChannelFilter{Query: p.query("q")}, d.List.page())
	if err != nil {
		return err
	}
	d.List.Total = total
	for _, c := range list {
		d.Subchannels = append(d.Subchannels, subchannelRow{c, p.can(access.ChannelDelete, c)})
	}
	return p.showOf(f, "channel_subchannels", "Subchannels", d)
}

// newSubchannelData is what the form for a new subchannel offers.
type newSubchannelData struct {
	channelFrame
	Privacies []option
}

const newSubchannelTitle = "Create a subchannel"

func (w *Web) newSubchannel(p *page) error {
	f, err := p.parentFrame(access.SubchannelCreate)
	if err != nil {
		return err
	}
	p.preset("privacy", string(f.Channel.Privacy))
	return p.showOf(f, "channel_subchannel_new", newSubchannelTitle, newSubchannelData{f, privacyOptions()})
}

func (w *Web) createSubchannel(p *page) error {
	f, err := p.parentFrame(access.ChannelView)
	if err != nil {
		return err
	}
	in := registry.Channel{Name: p.text("name"), Description: p.text("description"), Privacy: access.Privacy(p.text("privacy"))}
	var made registry.Channel
	err = p.try(func(ctx context.Context) (err error) {
		made, err = p.Service.Channels.CreateSubchannel(ctx, p.Caller, f.Channel.Path, in)
		return err
	})
	if err != nil {
		return p.again(err, "channel_subchannel_new", newSubchannelTitle, newSubchannelData{f, privacyOptions()}, "You find it in the list of subchannels.")
	}
	return p.done(channelURL(made.Path), "Subchannel "+made.Path+" is created.")
}
