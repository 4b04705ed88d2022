package web

import (
	"context"
	"slices"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) userAccountPages() section {
	const one = usersURL + "/{user}"
	view, edit := access.UserView, access.UserEdit
	return section{routes: []route{
		{pattern: "GET " + one, handle: w.user, needs: view},
		{pattern: "POST " + one, handle: w.editUser, needs: edit},
		{pattern: "POST " + one + "/roles", handle: w.setRoles, needs: edit},
		{pattern: "GET " + one + "/disable", handle: w.disableUserPage, needs: edit},
		{pattern: "POST " + one + "/disable", handle: w.disableUser, needs: edit},
		{pattern: "POST " + one + "/enable", handle: w.enableUser, needs: edit},
		{pattern: "GET " + one + "/reset-password", handle: w.resetPasswordPage, needs: edit},
		{pattern: "POST " + one + "/reset-password", handle: w.resetPassword, needs: edit},
		{pattern: "GET " + one + "/delete", handle: w.deleteUserPage, needs: edit},
		{pattern: "POST " + one + "/delete", handle: w.deleteUser, needs: edit},
	}}
}

// userFrame is what the pages of one account have in common.
type userFrame struct {
	Account registry.User
	Tabs    []tab
}

// accountFrame reads the account that the address names. Current is the segment of the page's tab, empty for the first.
func (p *page) accountFrame(current string) (userFrame, error) {
	u, err := p.Service.Accounts.GetUser(p.ctx(), p.Caller, p.path("user"))
	if err != nil {
		return userFrame{}, err
	}
	p.under("Users", usersURL)
	return userFrame{Account: u, Tabs: []tab{
		{"Account", userURL(u.PublicID), current == ""},
		{"Tokens", userURL(u.PublicID, "tokens"), current == "tokens"},
	}}, nil
}

// userData is what the page of an account shows.
type userData struct {
	userFrame
	Roles []option
	// MayAssign tells whether its roles can be changed.
	MayAssign bool
}

// userPage reads an account for its page, and fills in what was not typed.
func (p *page) userPage() (userData, error) {
	f, err := p.accountFrame("")
	if err != nil {
		return userData{}, err
	}
	d := userData{userFrame: f, MayAssign: p.offers(p, access.RoleEdit)}
	d.Roles, err = p.roleChoices()
	return d, err
}

func (w *Web) user(p *page) error {
	d, err := p.userPage()
	if err != nil {
		return err
	}
	p.preset("email", d.Account.Email)
	p.preset("roles", d.Account.Roles...)
	return p.show("user", d.Account.Name, d)
}

// changeUser does something about an account, and shows its page again where that fails.
func (p *page) changeUser(message string, change func(ctx context.Context, id string) error) error {
	d, err := p.userPage()
	if err != nil {
		return err
	}
	id := d.Account.PublicID
	err = p.try(func(ctx context.Context) error { return change(ctx, id) })
	if err != nil {
		// There are two forms on the page; the other one keeps what is stored.
		if !p.pressed("email") {
			p.preset("email", d.Account.Email)
			return p.again(err, "user", d.Account.Name, d, "")
		}
		p.preset("roles", d.Account.Roles...)
		return p.again(err, "user", d.Account.Name, d, "")
	}
	return p.done(userURL(id), message)
}

func (w *Web) editUser(p *page) error {
	email := p.text("email")
	return p.changeUser("The e-mail address is changed.", func(ctx context.Context, id string) error {
		_, err := p.Service.Accounts.EditUser(ctx, p.Caller, id, registry.UserChange{Email: &email})
		return err
	})
}

func (w *Web) setRoles(p *page) error {
	return p.changeUser("The roles are changed, from the next request on.", func(ctx context.Context, id string) error {
		_, err := p.Service.Accounts.SetUserRoles(ctx, p.Caller, id, p.chosenRoles())
		return err
	})
}

func (w *Web) enableUser(p *page) error {
	return p.changeUser("The account is enabled. Its tokens work again.", func(ctx context.Context, id string) error {
		_, err := p.Service.Accounts.EditUser(ctx, p.Caller, id, registry.UserChange{Disabled: new(false)})
		return err
	})
}

// userDisabling asks whether an account is to be disabled.
func (p *page) userDisabling() (userFrame, confirmation, error) {
	f, err := p.accountFrame("")
	if err != nil {
		return f, confirmation{}, err
	}
	id, name := f.Account.PublicID, f.Account.Name
	p.under(name, userURL(id))
	return f, confirmation{
		Question: "Disable the account of " + name + "?",
		Loses:    []string{"The sessions of " + name + ", at once", "The use of their tokens, until the account is enabled again"},
		Keeps:    "Nothing is deleted: roles, groups, channels and tokens stay, and come back when you enable the account.",
		Action:   userURL(id, "disable"), Button: "Disable " + name, Cancel: userURL(id), Stay: "Leave it as it is",
	}, nil
}

