package version

import (
	"cmp"
	"strings"
)

// MaxLength is the greatest length in bytes of a version literal, from CEP 26.
const MaxLength = 64

// Version is a parsed conda version. Use [Parse] to make one and [Compare] to order them: two versions may be equal
// in order and yet differ in text, so neither == nor the text tells whether they are the same. The zero Version has
// an empty text and sorts like "0". Versions are immutable and may be used by several goroutines.
type Version struct {
	text string
	// main holds the epoch, always present after parsing, and then the segments of the main part.
	main []segment
	// local holds the segments after '+', if any.
	local []segment
}

// segment is what stands between two separators. Numbers and texts alternate in it and a number comes first; the
// parser puts a 0 in front of a segment that begins with letters. Numbers hence have even indexes, all else odd ones.
type segment []component

// component is a run of digits or a run of letters.
type component struct {
	kind kind
	// text is the number without leading zeros ("" for 0) or the letters in lower case, and empty for dev and post.
	text string
}

// kind says how a component sorts against one of another kind; the order of the constants is that order.
type kind uint8

const (
	kindDev kind = iota
	kindText
	kindNumber
	kindPost
)

// zero is what a missing component counts as.
var zero = component{kind: kindNumber}

// String returns the text that the version was parsed from, unchanged.
func (v Version) String() string { return v.text }

// Compare returns -1 if a sorts before b in conda's order (CEP 33), +1 if after, and 0 if they are equal in it, as 1.0
// and 1.0.0 are.
func Compare(a, b Version) int {
	return cmp.Or(compareSegments(a.main, b.main), compareSegments(a.local, b.local))
}

func compareSegments(a, b []segment) int {
	for i := range max(len(a), len(b)) {
		if c := compareComponents(at(a, i), at(b, i)); c != 0 {
			return c
		}
	}
	return 0
}

func compareComponents(a, b segment) int {
	for i := range max(len(a), len(b)) {
		if c := a.at(i).compare(b.at(i)); c != 0 {
			return c
		}
	}
	return 0
}

// at returns segment i, or an empty one, which counts as 0, if there are fewer.
func at(segments []segment, i int) segment {
	if i < len(segments) {
		return segments[i]
	}
	return nil
}

// at returns component i, or 0 if there are fewer.
func (s segment) at(i int) component {
	if i < len(s) {
		return s[i]
	}
	return zero
}

func (c component) compare(d component) int {
	if c.kind != d.kind {
		return cmp.Compare(c.kind, d.kind)
	}
	if c.kind == kindNumber {
		// Without leading zeros the longer number is the greater one.
		return cmp.Or(cmp.Compare(len(c.text), len(d.text)), strings.Compare(c.text, d.text))
	}
	return strings.Compare(c.text, d.text)
}
