package matchspec

import (
	"strings"

	"kingsnake/conda/version"
)

// Versions is a condition on versions, such as ">=1.2,<2|3.*". [ParseVersions] makes one; the zero value admits all.
// It is immutable and may be used by several goroutines.
type Versions struct {
	root node
}

// nodeKind is what a node asks of a version.
type nodeKind uint8

const (
	nodeAny        nodeKind = iota // *
	nodeExact                      // ==1.2
	nodeNotExact                   // !=1.2
	nodeLess                       // <1.2
	nodeAtMost                     // <=1.2
	nodeGreater                    // >1.2
	nodeAtLeast                    // >=1.2
	nodeFuzzy                      // 1.2.*
	nodeNotFuzzy                   // !=1.2.*
	nodeCompatible                 // ~=1.2
	nodeText                       // 1.*.3 or ^1.*$
	nodeNotText                    // !=1.*.3
	nodeAnd                        // a,b
	nodeOr                         // a|b
)

// node is a clause, or several of them joined.
type node struct {
	kind    nodeKind
	version version.Version
	text    pattern
	terms   []node
}

// Any reports whether all versions are admitted.
func (v Versions) Any() bool { return v.root.kind == nodeAny }

// Match reports whether a version is admitted.
func (v Versions) Match(parsed version.Version) bool { return v.root.match(parsed) }

func (n *node) match(v version.Version) bool {
	switch n.kind {
	case nodeAny:
		return true
	case nodeFuzzy:
		return v.HasPrefix(n.version)
	case nodeNotFuzzy:
		return !v.HasPrefix(n.version)
	case nodeCompatible:
		return v.Compatible(n.version)
	case nodeText:
		return n.text.match(v.String())
	case nodeNotText:
		return !n.text.match(v.String())
	case nodeAnd:
		for i := range n.terms {
			if !n.terms[i].match(v) {
				return false
			}
		}
		return true
	case nodeOr:
		for i := range n.terms {
			if n.terms[i].match(v) {
				return true
			}
		}
		return false
	}
	return n.compare(v)
}

// compare decides the kinds that ask about the order alone.
func (n *node) compare(v version.Version) bool {
	c := version.Compare(v, n.version)
	switch n.kind {
	case nodeExact:
		return c == 0
	case nodeNotExact:
		return c != 0
	case nodeLess:
		return c < 0
	case nodeAtMost:
		return c <= 0
	case nodeGreater:
		return c > 0
	case nodeAtLeast:
		return c >= 0
	}
	return false
}

// String returns the condition in a form that [ParseVersions] reads as an equal one: without spaces and with as few
// parentheses as possible, "==1.2" for one version and "1.2.*" for all that begin with it.
func (v Versions) String() string {
	var b strings.Builder
	v.root.print(&b)
	return b.String()
}

func (n *node) print(b *strings.Builder) {
	text := lower(n.version.String())
	switch n.kind {
	case nodeAny:
		b.WriteByte('*')
	case nodeExact:
		b.WriteString("==" + text)
	case nodeNotExact:
		b.WriteString("!=" + text)
	case nodeLess:
		b.WriteString("<" + text)
	case nodeAtMost:
		b.WriteString("<=" + text)
	case nodeGreater:
		b.WriteString(">" + text)
	case nodeAtLeast:
		b.WriteString(">=" + text)
	case nodeFuzzy:
		b.WriteString(text + ".*")
	case nodeNotFuzzy:
		b.WriteString("!=" + text + ".*")
	case nodeCompatible:
		b.WriteString("~=" + text)
	case nodeText:
		b.WriteString(n.text.text)
	case nodeNotText:
		b.WriteString("!=" + n.text.text)
	case nodeAnd, nodeOr:
		n.printTerms(b)
	}
}

func (n *node) printTerms(b *strings.Builder) {
	for i := range n.terms {
		if i > 0 {
			b.WriteByte(map[bool]byte{true: ',', false: '|'}[n.kind == nodeAnd])
		}
		term := &n.terms[i]
		if n.kind == nodeAnd && term.kind == nodeOr {
			b.WriteByte('(')
			term.print(b)
			b.WriteByte(')')
			continue
		}
		term.print(b)
	}
}
