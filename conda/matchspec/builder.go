package matchspec

import (
	"encoding/hex"
	"strings"

	"kingsnake/conda/channel"
)

// builder collects conditions by field, since what stands in brackets replaces what stands before them.
type builder struct {
	texts   [len(textKeys)]pattern
	numbers [len(numberKeys)]number
}

// setChannel reads the channel in front of the name, which may end in a subdir.
func (b *builder) setChannel(text string) *fault {
	trimmed := strings.TrimRight(text, "/")
	if trimmed == "" || strings.ContainsAny(trimmed, " '\",") {
		return faultf(0, "%.64q is no channel", text)
	}
	if i := strings.LastIndexByte(trimmed, '/'); i > 0 && channel.IsKnownSubdir(lower(trimmed[i+1:])) {
		if f := b.setText(fieldSubdir, trimmed[i+1:]); f != nil {
			return f
		}
		trimmed = strings.TrimRight(trimmed[:i], "/")
	}
	return b.setText(fieldChannel, trimmed)
}

func (b *builder) setText(field textField, value string) *fault {
	p, f := newPattern(value)
	if f != nil {
		return f
	}
	if p.kind == patternExact {
		switch field {
		case fieldMD5:
			f = checkDigest(p.text, 16)
		case fieldSHA256:
			f = checkDigest(p.text, 32)
		case fieldChannel:
			if p.text = strings.TrimRight(p.text, "/"); p.text == "" {
				f = faultf(0, "the channel is empty")
			}
		}
	}
	b.texts[field] = p
	return f
}

func checkDigest(text string, size int) *fault {
	if sum, err := hex.DecodeString(text); err != nil || len(sum) != size {
		return faultf(0, "it is neither a digest of %d hexadecimal digits nor a pattern", 2*size)
	}
	return nil
}

// finish puts the conditions that ask something into s.
func (b *builder) finish(s *Spec) {
	for field, p := range b.texts {
		if p.kind != patternAny {
			s.texts = append(s.texts, textCondition{textField(field), p})
		}
	}
	for field, n := range b.numbers {
		if !n.any() {
			s.numbers = append(s.numbers, numberCondition{numberField(field), n})
		}
	}
}
