package channel

import (
	"fmt"
	"strings"
)

// MaxFilename is the greatest length in bytes of a package file's name, from CEP 26.
const MaxFilename = 211

var filenameGrammar = grammar{
	"file name", MaxFilename,
	"allowed is <name>-<version>-<build>.conda or <name>-<version>-<build>.tar.bz2 of at most 211 bytes",
}

// Format is a format of package files.
type Format string

// The formats of CEP 35.
const (
	FormatConda  Format = "conda"   // .conda, version 2: a ZIP of two zstandard tarballs
	FormatTarBz2 Format = "tar.bz2" // .tar.bz2, version 1
)

// Known reports whether f is one of the formats above.
func (f Format) Known() bool { return f == FormatConda || f == FormatTarBz2 }

// Extension returns what file names of the format end in, with the leading dot.
func (f Format) Extension() string { return "." + string(f) }

// SplitFilename takes the name of a package file apart and checks the file name and each of its parts by CEP 26. Since
// package names hold dashes and versions and builds do not, it splits at the last two. If a part is at fault, the
// [*NameError] is about that part.
func SplitFilename(filename string) (name, version, build string, format Format, err error) {
	if f := filenameGrammar.size(filename); f.rule != "" {
		return "", "", "", "", filenameGrammar.err(filename, f)
	}
	name, version, build, format, ok := CutFilename(filename)
	if !ok {
		problem := "it is not three parts joined by '-'"
		if _, _, known := cutFormat(filename); !known {
			problem = "it ends in neither .conda nor .tar.bz2"
		}
		return "", "", "", "", filenameGrammar.err(filename, fault{rule: RuleForm, problem: problem})
	}
	for _, err := range []error{ValidatePackageName(name), ValidateVersion(version), ValidateBuild(build)} {
		if err != nil {
			return "", "", "", "", fmt.Errorf("invalid file name %q: %w", filename, err)
		}
	}
	return name, version, build, format, nil
}

// CutFilename splits the name of a package file as [SplitFilename] does, but checks nothing except that no part is
// empty. It serves where names are only looked up, and where files of others are read that may predate CEP 26.
func CutFilename(filename string) (name, version, build string, format Format, ok bool) {
	stem, format, ok := cutFormat(filename)
	if !ok {
		return "", "", "", "", false
	}
	buildDash := strings.LastIndexByte(stem, '-')
	if buildDash < 0 {
		return "", "", "", "", false
	}
	versionDash := strings.LastIndexByte(stem[:buildDash], '-')
	if versionDash < 0 {
		return "", "", "", "", false
	}
	name, version, build = stem[:versionDash], stem[versionDash+1:buildDash], stem[buildDash+1:]
	if name == "" || version == "" || build == "" {
		return "", "", "", "", false
	}
	return name, version, build, format, true
}

func cutFormat(filename string) (stem string, format Format, ok bool) {
	if stem, ok := strings.CutSuffix(filename, ".conda"); ok {
		return stem, FormatConda, true
	}
	if stem, ok := strings.CutSuffix(filename, ".tar.bz2"); ok {
		return stem, FormatTarBz2, true
	}
	return "", "", false
}
