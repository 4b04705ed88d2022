package store

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of what is learned of a text. A text with a longer word, or with more of them, is read by every search.
const (
	maxWord   = 64
	maxWords  = 200
	maxSuffix = 32
)

// separates tells whether a byte stands between words: all of ASCII does but letters and digits.
func separates(r rune) bool {
	return r < utf8.RuneSelf && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// wordsOf gives the different words of a text, which is in lower case, in order; false when they cannot stand for it.
func wordsOf(text string) ([]string, bool) {
	words := strings.FieldsFunc(text, separates)
	slices.Sort(words)
	words = slices.Compact(words)
	// Between a word and what lies behind all that begin with it is the last character that there is.
	odd := len(words) > maxWords || !utf8.ValidString(text) || strings.ContainsRune(text, unicode.MaxRune)
	if odd || slices.ContainsFunc(words, func(w string) bool { return len(w) > maxWord }) {
		return nil, false
	}
	return words, true
}

// suffixesOf gives the ends of a word, each from another letter on, as they are kept.
func suffixesOf(word string) []string {
	var out []string
	for i := range word {
		out = append(out, cut(word[i:]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// cut is as much of the beginning of a word as is kept of a suffix.
func cut(text string) string {
	if len(text) <= maxSuffix {
		return text
	}
	n := maxSuffix
	for !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// wordPart is what a query says of one word: all of it, or a part.
type wordPart struct {
	text string
	// before and after tell whether the word may go on there.
	before, after bool
}

// partsOf takes a query, which is in lower case, apart: a text that contains it has a word for each part. It gives none
// where words cannot tell.
func partsOf(query string) []wordPart {
	if !utf8.ValidString(query) || strings.ContainsAny(query, "\x00"+string(unicode.MaxRune)) {
		return nil
	}
	var parts []wordPart
	rest := query
	for rest != "" {
		begin := strings.IndexFunc(rest, func(r rune) bool { return !separates(r) })
		if begin < 0 {
			break
		}
		before := len(rest) == len(query) && begin == 0
		rest = rest[begin:]
		end := strings.IndexFunc(rest, separates)
		if end < 0 {
			end = len(rest)
		}
		parts = append(parts, wordPart{text: rest[:end], before: before, after: end == len(rest)})
		rest = rest[end:]
	}
	// The longest say the most, and few are enough.
	slices.SortStableFunc(parts, func(a, b wordPart) int { return len(b.text) - len(a.text) })
	return parts[:min(len(parts), maxParts)]
}

// maxParts bounds how many parts of a query are looked up.
const maxParts = 4

// whole tells whether a package with a word that has the part contains all of the query of which this is the only part.
func (p wordPart) whole() bool { return p.before && p.after && len(p.text) <= maxSuffix }

// words gives the table of the words that have the part, as x, and which column is the word's number.
func (p wordPart) words(w *where) (table, id string) {
	if !p.before {
		if p.after {
			w.add(`x.word >= ?`, p.text)
			w.add(`x.word < ?`, p.text+string(unicode.MaxRune))
		} else {
			w.add(`x.word = ?`, p.text)
		}
		return "search_words", "x.id"
	}
	text := cut(p.text)
	if p.after || len(text) < len(p.text) {
		w.add(`x.suffix >= ?`, text)
		w.add(`x.suffix < ?`, text+string(unicode.MaxRune))
	} else {
		w.add(`x.suffix = ?`, text)
	}
	return "search_suffixes", "x.word_id"
}
