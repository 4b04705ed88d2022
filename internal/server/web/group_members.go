package web

import (
	"context"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) groupMemberPages() section {
	const one = groupsURL + "/{group}"
	return section{routes: []route{
		{pattern: "GET " + one, handle: w.group},
		{pattern: "POST " + one, handle: w.addMember},
		{pattern: "POST " + one + "/members/{member}", handle: w.changeMember},
		{pattern: "GET " + one + "/members/{member}/remove", handle: w.removeMemberPage},
		{pattern: "POST " + one + "/members/{member}/remove", handle: w.removeMember},
	}}
}

// groupData is what the page of a group shows: its members.
type groupData struct {
	groupFrame
	List    *listing
	Members []memberRow
	// Levels are the choices for a new member, none where there is only one.
	Levels []option
	// Suggest is where type-ahead asks for people, empty for who may not list them.
	Suggest string
}

// memberRow is a member with what it may do with the group, and the choices of a form that changes that.
type memberRow struct {
	registry.Member
	May    string
	Levels []option
	// Me tells that it is whoever looks.
	Me bool
}

// memberLevels are the levels that a member can have, the chosen one marked.
func memberLevels(chosen access.Level) []option {
	return choosing(chosen.String(), []option{
		choice(access.Read.String(), "See", "Is in the group and sees who else is."),
		choice(access.Manage.String(), "Manage", "Adds and removes members, renames and deletes the group, too."),
	})
}

// groupMembers reads what the page shows.
func (p *page) groupMembers() (groupData, error) {
	f, err := p.groupFrame("")
	if err != nil {
		return groupData{}, err
	}
	d := groupData{groupFrame: f, List: p.listing("username")}
	d.List.path = groupURL(f.Group.PublicID)
	if f.Group.OwnersOf == 0 {
		d.Levels = memberLevels(access.None)
	}
	d.Suggest = p.suggestsPeople()
	p.preset("permission", access.Read.String())
	members, total, err := p.Service.Groups.Members(p.ctx(), p.Caller, f.Group.PublicID, d.List.page())
	d.List.Total = total
	for _, m := range members {
		d.Members = append(d.Members, memberRow{m, memberMay(m.Level), memberLevels(m.Level), m.PrincipalID == p.Caller.Principal.ID})
	}
	return d, err
}

func (w *Web) group(p *page) error {
	d, err := p.groupMembers()
	if err != nil {
		return err
	}
	return p.show("group", d.Group.Name, d)
}

// setMember puts somebody into the group, or gives a member another level, and shows the page again where that fails.
func (p *page) setMember(name, level, message string) error {
	d, err := p.groupMembers()
	if err != nil {
		return err
	}
	if d.Group.OwnersOf != 0 {
		level = access.Manage.String()
	}
	err = p.try(func(ctx context.Context) error {
		_, err := p.Service.Groups.SetMember(ctx, p.Caller, d.Group.PublicID, name, level)
		return besideUser(err, name)
	})
	if err != nil {
		return p.again(err, "group", d.Group.Name, d, "")
	}
	return p.done(groupURL(d.Group.PublicID), message)
}

// besideUser puts what is wrong with a name of a user beside its field, in the same words for what does not exist and
// for who may not be seen.
func besideUser(err error, name string) error {
	e, known := registry.AsError(err)
	if known && (e.Code == registry.CodeNotFound || e.Denied != nil && e.Denied.Scope == access.UserView) {
		return &registry.Error{Code: registry.CodeInvalid, Field: "user", Message: "there is no user " + name}
	}
	return err
}

func (w *Web) addMember(p *page) error {
	name := p.text("user")
	if name == "" {
		p.wrong("user", "enter a user name")
	}
	return p.setMember(name, p.text("permission"), name+" is in the group now.")
}

func (w *Web) changeMember(p *page) error {
	name := p.path("member")
	return p.setMember(name, p.text("level"), name+" may do that now.")
}

// memberRemoval asks whether somebody is to leave a group. Everybody may leave by themselves.
func (p *page) memberRemoval() (groupFrame, confirmation, error) {
	f, err := p.groupFrame("")
	name := p.path("member")
	leaving := name == p.Caller.Principal.Name
	if err == nil && (f.Group.AccountID != 0 || !f.Manages && !leaving) {
		err = errNoPage
	}
	if err != nil {
		return f, confirmation{}, err
	}
	g := f.Group
	p.under(g.Name, groupURL(g.PublicID))
	c := confirmation{
		Question: "Take " + name + " out of " + g.Name + "?",
		Loses:    []string{"What " + name + " and their tokens may do by this group, from the next request on"},
		Keeps:    "What " + name + " holds by other groups stays.",
		Action:   groupURL(g.PublicID, "members", name, "remove"), Button: "Remove " + name, Cancel: groupURL(g.PublicID),
	}
	if leaving {
		c.Question, c.Button = "Leave "+g.Name+"?", "Leave the group"
		c.Loses = []string{"What you and your tokens may do by this group, from the next request on"}
		c.Keeps = "What you hold by other groups stays. Somebody who manages this one can let you in again."
	}
	return f, c, nil
}

const removeMemberTitle = "Remove a member"

func (w *Web) removeMemberPage(p *page) error {
	_, c, err := p.memberRemoval()
	if err != nil {
		return err
	}
	return p.confirm(removeMemberTitle, c)
}

func (w *Web) removeMember(p *page) error {
	f, c, err := p.memberRemoval()
	if err != nil {
		return err
	}
	name := p.path("member")
	err = p.try(func(ctx context.Context) error {
		_, err := p.Service.Groups.RemoveMember(ctx, p.Caller, f.Group.PublicID, name)
		return err
	})
	if err != nil {
		return p.again(err, "confirm", removeMemberTitle, c, "")
	}
	to := groupURL(f.Group.PublicID)
	if name == p.Caller.Principal.Name {
		to = groupsURL
	}
	return p.done(to, name+" is not in "+f.Group.Name+" any more.")
}
