package web

import (
	"slices"
	"strconv"
	"strings"

	"kingsnake/internal/access"
	"kingsnake/internal/registry"
)

// The names of the fields of a token's rows. The first and the third are those in the errors of the domain.
const (
	resourceField   = "resources"
	permissionField = "permission"
	scopeField      = "scopes"
)

// maxScopeRows bounds the scopes of a form; there are fewer to choose from. Resources are bounded by the form as a whole.
const maxScopeRows = 200

// resourceRow is one resource in a form: a channel and what may be done there.
type resourceRow struct {
	Number      int
	Channel     string
	Permissions []option
}

// scopeRow is one scope in a form.
type scopeRow struct {
	Number int
	Groups []scopeGroup
	// Sentence says what the chosen scope lets the holder do, and which level it takes.
	Sentence string
}

// scopeGroup is the scopes of one category.
type scopeGroup struct {
	Label  string
	Scopes []option
}

// rowButtons does what the buttons of the rows ask for, and tells whether one of them was pressed.
func (p *page) rowButtons() bool {
	v := p.form.Values
	switch {
	case p.pressed("add_resource"):
		v[resourceField] = append(v[resourceField], "")
	case p.pressed("remove_resource"):
		v[resourceField] = without(v[resourceField], p.text("remove_resource"))
		v[permissionField] = without(v[permissionField], p.text("remove_resource"))
	case p.pressed("add_scope"):
		v[scopeField] = append(v[scopeField], "")
	case p.pressed("remove_scope"):
		v[scopeField] = without(v[scopeField], p.text("remove_scope"))
	case p.pressed("add_set"):
		p.addSet(p.text("add_set"))
	default:
		return false
	}
	return true
}

// addSet chooses the scopes of a ready-made set, beside those that are chosen already.
func (p *page) addSet(name string) {
	chosen := p.texts(scopeField)
	for _, set := range scopeSets() {
		if set.Name != name {
			continue
		}
		for s := range set.scopes.All() {
			if !slices.Contains(chosen, s.String()) {
				chosen = append(chosen, s.String())
			}
		}
	}
	p.form.Values[scopeField] = chosen
}

// without leaves out the value of that number.
func without(list []string, number string) []string {
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(list) {
		return list
	}
	return slices.Delete(slices.Clone(list), i, i+1)
}

// permissions are the levels that a resource can have.
func permissions(chosen string) []option {
	return []option{
		{Value: "read", Label: "Read: install and list", Selected: chosen == "read" || chosen == ""},
		{Value: "write", Label: "Write: upload, too", Selected: chosen == "write"},
		{Value: "manage", Label: "Manage: delete, edit, share, too", Selected: chosen == "manage"},
	}
}

// resourceRows are the rows of a form, at least one.
func (p *page) resourceRows() []resourceRow {
	channels, levels := p.form.Values[resourceField], p.form.Values[permissionField]
	var out []resourceRow
	for i := range max(1, len(channels)) {
		row := resourceRow{Number: i, Permissions: permissions("")}
		if i < len(channels) {
			row.Channel = channels[i]
		}
		if i < len(levels) {
			row.Permissions = permissions(levels[i])
		}
		out = append(out, row)
	}
	return out
}

// typedGrants are the resources in the rows of a form. Rows that were left empty do not count.
func (p *page) typedGrants() []grant {
	channels, levels := p.form.Values[resourceField], p.form.Values[permissionField]
	var out []grant
	for i, name := range channels {
		if name = strings.Trim(strings.TrimSpace(name), "/"); name == "" || i >= len(levels) {
			continue
		}
		out = append(out, grant{name, levels[i]})
	}
	return out
}

// resourceInputs are the resources that a form asks for.
func (p *page) resourceInputs() []registry.ResourceInput { return resourceInputs(p.typedGrants()) }

// resourceInputs are grants as the domain takes them.
func resourceInputs(grants []grant) []registry.ResourceInput {
	out := make([]registry.ResourceInput, len(grants))
	for i, g := range grants {
		out[i] = registry.ResourceInput{Type: resourceKind(g.Name), Path: g.Name, Level: g.Level}
	}
	return out
}

// resourceKind tells a channel from a subchannel and a package by the form of the name.
func resourceKind(name string) string {
	switch strings.Count(name, "/") {
	case 0:
		return "channel"
	case 1:
		return "subchannel"
	}
	return "artifact"
}

// scopeRows are the rows of a form, at least one, with the scopes that the caller may grant.
func (p *page) scopeRows() []scopeRow {
	grantable := p.Service.Tokens.Grantable(p.Caller)
	chosen := p.form.Values[scopeField]
	var out []scopeRow
	for i := range min(max(1, len(chosen)), maxScopeRows) {
		row := scopeRow{Number: i}
		name := ""
		if i < len(chosen) {
			name = chosen[i]
		}
		row.Groups = scopeGroups(grantable, name)
		if s, ok := access.ParseScope(name); ok {
			row.Sentence = sentence(s.Info().Sentence) + " Needs " + s.Info().Level.String() + " on " + onWords(s.Info().On) + "."
		}
		out = append(out, row)
	}
	return out
}

// scopeGroups are scopes by category, in their order.
func scopeGroups(scopes []access.Scope, chosen string) []scopeGroup {
	var out []scopeGroup
	for _, s := range scopes {
		info := s.Info()
		label := categoryLabel(info.Category)
		if len(out) == 0 || out[len(out)-1].Label != label {
			out = append(out, scopeGroup{Label: label})
		}
		g := &out[len(out)-1]
		g.Scopes = append(g.Scopes, option{Value: info.Name, Label: info.Name + " (" + info.Level.String() + ")", Selected: info.Name == chosen})
	}
	return out
}

// onWords says what a scope is asked of, as it ends a sentence.
func onWords(o access.On) string {
	switch o {
	case access.PlaceChannel:
		return "the channel"
	case access.PlaceSubchannel:
		return "the subchannel"
	case access.PlaceParent, access.PlaceEitherChannel:
		return "the channel or subchannel"
	case access.PlaceParentChannel:
		return "the channel that the subchannel is in"
	case access.PlaceSystemOrChannel:
		return "the site, and on the channel where one is named"
	case access.PlaceAccount:
		return "your own account"
	case access.PlaceAnyAccount:
		return "the accounts of the site"
	case access.PlaceGroup:
		return "the group"
	case access.PlaceAnything:
		return "what is asked about"
	}
	return "the site"
}
