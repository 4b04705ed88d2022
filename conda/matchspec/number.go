package matchspec

import (
	"cmp"
	"strconv"
	"strings"
)

// number is an expression about a number field: a comparison with a number, or a glob or regex on its decimal digits.
type number struct {
	op    string // "==", "!=", "<", "<=", ">" or ">="; "" for text
	value int64
	text  pattern
}

func newNumber(text string) (number, *fault) {
	op, rest := cutOperator(text)
	digits := strings.TrimLeft(rest, " ")
	if digits != "" && strings.Trim(digits, "0123456789") == "" {
		value, err := strconv.ParseInt(digits, 10, 64)
		switch {
		case err != nil:
			return number{}, faultf(0, "the number is too large")
		case op == "~=", op == "=":
			return number{}, faultf(0, "the operator %s is for versions only", op)
		case op == "":
			op = "=="
		}
		return number{op: op, value: value}, nil
	}
	if op != "" {
		return number{}, faultf(len(op), "there is no number behind the operator")
	}
	p, f := newPattern(text)
	switch {
	case f != nil:
		return number{}, f
	case p.kind == patternExact:
		return number{}, faultf(0, "it is neither a number, with or without an operator, nor a pattern of digits")
	}
	return number{text: p}, nil
}

// any reports whether all numbers match.
func (n *number) any() bool { return n.op == "" && n.text.kind == patternAny }

func (n *number) match(value int64) bool {
	c := cmp.Compare(value, n.value)
	switch n.op {
	case "==":
		return c == 0
	case "!=":
		return c != 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	}
	return n.text.match(strconv.FormatInt(value, 10))
}

func (n *number) String() string {
	switch n.op {
	case "":
		return n.text.text
	case "==":
		return strconv.FormatInt(n.value, 10)
	}
	return n.op + strconv.FormatInt(n.value, 10)
}

// cutOperator splits a comparison operator off the front of text. Two operators in a row are left for the caller to
// stumble over.
func cutOperator(text string) (op, rest string) {
	for _, op := range [...]string{"==", "!=", "<=", ">=", "~=", "=", "<", ">"} {
		if rest, ok := strings.CutPrefix(text, op); ok {
			return op, rest
		}
	}
	return "", text
}
