package matchspec

import "strings"

// parseCondition checks the value of "when" (CEP 43): specs without spaces outside their brackets, joined by "and" and
// "or" and grouped by parentheses. It returns them with single spaces between.
func parseCondition(text string, m mode) (string, *fault) {
	c := conditionParser{mode: m, end: len(text)}
	if f := c.split(text); f != nil {
		return "", f
	}
	if f := c.any(); f != nil {
		return "", f
	}
	if c.next < len(c.tokens) {
		return "", faultf(c.tokens[c.next].at, `%q cannot stand here; specs are joined by "and" and "or"`, c.tokens[c.next].text)
	}
	return c.String(), nil
}

// conditionParser reads a condition by recursive descent.
type conditionParser struct {
	mode   mode
	end    int
	tokens []token
	next   int
	depth  int
}

// token is a parenthesis, an operator or a spec.
type token struct {
	text string
	at   int
}

// split cuts text into tokens.
func (c *conditionParser) split(text string) *fault {
	for at := 0; at < len(text); {
		if text[at] == ' ' {
			at++
			continue
		}
		end := at + 1
		if text[at] != '(' && text[at] != ')' {
			if end = specEnd(text, at); end < 0 {
				return faultf(at, "a bracket or quote is not closed")
			}
		}
		c.tokens = append(c.tokens, token{text[at:end], at})
		at = end
	}
	return nil
}

// specEnd returns the offset behind the spec or word that begins at an offset, or -1 if a bracket or quote stays open.
func specEnd(text string, at int) int {
	brackets := 0
	for ; at < len(text); at++ {
		switch c := text[at]; {
		case c == '[':
			brackets++
		case c == ']':
			brackets--
		case brackets > 0 && (c == '\'' || c == '"'):
			l := lexer{text: text, at: at}
			if _, f := l.quoted(); f != nil {
				return -1
			}
			at = l.at - 1
		case brackets <= 0 && strings.IndexByte(" ()", c) >= 0:
			return at
		}
	}
	if brackets > 0 {
		return -1
	}
	return at
}

// take steps over a token if it is the wanted word.
func (c *conditionParser) take(word string) bool {
	if c.next < len(c.tokens) && c.tokens[c.next].text == word {
		c.next++
		return true
	}
	return false
}

func (c *conditionParser) any() *fault {
	for {
		if f := c.all(); f != nil {
			return f
		}
		if !c.take("or") {
			return nil
		}
	}
}

func (c *conditionParser) all() *fault {
	for {
		if f := c.term(); f != nil {
			return f
		}
		if !c.take("and") {
			return nil
		}
	}
}

func (c *conditionParser) term() *fault {
	if c.next == len(c.tokens) {
		return faultf(c.end, "a spec is missing here")
	}
	t := c.tokens[c.next]
	if c.take("(") {
		if c.depth++; c.depth > MaxNesting {
			return faultf(t.at, "more than %d parentheses are nested", MaxNesting)
		}
		if f := c.any(); f != nil {
			return f
		}
		if !c.take(")") {
			return faultf(t.at, "the parenthesis is not closed")
		}
		c.depth--
		return nil
	}
	c.next++
	if t.text == ")" || t.text == "and" || t.text == "or" {
		return faultf(t.at, "there is %q instead of a spec", t.text)
	}
	p := parser{text: t.text, mode: c.mode, inner: true}
	if _, f := p.spec(); f != nil {
		return f.within(t.at)
	}
	return nil
}

// String joins the tokens with single spaces, and none inside of parentheses.
func (c *conditionParser) String() string {
	var b strings.Builder
	for i, t := range c.tokens {
		if i > 0 && t.text != ")" && c.tokens[i-1].text != "(" {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	return b.String()
}
