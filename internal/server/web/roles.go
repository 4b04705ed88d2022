package web

import (
	"context"
	"maps"
	"slices"
	"strings"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

func (w *Web) rolePages() section {
	const one = rolesURL + "/{role}"
	return section{
		nav: &navEntry{label: "Roles", path: rolesURL, icon: "shield", needs: access.RoleView, admin: true},
		routes: []route{
			{pattern: "GET " + rolesURL, handle: w.roles, needs: access.RoleView},
			{pattern: "GET " + newRoleURL, handle: w.newRole, needs: access.RoleEdit},
			{pattern: "POST " + newRoleURL, handle: w.createRole, needs: access.RoleEdit},
			{pattern: "GET " + one, handle: w.role, needs: access.RoleView},
			{pattern: "POST " + one, handle: w.editRole, needs: access.RoleEdit},
			{pattern: "GET " + one + "/delete", handle: w.deleteRolePage, needs: access.RoleEdit},
			{pattern: "POST " + one + "/delete", handle: w.deleteRole, needs: access.RoleEdit},
		},
	}
}

// rolesPerPage is how many roles stand side by side.
const rolesPerPage = 8

// rolesData is what the list of roles shows: the roles, and the levels of all in one grid.
type rolesData struct {
	List    *listing
	Roles   []registry.Role
	Grid    []roleLine
	MayEdit bool
}

// roleLine is a category in the grid, with the level of each role.
type roleLine struct {
	Label  string
	Levels []roleLevel
}

// roleLevel is what one role gives on the category of its line. Level is empty for none.
type roleLevel struct{ Role, Level string }

func (w *Web) roles(p *page) error {
	all, err := p.Service.Roles.List(p.ctx(), p.Caller)
	if err != nil {
		return err
	}
	d := rolesData{List: p.listing("name"), MayEdit: w.offers(p, access.RoleEdit)}
	d.List.per, d.List.Total = rolesPerPage, int64(len(all))
	first := min(len(all), (d.List.Number-1)*rolesPerPage)
	d.Roles = all[first:min(len(all), first+rolesPerPage)]
	for _, c := range access.Categories() {
		line := roleLine{Label: categoryLabel(c)}
		for _, r := range d.Roles {
			cell := roleLevel{Role: r.Name}
			if l := r.Levels[c]; l != access.None {
				cell.Level = capital(l.String())
			}
			line.Levels = append(line.Levels, cell)
		}
		d.Grid = append(d.Grid, line)
	}
	return p.show("roles", "Roles", d)
}

// categoryLabel is a category as people read it.
func categoryLabel(c access.Category) string {
	return capital(strings.NewReplacer(".", " ", "-", " ", "cve", "CVE").Replace(string(c)))
}

// categoryRow is a category in the form of a role, with what each level opens.
type categoryRow struct {
	Category, Label string
	// Opens says in words what the levels open, lowest first.
	Opens  []string
	Levels []option
}

// levelField is the name of the field for the level of a category.
func levelField(c access.Category) string { return "level." + string(c) }

// categoryRows are the categories with the levels that are chosen in the form.
func (p *page) categoryRows() []categoryRow {
	opens := map[access.Category]map[access.Level][]string{}
	for _, info := range access.Catalogue() {
		if info.AdminOnly {
			continue
		}
		if opens[info.Category] == nil {
			opens[info.Category] = map[access.Level][]string{}
		}
		opens[info.Category][info.Level] = append(opens[info.Category][info.Level], info.Name)
	}
	var out []categoryRow
	for _, c := range access.Categories() {
		row := categoryRow{Category: levelField(c), Label: categoryLabel(c)}
		for _, l := range slices.Sorted(maps.Keys(opens[c])) {
			row.Opens = append(row.Opens, capital(l.String())+": "+strings.Join(opens[c][l], ", "))
		}
		chosen := p.text(levelField(c))
		for l := access.None; l <= access.Manage; l++ {
			row.Levels = append(row.Levels, option{Value: l.String(), Label: capital(l.String()), Selected: l.String() == chosen || l == access.None && chosen == ""})
		}
		out = append(out, row)
	}
	return out
}

// presetLevels fills the form with the levels of a role.
func (p *page) presetLevels(r registry.Role) {
	for c, l := range r.Levels {
		p.preset(levelField(c), l.String())
	}
}

// roleInput is the role that the form asks for.
func (p *page) roleInput(name string) registry.RoleInput {
	in := registry.RoleInput{Name: name, Levels: map[string]string{}}
	for _, c := range access.Categories() {
		in.Levels[string(c)] = p.text(levelField(c))
	}
	return in
}

const newRoleTitle = "Create a role"

// newRoleData is what the form for a new role offers.
type newRoleData struct {
	Rows    []categoryRow
	MayEdit bool
}

func (w *Web) newRole(p *page) error {
	if from := p.query("from"); from != "" {
		r, err := p.Service.Roles.Get(p.ctx(), p.Caller, from)
		if err != nil {
			return err
		}
		p.presetLevels(r)
	}
	return p.under("Roles", rolesURL).show("role_new", newRoleTitle, newRoleData{p.categoryRows(), true})
}

func (w *Web) createRole(p *page) error {
	p.under("Roles", rolesURL)
	var made registry.Role
	err := p.try(func(ctx context.Context) (err error) {
		made, err = p.Service.Roles.Create(ctx, p.Caller, p.roleInput(p.text("name")))
		return err
	})
	if err != nil {
		return p.again(err, "role_new", newRoleTitle, newRoleData{p.categoryRows(), true}, "You find it in the list of roles.")
	}
	return p.done(roleURL(made.Name), "Role "+made.Name+" is created. Nobody has it yet; give it on the page of a user.")
}

// roleData is what the page of a role shows.
type roleData struct {
	Role registry.Role
	Rows []categoryRow
	// MayEdit tells whether its levels can be changed, MayCreate whether a copy can be made.
	MayEdit, MayCreate bool
	List               *listing
	// Holders are who has the role, none for that which everybody has.
	Holders  []registry.User
	Everyone bool
	// MayOpen tells whether to link to the accounts.
	MayOpen bool
}

// roleFrame reads the role that the address names, and who has it.
func (p *page) roleFrame() (roleData, error) {
	r, err := p.Service.Roles.Get(p.ctx(), p.Caller, p.path("role"))
	if err != nil {
		return roleData{}, err
	}
	p.under("Roles", rolesURL)
	d := roleData{Role: r, List: p.listing("username"), MayCreate: p.offers(p, access.RoleEdit), MayOpen: p.offers(p, access.UserView), Everyone: r.Name == access.RoleEveryone}
	d.MayEdit = d.MayCreate && r.Name != access.RoleAdmin
	if d.Everyone {
		return d, nil
	}
	d.Holders, d.List.Total, err = p.Service.Roles.Holders(p.ctx(), p.Caller, r.PublicID, d.List.page())
	return d, err
}

func (w *Web) role(p *page) error {
	d, err := p.roleFrame()
	if err != nil {
		return err
	}
	p.preset("name", d.Role.Name)
	p.presetLevels(d.Role)
	d.Rows = p.categoryRows()
	return p.show("role", d.Role.Name, d)
}

func (w *Web) editRole(p *page) error {
	d, err := p.roleFrame()
	if err != nil {
		return err
	}
	name := d.Role.Name
	if !d.Role.Persistent {
		name = p.text("name")
	}
	d.Rows = p.categoryRows()
	var made registry.Role
	err = p.try(func(ctx context.Context) (err error) {
		made, err = p.Service.Roles.Edit(ctx, p.Caller, d.Role.PublicID, p.roleInput(name))
		return err
	})
	if err != nil {
		return p.again(err, "role", d.Role.Name, d, "")
	}
	return p.done(roleURL(made.Name), "Role "+made.Name+" is changed, for everybody who has it.")
}

// roleDeletion asks whether a role is to be deleted, and says who loses it.
func (p *page) roleDeletion() (roleData, confirmation, error) {
	d, err := p.roleFrame()
	if err == nil && d.Role.Persistent {
		err = errNoPage
	}
	if err != nil {
		return d, confirmation{}, err
	}
	name := d.Role.Name
	p.under(name, roleURL(name))
	c := confirmation{
		Question: "Delete the role " + name + "?", Action: roleURL(name, "delete"), Button: "Delete " + name, Cancel: roleURL(name),
		Loses: []string{"The role and its levels. Nobody has it."}, Keeps: "What people hold by other roles and by groups stays.",
	}
	if d.List.Total > 0 {
		c.Loses = []string{"What " + plural(d.List.Total, "account") + " may do by it, from the next request on: " + holderNames(d)}
		// Only who was told of them takes it from them.
		c.Hidden = map[string]string{"force": "1"}
	}
	return d, c, nil
}

// holderNames names the first of those who have a role.
func holderNames(d roleData) string {
	var names []string
	for _, u := range d.Holders[:min(len(d.Holders), maxNamedLosses)] {
		names = append(names, u.Name)
	}
	out := strings.Join(names, ", ")
	if int(d.List.Total) > len(names) {
		out += " and others"
	}
	return out
}

const deleteRoleTitle = "Delete a role"

func (w *Web) deleteRolePage(p *page) error {
	_, c, err := p.roleDeletion()
	if err != nil {
		return err
	}
	return p.confirm(deleteRoleTitle, c)
}

func (w *Web) deleteRole(p *page) error {
	d, c, err := p.roleDeletion()
	if err != nil {
		return err
	}
	err = p.try(func(ctx context.Context) error {
		return p.Service.Roles.Delete(ctx, p.Caller, d.Role.PublicID, p.checked("force"))
	})
	if err != nil {
		return p.again(err, "confirm", deleteRoleTitle, c, "")
	}
	return p.done(rolesURL, "Role "+d.Role.Name+" is deleted.")
}