const disableUserTitle = "Disable a user"

func (w *Web) disableUserPage(p *page) error {
	_, c, err := p.userDisabling()
	if err != nil {
		return err
	}
	return p.confirm(disableUserTitle, c)
}

func (w *Web) disableUser(p *page) error {
	f, c, err := p.userDisabling()
	if err != nil {
		return err
	}
	err = p.try(func(ctx context.Context) error {
		_, err := p.Service.Accounts.EditUser(ctx, p.Caller, f.Account.PublicID, registry.UserChange{Disabled: new(true)})
		return err
	})
	if err != nil {
		return p.again(err, "confirm", disableUserTitle, c, "")
	}
	return p.done(userURL(f.Account.PublicID), f.Account.Name+" is disabled.")
}

const resetPasswordTitle = "Reset a password"

func (w *Web) resetPasswordPage(p *page) error {
	f, err := p.accountFrame("")
	if err != nil {
		return err
	}
	p.under(f.Account.Name, userURL(f.Account.PublicID))
	return p.show("user_reset", resetPasswordTitle, f)
}

func (w *Web) resetPassword(p *page) error {
	f, err := p.accountFrame("")
	if err != nil {
		return err
	}
	p.under(f.Account.Name, userURL(f.Account.PublicID))
	var made string
	err = p.try(func(ctx context.Context) (err error) {
		made, err = p.Service.Accounts.SetPassword(ctx, p.Caller, f.Account.PublicID, "")
		return err
	})
	if err != nil {
		return p.again(err, "user_reset", resetPasswordTitle, f, "If you did not copy the new password, reset it again.")
	}
	return p.showPassword(f.Account, made, "New password for "+f.Account.Name)
}

// userDeletion asks whether an account is to be deleted, and says what it leaves behind.
func (p *page) userDeletion() (userFrame, confirmation, error) {
	f, err := p.accountFrame("")
	if err != nil {
		return f, confirmation{}, err
	}
	id, name := f.Account.PublicID, f.Account.Name
	p.under(name, userURL(id))
	owns, err := p.Service.Accounts.Ownings(p.ctx(), p.Caller, id)
	if err != nil {
		return f, confirmation{}, err
	}
	c := confirmation{
		Question: "Delete the account of " + name + "?", Loses: owningWords(owns),
		Keeps:  "What " + name + " uploaded stays, and the record of what they did. Jobs that use their tokens stop.",
		Action: userURL(id, "delete"), Button: "Delete " + name, Cancel: userURL(id), Stay: "Keep the account", Type: name,
	}
	if slices.ContainsFunc(owns.Tokens, canBeHandedOver) {
		c.Keeps += " They go on if the service account of a channel takes the tokens over first."
		c.Instead = &button{Label: "Hand tokens over first", URL: userURL(id, "hand-over")}
	}
	if len(owns.Channels) > 0 {
		// Only who was told of them leaves channels without an owner.
		c.Hidden = map[string]string{"force": "1"}
	}
	return f, c, nil
}

// owningWords lists what ends with an account, and what it leaves without anybody.
func owningWords(o registry.Ownings) []string {
	out := []string{"The account, its sessions and its place in groups"}
	if n := int64(len(o.Tokens)); n == 1 {
		out = append(out, "1 token that works now")
	} else if n > 1 {
		out = append(out, plural(n, "token")+" that work now")
	}
	for i, path := range o.Channels {
		if i == maxNamedLosses {
			out = append(out, "The only owner of "+plural(int64(len(o.Channels)-i), "more channel"))
			break
		}
		out = append(out, "The only owner of channel "+path+": only administrators can change it then")
	}
	for i, g := range o.Groups {
		if i == maxNamedLosses {
			out = append(out, "The only manager of "+plural(int64(len(o.Groups)-i), "more group"))
			break
		}
		out = append(out, "The only manager of group "+g.Name)
	}
	return out
}

const deleteUserTitle = "Delete a user"

func (w *Web) deleteUserPage(p *page) error {
	_, c, err := p.userDeletion()
	if err != nil {
		return err
	}
	return p.confirm(deleteUserTitle, c)
}

func (w *Web) deleteUser(p *page) error {
	f, c, err := p.userDeletion()
	if err != nil {
		return err
	}
	p.confirmed(c)
	err = p.try(func(ctx context.Context) error {
		return p.Service.Accounts.DeleteUser(ctx, p.Caller, f.Account.PublicID, p.checked("force"))
	})
	if err != nil {
		return p.again(err, "confirm", deleteUserTitle, c, "")
	}
	return p.done(usersURL, f.Account.Name+" is deleted.")
}
