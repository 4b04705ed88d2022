package web

import (
	"context"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) channelFreezePages() section {
	const path = channelsURL + "/{channel}/settings"
	return section{routes: []route{
		{pattern: "GET " + path + "/freeze", handle: w.freezePage},
		{pattern: "POST " + path + "/freeze", handle: w.freezeChannel},
		{pattern: "GET " + path + "/reindex", handle: w.reindexPage},
		{pattern: "POST " + path + "/reindex", handle: w.reindexChannel},
	}}
}

const freezeTitle = "Freeze a channel"

// settingsConfirmation reads the channel whose settings a confirmation is about.
func (p *page) settingsConfirmation() (registry.Channel, error) {
	f, err := p.frame(access.ChannelEdit)
	if err != nil {
		return registry.Channel{}, err
	}
	path := f.Channel.Path
	p.under(path, channelURL(path), channelSettingsTitle, channelURL(path, "settings"))
	return f.Channel, nil
}

// freezing asks whether a channel is to take no more changes.
func (p *page) freezing() (registry.Channel, confirmation, error) {
	c, err := p.settingsConfirmation()
	if err == nil && !holdsPackages(c) {
		err = errNoPage
	}
	return c, confirmation{
		Question: "Freeze " + c.Path + "?",
		Happens: []string{
			"Uploads to it are refused from the next request on, those of CI included.",
			"Nobody can change, move or delete anything in it.",
			"A job that is changing it fails for the files that it has not reached.",
		},
		Keeps:  "Everything in it can be installed as before. You can unfreeze it at any time.",
		Action: channelURL(c.Path, "settings", "freeze"), Button: "Freeze " + c.Path, Cancel: channelURL(c.Path, "settings"), Stay: "Leave it as it is",
	}, err
}

func (w *Web) freezePage(p *page) error {
	c, ask, err := p.freezing()
	switch {
	case err != nil:
		return err
	case c.Frozen():
		return p.redirect(ask.Cancel)
	}
	return p.confirm(freezeTitle, ask)
}

// freezeChannel freezes a channel or, by the button on the page of its settings, unfreezes it.
func (w *Web) freezeChannel(p *page) error {
	c, ask, err := p.freezing()
	if err != nil {
		return err
	}
	indexing, message := registry.FrozenIndexing, "The channel is frozen. Nothing in it changes until it is unfrozen."
	if p.pressed("unfreeze") {
		indexing, message = registry.DefaultIndexing, "The channel takes changes again."
	}
	err = p.try(func(ctx context.Context) error {
		_, err := p.Service.Channels.Edit(ctx, p.Caller, c.Path, registry.ChannelChange{Indexing: &indexing})
		return err
	})
	if err != nil {
		return p.again(err, "confirm", freezeTitle, ask, "")
	}
	return p.done(ask.Cancel, message)
}

const reindexTitle = "Rebuild an index"

// reindexing asks whether the index of a channel is to be made anew.
func (p *page) reindexing() (confirmation, error) {
	c, err := p.settingsConfirmation()
	return confirmation{
		Question: "Rebuild the index of " + c.Path + "?",
		Happens: []string{
			"The whole index is made anew from what is stored. For a large channel that takes minutes, and keeps the server busy.",
			"Clients fetch the index once more the next time, in place of what they have kept of it.",
		},
		Keeps:  "Until it is done the last index is served. No file is touched.",
		Action: channelURL(c.Path, "settings", "reindex"), Button: "Rebuild the index", Cancel: channelURL(c.Path, "settings"), Stay: "Leave it as it is",
	}, err
}

func (w *Web) reindexPage(p *page) error {
	ask, err := p.reindexing()
	if err != nil {
		return err
	}
	return p.confirm(reindexTitle, ask)
}

func (w *Web) reindexChannel(p *page) error {
	ask, err := p.reindexing()
	if err != nil {
		return err
	}
	err = p.try(func(ctx context.Context) error {
		_, err := p.Service.Channels.Reindex(ctx, p.Caller, p.channelPath(), registry.FamilyConda)
		return err
	})
	if err != nil {
		return p.again(err, "confirm", reindexTitle, ask, "")
	}
	return p.done(ask.Cancel, "The index is being rebuilt. Until that is done the last one is served.")
}
