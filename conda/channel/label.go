package channel

import (
	"strings"
)

const (
	// DefaultLabel is the label that a URL without one means (CEP 26).
	DefaultLabel = "main"
	// NoLabel stands for the packages without any label (CEP 26). It can be asked for and cannot be given.
	NoLabel = "nolabel"
	// MaxLabel is the greatest length in bytes of a label, from CEP 26.
	MaxLabel = 128
)

var labelGrammar = grammar{
	"label", MaxLabel,
	"allowed are at most 128 ASCII letters, digits, '_', '-', '.' and single '/', beginning with a letter",
}

// ValidateLabel checks a label that a package is to carry by CEP 26, which reserves [NoLabel]. Labels that no URL could
// name are refused beyond that: those with an empty part between slashes, with the part "." or "..", or with a known
// subdir as a part, which conda would cut out of the URL.
func ValidateLabel(label string) error {
	f := labelFault(label)
	if label == NoLabel {
		f = fault{rule: RuleReserved, problem: "it stands for packages without a label"}
	}
	return labelGrammar.err(label, f)
}

func labelFault(label string) fault {
	if f := labelGrammar.size(label); f.rule != "" {
		return f
	}
	if !isLower(label[0]) && !isUpper(label[0]) {
		return fault{rule: RuleStart}
	}
	if i := indexNot(label, isLabelByte); i >= 0 {
		return fault{rule: RuleCharacter, at: i}
	}
	for part := range strings.SplitSeq(label, "/") {
		switch {
		case part == "":
			return fault{rule: RuleForm, problem: "it has an empty part before or after a '/'"}
		case part == "." || part == "..":
			return fault{rule: RuleForm, problem: "a part of it would walk through directories"}
		case IsKnownSubdir(part):
			return fault{rule: RuleReserved, problem: "a part of it is a subdir, which conda would cut out of the URL"}
		}
	}
	return fault{}
}

func isLabelByte(c byte) bool { return isBuildByte(c) && c != '+' || c == '-' || c == '/' }
