package web

import (
	"context"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) channelOwnerPages() section {
	const all = channelsURL + "/{channel}/owners"
	return section{routes: []route{
		{pattern: "POST " + all, handle: w.addOwner},
		{pattern: "GET " + all + "/{owner}/remove", handle: w.removeOwnerPage},
		{pattern: "POST " + all + "/{owner}/remove", handle: w.removeOwner},
	}}
}

func (w *Web) addOwner(p *page) error {
	name := p.text("user")
	if name == "" {
		p.wrong("user", "enter a user name")
	}
	return p.changeGroups(name+" owns this channel now.", func(ctx context.Context, path string) error {
		_, err := p.Service.Groups.SetMember(ctx, p.Caller, registry.OwnersGroup(path), name, access.Manage.String())
		return beside(err, access.UserView, "user", "there is no user "+name)
	})
}

// ownerRemoval asks whether somebody is to own a channel no more.
func (p *page) ownerRemoval() (confirmation, error) {
	f, err := p.frame(access.ChannelGroupEdit)
	if err == nil && f.Channel.ParentID != 0 {
		err = errNoPage
	}
	if err != nil {
		return confirmation{}, err
	}
	path, name := f.Channel.Path, p.path("owner")
	p.under(path, channelURL(path), "Groups", channelURL(path, "groups"))
	return confirmation{
		Question: "Take " + name + " out of the owners of " + path + "?",
		Loses:    []string{"The right of " + name + " to manage " + path + " and its subchannels, from the next request on", "What tokens of " + name + " may do there by that right"},
		Keeps:    "What " + name + " holds by other groups stays.",
		Action:   channelURL(path, "owners", name, "remove"), Button: "Remove " + name, Cancel: channelURL(path, "groups"), Stay: "Leave it as it is",
	}, nil
}

const removeOwnerTitle = "Remove an owner"

func (w *Web) removeOwnerPage(p *page) error {
	c, err := p.ownerRemoval()
	if err != nil {
		return err
	}
	return p.confirm(removeOwnerTitle, c)
}

func (w *Web) removeOwner(p *page) error {
	c, err := p.ownerRemoval()
	if err != nil {
		return err
	}
	path, name := p.channelPath(), p.path("owner")
	err = p.try(func(ctx context.Context) error {
		_, err := p.Service.Groups.RemoveMember(ctx, p.Caller, registry.OwnersGroup(path), name)
		return err
	})
	if err != nil {
		return p.again(err, "confirm", removeOwnerTitle, c, "")
	}
	to := channelURL(path, "groups")
	if name == p.Caller.Principal.Name {
		to = channelsURL
	}
	return p.done(to, name+" does not own "+path+" any more.")
}
