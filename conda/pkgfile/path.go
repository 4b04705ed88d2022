package pkgfile

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cleanPath returns the canonical form of a member path, without a leading
// "./" and a trailing "/", or refuses it. The empty result is the root itself.
//
// A path must already be plain: rewriting "a//b" or "a/../b" would give two
// names to one file, and clients would not agree on which of them they saw.
func cleanPath(raw string) (string, error) {
	if !utf8.ValidString(raw) {
		return "", refuse(CodeInvalidUTF8, raw, "the path is not valid UTF-8")
	}
	if len(raw) > maxPathLen {
		return "", refuse(CodeUnsafePath, raw[:64], "the path is longer than %d bytes", maxPathLen)
	}
	p := strings.TrimSuffix(strings.TrimPrefix(raw, "./"), "/")
	switch {
	case p == "." || p == "" && raw != "":
		if raw == "/" {
			return "", refuse(CodeUnsafePath, raw, "the path is absolute")
		}
		return "", nil
	case p == "":
		return "", refuse(CodeUnsafePath, raw, "the path is empty")
	case p[0] == '/':
		return "", refuse(CodeUnsafePath, raw, "the path is absolute; paths in a package are relative to its root")
	case strings.Contains(p, `\`):
		return "", refuse(CodeUnsafePath, raw, "the path has a backslash; separate directories with / on every platform")
	case len(p) >= 2 && p[1] == ':' && isLetter(p[0]):
		return "", refuse(CodeUnsafePath, raw, "the path starts with a drive letter")
	case strings.ContainsFunc(p, unicode.IsControl):
		return "", refuse(CodeUnsafePath, raw, "the path has a control character")
	}
	for part := range strings.SplitSeq(p, "/") {
		switch part {
		case "..":
			return "", refuse(CodeUnsafePath, raw, "the path leaves the package through ..")
		case "", ".":
			return "", refuse(CodeUnsafePath, raw, "the path is not in its plain form (empty or . component)")
		}
	}
	return p, nil
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// cutTop splits the first component off.
func cutTop(p string) (top, rest string) {
	top, rest, _ = strings.Cut(p, "/")
	return top, rest
}

// inInfo tells whether a clean path is the info directory or inside it.
func inInfo(p string) bool {
	top, _ := cutTop(p)
	return top == "info"
}

// reservedInfo are the metadata files whose look-alikes are refused: on a
// file system that folds case they would replace the real ones.
func reservedInfo() []string {
	return []string{
		"index.json", "paths.json", "about.json", "run_exports.json", "link.json", "files", "has_prefix",
		"no_link", "repodata_record.json",
	}
}

// checkReserved refuses what only a client may create, and what some file
// system takes for a reserved name.
func checkReserved(p string) error {
	top, rest := cutTop(p)
	for _, name := range []string{"info", "conda-meta"} {
		if folded(top, name) && top != name {
			return refuse(CodeLookalikeMember, p, "some systems take %q for %s/", top, name)
		}
	}
	if top == "conda-meta" {
		return refuse(CodeReservedPath, p, "conda-meta/ belongs to the environment; a package must not bring it")
	}
	if top != "info" {
		return nil
	}
	for _, name := range reservedInfo() {
		if folded(rest, name) && rest != name {
			return refuse(CodeLookalikeMember, p, "some systems take this file for info/%s", name)
		}
	}
	if rest == "repodata_record.json" {
		return refuse(CodeReservedPath, p, "only clients write info/repodata_record.json; a package must not bring it")
	}
	return nil
}

// folded compares as the case-folding file systems of Windows and macOS do,
// which also drop dots and blanks at the end of a name.
func folded(a, b string) bool {
	return strings.EqualFold(strings.TrimRight(a, ". "), b)
}

// printable makes a name from a package fit for messages and logs.
func printable(name string) string {
	const limit = 200
	if len(name) > limit {
		name = strings.ToValidUTF8(name[:limit], "?") + "..."
	}
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return strconv.QuoteToASCII(name)
	}
	return name
}
