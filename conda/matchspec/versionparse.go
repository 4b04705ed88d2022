package matchspec

import (
	"errors"
	"strings"

	"kingsnake/conda/version"
)

// MaxNesting is how deep parentheses may be nested.
const MaxNesting = 16

// ParseVersions reads a condition on versions by CEP 29: literals with an operator, "1.2.*", "*" and "^regex$", joined
// by ',' (and), '|' (or) and parentheses, of at most [MaxLength] bytes. A literal alone means that version. The error
// is a [*ParseError].
func ParseVersions(text string) (Versions, error) {
	v, f := parseVersions(text, strict)
	if f != nil {
		return Versions{}, f.in(text)
	}
	return v, nil
}

// parseVersions reads text that is nothing but a version expression.
func parseVersions(text string, m mode) (Versions, *fault) {
	if f := checkText(text); f != nil {
		return Versions{}, f
	}
	p := versionParser{text: text, mode: m}
	root, f := p.expression()
	if f != nil {
		return Versions{}, f
	}
	p.skipSpaces()
	if p.at < len(text) {
		return Versions{}, faultf(p.at, "%q is left over behind the version; versions are joined by ',' and '|'", rest(text, p.at))
	}
	return Versions{root}, nil
}

// versionParser reads a version expression from the front of a text, by recursive descent.
type versionParser struct {
	text  string
	at    int
	depth int
	mode  mode
	// clauses counts what was read, firstOp is the operator of the first clause.
	clauses int
	firstOp string
	// glob says that some literal had a star.
	glob bool
}

func (p *versionParser) expression() (node, *fault) {
	return p.joined(nodeOr, '|', func() (node, *fault) {
		return p.joined(nodeAnd, ',', p.term)
	})
}

// joined reads operands with separators between them. Operands of the same kind are taken into the list.
func (p *versionParser) joined(kind nodeKind, separator byte, operand func() (node, *fault)) (node, *fault) {
	first, f := operand()
	if f != nil {
		return node{}, f
	}
	var terms []node
	for p.accept(separator) {
		if terms == nil {
			terms = flatten(nil, kind, first)
		}
		next, f := operand()
		if f != nil {
			return node{}, f
		}
		terms = flatten(terms, kind, next)
	}
	if terms == nil {
		return first, nil
	}
	return node{kind: kind, terms: terms}, nil
}

func flatten(terms []node, kind nodeKind, n node) []node {
	if n.kind == kind {
		return append(terms, n.terms...)
	}
	return append(terms, n)
}

// accept skips spaces and the separator, if that is what comes next.
func (p *versionParser) accept(separator byte) bool {
	at := p.at
	p.skipSpaces()
	if p.at < len(p.text) && p.text[p.at] == separator {
		p.at++
		return true
	}
	p.at = at
	return false
}

func (p *versionParser) skipSpaces() {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
}

func (p *versionParser) term() (node, *fault) {
	p.skipSpaces()
	if p.at < len(p.text) && p.text[p.at] == '(' {
		return p.group()
	}
	return p.clause()
}

func (p *versionParser) group() (node, *fault) {
	if p.depth++; p.depth > MaxNesting {
		return node{}, faultf(p.at, "more than %d parentheses are nested", MaxNesting)
	}
	// A group is never one plain clause to those who ask how an expression began.
	p.clauses++
	open := p.at
	p.at++
	n, f := p.expression()
	if f != nil {
		return node{}, f
	}
	if !p.accept(')') {
		return node{}, faultf(open, "the parenthesis is not closed")
	}
	p.depth--
	return n, nil
}

// clause reads an optional operator and a literal.
func (p *versionParser) clause() (node, *fault) {
	if p.at < len(p.text) && p.text[p.at] == '^' {
		return p.regex()
	}
	start := p.at
	op, _ := cutOperator(p.text[p.at:])
	p.at += len(op)
	p.skipSpaces()
	literal := p.text[p.at:]
	if i := strings.IndexFunc(literal, notInLiteral); i >= 0 {
		literal = literal[:i]
	}
	if literal == "" {
		return node{}, faultf(p.at, "a version is missing here; %q cannot begin one", rest(p.text, p.at))
	}
	n, f := newClause(op, literal, p.mode)
	if f != nil {
		return node{}, f.within(start)
	}
	p.at += len(literal)
	p.glob = p.glob || strings.Contains(literal, "*")
	if p.clauses++; p.clauses == 1 {
		p.firstOp = op
	}
	return n, nil
}

