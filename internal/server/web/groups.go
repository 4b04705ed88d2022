package web

import (
	"context"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) groupPages() section {
	const one = groupsURL + "/{group}"
	return section{
		nav: &navEntry{label: "Groups", path: groupsURL, icon: "groups"},
		routes: []route{
			{pattern: "GET " + groupsURL, handle: w.groups},
			{pattern: "GET " + newGroupURL, handle: w.newGroup, needs: access.GroupEdit},
			{pattern: "POST " + newGroupURL, handle: w.createGroup, needs: access.GroupEdit},
			{pattern: "GET " + one + "/channels", handle: w.groupChannels},
			{pattern: "GET " + one + "/edit", handle: w.editGroupPage},
			{pattern: "POST " + one + "/edit", handle: w.editGroup},
			{pattern: "GET " + one + "/delete", handle: w.deleteGroupPage},
			{pattern: "POST " + one + "/delete", handle: w.deleteGroup},
		},
	}
}

// groupsData is what the list of groups shows.
type groupsData struct {
	List   *listing
	Groups []groupRow
	// MayCreate tells whether to offer to create one.
	MayCreate bool
}

// groupRow is a group in a list.
type groupRow struct {
	registry.Group
	// May is what whoever looks may do with the group itself.
	May string
}

func (w *Web) groups(p *page) error {
	d := groupsData{List: p.listing("name", "created_at", "updated_at"), MayCreate: w.offers(p, access.GroupEdit)}
	list, total, err := p.Service.Groups.List(p.ctx(), p.Caller, p.query("q"), d.List.page())
	if err != nil {
		return err
	}
	d.List.Total = total
	for _, g := range list {
		d.Groups = append(d.Groups, groupRow{g, memberMay(g.Level)})
	}
	return p.show("groups", "Groups", d)
}

// memberMay says what a level over a group is.
func memberMay(l access.Level) string {
	if l >= access.Manage {
		return "Manage"
	}
	return "See"
}

const newGroupTitle = "Create a group"

func (w *Web) newGroup(p *page) error {
	return p.under("Groups", groupsURL).show("group_new", newGroupTitle, nil)
}

func (w *Web) createGroup(p *page) error {
	p.under("Groups", groupsURL)
	var made registry.Group
	err := p.try(func(ctx context.Context) (err error) {
		made, err = p.Service.Groups.Create(ctx, p.Caller, p.text("name"), p.text("description"))
		return err
	})
	if err != nil {
		return p.again(err, "group_new", newGroupTitle, nil, "You find it in the list of groups.")
	}
	return p.done(groupURL(made.PublicID), "Group "+made.Name+" is created. Add its members here; on a channel's page Groups you say what they may do there.")
}

// groupFrame is what the pages of one group have in common.
type groupFrame struct {
	Group registry.Group
	Tabs  []tab
	// Manages tells that whoever looks may change the group.
	Manages bool
	// Fixed tells that it comes and goes with something else: with a channel that it owns, or with a service account.
	Fixed bool
}

// groupFrame reads the group that the address names. Current is the segment of the page's tab, empty for the first.
func (p *page) groupFrame(current string) (groupFrame, error) {
	g, err := p.Service.Groups.Get(p.ctx(), p.Caller, p.path("group"))
	if err != nil {
		return groupFrame{}, err
	}
	f := groupFrame{Group: g, Manages: g.Level >= access.Manage && g.AccountID == 0, Fixed: g.OwnersOf != 0 || g.AccountID != 0}
	f.Tabs = []tab{
		{"Members", groupURL(g.PublicID), current == ""},
		{"Channels", groupURL(g.PublicID, "channels"), current == "channels"},
	}
	if f.Manages {
		f.Tabs = append(f.Tabs, tab{"Settings", groupURL(g.PublicID, "edit"), current == "edit"})
	}
	p.under("Groups", groupsURL)
	return f, nil
}

// managedGroup is groupFrame for who manages the group; for others there is no such page.
func (p *page) managedGroup(current string) (groupFrame, error) {
	f, err := p.groupFrame(current)
	if err == nil && !f.Manages {
		err = errNoPage
	}
	return f, err
}

