package access

// ValidPattern reports whether text is a pattern for channel paths or package names: lower- and upper-case letters,
// digits, "_", "-", ".", and "*", which stands for any run of characters but "/". At most one "/" separates a channel
// from its subchannel, with something on both sides.
func ValidPattern(text string) bool {
	slashes := 0
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '.', c == '*':
		case c == '/' && i > 0 && i < len(text)-1:
			slashes++
		default:
			return false
		}
	}
	return text != "" && len(text) <= 256 && slashes <= 1
}

// MatchPattern reports whether a pattern of a token's restrictions matches the whole text.
func MatchPattern(pattern, text string) bool { return match(pattern, text) }

func matchAny(patterns []string, text string) bool {
	for _, p := range patterns {
		if match(p, text) {
			return true
		}
	}
	return false
}

// match reports whether the pattern matches the whole text. "*" stops at "/". On a mismatch it goes back to the last
// star only, which is enough as long as no "/" lies between, so the cost is bounded by the product of the lengths.
//
// Because a star in the text is an ordinary character that only a star of the pattern matches, match also tells
// whether one pattern lies within another.
func match(pattern, text string) bool {
	p, t := 0, 0
	star, resume := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, t
			p++
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0 && text[resume] != '/':
			resume++
			p, t = star+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// matchChildren reports whether the pattern matches every subchannel that the channel at path could have, which those
// do that match the channel and end in a bare star.
func matchChildren(pattern, path string) bool {
	n := len(pattern)
	for n > 0 && pattern[n-1] == '*' {
		n--
	}
	return n > 0 && n < len(pattern) && pattern[n-1] == '/' && match(pattern[:n-1], path)
}
