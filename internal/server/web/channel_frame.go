package web

import (
	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// channelFrame is what all pages of a channel show: the channel itself and the tabs.
type channelFrame struct {
	Channel registry.Channel
	Tabs    []tab
	// Above is the channel that a subchannel belongs to, empty for none and for one that whoever looks may not see.
	Above string
	// Default tells that this is the default channel of whoever looks, MayDefault that they may choose one.
	Default, MayDefault bool
}

// channelTab is one of the pages of a channel.
type channelTab struct {
	label, segment string
	// needs is the scope on the channel without which the tab is left out.
	needs access.Scope
	// fits tells whether the channel has such a page at all, nil for every channel.
	fits func(registry.Channel) bool
}

// channelTabs are the pages of a channel, in their order. The first one is the page of the channel itself.
func channelTabs() []channelTab {
	return []channelTab{
		{label: "Packages", needs: access.ChannelView},
		{label: "Subchannels", segment: "subchannels", needs: access.ChannelView, fits: hasSubchannels},
		{label: "Groups", segment: "groups", needs: access.ChannelGroupView},
		{label: "Access", segment: "access", needs: access.AccessExplain},
		{label: "Service accounts", segment: "service-accounts", needs: access.ServiceAccountEdit},
		{label: "Trusted publishers", segment: "trust", needs: access.TrustEdit, fits: holdsPackages},
		{label: "History", segment: "history", needs: access.ChannelHistory},
		{label: "Settings", segment: "settings", needs: access.ChannelEdit},
	}
}

// hasSubchannels tells whether a channel can have subchannels.
func hasSubchannels(c registry.Channel) bool {
	return c.ParentID == 0 && c.Type != registry.VirtualChannel
}

// holdsPackages tells whether a channel has packages of its own.
func holdsPackages(c registry.Channel) bool { return c.Type != registry.VirtualChannel }

// can tells whether whoever asks could use a scope on a channel; of a subchannel it asks the subchannel's form.
func (p *page) can(scope access.Scope, c registry.Channel) bool {
	target := access.OnChannel(c.Access())
	return p.Service.Can(p.Caller, scope.For(target.Channel), target)
}

// frame reads the channel that the address names. Without the scope the page does not exist for whoever asks.
func (p *page) frame(needs access.Scope) (channelFrame, error) {
	c, err := p.Service.Channels.Get(p.ctx(), p.Caller, p.channelPath())
	if err != nil {
		return channelFrame{}, err
	}
	if !p.can(needs, c) {
		return channelFrame{}, errNoPage
	}
	p.under("Channels", channelsURL)
	f := channelFrame{Channel: c}
	if f.Above, err = p.above(c); err != nil {
		return channelFrame{}, err
	}
	if f.Above != "" {
		p.under(f.Above, channelURL(f.Above, "subchannels"))
	}
	f.MayDefault = p.Service.Can(p.Caller, access.ChannelDefaultChannelEdit, access.OnAccount(p.Caller.Principal.ID))
	if me, err := p.account(); err == nil {
		f.Default = me.DefaultChannelID == c.ID
	}
	for _, t := range channelTabs() {
		if !p.can(t.needs, c) || t.fits != nil && !t.fits(c) {
			continue
		}
		url := channelURL(c.Path)
		here := p.r.URL.Path == url || p.within(channelURL(c.Path, "upload"))
		if t.segment != "" {
			url = channelURL(c.Path, t.segment)
			here = p.within(url)
		}
		f.Tabs = append(f.Tabs, tab{t.label, url, here})
	}
	return f, nil
}

// above is the channel that a subchannel belongs to, empty for whoever may not see that: no link leads there, as if it
// did not exist.
func (p *page) above(c registry.Channel) (string, error) {
	parent := c.Parent()
	if parent == "" {
		return "", nil
	}
	found, _, err := p.Service.Channels.List(p.ctx(), p.Caller, registry.ChannelFilter{Path: parent}, registry.Page{Limit: 1})
	if err != nil || len(found) == 0 {
		return "", err
	}
	return parent, nil
}

// showOf answers with a page of a channel, which says in its title whose it is.
func (p *page) showOf(f channelFrame, name, title string, data any) error {
	return p.show(name, title+" · "+f.Channel.Path, data)
}
