package web

import (
	"fmt"
	"strings"
	"unicode"
)

// The data of the parts in templates/parts. Each is made by a function of the same name as the part.

// button is a link that looks like a button.
type button struct{ Label, URL, Icon string }

func newButton(label, url, icon string) button { return button{label, url, icon} }

// empty is what stands where a list has no lines: what that means and what to do.
type empty struct {
	Title, Text string
	Action      *button
}

// newEmpty makes an empty state: {{template "empty" (empty "No channels yet" "…" (button "Create a channel" "/-/create-channel" "plus"))}}.
func newEmpty(title, text string, action ...button) empty {
	e := empty{Title: title, Text: text}
	if len(action) > 0 {
		e.Action = &action[0]
	}
	return e
}

// tab is one of the pages that belong together.
type tab struct {
	Label, URL string
	Current    bool
}

// newTabs makes tabs from label and address in turn; the one whose address is the page's own is current.
func newTabs(v *view, labelsAndURLs ...string) ([]tab, error) {
	if len(labelsAndURLs)%2 != 0 {
		return nil, fmt.Errorf("tabs come as label and address")
	}
	here, _, _ := strings.Cut(v.Here, "?")
	var out []tab
	for i := 0; i < len(labelsAndURLs); i += 2 {
		out = append(out, tab{labelsAndURLs[i], labelsAndURLs[i+1], labelsAndURLs[i+1] == here})
	}
	return out, nil
}

// copyable is lines to be copied.
type copyable struct {
	ID, Label, Text string
}

// newCopyable makes lines with a button that copies them: {{template "copyable" (copyable "Add the channel" "conda config …")}}.
// Its id is made of the label, which is the only one of its kind on a page.
func newCopyable(label, text string) copyable {
	id := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(label))
	return copyable{ID: "copy-" + id, Label: label, Text: text}
}

// piece is a word of what is to be copied, with what stands before it.
type piece struct{ Gap, Word string }

// Pieces are the words, in order. Nothing but blanks and ends of lines stands between them.
func (c copyable) Pieces() []piece {
	var out []piece
	rest := c.Text
	for rest != "" {
		word := strings.TrimLeftFunc(rest, unicode.IsSpace)
		gap := rest[:len(rest)-len(word)]
		end := strings.IndexFunc(word, unicode.IsSpace)
		if end < 0 {
			end = len(word)
		}
		out = append(out, piece{gap, word[:end]})
		rest = word[end:]
	}
	return out
}

// breaks are the parts of an address between which a line may break: after the marks, such as slashes.
func breaks(text, marks string) []string {
	var out []string
	for i := 1; i < len(text); i++ {
		if strings.IndexByte(marks, text[i-1]) >= 0 && strings.IndexByte(marks, text[i]) < 0 {
			out, text, i = append(out, text[:i]), text[i:], 0
		}
	}
	return append(out, text)
}

// levelForm changes, in a line of a list, what a group or a member of one may do.
type levelForm struct {
	// Action is where the form goes, Who whom it is about, Where on what, such as " with the group".
	Action, Who, Where string
	Levels             []option
}

func newLevelForm(action, who, where string, levels []option) levelForm {
	return levelForm{action, who, where, levels}
}

// confirmation is a page that asks before something is lost, or before others will notice what is done.
type confirmation struct {
	// Question says what is about to be done, Loses what will be gone, one line each.
	Question string
	Loses    []string
	// Happens says what it will do besides, one line each.
	Happens []string
	// Keeps says what stays, empty for nothing to say.
	Keeps string
	// Action is where the form goes, Button what its button says, Cancel where one goes who does not want it.
	Action, Button, Cancel string
	// Instead is what one may want to do first, nil for nothing.
	Instead *button
	// Stay is what the link says that leads away, empty for "Keep it".
	Stay string
	// Type is what has to be typed, empty for nothing.
	Type string
	// Hidden are fields that go along, Values those that can be there more than once.
	Hidden map[string]string
	Values map[string][]string
}

// confirm asks before something is lost. The form comes back as a POST to Action; confirmed checks it.
func (p *page) confirm(title string, c confirmation) error { return p.show("confirm", title, c) }

// confirmed notes an error unless what a confirmation asks for was typed.
func (p *page) confirmed(c confirmation) {
	if c.Type != "" && p.text("typed") != c.Type {
		p.wrong("typed", "type "+c.Type+" to confirm")
	}
}
