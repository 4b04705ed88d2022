package channel

import (
	"errors"

	"kingsnake/conda/version"
)

// The greatest lengths in bytes, from CEP 26.
const (
	MaxPackageName = 64
	MaxVersion     = version.MaxLength
	MaxBuild       = 64
)

var (
	packageGrammar = grammar{
		"package name", MaxPackageName,
		"allowed are at most 64 lower-case ASCII letters, digits, '-', '.' and '_', beginning with a letter, a digit or one '_', without two of '-', '.' and '_' in a row",
	}
	versionGrammar = grammar{
		"version", MaxVersion,
		"allowed are at most 64 lower-case ASCII letters, digits, '.', '_', '+' and '!', in the form of CEP 33",
	}
	buildGrammar = grammar{
		"build string", MaxBuild,
		"allowed are at most 64 ASCII letters, digits, '_', '.' and '+'",
	}
)

// ValidatePackageName checks the name of a distributable package by CEP 26. The text and the regular expression there
// differ in small points; a name has to satisfy both. Virtual packages, which begin with two underscores, are refused:
// no channel can hold one.
func ValidatePackageName(name string) error {
	return packageGrammar.err(name, packageNameFault(name))
}

func packageNameFault(name string) fault {
	if f := packageGrammar.size(name); f.rule != "" {
		return f
	}
	for i := range len(name) {
		switch c := name[i]; {
		case isLower(c), isDigit(c):
		case !isSeparator(c):
			return fault{rule: RuleCharacter, at: i}
		case i == 0 && c != '_':
			return fault{rule: RuleStart}
		case i > 0 && isSeparator(name[i-1]):
			if i == 1 && c == '_' {
				return fault{rule: RuleForm, at: i, problem: "it begins with two underscores, which marks a virtual package"}
			}
			return fault{rule: RuleForm, at: i, problem: "it has two separators in a row"}
		}
	}
	return fault{}
}

func isSeparator(c byte) bool { return c == '-' || c == '.' || c == '_' }

// ValidateVersion checks a version as it stands in package metadata and file names: the characters and the length of
// CEP 26, which allows neither capitals nor '-', and the form of CEP 33.
func ValidateVersion(text string) error {
	if f := versionTextFault(text); f.rule != "" {
		return versionGrammar.err(text, f)
	}
	_, err := version.Parse(text)
	if perr := new(version.ParseError); errors.As(err, &perr) {
		return versionGrammar.err(text, fault{rule: RuleForm, problem: perr.Problem})
	}
	return err
}

func versionTextFault(text string) fault {
	if f := versionGrammar.size(text); f.rule != "" {
		return f
	}
	if i := indexNot(text, isVersionByte); i >= 0 {
		return fault{rule: RuleCharacter, at: i}
	}
	return fault{}
}

func isVersionByte(c byte) bool {
	return isLower(c) || isDigit(c) || c == '.' || c == '_' || c == '+' || c == '!'
}

// ValidateBuild checks the build string of a package by CEP 26.
func ValidateBuild(build string) error {
	f := buildGrammar.size(build)
	if f.rule == "" {
		if i := indexNot(build, isBuildByte); i >= 0 {
			f = fault{rule: RuleCharacter, at: i}
		}
	}
	return buildGrammar.err(build, f)
}

func isBuildByte(c byte) bool {
	return isLower(c) || isUpper(c) || isDigit(c) || c == '.' || c == '_' || c == '+'
}
