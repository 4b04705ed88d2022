package matchspec

import (
	"strings"
	"unicode/utf8"
)

// MaxLength is the greatest length in bytes of a spec.
const MaxLength = 4096

// mode says how much is forgiven.
type mode uint8

const (
	strict mode = iota
	lenient
)

// Parse reads a spec as CEP 29 defines it. The error is a [*ParseError].
func Parse(text string) (Spec, error) { return parse(text, strict) }

// ParseLenient reads what [Parse] reads and also what older packages contain and clients still understand: a star
// behind an operator, which is ignored (">=1.2.*" is ">=1.2", ">1.2.*" too), name, version and build separated by both
// a space and '=', which means the exact version, and a comment behind " #".
func ParseLenient(text string) (Spec, error) { return parse(text, lenient) }

func parse(text string, m mode) (Spec, error) {
	p := parser{text: text, mode: m}
	s, f := p.spec()
	if f != nil {
		return Spec{}, f.in(text)
	}
	return s, nil
}

// parser reads one spec.
type parser struct {
	text string
	mode mode
	// inner marks a spec inside a condition, which cannot have one itself.
	inner bool
}

func (p *parser) spec() (Spec, *fault) {
	if f := checkText(p.text); f != nil {
		return Spec{}, f
	}
	if isURL(p.text) {
		return p.url()
	}
	p.text = strings.TrimRight(p.text, " ")
	colons, bracket, f := p.layout()
	if f != nil {
		return Spec{}, f
	}
	var s Spec
	var b builder
	name, f := p.channel(colons, &b)
	if f != nil {
		return Spec{}, f
	}
	if f := p.packagePart(name, bracket, &s, &b); f != nil {
		return Spec{}, f
	}
	if bracket < len(p.text) {
		if f := p.brackets(bracket, &s, &b); f != nil {
			return Spec{}, f
		}
	}
	b.finish(&s)
	return s, nil
}

// checkText refuses what can be no part of a spec whatever its meaning.
func checkText(text string) *fault {
	switch {
	case len(text) > MaxLength:
		return faultf(MaxLength, "it has %d bytes; at most %d are allowed", len(text), MaxLength)
	case strings.Trim(text, " ") == "":
		return faultf(0, "it is empty; the spec of all packages is *")
	case !utf8.ValidString(text):
		return faultf(0, "it is not UTF-8")
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return faultf(i, "there is a control character")
	}
	return nil
}

// layout finds the colons in front of the name and where the brackets begin, or the end of the text, looking over
// regular expressions. It cuts off a comment in front of the brackets.
func (p *parser) layout() (colons []int, bracket int, f *fault) {
	for i := 0; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '[':
			return colons, i, nil
		case c == '#' && p.mode == lenient && strings.HasSuffix(p.text[:i], " "):
			p.text = strings.TrimRight(p.text[:i], " ")
			return colons, len(p.text), nil
		case c == ':':
			colons = append(colons, i)
		case c == '^' && (i == 0 || strings.IndexByte(" :=,|(", p.text[i-1]) >= 0):
			end := regexEnd(p.text, i)
			if end < 0 {
				return nil, 0, faultf(i, "the regular expression has no '$' at its end")
			}
			i = end - 1
		}
	}
	return colons, len(p.text), nil
}

// channel reads what stands before the name and returns where that begins. The last colon ends the namespace, which is
// ignored, and the one before it the channel; a URL has more of them.
func (p *parser) channel(colons []int, b *builder) (name int, f *fault) {
	n := len(colons)
	if n == 0 {
		return 0, nil
	}
	name = colons[n-1] + 1
	start := 0
	if n > 1 {
		start = colons[n-2] + 1
	}
	namespace := p.text[start:colons[n-1]]
	if strings.ContainsAny(namespace, "/ ") || n == 1 && namespace == "" {
		return 0, faultf(start, "%.64q is no namespace; a channel ends in '::'", namespace)
	}
	if n == 1 {
		return name, nil
	}
	channel := strings.TrimLeft(p.text[:colons[n-2]], " ")
	if f := b.setChannel(channel); f != nil {
		return 0, f
	}
	return name, nil
}

// packagePart reads name, version and build between two offsets.
func (p *parser) packagePart(start, end int, s *Spec, b *builder) *fault {
	for start < end && p.text[start] == ' ' {
		start++
	}
	at := start
	if at < end && p.text[at] == '^' {
		at = regexEnd(p.text, at)
	} else {
		for at < end && isNameByte(p.text[at]) {
			at++
		}
	}
	if at == start {
		return faultf(start, "the name of the package is missing; all names are *")
	}
	if at < end && strings.IndexByte(" =<>!~(", p.text[at]) < 0 {
		return faultf(at, "%q cannot follow a name; names have ASCII letters, digits, '-', '_' and '.'", rest(p.text, at))
	}
	name, f := newPattern(p.text[start:at])
	if f != nil {
		return f.within(start)
	}
	s.name = name
	return p.versionAndBuild(at, end, s, b)
}

func isNameByte(c byte) bool {
	c = lowerByte(c)
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-_.*", c) >= 0
}

// versionAndBuild reads what follows the name, up to the brackets.
func (p *parser) versionAndBuild(start, end int, s *Spec, b *builder) *fault {
	text := strings.TrimRight(p.text[:end], " ")
	if start >= len(text) {
		return nil
	}
	spaced := text[start] == ' '
	v := versionParser{text: text, at: start, mode: p.mode}
	root, f := v.expression()
	if f != nil {
		return f
	}
	s.versions = Versions{root}
	if v.at == len(text) {
		return nil
	}
	separator := text[v.at]
	if separator != ' ' && separator != '=' {
		return faultf(v.at, "%q cannot follow a version", rest(text, v.at))
	}
	build := strings.TrimLeft(text[v.at+1:], " ")
	at := len(text) - len(build)
	if i := strings.IndexAny(build, " =,"); i >= 0 && !strings.HasPrefix(build, "^") {
		return faultf(at+i, "%q is left over behind the build", rest(build, i))
	}
	if f := b.setText(fieldBuild, build); f != nil {
		return f.within(at)
	}
	return p.separators(&v, s, spaced, separator)
}

// separators applies the rules on what parts name, version and build: one '=' before an exact version is an operator
// unless another one follows, and the two ways to write a spec are not to be mixed.
func (p *parser) separators(v *versionParser, s *Spec, spaced bool, separator byte) *fault {
	single := v.clauses == 1 && (v.firstOp == "=" || v.firstOp == "==")
	joined := separator == '=' && !spaced && single
	mixed := separator == '=' && !joined || separator == ' ' && !spaced && v.firstOp == "="
	if mixed && p.mode == strict {
		return faultf(v.at, "name, version and build are separated either by spaces or by '=', not by both")
	}
	if (joined || mixed) && single && s.versions.root.kind == nodeFuzzy && !v.glob {
		s.versions.root.kind = nodeExact
	}
	return nil
}