// groupChannelsData is what the page for the channels of a group shows.
type groupChannelsData struct {
	groupFrame
	List     *listing
	Channels []groupChannel
}

// groupChannel is a channel with what the group may do there.
type groupChannel struct {
	registry.GroupOn
	May string
}

func (w *Web) groupChannels(p *page) error {
	f, err := p.groupFrame("channels")
	if err != nil {
		return err
	}
	d := groupChannelsData{groupFrame: f, List: p.listing("name", "updated_at")}
	list, total, err := p.Service.Groups.Channels(p.ctx(), p.Caller, f.Group.PublicID, d.List.page())
	if err != nil {
		return err
	}
	d.List.Total = total
	for _, c := range list {
		d.Channels = append(d.Channels, groupChannel{c, capital(c.Permission.String())})
	}
	return p.show("group_channels", "Channels · "+f.Group.Name, d)
}

func (w *Web) editGroupPage(p *page) error {
	f, err := p.managedGroup("edit")
	if err != nil {
		return err
	}
	p.preset("name", f.Group.Name)
	p.preset("description", f.Group.Description)
	return p.show("group_edit", "Settings · "+f.Group.Name, f)
}

func (w *Web) editGroup(p *page) error {
	f, err := p.managedGroup("edit")
	if err != nil {
		return err
	}
	description := p.text("description")
	change := registry.GroupChange{Description: &description}
	if !f.Fixed {
		name := p.text("name")
		change.Name = &name
	}
	var made registry.Group
	err = p.try(func(ctx context.Context) (err error) {
		made, err = p.Service.Groups.Edit(ctx, p.Caller, f.Group.PublicID, change)
		return err
	})
	if err != nil {
		return p.again(err, "group_edit", "Settings · "+f.Group.Name, f, "")
	}
	return p.done(groupURL(made.PublicID), "Group "+made.Name+" is changed.")
}

// maxNamedLosses is how many channels a question names before it counts the rest.
const maxNamedLosses = 10

// groupDeletion asks whether a group is to be deleted, and says what its members lose.
func (p *page) groupDeletion() (groupFrame, confirmation, error) {
	f, err := p.managedGroup("edit")
	if err == nil && f.Fixed {
		err = errNoPage
	}
	if err != nil {
		return f, confirmation{}, err
	}
	g := f.Group
	p.under(g.Name, groupURL(g.PublicID))
	channels, total, err := p.Service.Groups.Channels(p.ctx(), p.Caller, g.PublicID, registry.Page{Limit: maxNamedLosses})
	if err != nil {
		return f, confirmation{}, err
	}
	c := confirmation{
		Question: "Delete the group " + g.Name + "?", Loses: []string{"Who is in it: " + plural(g.Members, "member")},
		Keeps:  "The accounts of its members stay, with what they hold by other groups. A new group of the same name has nothing of this one.",
		Action: groupURL(g.PublicID, "delete"), Button: "Delete " + g.Name, Cancel: groupURL(g.PublicID),
	}
	for _, on := range channels {
		c.Loses = append(c.Loses, capital(on.Permission.String())+" on "+on.Path+", for its members and their tokens")
	}
	if more := total - int64(len(channels)); more > 0 {
		c.Loses = append(c.Loses, "What it may do on "+plural(more, "more channel"))
	}
	return f, c, nil
}

const deleteGroupTitle = "Delete a group"

func (w *Web) deleteGroupPage(p *page) error {
	_, c, err := p.groupDeletion()
	if err != nil {
		return err
	}
	return p.confirm(deleteGroupTitle, c)
}

func (w *Web) deleteGroup(p *page) error {
	f, c, err := p.groupDeletion()
	if err != nil {
		return err
	}
	err = p.try(func(ctx context.Context) error { return p.Service.Groups.Delete(ctx, p.Caller, f.Group.PublicID) })
	if err != nil {
		return p.again(err, "confirm", deleteGroupTitle, c, "")
	}
	return p.done(groupsURL, "Group "+f.Group.Name+" is deleted.")
}
