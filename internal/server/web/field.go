package web

import (
	"fmt"
	"html/template"
	"strconv"
)

// field is one field of a form as the template "field" shows it: label, hint, error and what was typed.
type field struct {
	Name, Label, Hint, Value, Error, Type string
	// ID is the element's, by which its label and its error refer to it.
	ID string
	// Autocomplete is the attribute of that name; Suggest the address that type-ahead asks, empty for none.
	Autocomplete, Suggest string
	// Within is the id of the field with the channel in which Suggest asks, empty for none.
	Within              string
	Placeholder         string
	Required, Autofocus bool
	// Plain leaves out that the field is optional.
	Plain bool
	// Mono shows what is typed in letters of equal width.
	Mono bool
	Max  int
	Rows int
	// Options are the choices of a select or of radio buttons, Checked the state of a box.
	Options []option
	Checked bool
	Min     string
}

// option is one choice.
type option struct {
	Value, Label, Hint string
	Selected           bool
}

// choice is an option for a page's data; field marks the one that was chosen.
func choice(value, label, hint string) option { return option{Value: value, Label: label, Hint: hint} }

// choosing marks the option of a value, in place.
func choosing(value string, options []option) []option {
	for i := range options {
		options[i].Selected = options[i].Value == value
	}
	return options
}

// Describes lists the ids of what describes the field: its hint and its error.
func (f field) Describes() string {
	out := ""
	if f.Hint != "" {
		out = f.ID + "-hint"
	}
	if f.Error != "" {
		if out != "" {
			out += " "
		}
		out += f.ID + "-error"
	}
	return out
}

// newField makes a field for a template: {{template "field" (field . "name" "Name" "hint" "How it is called." "required" true)}}.
// An unknown attribute fails the page, so that every test of it finds the typo.
func newField(v *view, name, label string, attributes ...any) (field, error) {
	f := field{Name: name, Label: label, Value: v.Form.Value(name), Error: v.Form.Errors[name], ID: "f-" + name, Type: "text"}
	if len(attributes)%2 != 0 {
		return f, fmt.Errorf("field %s: attributes come as name and value", name)
	}
	for i := 0; i < len(attributes); i += 2 {
		if err := f.set(attributes[i], attributes[i+1]); err != nil {
			return f, fmt.Errorf("field %s: %w", name, err)
		}
	}
	for i := range f.Options {
		f.Options[i].Selected = v.Form.Has(name, f.Options[i].Value)
	}
	if f.Type == "checkbox" {
		f.Checked = f.Value != ""
	}
	if f.Type == "password" {
		// What was typed as a password is never sent back.
		f.Value = ""
	}
	return f, nil
}

func (f *field) set(name, value any) error {
	texts := map[string]*string{
		"hint": &f.Hint, "type": &f.Type, "autocomplete": &f.Autocomplete, "suggest": &f.Suggest, "within": &f.Within, "placeholder": &f.Placeholder,
		"id": &f.ID, "value": &f.Value, "error": &f.Error, "min": &f.Min,
	}
	flags := map[string]*bool{"required": &f.Required, "autofocus": &f.Autofocus, "plain": &f.Plain, "mono": &f.Mono}
	numbers := map[string]*int{"max": &f.Max, "rows": &f.Rows}
	key, ok := name.(string)
	if !ok {
		return fmt.Errorf("attribute %v is no text", name)
	}
	switch v := value.(type) {
	case string:
		if to := texts[key]; to != nil {
			*to = v
			return nil
		}
	case bool:
		if to := flags[key]; to != nil {
			*to = v
			return nil
		}
	case int:
		if to := numbers[key]; to != nil {
			*to = v
			return nil
		}
	case []option:
		if key == "options" {
			f.Options = append([]option(nil), v...)
			return nil
		}
	}
	return fmt.Errorf("no attribute %s takes a %T", key, value)
}

// MaxAttr is the attribute maxlength, nothing where there is no bound.
func (f field) MaxAttr() template.HTMLAttr {
	if f.Max == 0 {
		return ""
	}
	return template.HTMLAttr(`maxlength="` + strconv.Itoa(f.Max) + `"`)
}