func (p *versionParser) regex() (node, *fault) {
	end := regexEnd(p.text, p.at)
	if end < 0 {
		return node{}, faultf(p.at, "the regular expression has no '$' at its end")
	}
	text, f := newRegex(p.text[p.at:end])
	if f != nil {
		return node{}, f.within(p.at)
	}
	p.at = end
	p.clauses++
	return node{kind: nodeText, text: text}, nil
}

// operator returns what an operator asks of a literal without globs.
func operator(op string) nodeKind {
	switch op {
	case "=":
		return nodeFuzzy
	case "!=":
		return nodeNotExact
	case "<":
		return nodeLess
	case "<=":
		return nodeAtMost
	case ">":
		return nodeGreater
	case ">=":
		return nodeAtLeast
	case "~=":
		return nodeCompatible
	}
	return nodeExact
}

// newClause makes a node of an operator, which may be missing, and a literal with or without globs.
func newClause(op, literal string, m mode) (node, *fault) {
	stem := strings.TrimSuffix(strings.TrimSuffix(literal, "*"), ".")
	globs := strings.Count(literal, "*")
	switch {
	case globs == 0:
		return versionNode(operator(op), literal)
	case literal == "*":
		return anyNode(op, m)
	case globs > 1 || !strings.HasSuffix(literal, "*"):
		return globNode(op, literal)
	}
	switch op {
	case "", "=", "==":
		return versionNode(nodeFuzzy, stem)
	case "!=":
		return versionNode(nodeNotFuzzy, stem)
	}
	if m == strict {
		return node{}, faultf(0, "'*' does not go with the operator %s", op)
	}
	if op == ">" {
		op = ">="
	}
	return versionNode(operator(op), stem)
}

// anyNode is for a star alone. Behind most operators it is nonsense that old packages contain.
func anyNode(op string, m mode) (node, *fault) {
	switch op {
	case "", "=":
		return node{}, nil
	case "==", "<=", ">=", "~=":
		if m == lenient {
			return node{}, nil
		}
	}
	return node{}, faultf(0, "'*' alone does not go with the operator %s", op)
}

// globNode is for a star in the middle, which makes a version a text.
func globNode(op, literal string) (node, *fault) {
	kind := nodeText
	switch op {
	case "", "=":
	case "!=":
		kind = nodeNotText
	default:
		return node{}, faultf(0, "'*' inside a version does not go with the operator %s", op)
	}
	text, f := newPattern(literal)
	if f != nil {
		return node{}, f
	}
	return node{kind: kind, text: text}, nil
}

func versionNode(kind nodeKind, literal string) (node, *fault) {
	v, err := version.Parse(literal)
	if perr := new(version.ParseError); errors.As(err, &perr) {
		return node{}, faultf(0, "%.64q is no version: %s", literal, perr.Problem)
	}
	return node{kind: kind, version: v}, nil
}

func notInLiteral(r rune) bool {
	switch {
	case '0' <= r && r <= '9', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
		return false
	}
	return !strings.ContainsRune("._-!+*", r)
}

// regexEnd returns the offset behind the regular expression that begins at start, or -1: it ends with the first '$'
// behind which no expression goes on.
func regexEnd(text string, start int) int {
	for i := start; i < len(text); i++ {
		if text[i] == '$' && (i+1 == len(text) || strings.IndexByte(" [=<>!~,|()", text[i+1]) >= 0) {
			return i + 1
		}
	}
	return -1
}

// rest is the beginning of what is left, for error messages.
func rest(text string, at int) string { return text[at:][:min(len(text)-at, 20)] }
