package matchspec

import (
	"strings"

	"kingsnake/conda/channel"
)

// String returns the canonical form of CEP 29, appendix A, which [Parse] reads as an equal spec: lower case, the exact
// or fuzzy version and the exact build behind the name, the exact channel and subdir in front of it, and all else in
// brackets, quoted, in a fixed order. Equal specs have equal canonical forms unless they use regular expressions or
// join clauses about versions in another order.
func (s *Spec) String() string {
	var b strings.Builder
	w := writer{b: &b}
	subdirDone := s.printChannel(&b)
	b.WriteString(s.printName())
	versionDone, buildDone := s.printVersion(&b)
	if !versionDone {
		w.pair("version", s.versions.String())
	}
	for i := range s.texts {
		c := &s.texts[i]
		if c.field == fieldBuild && buildDone || c.field == fieldChannel && c.plainChannel() || c.field == fieldSubdir && subdirDone {
			continue
		}
		w.pair(textKeys[c.field], c.text)
	}
	for i := range s.numbers {
		w.pair(numberKeys[s.numbers[i].field], s.numbers[i].String())
	}
	if len(s.features) > 0 {
		w.pair("features", strings.Join(s.features, " "))
	}
	if len(s.trackFeatures) > 0 {
		w.pair("track_features", strings.Join(s.trackFeatures, " "))
	}
	if len(s.flags) > 0 {
		list := make([]string, len(s.flags))
		for i, flag := range s.flags {
			list[i] = flag.text
		}
		w.list("flags", list)
	}
	if len(s.extras) > 0 {
		w.list("extras", s.extras)
	}
	if s.when != "" {
		w.pair("when", s.when)
	}
	w.close()
	return b.String()
}

func (s *Spec) printName() string {
	if s.name.kind == patternAny {
		return "*"
	}
	return s.name.text
}

// printVersion writes the version, and the build if it may follow it, behind the name. The version is done too if
// there is none.
func (s *Spec) printVersion(b *strings.Builder) (version, build bool) {
	switch n := &s.versions.root; n.kind {
	case nodeAny:
		return true, false
	case nodeFuzzy:
		if s.text(fieldBuild) == nil {
			b.WriteString("=" + lower(n.version.String()))
			return true, true
		}
		return false, false
	case nodeExact:
		b.WriteString("==" + lower(n.version.String()))
		p := s.text(fieldBuild)
		if p == nil || p.kind != patternExact || !isPlain(p.text, "._+-") {
			return true, false
		}
		b.WriteString("=" + p.text)
		return true, true
	}
	return false, false
}

// printChannel writes the channel in front of the name and reports whether the subdir is there with it.
func (s *Spec) printChannel(b *strings.Builder) (subdir bool) {
	p := s.text(fieldChannel)
	if p == nil || !p.plainChannel() {
		return false
	}
	b.WriteString(p.text)
	if d := s.text(fieldSubdir); d != nil && d.kind == patternExact && channel.IsKnownSubdir(d.text) {
		b.WriteString("/" + d.text)
		subdir = true
	}
	b.WriteString("::")
	return subdir
}

// plainChannel reports whether a channel reads the same in front of the name.
func (p *pattern) plainChannel() bool {
	_, last := cutLast(p.text)
	return p.kind == patternExact && isPlain(p.text, "._-/:@%~+") && !channel.IsKnownSubdir(last) && !channel.IsKnownSubdir(p.text)
}

func isPlain(text, also string) bool {
	for i := range len(text) {
		if !isDigitOrLower(text[i]) && strings.IndexByte(also, text[i]) < 0 {
			return false
		}
	}
	return true
}

func (s *Spec) text(field textField) *pattern {
	for i := range s.texts {
		if s.texts[i].field == field {
			return &s.texts[i].pattern
		}
	}
	return nil
}

// writer writes brackets, if there is something to write.
type writer struct {
	b    *strings.Builder
	open bool
}

func (w *writer) key(key string) {
	if w.open {
		w.b.WriteByte(',')
	} else {
		w.b.WriteByte('[')
	}
	w.open = true
	w.b.WriteString(key + "=")
}

func (w *writer) pair(key, value string) {
	w.key(key)
	w.b.WriteString(quote(value))
}

func (w *writer) list(key string, values []string) {
	w.key(key)
	for i, value := range values {
		w.b.WriteByte(map[bool]byte{true: '[', false: ','}[i == 0])
		w.b.WriteString(quote(value))
	}
	w.b.WriteByte(']')
}

func (w *writer) close() {
	if w.open {
		w.b.WriteByte(']')
	}
}

// quote is the inverse of what the parser does with a quoted value.
func quote(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
}
