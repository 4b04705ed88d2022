package web

import (
	"context"
	"errors"

	"kingsnake/internal/access"
	"kingsnake/internal/config"
	"kingsnake/internal/registry"
)

func (w *Web) channelSettingsPages() section {
	const path = channelsURL + "/{channel}/settings"
	return section{routes: []route{
		{pattern: "GET " + path, handle: w.channelSettings},
		{pattern: "POST " + path, handle: w.changeChannel},
		{pattern: "POST " + path + "/quota", handle: w.setQuota},
	}}
}

// settingsData is what the settings of a channel show.
type settingsData struct {
	channelFrame
	Privacies []option
	Notices   int64
	// Filtered tells that filters hide some of its files.
	Filtered  bool
	Virtual   bool
	MayQuota  bool
	MayDelete bool
}

const channelSettingsTitle = "Settings"

func (p *page) settingsFrame() (settingsData, error) {
	f, err := p.frame(access.ChannelEdit)
	if err != nil {
		return settingsData{}, err
	}
	c := f.Channel
	notices, err := p.Service.Channels.Notices(p.ctx(), p.Caller, c.Path)
	if err != nil {
		return settingsData{}, err
	}
	p.opened("description", c.Description)
	p.opened("privacy", string(c.Privacy))
	p.opened("sources", sourceLines(c))
	p.opened("quota_bytes", quotaText(c.QuotaBytes))
	return settingsData{
		channelFrame: f, Privacies: privacyOptions(), Notices: int64(len(notices)), Filtered: !c.Filters.IsZero(),
		Virtual: c.Type == registry.VirtualChannel, MayQuota: p.offers(p, access.SystemSettingsEdit), MayDelete: p.can(access.ChannelDelete, c),
	}, nil
}

// sourceLines are the sources of a virtual channel as its form has them.
func sourceLines(c registry.Channel) string {
	var out string
	for _, s := range c.Sources {
		out += s.Path + "\n"
	}
	return out
}

// quotaText is a quota as its form has it.
func quotaText(bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return config.Size(bytes).String()
}

func (w *Web) channelSettings(p *page) error {
	d, err := p.settingsFrame()
	if err != nil {
		return err
	}
	return p.showOf(d.channelFrame, "channel_settings", channelSettingsTitle, d)
}

// changeSettings does something about the settings, and shows them again where that fails.
func (p *page) changeSettings(message string, change func(ctx context.Context, d settingsData) error) error {
	d, err := p.settingsFrame()
	if err != nil {
		return err
	}
	here := channelURL(d.Channel.Path, "settings")
	err = p.try(func(ctx context.Context) error { return change(ctx, d) })
	switch {
	case errors.Is(err, errUnchanged):
		return p.unchanged(here)
	case err != nil:
		return p.again(err, "channel_settings", channelSettingsTitle+" · "+d.Channel.Path, d, "")
	}
	return p.done(here, message)
}

// changeChannel changes what people see of the channel, and who can read it. What the form leaves alone is not sent: of
// the sources there may be some that whoever asks does not see.
func (w *Web) changeChannel(p *page) error {
	return p.changeSettings("The channel is changed.", func(ctx context.Context, d settingsData) error {
		change := registry.ChannelChange{}
		if p.edited("description") {
			change.Description = new(p.text("description"))
		}
		if p.edited("privacy") {
			change.Privacy = new(access.Privacy(p.text("privacy")))
		}
		typed := p.sources()
		if d.Virtual && p.edited("sources") && sourceLines(registry.Channel{Sources: typed}) != sourceLines(d.Channel) {
			if p.stale("sources", sourceLines(d.Channel), quoted) {
				return errChecked
			}
			change.Sources = append([]registry.Channel{}, typed...)
		}
		if change.Description == nil && change.Privacy == nil && change.Sources == nil {
			return errUnchanged
		}
		change.Check = func(c registry.Channel) error { return p.staleChannel(change, c, d.Privacies) }
		_, err := p.Service.Channels.Edit(ctx, p.Caller, d.Channel.Path, change)
		return besideSources(err)
	})
}

// staleChannel objects to a change of what somebody else has changed meanwhile.
func (p *page) staleChannel(change registry.ChannelChange, now registry.Channel, privacies []option) error {
	described := change.Description != nil && p.stale("description", now.Description, quoted)
	opened := change.Privacy != nil && p.stale("privacy", string(now.Privacy), labelled(privacies))
	if described || opened {
		return errChecked
	}
	return nil
}

func (w *Web) setQuota(p *page) error {
	var quota config.Size
	message := "The channel has no quota."
	if text := p.text("quota_bytes"); text != "" {
		var err error
		if quota, err = config.ParseSize(text); err != nil {
			p.wrong("quota_bytes", err.Error())
		}
		message = "The quota of the channel is " + humanSize(int64(quota)) + "."
	}
	return p.changeSettings(message, func(ctx context.Context, d settingsData) error {
		switch {
		case !p.edited("quota_bytes"):
			return errUnchanged
		case p.stale("quota_bytes", quotaText(d.Channel.QuotaBytes), quoted):
			return errChecked
		}
		_, err := p.Service.Channels.SetQuota(ctx, p.Caller, d.Channel.Path, int64(quota))
		return err
	})
}
