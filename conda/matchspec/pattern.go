package matchspec

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// patternKind is how a pattern is compared.
type patternKind uint8

const (
	patternAny   patternKind = iota // all texts, and no text at all
	patternExact                    // equality
	patternGlob                     // '*' stands for any text
	patternRegex                    // ^...$
)

// pattern is an expression about a text field (CEP 29, "String matching"). Letters match without regard to case.
type pattern struct {
	kind patternKind
	// text is in lower case, except that of a regex.
	text string
	re   *regexp.Regexp
}

// maxInstructions bounds the compiled size of a regex, and so the time of a match: one instruction is run at most once
// per byte of the field.
const maxInstructions = 2000

// newPattern reads a pattern, which is not empty.
func newPattern(text string) (pattern, *fault) {
	switch {
	case text == "":
		return pattern{}, faultf(0, "the value is empty")
	case text == "*":
		return pattern{}, nil
	case text[0] == '^':
		return newRegex(text)
	case strings.Contains(text, "*"):
		return pattern{kind: patternGlob, text: lower(text)}, nil
	}
	return pattern{kind: patternExact, text: lower(text)}, nil
}

func newRegex(text string) (pattern, *fault) {
	if len(text) < 2 || text[len(text)-1] != '$' {
		return pattern{}, faultf(0, "what begins with '^' is a regular expression and must end with '$'")
	}
	parsed, err := syntax.Parse("(?i)"+text, syntax.Perl)
	if err != nil {
		return pattern{}, faultf(0, "the regular expression is not understood: %v; lookaround and back-references are not supported", err)
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(prog.Inst) > maxInstructions {
		return pattern{}, faultf(0, "the regular expression is too large")
	}
	re, err := regexp.Compile("(?i)" + text)
	if err != nil {
		return pattern{}, faultf(0, "the regular expression is not understood: %v", err)
	}
	return pattern{kind: patternRegex, text: text, re: re}, nil
}

// match reports whether the pattern fits a text. An empty text stands for a missing field, which only "any" fits.
func (p *pattern) match(text string) bool {
	switch p.kind {
	case patternAny:
		return true
	case patternExact:
		return equalFold(text, p.text)
	case patternGlob:
		return text != "" && matchGlob(p.text, text)
	case patternRegex:
		return text != "" && p.re.MatchString(text)
	}
	return false
}

// matchGlob reports whether a glob in lower case fits all of text. Of several stars only the last has to be tried
// again, since an earlier one never fares better by taking more.
func matchGlob(glob, text string) bool {
	g, t := 0, 0
	star, resume := -1, 0
	for t < len(text) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, resume = g, t
			g++
		case g < len(glob) && glob[g] == lowerByte(text[t]):
			g++
			t++
		case star >= 0:
			resume++
			g, t = star+1, resume
		default:
			return false
		}
	}
	for g < len(glob) && glob[g] == '*' {
		g++
	}
	return g == len(glob)
}

// equalFold reports whether text equals want, which is in lower case, but for the case of its ASCII letters.
func equalFold(text, want string) bool {
	if len(text) != len(want) {
		return false
	}
	for i := range len(text) {
		if lowerByte(text[i]) != want[i] {
			return false
		}
	}
	return true
}

// lower changes ASCII letters only, as all names and versions are ASCII and other letters may change their length.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
