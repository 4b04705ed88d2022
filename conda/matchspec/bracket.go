package matchspec

import (
	"slices"
	"strings"
)

// brackets reads the key-value pairs from the '[' at an offset to the end of the text.
func (p *parser) brackets(at int, s *Spec, b *builder) *fault {
	l := lexer{text: p.text, at: at + 1}
	var seen []string
	for l.skipSpaces(); !l.accept(']'); {
		start := l.at
		key := l.word()
		if key == "" {
			return faultf(l.at, "a key is missing here; brackets hold key=value, separated by ','")
		}
		if slices.Contains(seen, key) {
			return faultf(start, "the key %s is there twice", key)
		}
		seen = append(seen, key)
		l.skipSpaces()
		if !l.accept('=') {
			return faultf(l.at, "there is no '=' behind the key %s", key)
		}
		l.skipSpaces()
		start = l.at
		values, f := l.values()
		if f != nil {
			return f
		}
		if f := p.set(key, values, s, b); f != nil {
			if strings.IndexByte(`'"`, l.text[start]) >= 0 {
				start++
			}
			return &fault{at: start + f.at, problem: key + ": " + f.problem}
		}
		if f := l.next(); f != nil {
			return f
		}
	}
	if l.at < len(l.text) && (p.mode == strict || !strings.HasPrefix(strings.TrimLeft(l.text[l.at:], " "), "#")) {
		return faultf(l.at, "%q is left over behind the brackets", rest(l.text, l.at))
	}
	return nil
}

// set stores the value of a key. All keys but two take one value.
func (p *parser) set(key string, values []string, s *Spec, b *builder) *fault {
	switch key {
	case "flags":
		return s.setFlags(values)
	case "extras":
		return s.setExtras(values)
	}
	if len(values) != 1 {
		return faultf(0, "it takes one value, not a list")
	}
	value := values[0]
	if i := slices.Index(textKeys[:], key); i >= 0 {
		return b.setText(textField(i), value)
	}
	if i := slices.Index(numberKeys[:], key); i >= 0 {
		n, f := newNumber(value)
		b.numbers[i] = n
		return f
	}
	return p.setOther(key, value, s, b)
}

func (p *parser) setOther(key, value string, s *Spec, b *builder) (f *fault) {
	switch key {
	case "name": // ignored, as CEP 29 demands
	case "version":
		s.versions, f = parseVersions(value, p.mode)
	case "features":
		s.features, f = words(value)
	case "track_features":
		s.trackFeatures, f = words(value)
	case "when":
		if p.inner {
			return faultf(0, "a condition cannot have a condition")
		}
		s.when, f = parseCondition(value, p.mode)
	default:
		return faultf(0, "it is no key of a spec")
	}
	return f
}

// words reads names separated by spaces or commas.
func words(value string) ([]string, *fault) {
	list := strings.FieldsFunc(lower(value), func(r rune) bool { return r == ' ' || r == ',' })
	slices.Sort(list)
	list = slices.Compact(list)
	if len(list) == 0 {
		return nil, faultf(0, "the value is empty")
	}
	return list, nil
}

// setFlags reads the flags of CEP 45.
func (s *Spec) setFlags(values []string) *fault {
	s.flags = nil
	for _, value := range values {
		key, detail, two := strings.Cut(value, ":")
		if !isFlag(key) || two && !isFlag(detail) {
			return faultf(0, "%.64q is no flag; flags are lower-case ASCII letters, digits, '_' and '*' with at most one ':' between", value)
		}
		flag := pattern{kind: patternExact, text: value}
		if strings.Contains(value, "*") {
			// A star alone asks for some flag, not for none.
			flag.kind = patternGlob
		}
		s.flags = append(s.flags, flag)
	}
	return nil
}

func isFlag(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_*") == ""
}

// setExtras reads the names of groups of CEP 44.
func (s *Spec) setExtras(values []string) *fault {
	s.extras = nil
	for _, value := range values {
		if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r > 0x7f || r == '*' || !isNameByte(byte(r)) }) {
			return faultf(0, "%.64q is no name of a group", value)
		}
		s.extras = append(s.extras, lower(value))
	}
	return nil
}

// lexer takes the contents of brackets apart.
type lexer struct {
	text string
	at   int
}

func (l *lexer) skipSpaces() {
	for l.at < len(l.text) && l.text[l.at] == ' ' {
		l.at++
	}
}

func (l *lexer) accept(c byte) bool {
	if l.at < len(l.text) && l.text[l.at] == c {
		l.at++
		return true
	}
	return false
}

// word reads a key.
func (l *lexer) word() string {
	start := l.at
	for l.at < len(l.text) && (l.text[l.at] == '_' || isDigitOrLower(l.text[l.at])) {
		l.at++
	}
	return l.text[start:l.at]
}

func isDigitOrLower(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' }

// next moves to the next key or in front of the closing bracket.
func (l *lexer) next() *fault {
	before := l.at
	l.skipSpaces()
	comma := l.accept(',')
	l.skipSpaces()
	switch {
	case l.at == len(l.text):
		return faultf(l.at, "the bracket is not closed")
	case l.text[l.at] == ']' && comma:
		return faultf(l.at, "a key is missing behind the comma")
	case l.text[l.at] != ']' && l.at == before:
		return faultf(l.at, "%q cannot follow a value; values with spaces, commas, '=' or brackets are quoted", rest(l.text, l.at))
	}
	return nil
}

// values reads one value or a list in brackets.
func (l *lexer) values() ([]string, *fault) {
	if !l.accept('[') {
		value, f := l.value()
		return []string{value}, f
	}
	var list []string
	for {
		l.skipSpaces()
		value, f := l.value()
		if f != nil {
			return nil, f
		}
		list = append(list, value)
		l.skipSpaces()
		if l.accept(']') {
			return list, nil
		}
		if !l.accept(',') {
			return nil, faultf(l.at, "the list is not closed")
		}
	}
}

// value reads a quoted or a bare value.
func (l *lexer) value() (string, *fault) {
	if l.at < len(l.text) && (l.text[l.at] == '\'' || l.text[l.at] == '"') {
		return l.quoted()
	}
	start := l.at
	for l.at < len(l.text) && strings.IndexByte(" ,=[]'\"", l.text[l.at]) < 0 {
		l.at++
	}
	if l.at == start {
		return "", faultf(l.at, "a value is missing here")
	}
	return l.text[start:l.at], nil
}

// quoted reads a value in quotes. A backslash escapes quotes and itself; before all else it stands for itself, as in
// Python, so that regular expressions need no doubling.
func (l *lexer) quoted() (string, *fault) {
	open := l.at
	quote := l.text[l.at]
	var b strings.Builder
	for l.at++; l.at < len(l.text); l.at++ {
		c := l.text[l.at]
		switch {
		case c == quote:
			l.at++
			return b.String(), nil
		case c == '\\' && l.at+1 < len(l.text) && strings.IndexByte(`\'"`, l.text[l.at+1]) >= 0:
			l.at++
			c = l.text[l.at]
		}
		b.WriteByte(c)
	}
	return "", faultf(open, "the quote is not closed")
}
