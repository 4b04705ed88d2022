package channel

import (
	"strings"
)

// MaxName is the greatest length in bytes of each level of a channel's name, from CEP 26.
const MaxName = 128

var (
	nameGrammar = grammar{
		"channel name", MaxName,
		"allowed are at most 128 lower-case ASCII letters, digits, '_' and '-', beginning with a letter",
	}
	fullNameGrammar = grammar{
		"channel name", 2*MaxName + 1,
		"allowed is <channel> or <channel>/<subchannel>",
	}
)

// ValidateName checks the name of a channel, "team", or of a subchannel, "team/dev". Each level has to match
// ^[a-z][a-z0-9_-]*$ in at most [MaxName] bytes, which is narrower than CEP 26, and must not be a reserved word.
func ValidateName(name string) error {
	if f := fullNameGrammar.size(name); f.rule != "" {
		return fullNameGrammar.err(name, f)
	}
	parent, sub, nested := strings.Cut(name, "/")
	if strings.Contains(sub, "/") {
		return fullNameGrammar.err(name, fault{rule: RuleForm, problem: "it has more than two levels"})
	}
	if err := ValidateLevel(parent); err != nil || !nested {
		return err
	}
	return ValidateLevel(sub)
}

// ValidateLevel checks one level of a channel's name as [ValidateName] does: that of a channel on its own, or that of a
// subchannel without its parent.
func ValidateLevel(level string) error {
	return nameGrammar.err(level, levelFault(level))
}

func levelFault(level string) fault {
	if f := nameGrammar.size(level); f.rule != "" {
		return f
	}
	if !isLower(level[0]) {
		return fault{rule: RuleStart}
	}
	if i := indexNot(level, isNameByte); i >= 0 {
		return fault{rule: RuleCharacter, at: i}
	}
	switch {
	case isServerWord(level):
		return fault{rule: RuleReserved, problem: "the server needs this word in its own URLs"}
	case IsKnownSubdir(level):
		return fault{rule: RuleReserved, problem: "it is a subdir, which conda would cut out of the channel's URL"}
	}
	return fault{}
}

func isNameByte(c byte) bool { return isLower(c) || isDigit(c) || c == '_' || c == '-' }

// IsReserved reports whether word cannot be a level of a channel's name because it means something else in a URL: a
// word of the server, a word of a client's protocol, or a known subdir.
func IsReserved(word string) bool { return isServerWord(word) || IsKnownSubdir(word) }

func isServerWord(word string) bool {
	switch word {
	case "t", // announces a token, anywhere in a URL
		"label",                // announces a label
		"api", "conda", "repo", // mounts of the channel tree; conda treats the first two in its own way
		"get",                               // Quetz's mount of the channel tree
		"healthz", "readyz", "metrics", "-", // pages of the server
		".well-known": // RFC 8615
		return true
	}
	return false
}
