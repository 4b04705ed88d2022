package channel

import (
	"slices"
	"strings"
)

const (
	// Noarch is the subdir of packages for every platform. A channel without it is none (CEP 26).
	Noarch = "noarch"
	// MaxSubdir is the greatest length in bytes of a subdir, from CEP 26.
	MaxSubdir = 32
)

var subdirGrammar = grammar{
	"subdir", MaxSubdir,
	`allowed are "noarch" and <os>-<arch> in lower-case ASCII letters and digits, of at most 32 bytes`,
}

// knownSubdirs is what conda and rattler know by name in 2026, sorted for binary search.
var knownSubdirs = [...]string{
	"android-32",
	"android-64",
	"android-aarch64",
	"android-armv7a",
	"emscripten-wasm32",
	"emscripten-wasm64",
	"freebsd-32",
	"freebsd-64",
	"freebsd-arm64",
	"freebsd-ppc64",
	"freebsd-ppc64le",
	"ios-arm64",
	"iossimulator-64",
	"iossimulator-arm64",
	"linux-32",
	"linux-64",
	"linux-aarch64",
	"linux-armv6l",
	"linux-armv7l",
	"linux-loongarch64",
	"linux-ppc",
	"linux-ppc64",
	"linux-ppc64le",
	"linux-riscv32",
	"linux-riscv64",
	"linux-s390x",
	"noarch",
	"osx-64",
	"osx-arm64",
	"wasi-wasm32",
	"win-32",
	"win-64",
	"win-arm64",
	"zos-z",
}

// KnownSubdirs returns the subdirs that conda or rattler know by name, sorted, "noarch" included. Others are valid too:
// see [ValidateSubdir].
func KnownSubdirs() []string { return slices.Clone(knownSubdirs[:]) }

// IsKnownSubdir reports whether subdir is one of [KnownSubdirs].
func IsKnownSubdir(subdir string) bool {
	// Every level of every channel's name is asked about here, and few of them look like a subdir.
	if subdir != Noarch && strings.IndexByte(subdir, '-') < 0 {
		return false
	}
	_, found := slices.BinarySearch(knownSubdirs[:], subdir)
	return found
}

// ValidateSubdir checks a subdir by CEP 26: "noarch", or an operating system and an architecture joined by one '-',
// whether they are known or not.
func ValidateSubdir(subdir string) error {
	return subdirGrammar.err(subdir, subdirFault(subdir))
}

func subdirFault(subdir string) fault {
	if f := subdirGrammar.size(subdir); f.rule != "" {
		return f
	}
	if i := indexNot(subdir, isSubdirByte); i >= 0 {
		return fault{rule: RuleCharacter, at: i}
	}
	os, arch, found := strings.Cut(subdir, "-")
	switch {
	case subdir == Noarch:
		return fault{}
	case !found:
		return fault{rule: RuleForm, problem: "it has no '-' between operating system and architecture"}
	case os == "" || arch == "":
		return fault{rule: RuleForm, problem: "the operating system or the architecture is missing"}
	case strings.Contains(arch, "-"):
		return fault{rule: RuleForm, problem: "it has more than one '-'"}
	}
	return fault{}
}

func isSubdirByte(c byte) bool { return isLower(c) || isDigit(c) || c == '-' }
