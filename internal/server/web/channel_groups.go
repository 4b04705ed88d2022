package web

import (
	"context"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) channelGroupPages() section {
	const all = channelsURL + "/{channel}/groups"
	const one = all + "/{grant}"
	return section{routes: []route{
		{pattern: "GET " + all, handle: w.channelGroups},
		{pattern: "POST " + all, handle: w.addChannelGroup},
		{pattern: "POST " + one, handle: w.changeChannelGroup},
		{pattern: "GET " + one + "/remove", handle: w.removeChannelGroupPage},
		{pattern: "POST " + one + "/remove", handle: w.removeChannelGroup},
	}}
}

// channelGroupsData is what the page for the groups of a channel shows.
type channelGroupsData struct {
	channelFrame
	List    *listing
	Groups  []channelGroupRow
	Levels  []option
	MayEdit bool
	// Suggest is where type-ahead asks for people, empty for who may not list them.
	Suggest string
	// People are the owners, for who may change them.
	People []registry.Member
}

// channelGroupRow is a group with what it may do, and the choices of a form that changes that.
type channelGroupRow struct {
	registry.ChannelGroup
	Level  string
	Levels []option
	// Service tells that it is the group of a service account, whose permission can only be lowered here.
	Service bool
}

// levelOptions are the permissions that can be given, the chosen one marked.
func levelOptions(chosen access.Level) []option {
	return choosing(chosen.String(), []option{
		choice(access.Read.String(), "Read", "Install its packages."),
		choice(access.Write.String(), "Write", "Upload to it, too."),
		choice(access.Manage.String(), "Manage", "Delete from it and change it, its groups and its settings, too."),
	})
}

// groupsFrame reads what the page shows.
func (p *page) groupsFrame(needs access.Scope) (channelGroupsData, error) {
	f, err := p.frame(needs)
	if err != nil {
		return channelGroupsData{}, err
	}
	d := channelGroupsData{
		channelFrame: f, List: p.listing("name", "updated_at"), Levels: levelOptions(access.None),
		Suggest: p.suggestsPeople(), MayEdit: p.can(access.ChannelGroupEdit, f.Channel),
	}
	p.preset("permission", access.Read.String())
	groups, total, err := p.Service.ChannelGroups.List(p.ctx(), p.Caller, f.Channel.Path, d.List.page())
	if err != nil {
		return d, err
	}
	d.List.Total = total
	for _, g := range groups {
		d.Groups = append(d.Groups, channelGroupRow{g, capital(g.Permission.String()), levelOptions(g.Permission), g.Group.AccountID != 0})
	}
	if d.MayEdit && f.Channel.ParentID == 0 {
		d.People, _, err = p.Service.Groups.Members(p.ctx(), p.Caller, registry.OwnersGroup(f.Channel.Path), registry.Page{Limit: maxOwners})
	}
	return d, err
}

// maxOwners is how many owners the page shows.
const maxOwners = 500

const channelGroupsTitle = "Groups"

func (w *Web) channelGroups(p *page) error {
	d, err := p.groupsFrame(access.ChannelGroupView)
	if err != nil {
		return err
	}
	return p.showOf(d.channelFrame, "channel_groups", channelGroupsTitle, d)
}

// changeGroups does something about the groups of a channel, and shows the page again where that fails.
func (p *page) changeGroups(message string, change func(ctx context.Context, path string) error) error {
	d, err := p.groupsFrame(access.ChannelView)
	if err != nil {
		return err
	}
	path := d.Channel.Path
	if err := p.try(func(ctx context.Context) error { return change(ctx, path) }); err != nil {
		return p.again(err, "channel_groups", channelGroupsTitle+" · "+path, d, "")
	}
	return p.done(channelURL(path, "groups"), message)
}

func (w *Web) addChannelGroup(p *page) error {
	name, level := p.text("group"), p.text("permission")
	if name == "" {
		p.wrong("group", "name the group")
	}
	return p.changeGroups("Group "+name+" has "+level+" on this channel now.", func(ctx context.Context, path string) error {
		err := p.Service.ChannelGroups.Add(ctx, p.Caller, path, name, level)
		return beside(err, access.GroupView, "group", "there is no group "+name+" that you may see")
	})
}

// beside turns the refusal of something that a form names into words beside its field: the same for what does not exist.
// Who sees everything is told that it does not exist, there as well.
func beside(err error, refused access.Scope, field, message string) error {
	e, ok := registry.AsError(err)
	switch {
	case ok && e.Denied != nil && e.Denied.Scope == refused:
		return &registry.Error{Code: registry.CodeInvalid, Field: field, Message: message}
	case ok && e.Denied == nil && e.Code == registry.CodeNotFound && e.Field == "":
		return &registry.Error{Code: registry.CodeInvalid, Field: field, Message: e.Message}
	}
	return err
}

func (w *Web) changeChannelGroup(p *page) error {
	level := p.text("level")
	return p.changeGroups("The group has "+level+" on this channel now.", func(ctx context.Context, path string) error {
		_, err := p.Service.ChannelGroups.Edit(ctx, p.Caller, path, p.path("grant"), level)
		return err
	})
}

// groupRemoval asks whether a group is to lose what it may do.
func (p *page) groupRemoval() (confirmation, error) {
	f, err := p.frame(access.ChannelGroupEdit)
	if err != nil {
		return confirmation{}, err
	}
	path, id := f.Channel.Path, p.path("grant")
	p.under(path, channelURL(path), "Groups", channelURL(path, "groups"))
	g, err := p.Service.ChannelGroups.Get(p.ctx(), p.Caller, path, id)
	if err != nil {
		return confirmation{}, err
	}
	c := confirmation{
		Question: "Take " + g.Group.Name + " off " + path + "?",
		Loses:    []string{"What its members may do on " + path + " by this group (" + g.Permission.String() + "), from the next request on: " + plural(g.Group.Members, "member")},
		Keeps:    "The group itself stays, and what it may do elsewhere. What its members hold by other groups stays, too.",
		Action:   channelURL(path, "groups", id, "remove"), Button: "Remove " + g.Group.Name, Cancel: channelURL(path, "groups"), Stay: "Leave it as it is",
	}
	if g.Group.AccountID != 0 {
		c.Loses = []string{"What the tokens of this service account may do on " + path + ". It is taken out of them for good."}
		c.Keeps = ""
	}
	return c, nil
}

const removeGroupTitle = "Remove a group"

func (w *Web) removeChannelGroupPage(p *page) error {
	c, err := p.groupRemoval()
	if err != nil {
		return err
	}
	return p.confirm(removeGroupTitle, c)
}

func (w *Web) removeChannelGroup(p *page) error {
	c, err := p.groupRemoval()
	if err != nil {
		return err
	}
	path := p.channelPath()
	err = p.try(func(ctx context.Context) error {
		return p.Service.ChannelGroups.Remove(ctx, p.Caller, path, p.path("grant"))
	})
	if err != nil {
		return p.again(err, "confirm", removeGroupTitle, c, "")
	}
	return p.done(channelURL(path, "groups"), "The group is removed.")
}
