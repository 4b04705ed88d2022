package web

import (
	"context"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) userPages() section {
	return section{
		nav: &navEntry{label: "Users", path: usersURL, icon: "users", needs: access.UserView, admin: true},
		routes: []route{
			{pattern: "GET " + usersURL, handle: w.users, needs: access.UserView},
			{pattern: "GET " + newUserURL, handle: w.newUser, needs: access.UserEdit},
			{pattern: "POST " + newUserURL, handle: w.createUser, needs: access.UserEdit},
		},
	}
}

// usersData is what the list of users shows.
type usersData struct {
	List  *listing
	Users []registry.User
	// States and Roles are what the list can be narrowed to.
	States, Roles []option
	MayCreate     bool
}

func (w *Web) users(p *page) error {
	d := usersData{
		List: p.listing("username", "created_at", "last_login_at"), MayCreate: w.offers(p, access.UserEdit),
		States: []option{choice("", "All", ""), choice("active", "Active", ""), choice("disabled", "Disabled", "")},
	}
	roles, err := p.roleChoices()
	if err != nil {
		return err
	}
	d.Roles = append([]option{choice("", "Any", "")}, roles...)
	p.preset("state", p.query("state"))
	p.preset("role", p.query("role"))
	filter := registry.UserFilter{Query: p.query("q"), Role: p.query("role")}
	switch p.query("state") {
	case "active":
		filter.Disabled = new(false)
	case "disabled":
		filter.Disabled = new(true)
	}
	if d.Users, d.List.Total, err = p.Service.Accounts.ListUsers(p.ctx(), p.Caller, filter, d.List.page()); err != nil {
		return err
	}
	return p.show("users", "Users", d)
}

// roleChoices are the roles that an account can have.
func (p *page) roleChoices() ([]option, error) {
	all, err := p.Service.Roles.List(p.ctx(), p.Caller)
	if err != nil {
		return nil, err
	}
	var out []option
	for _, r := range all {
		switch r.Name {
		case access.RoleEveryone:
		case access.RoleAdmin:
			out = append(out, choice(r.Name, r.Name, "May do everything."))
		case access.RoleAuthor:
			out = append(out, choice(r.Name, r.Name, "Makes channels, groups and tokens."))
		default:
			out = append(out, choice(r.Name, r.Name, ""))
		}
	}
	return out, nil
}

const newUserTitle = "Create a user"

// newUserData is what the form for a new account offers.
type newUserData struct{ Roles []option }

func (w *Web) newUser(p *page) error {
	roles, err := p.roleChoices()
	if err != nil {
		return err
	}
	settings, err := p.Service.Settings.Current(p.ctx())
	if err != nil {
		return err
	}
	p.preset("roles", settings.NewRoles()...)
	return p.under("Users", usersURL).show("user_new", newUserTitle, newUserData{roles})
}

func (w *Web) createUser(p *page) error {
	p.under("Users", usersURL)
	roles, err := p.roleChoices()
	if err != nil {
		return err
	}
	in := registry.UserInput{Name: p.text("username"), Email: p.text("email"), Password: p.secret("password"), Roles: p.chosenRoles()}
	var made registry.NewUser
	err = p.try(func(ctx context.Context) (err error) {
		made, err = p.Service.Accounts.CreateUser(ctx, p.Caller, in)
		return err
	})
	switch {
	case err != nil:
		return p.again(err, "user_new", newUserTitle, newUserData{roles}, "You find the account in the list of users. If you did not copy its password, reset it.")
	case made.Password != "":
		return p.showPassword(made.User, made.Password, "User "+made.User.Name+" is created")
	}
	return p.done(userURL(made.User.PublicID), "User "+made.User.Name+" is created.")
}

// chosenRoles are the roles that were ticked. None is none, and not those of the site's settings.
func (p *page) chosenRoles() []string { return append([]string{}, p.texts("roles")...) }

// madePasswordData is what is shown, once, of a password that the server made.
type madePasswordData struct {
	User     registry.User
	Password string
	// SignIn is where the user begins.
	SignIn string
}

// showPassword shows a new password. It is not to be had again.
func (p *page) showPassword(u registry.User, password, title string) error {
	return p.show("user_password", title, madePasswordData{u, password, p.URL(p.r) + signInURL})
}
