package version

import (
	"fmt"
	"strings"
)

// allowed describes the form of a version in error messages.
const allowed = "segments of letters and digits joined by '.' or '_', with an optional epoch before '!' and an optional local part after '+'"

// ParseError says why a text is not a version.
type ParseError struct {
	// Text is the refused text, cut off if it is very long.
	Text string
	// Problem says what is wrong with it and, where that helps, what is allowed.
	Problem string
}

// Error returns the problem together with the quoted text.
func (e *ParseError) Error() string { return fmt.Sprintf("invalid version %q: %s", e.Text, e.Problem) }

// Parse reads a version literal as defined by CEP 26 and CEP 33: at most [MaxLength] bytes of ASCII letters, digits,
// '.' and '_', with at most one epoch and one local part. A '-' is read as '_', as conda does, though not beside a
// '_'; one trailing '_' (or '-') of the main part sorts below every letter, for versions like those of old OpenSSL.
// Letters may be of either case and compare without regard to it; CEP 26 allows only lower case in package metadata,
// which is for the caller to check. The error is a [*ParseError].
func Parse(text string) (Version, error) {
	if problem := checkText(text); problem != "" {
		return Version{}, newParseError(text, problem)
	}
	rest := strings.ReplaceAll(strings.ToLower(text), "-", "_")
	epoch, main, found := strings.Cut(rest, "!")
	if !found {
		epoch, main = "0", rest
	}
	main, local, hasLocal := strings.Cut(main, "+")
	// The trailing underscore is part of the last segment and separates nothing.
	body := strings.TrimSuffix(main, "_")
	mark := main[len(body):]
	switch {
	case !isNumber(epoch):
		return Version{}, newParseError(text, "the epoch before '!' is not a number")
	case body == "":
		return Version{}, newParseError(text, "the main part is missing; allowed are "+allowed)
	}

	v := Version{text: text, main: appendSegments([]segment{{number(epoch)}}, body, mark)}
	if v.main == nil {
		return Version{}, newParseError(text, "it has an empty segment; exactly one '.' or '_' must stand between two segments")
	}
	if !hasLocal {
		return v, nil
	}
	if v.local = appendSegments(nil, local, ""); v.local == nil {
		return Version{}, newParseError(text, "the local part after '+' is empty or has an empty segment")
	}
	return v, nil
}

// checkText returns what is wrong with the bytes of a version, or "". What it lets pass can be taken apart in any order.
func checkText(text string) string {
	switch {
	case text == "":
		return "it is empty; allowed are " + allowed
	case len(text) > MaxLength:
		return fmt.Sprintf("it has %d bytes; at most %d are allowed", len(text), MaxLength)
	}
	if i := strings.IndexFunc(text, notInVersion); i >= 0 {
		return fmt.Sprintf("the character at byte %d is not allowed; allowed are %s", i, allowed)
	}
	switch {
	case strings.Contains(text, "-") && strings.Contains(text, "_"):
		return "it has both '-' and '_'; use only one of them"
	case strings.Count(text, "!") > 1:
		return "it has more than one '!'; only one epoch is allowed"
	case strings.Count(text, "+") > 1:
		return "it has more than one '+'; only one local part is allowed"
	}
	return ""
}

func newParseError(text, problem string) *ParseError {
	return &ParseError{Text: text[:min(len(text), 2*MaxLength)], Problem: problem}
}

// appendSegments splits part at its separators and appends its segments to dst, mark being added to the last of them.
// It returns nil if one of them is empty.
func appendSegments(dst []segment, part, mark string) []segment {
	for more := true; more; {
		var text string
		if i := strings.IndexAny(part, "._"); i >= 0 {
			text, part = part[:i], part[i+1:]
		} else {
			text, more = part+mark, false
		}
		if text == "" {
			return nil
		}
		dst = append(dst, parseSegment(text))
	}
	return dst
}

// parseSegment splits a segment, which is not empty and in lower case, into runs of digits and runs of other bytes.
func parseSegment(text string) segment {
	var s segment
	if !isDigit(text[0]) {
		s = append(s, zero)
	}
	for text != "" {
		end := 1
		for end < len(text) && isDigit(text[end]) == isDigit(text[0]) {
			end++
		}
		run := text[:end]
		text = text[end:]
		switch {
		case isDigit(run[0]):
			s = append(s, number(run))
		case run == "dev":
			s = append(s, component{kind: kindDev})
		case run == "post":
			s = append(s, component{kind: kindPost})
		default:
			s = append(s, component{kind: kindText, text: run})
		}
	}
	return s
}

func number(digits string) component {
	return component{kind: kindNumber, text: strings.TrimLeft(digits, "0")}
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func notInVersion(r rune) bool {
	switch {
	case '0' <= r && r <= '9', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
		return false
	}
	return !strings.ContainsRune("._-!+", r)
}
