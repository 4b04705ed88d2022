package webtest

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Node is an element of a document.
type Node struct{ *html.Node }

// Attr gives an attribute, empty if it is missing.
func (n Node) Attr(name string) string {
	for _, a := range n.Node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Has tells whether an attribute is there.
func (n Node) Has(name string) bool {
	return slices.ContainsFunc(n.Node.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// Text is what the element says, with single blanks. What <wbr> parts is one word.
func (n Node) Text() string {
	var b strings.Builder
	gap := ""
	for d := range n.Descendants() {
		switch {
		case d.Type == html.TextNode:
			b.WriteString(gap + d.Data)
			gap = " "
		case d.Type == html.ElementNode && d.Data == "wbr":
			gap = ""
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Raw is what the element says, letter by letter.
func (n Node) Raw() string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// All gives the elements that a selector finds: "form.filter input[name=q]", parts separated by blanks for descendants,
// each part a tag, #id, .class, [attribute], [attribute=value] or [attribute$=end], or several of them.
func (n Node) All(selector string) []Node {
	steps := strings.Fields(selector)
	var found []Node
	for d := range n.Descendants() {
		if matches(d, steps, n.Node) {
			found = append(found, Node{d})
		}
	}
	return found
}

// First gives the first element that a selector finds, and whether there is one.
func (n Node) First(selector string) (Node, bool) {
	if all := n.All(selector); len(all) > 0 {
		return all[0], true
	}
	return Node{}, false
}

// matches tells whether an element is what the last step says, below elements that are what the others say.
func matches(n *html.Node, steps []string, root *html.Node) bool {
	last := len(steps) - 1
	if n.Type != html.ElementNode || !(Node{n}).is(steps[last]) {
		return false
	}
	if last == 0 {
		return true
	}
	for up := n.Parent; up != nil && up != root; up = up.Parent {
		if matches(up, steps[:last], root) {
			return true
		}
	}
	return false
}

// is tells whether the element is what one step of a selector says.
func (n Node) is(step string) bool {
	end := strings.IndexAny(step, "#.[")
	if end < 0 {
		end = len(step)
	}
	if tag := step[:end]; tag != "" && tag != n.Data {
		return false
	}
	for rest := step[end:]; rest != ""; {
		size := 1 + strings.IndexAny(rest[1:], "#.[")
		if rest[0] == '[' {
			size = strings.IndexByte(rest, ']') + 1
		}
		if size <= 0 {
			size = len(rest)
		}
		if !n.has(rest[:size]) {
			return false
		}
		rest = rest[size:]
	}
	return true
}

// has tells whether the element has what #id, .class or [attribute…] says.
func (n Node) has(part string) bool {
	switch part[0] {
	case '#':
		return n.Attr("id") == part[1:]
	case '.':
		return slices.Contains(strings.Fields(n.Attr("class")), part[1:])
	}
	name, value, valued := strings.Cut(strings.Trim(part, "[]"), "=")
	value = strings.Trim(value, `"'`)
	if end, ok := strings.CutSuffix(name, "$"); ok {
		return strings.HasSuffix(n.Attr(end), value)
	}
	return n.Has(name) && (!valued || n.Attr(name) == value)
}
