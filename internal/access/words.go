package access

import (
	"net/netip"
	"strings"
	"time"
)

// notFound is said of what does not exist and of what the caller may not know to exist: the same bytes for both.
const notFound = "it does not exist, or you may not see it"

// amount is a level as something that one holds.
func amount(l Level) string {
	if l == None {
		return "nothing"
	}
	return l.String()
}

// instant is a moment as people read it.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// list joins words with commas and a final "and".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// cidrsWithin reports whether there is at least one child network and each lies within a parent network.
func cidrsWithin(parents, children []netip.Prefix) bool {
	for _, child := range children {
		inside := false
		for _, parent := range parents {
			inside = inside || parent.Bits() <= child.Bits() && parent.Contains(child.Addr())
		}
		if !inside {
			return false
		}
	}
	return len(children) > 0
}
