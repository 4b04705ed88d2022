package channel

import (
	"net/url"
	"strings"
)

// Kind is what a request path asks for.
type Kind string

// The kinds of paths, with the form of each after mount, channel and label.
const (
	KindChannelRoot        Kind = "channel-root"         // "" or "/"
	KindChannelData        Kind = "channeldata"          // /channeldata.json (CEP 38)
	KindNotices            Kind = "notices"              // /notices.json (CEP 6)
	KindRepodata           Kind = "repodata"             // /<subdir>/repodata.json (CEP 36)
	KindRepodataZst        Kind = "repodata-zst"         // /<subdir>/repodata.json.zst
	KindCurrentRepodata    Kind = "current-repodata"     // /<subdir>/current_repodata.json
	KindCurrentRepodataZst Kind = "current-repodata-zst" // /<subdir>/current_repodata.json.zst
	KindShardIndex         Kind = "shard-index"          // /<subdir>/repodata_shards.msgpack.zst (CEP 16)
	KindShard              Kind = "shard"                // /<subdir>/shards/<sha256>.msgpack.zst (CEP 16)
	KindRunExports         Kind = "run-exports"          // /<subdir>/run_exports.json (CEP 12)
	KindRunExportsZst      Kind = "run-exports-zst"      // /<subdir>/run_exports.json.zst
	KindPackageFile        Kind = "package-file"         // /<subdir>/<name>-<version>-<build>.conda or .tar.bz2
	KindOtherFile          Kind = "other-file"           // /<file> or /<subdir>/<file>, named otherwise
)

// Known reports whether k is one of the kinds above.
func (k Kind) Known() bool {
	switch k {
	case KindChannelRoot, KindChannelData, KindNotices, KindRepodata, KindRepodataZst, KindCurrentRepodata,
		KindCurrentRepodataZst, KindShardIndex, KindShard, KindRunExports, KindRunExportsZst, KindPackageFile, KindOtherFile:
		return true
	}
	return false
}

// Location is what a request path says, decoded.
type Location struct {
	// Kind tells which of the other fields are set.
	Kind Kind
	// Prefix is the mount of the channel tree that the path came through: "", "/api/repo", "/repo" or "/conda".
	Prefix string
	// Channel is "team" or, for a subchannel, "team/dev". It is always set and satisfies [ValidateName].
	Channel string
	// Label is set if the path names one. Without it the default label is meant.
	Label string
	// Subdir is set for all files of a subdir and satisfies [ValidateSubdir].
	Subdir string
	// File is the last segment, without any directory, of at most 255 bytes, and empty for a channel root. That of a
	// package file has the form of [CutFilename], that of another file may hold any printable ASCII but slashes.
	File string
	// Hash is the SHA-256 of a shard as 64 lower-case hexadecimal digits, and empty for all other kinds.
	Hash string
}

// Path returns the escaped path that [ParsePath] reads as l, for use in URLs and logs.
func (l Location) Path() string {
	var b strings.Builder
	b.WriteString(l.Prefix)
	for _, part := range [...]struct{ before, text string }{
		{"/", l.Channel}, {"/label/", l.Label}, {"/", l.Subdir},
	} {
		if part.text != "" {
			b.WriteString(part.before)
			b.WriteString(part.text)
		}
	}
	if l.Kind == KindShard {
		b.WriteString("/shards")
	}
	if l.File != "" {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(l.File))
	}
	return b.String()
}

// MaxPath is the greatest length in bytes of an escaped path that [ParsePath] reads. The longest path of names at
// their own limits stays well below it.
const MaxPath = 2048

// PathError says why a path is no [Location]. Its values are the constants below, to compare with [errors.Is]. None of
// them quotes the path.
type PathError string

// The reasons. Up to ErrEmptySegment the path itself is malformed, after it the path names nothing that a channel
// could hold.
const (
	ErrTooLong      PathError = "the path is longer than 2048 bytes"
	ErrRelative     PathError = "the path does not begin with a slash"
	ErrEscape       PathError = "the path has a malformed percent-escape"
	ErrEscapedSlash PathError = "the path has an escaped slash"
	ErrByte         PathError = "the path has a backslash, a control character or a character outside ASCII"
	ErrDotSegment   PathError = "the path has a . or .. segment"
	ErrEmptySegment PathError = "the path has an empty segment"

	ErrNoChannel   PathError = "the path names no channel"
	ErrChannelName PathError = "the path names no valid channel: a channel is one or two lower-case names that are not reserved words"
	ErrLabel       PathError = "the path names no valid label after /label/"
	ErrSubdir      PathError = "the path names no valid subdir such as noarch or linux-64"
	ErrNoFile      PathError = "the path ends at a subdir and names no file"
	ErrLongFile    PathError = "the path names a file with a name of more than 255 bytes"
	ErrShard       PathError = "the path of a shard must be <subdir>/shards/<sha256>.msgpack.zst"
)

// Error returns the reason.
func (e PathError) Error() string { return string(e) }

// NotFound reports whether the path is well-formed, so that the answer to it is "not found" and not "bad request".
func (e PathError) NotFound() bool {
	switch e {
	case ErrNoChannel, ErrChannelName, ErrLabel, ErrSubdir, ErrNoFile, ErrLongFile, ErrShard:
		return true
	}
	return false
}
