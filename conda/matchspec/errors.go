package matchspec

import "fmt"

// ParseError says why and where a text is no spec.
type ParseError struct {
	// Text is the refused text, cut off if it is very long.
	Text string
	// At is the byte offset in the text at which it goes wrong. Inside a quoted value with escapes it is approximate.
	At int
	// Problem says what is wrong and, where that helps, what is allowed.
	Problem string
}

// Error returns the problem with its place and the quoted text.
func (e *ParseError) Error() string {
	return fmt.Sprintf("invalid spec %q: at byte %d: %s", e.Text, e.At, e.Problem)
}

// shown is how much of a refused text an error repeats.
const shown = 256

// fault is a ParseError before it is known which text it is about.
type fault struct {
	at      int
	problem string
}

func (f *fault) in(text string) *ParseError {
	return &ParseError{Text: text[:min(len(text), shown)], At: f.at, Problem: f.problem}
}

// within moves the place of f by where the part that it is about begins.
func (f *fault) within(start int) *fault {
	return &fault{at: f.at + start, problem: f.problem}
}

func faultf(at int, format string, args ...any) *fault {
	return &fault{at: at, problem: fmt.Sprintf(format, args...)}
}
