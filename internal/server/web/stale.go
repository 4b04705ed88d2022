package web

import (
	"errors"
	"net/http"
	"strings"
)

// A form that changes something sends back, for each of its fields, what the field held when the form was opened. So only
// what somebody changed is saved: a form that stood open for an hour undoes nothing that others did meanwhile, and where
// both changed the same field, it says so and changes nothing.

// wasPrefix stands before the name of a field in the name of the hidden one that holds what the field held.
const wasPrefix = "was."

// errUnchanged says that nothing in a form was changed, so there is nothing to save.
var errUnchanged = errors.New("nothing in the form was changed")

// opened notes what a field holds now. A form that is shown for the first time begins with it, and in one that comes back
// fields that nobody touched follow what others have made of them meanwhile.
func (p *page) opened(name, now string) {
	sent := p.r.Method == http.MethodPost && p.form.Values.Has(wasPrefix+name)
	if !sent {
		p.form.Was[name] = now
		p.preset(name, now)
		return
	}
	p.form.Was[name] = p.form.Values.Get(wasPrefix + name)
	if !p.edited(name) {
		p.form.Was[name] = now
		p.form.Values[name] = []string{now}
	}
}

// edited tells whether somebody changed a field in the form.
func (p *page) edited(name string) bool { return !sameText(p.text(name), p.form.Was[name]) }

// stale tells whether a field that somebody changed in the form was changed to something else by somebody else. It says
// so beside the field with all that is known, and lets the form through when it is sent again. Show words a value.
func (p *page) stale(name, now string, show func(string) string) bool {
	was, typed := p.form.Was[name], p.text(name)
	if sameText(now, was) || sameText(now, typed) {
		return false
	}
	p.wrong(name, staleWords(show(was), show(now), show(typed)))
	p.form.Was[name] = now
	return true
}

// staleWords words a conflict between what a field was, what somebody made of it, and what was chosen here.
func staleWords(was, now, mine string) string {
	return "While you had this form open, somebody changed this from " + was + " to " + now + "; you have " + mine + ". Save again to have it your way."
}

// sameText compares what fields hold. Browsers send the ends of lines in a way of their own.
func sameText(a, b string) bool { return plainText(a) == plainText(b) }

func plainText(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// quoted shows what a field holds in a sentence.
func quoted(s string) string {
	const most = 200
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return "nothing"
	}
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return "“" + s + "”"
}

// ticked shows the state of a box in a sentence.
func ticked(s string) string {
	if s == "" {
		return "off"
	}
	return "on"
}

// labelled shows the label of an option in a sentence.
func labelled(options []option) func(string) string {
	return func(value string) string {
		for _, o := range options {
			if o.Value == value {
				return quoted(o.Label)
			}
		}
		return quoted(value)
	}
}

// unchanged leads on from a form in which nothing was changed.
func (p *page) unchanged(to string) error {
	p.setFlash(flash{Kind: "info", Text: "You changed nothing, so nothing was saved."})
	return p.redirect(to)
}

// was is what some fields of a form held when it was opened: {{template "was" (was . "name" "description")}}.
func was(v *view, names ...string) []hidden {
	out := make([]hidden, len(names))
	for i, name := range names {
		out[i] = hidden{wasPrefix + name, v.Form.Was[name]}
	}
	return out
}

// hidden is a field that nobody sees.
type hidden struct{ Name, Value string }
