package channel

import (
	"fmt"
	"unicode/utf8"
)

// Rule names the rule that a name breaks.
type Rule string

// The rules, in the order in which they are checked.
const (
	RuleEmpty     Rule = "empty"     // there is no name
	RuleLength    Rule = "length"    // it is too long
	RuleStart     Rule = "start"     // it begins with a character that may only come later
	RuleCharacter Rule = "character" // it holds a character that is not allowed
	RuleForm      Rule = "form"      // its parts are missing, too many, or wrongly joined
	RuleReserved  Rule = "reserved"  // it means something else in a URL
)

// NameError says why a name is refused.
type NameError struct {
	// What says what was named, such as "package name".
	What string
	// Name is the refused name, cut off if it is far too long.
	Name string
	// Rule is the broken rule.
	Rule Rule
	// Problem says what is wrong, in words that follow the name.
	Problem string
	// Allowed says what a good name looks like.
	Allowed string
}

// Error returns the name, the problem and what is allowed, in one line.
func (e *NameError) Error() string {
	return fmt.Sprintf("invalid %s %q: %s; %s", e.What, e.Name, e.Problem, e.Allowed)
}

// grammar describes one sort of names to the authors of error messages.
type grammar struct {
	what    string
	max     int
	allowed string
}

// fault is what is wrong with a name: a rule and the byte at which it is broken, or no rule for a good name. Checkers
// return it rather than an error, so that parsing a path does not pay for messages that nobody reads.
type fault struct {
	rule Rule
	at   int
	// problem is set where rule and at do not tell enough.
	problem string
}

// err turns f into the error for name, or nil if there is no fault.
func (g grammar) err(name string, f fault) error {
	if f.rule == "" {
		return nil
	}
	e := &NameError{What: g.what, Name: name[:min(len(name), 2*g.max)], Rule: f.rule, Problem: f.problem, Allowed: g.allowed}
	if e.Problem != "" {
		return e
	}
	switch f.rule {
	case RuleEmpty:
		e.Problem = "it is empty"
	case RuleLength:
		e.Problem = fmt.Sprintf("it has %d bytes, more than %d", len(name), g.max)
	case RuleStart:
		e.Problem = fmt.Sprintf("it begins with %s", quoteAt(name, 0))
	case RuleCharacter:
		e.Problem = fmt.Sprintf("it has %s at byte %d", quoteAt(name, f.at), f.at)
	case RuleForm, RuleReserved:
		e.Problem = fmt.Sprintf("it goes wrong at byte %d", f.at)
	}
	return e
}

// size checks what all names have in common.
func (g grammar) size(name string) fault {
	switch {
	case name == "":
		return fault{rule: RuleEmpty}
	case len(name) > g.max:
		return fault{rule: RuleLength, at: g.max}
	}
	return fault{}
}

func quoteAt(s string, at int) string {
	r, size := utf8.DecodeRuneInString(s[at:])
	if r == utf8.RuneError {
		return fmt.Sprintf("the byte 0x%02x", s[at:][:max(size, 1)])
	}
	return fmt.Sprintf("%q", r)
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// indexNot returns the index of the first byte for which ok is false, or -1.
func indexNot(s string, ok func(c byte) bool) int {
	for i := range len(s) {
		if !ok(s[i]) {
			return i
		}
	}
	return -1
}
