package web

import (
	"context"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) channelDeletePages() section {
	const path = channelsURL + "/{channel}/delete"
	return section{routes: []route{
		{pattern: "GET " + path, handle: w.deleteChannelPage},
		{pattern: "POST " + path, handle: w.deleteChannel},
	}}
}

// deletion asks whether a channel is to be deleted, and says what would go with it.
func (p *page) deletion() (confirmation, error) {
	f, err := p.frame(access.ChannelDelete)
	if err != nil {
		return confirmation{}, err
	}
	path := f.Channel.Path
	p.under(path, channelURL(path))
	losses, err := p.Service.Channels.Losses(p.ctx(), p.Caller, path)
	if err != nil {
		return confirmation{}, err
	}
	return confirmation{
		Question: "Delete " + path + " with all that is in it?", Loses: lossWords(f.Channel, losses),
		Keeps:  "This cannot be undone. Environments that were installed from it keep working; nothing can be installed from it any more.",
		Action: channelURL(path, "delete"), Button: "Delete " + path, Cancel: channelURL(path), Type: path,
	}, nil
}

// lossWords lists what goes with a channel. What there is none of is left out, but for packages and tokens.
func lossWords(c registry.Channel, l registry.Losses) []string {
	out := []string{
		plural(l.Packages, "package") + " (" + plural(l.Files, "file") + ", " + humanSize(l.Size) + ")",
		"Access to it by " + plural(l.Tokens, "token"),
	}
	for _, more := range []struct {
		n     int64
		words string
	}{
		{l.ServiceTokens, "Its service account with " + ending(l.ServiceTokens, "token")},
		{l.Subchannels, plural(l.Subchannels, "subchannel") + ", with everything inside"},
		{l.TrustRules, plural(l.TrustRules, "trusted publisher")},
		{l.Virtual, "Its part in " + plural(l.Virtual, "virtual channel")},
	} {
		if more.n > 0 {
			out = append(out, more.words)
		}
	}
	if c.ParentID == 0 {
		out = append(out, "The group "+registry.OwnersGroup(c.Path)+", and what other groups may do on it")
	}
	return out
}

const deleteChannelTitle = "Delete a channel"

func (w *Web) deleteChannelPage(p *page) error {
	c, err := p.deletion()
	if err != nil {
		return err
	}
	return p.confirm(deleteChannelTitle, c)
}

func (w *Web) deleteChannel(p *page) error {
	c, err := p.deletion()
	if err != nil {
		return err
	}
	path := p.channelPath()
	p.confirmed(c)
	err = p.try(func(ctx context.Context) error { return p.Service.Channels.Delete(ctx, p.Caller, path) })
	if err != nil {
		return p.again(err, "confirm", deleteChannelTitle, c, "")
	}
	return p.done(channelsURL, path+" is deleted.")
}
