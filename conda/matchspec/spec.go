package matchspec

import (
	"slices"
	"strings"

	"kingsnake/conda/version"
)

// Record is what a spec asks about: one file of a channel. A field that is not known is left zero, and then nothing
// that names a value for it matches.
type Record struct {
	Name    string
	Version version.Version
	Build   string

	BuildNumber int64
	// Size is in bytes and Timestamp, as in repodata, usually in milliseconds since 1970.
	Size, Timestamp int64

	// Channel is the name of the channel, such as "team/dev", or its URL without the subdir.
	Channel  string
	Subdir   string
	FileName string
	URL      string
	// MD5 and SHA256 are in hexadecimal.
	MD5, SHA256            string
	License, LicenseFamily string

	Features      []string
	TrackFeatures []string
	// Flags are those of CEP 45.
	Flags []string
}

// Spec is a parsed MatchSpec. [Parse] makes one; the zero value matches all. It is immutable and may be used by several
// goroutines.
type Spec struct {
	name     pattern
	versions Versions
	// texts and numbers are the conditions on other fields, in the order of the constants, at most one for each.
	texts   []textCondition
	numbers []numberCondition

	features, trackFeatures []string
	flags                   []pattern

	extras []string
	when   string
}

type textCondition struct {
	field textField
	pattern
}

type numberCondition struct {
	field numberField
	number
}

// textField is a field with text that has a key of its own.
type textField uint8

const (
	fieldBuild textField = iota
	fieldChannel
	fieldSubdir
	fieldFileName
	fieldMD5
	fieldSHA256
	fieldLicense
	fieldLicenseFamily
	fieldURL
)

// textKeys are the keys in brackets.
var textKeys = [...]string{
	fieldBuild: "build", fieldChannel: "channel", fieldSubdir: "subdir", fieldFileName: "fn", fieldMD5: "md5",
	fieldSHA256: "sha256", fieldLicense: "license", fieldLicenseFamily: "license_family", fieldURL: "url",
}

func (f textField) of(r *Record) string {
	switch f {
	case fieldBuild:
		return r.Build
	case fieldChannel:
		return r.Channel
	case fieldSubdir:
		return r.Subdir
	case fieldFileName:
		return r.FileName
	case fieldMD5:
		return r.MD5
	case fieldSHA256:
		return r.SHA256
	case fieldLicense:
		return r.License
	case fieldLicenseFamily:
		return r.LicenseFamily
	case fieldURL:
		return r.URL
	}
	return ""
}

// numberField is a field with a number.
type numberField uint8

const (
	fieldBuildNumber numberField = iota
	fieldSize
	fieldTimestamp
)

// numberKeys are the keys in brackets.
var numberKeys = [...]string{fieldBuildNumber: "build_number", fieldSize: "size", fieldTimestamp: "timestamp"}

func (f numberField) of(r *Record) int64 {
	switch f {
	case fieldBuildNumber:
		return r.BuildNumber
	case fieldSize:
		return r.Size
	case fieldTimestamp:
		return r.Timestamp
	}
	return 0
}

// Match reports whether all that the spec asks is true of r. The conditions of [Spec.When] and the groups of
// [Spec.Extras] ask nothing about a single record and are ignored.
func (s *Spec) Match(r *Record) bool {
	if !s.name.match(r.Name) || !s.versions.Match(r.Version) {
		return false
	}
	for i := range s.texts {
		c := &s.texts[i]
		if c.field == fieldChannel {
			if !c.matchChannel(r.Channel) {
				return false
			}
		} else if !c.match(c.field.of(r)) {
			return false
		}
	}
	for i := range s.numbers {
		if !s.numbers[i].match(s.numbers[i].field.of(r)) {
			return false
		}
	}
	return hasAll(r.Features, s.features) && hasAll(r.TrackFeatures, s.trackFeatures) && s.matchFlags(r.Flags)
}

// hasAll reports whether each of want, which is in lower case, is among have.
func hasAll(have, want []string) bool {
	for _, w := range want {
		if !slices.ContainsFunc(have, func(h string) bool { return equalFold(h, w) }) {
			return false
		}
	}
	return true
}

func (s *Spec) matchFlags(flags []string) bool {
	for i := range s.flags {
		if !slices.ContainsFunc(flags, s.flags[i].match) {
			return false
		}
	}
	return true
}

// matchChannel compares channels. Where one is a URL and the other a name, the path of the URL decides, since what a
// name stands for is for the configuration of a client to say.
func (p *pattern) matchChannel(channel string) bool {
	channel = strings.TrimSuffix(channel, "/")
	if p.kind != patternExact {
		return p.match(channel)
	}
	want := p.text
	if path, ok := urlPath(channel); ok && !strings.Contains(want, "://") {
		channel = path
	} else if path, ok := urlPath(want); ok && !strings.Contains(channel, "://") {
		want = path
	}
	return channel != "" && equalFold(channel, want)
}

// urlPath returns what follows the host of a URL, without slashes around it.
func urlPath(url string) (string, bool) {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return "", false
	}
	_, path, _ := strings.Cut(rest, "/")
	return path, true
}

// Name returns the name that matching packages have, in lower case, or "" and false if it is a glob, a regular
// expression or "*". It lets a search look at one name instead of all.
func (s *Spec) Name() (name string, exact bool) {
	if s.name.kind != patternExact {
		return "", false
	}
	return s.name.text, true
}

// Versions returns the condition on the version.
func (s *Spec) Versions() Versions { return s.versions }

// When returns the condition under which a dependency applies (CEP 43), or "". It was checked for its form; to
// evaluate it is out of scope.
func (s *Spec) When() string { return s.when }

// Extras returns the groups of optional dependencies that a dependency asks for (CEP 44).
func (s *Spec) Extras() []string { return slices.Clone(s.extras) }
