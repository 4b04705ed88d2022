package pkgfile

import "time"

// PkgCheck says how far the payload of a .conda is verified. A .tar.bz2 is
// always read to its end, because its metadata may be anywhere in it.
type PkgCheck int

const (
	// PkgFull decodes the payload to its end and checks every tar member. It
	// is the zero value, so it is what a caller gets without asking.
	PkgFull PkgCheck = iota
	// PkgStored reads the payload's compressed bytes, and verifies their
	// CRC-32 and the structure of the zstd frame, but decodes nothing. It
	// notices truncation and bit rot, not a bad path.
	PkgStored
	// PkgHeaders verifies the ZIP structure only. It is for files that were
	// verified before, such as those of one's own storage.
	PkgHeaders
)

// Limits bounds what reading one package may cost. A field that is zero takes
// its default. With the defaults a read holds about 32 MiB at most, whatever
// the input; MaxWindow and MaxMembers are the fields that move that figure.
type Limits struct {
	// MaxFile is the largest file in bytes; 8 GiB by default.
	MaxFile int64
	// MaxUnpacked is how many bytes one compressed stream may expand to;
	// 32 GiB by default.
	MaxUnpacked int64
	// MaxInfoUnpacked is the same for the info part of a .conda; 256 MiB by
	// default.
	MaxInfoUnpacked int64
	// MaxRatio is how many bytes each compressed byte may expand to, once a
	// stream has passed the first 64 MiB; 200 by default.
	MaxRatio int64
	// MaxWindow is the largest zstd window in bytes; 16 MiB by default, which
	// covers compression levels up to 19, and all packages that unpack to less.
	// Levels 20 to 22 use up to 128 MiB. A Reader decodes one such frame at a
	// time, so that allowing them costs the memory once, not per read.
	MaxWindow int64
	// MaxMembers is how many members the tar archives may have together;
	// 250,000 by default.
	MaxMembers int
	// MaxJSON is the size in bytes of each of index.json, about.json and
	// run_exports.json; 1 MiB by default.
	MaxJSON int64
	// MaxPaths is the size in bytes of paths.json, which is parsed as a stream;
	// 128 MiB by default.
	MaxPaths int64
	// MaxReadme is how many bytes of a README are kept; 256 KiB by default.
	MaxReadme int64
	// MaxDepth is how deep JSON may be nested; 32 by default.
	MaxDepth int
	// PkgCheck is how far the payload of a .conda is verified; fully by default.
	PkgCheck PkgCheck
	// Now is the present, for refusing packages built in the future. When it
	// is the zero time, build times are not judged.
	Now time.Time
}

const (
	kib = int64(1) << 10
	mib = int64(1) << 20
	gib = int64(1) << 30

	// usualWindow is what decoders are kept for.
	usualWindow = 16 * mib
	// ratioSlack is the output that is never judged by its ratio: small
	// packages of zeros are legitimate and cheap.
	ratioSlack = 64 * mib
	// maxNameBytes bounds the info member names that are kept, all together.
	maxNameBytes = 4 * mib
	// maxPathLen bounds one member path, as Linux does.
	maxPathLen = 4096
	// maxTokenBytes bounds what the paths.json parser buffers at a time.
	maxTokenBytes = 128 * kib
	// clockSkew is how far into the future a build time may be.
	clockSkew = 24 * time.Hour
)

// withDefaults fills the zero fields in.
func (l Limits) withDefaults() Limits {
	l.MaxFile = orDefault(l.MaxFile, 8*gib)
	l.MaxUnpacked = orDefault(l.MaxUnpacked, 32*gib)
	l.MaxInfoUnpacked = orDefault(l.MaxInfoUnpacked, 256*mib)
	l.MaxRatio = orDefault(l.MaxRatio, 200)
	l.MaxWindow = max(orDefault(l.MaxWindow, usualWindow), kib)
	l.MaxMembers = orDefault(l.MaxMembers, 250_000)
	l.MaxJSON = orDefault(l.MaxJSON, mib)
	l.MaxPaths = orDefault(l.MaxPaths, 128*mib)
	l.MaxReadme = orDefault(l.MaxReadme, 256*kib)
	l.MaxDepth = orDefault(l.MaxDepth, 32)
	return l
}

func orDefault[T int | int64](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}

// unpackedLimit is how far a stream of packed bytes may expand.
func (l Limits) unpackedLimit(packed, limit int64) int64 {
	if packed > limit/l.MaxRatio {
		return limit
	}
	return min(limit, ratioSlack+packed*l.MaxRatio)
}
