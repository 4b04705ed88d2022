package channel

import (
	"strings"
)

// ParsePath reads the path of a request below the channel tree, as escaped by [net/url.URL.EscapedPath] and without
// token, query and fragment. It decodes the path once and leaves '+' alone.
//
// The name of the file at the end decides what the segments before it are: a repodata.json lies in a subdir, a
// notices.json in a channel. A subdir hence need not be known, and the channel is what remains, with one mount before
// and one label behind it. A path that does not end in a file of a known name is a channel's root if it can be.
//
// The error is a [PathError]. There is no cleaning and no redirecting: a path that is not in its one right form is
// refused, except that a channel's root may end in a slash.
func ParsePath(path string) (Location, error) {
	path, err := decodePath(path)
	if err != nil {
		return Location{}, err
	}
	prefix, path := cutMount(path)
	path, slashed := strings.CutSuffix(path, "/")
	if path == "" {
		return Location{}, ErrNoChannel
	}
	loc, err := locate(path)
	if err != nil {
		return Location{}, err
	}
	if slashed && loc.Kind != KindChannelRoot {
		return Location{}, ErrEmptySegment
	}
	loc.Prefix = prefix
	return loc, nil
}

// cutMount takes the mount of the channel tree off a decoded path.
func cutMount(path string) (mount, rest string) {
	for _, mount := range [...]string{"/api/repo", "/repo", "/conda"} {
		if rest, ok := strings.CutPrefix(path, mount); ok && (rest == "" || rest[0] == '/') {
			return mount, rest
		}
	}
	return "", path
}

// locate reads a decoded path of at least one segment, without mount and final slash.
func locate(path string) (Location, error) {
	dir, file := cutLast(path)
	loc := Location{File: file}
	switch loc.Kind = kindOf(file); loc.Kind {
	case KindChannelData, KindNotices:
		return loc.in(dir)
	case KindOtherFile:
		return locateOther(path, dir, file)
	case KindShard:
		var shards string
		if dir, shards = cutLast(dir); shards != "shards" {
			return Location{}, ErrShard
		}
		loc.Hash = file[:hashLen]
	}
	dir, loc.Subdir = cutLast(dir)
	if subdirFault(loc.Subdir).rule != "" {
		return Location{}, ErrSubdir
	}
	return loc.in(dir)
}

// locateOther tells the root of a channel from a file of an unknown name.
func locateOther(path, dir, file string) (Location, error) {
	if IsKnownSubdir(file) {
		// This is also where conda 26.7 ends up when it swaps the last two segments while it inserts a token.
		return Location{}, ErrNoFile
	}
	root, rootErr := Location{Kind: KindChannelRoot}.in(path)
	if rootErr == nil {
		return root, nil
	}
	switch {
	case dir == "", isServerWord(file):
		return Location{}, rootErr
	case len(file) > maxFile:
		return Location{}, ErrLongFile
	}
	loc, err := Location{Kind: KindOtherFile, File: file}.in(dir)
	if err == nil {
		return loc, nil
	}
	if dir, loc.Subdir = cutLast(dir); subdirFault(loc.Subdir).rule != "" {
		return Location{}, err
	}
	loc.Kind, loc.File = KindOtherFile, file
	return loc.in(dir)
}

// in completes l with the channel and the label that dir names: /team, /team/dev, /team/label/main and so on.
func (l Location) in(dir string) (Location, error) {
	if dir == "" {
		return Location{}, ErrNoChannel
	}
	name := dir[1:]
	first, rest, nested := strings.Cut(name, "/")
	if levelFault(first).rule != "" {
		return Location{}, ErrChannelName
	}
	if !nested {
		l.Channel = first
		return l, nil
	}
	if second, behind, _ := strings.Cut(rest, "/"); second != "label" {
		if levelFault(second).rule != "" {
			return Location{}, ErrChannelName
		}
		first, rest = name[:len(first)+1+len(second)], behind
	}
	l.Channel = first
	if rest == "" {
		return l, nil
	}
	label, ok := strings.CutPrefix(rest, "label/")
	switch {
	case !ok && rest != "label":
		return Location{}, ErrChannelName
	case !ok, labelFault(label).rule != "":
		return Location{}, ErrLabel
	}
	l.Label = label
	return l, nil
}

// cutLast splits the last segment off a path of segments that each begin with a slash.
func cutLast(path string) (dir, last string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", ""
	}
	return path[:i], path[i+1:]
}

// maxFile is the greatest length in bytes that common file systems allow.
const maxFile = 255

// hashLen is the number of hexadecimal digits of a SHA-256.
const hashLen = 64

// kindOf tells the kind of a file by its name alone. A name that means nothing is KindOtherFile, which may yet turn
// out to be the last segment of a channel's name.
func kindOf(file string) Kind {
	switch file {
	case "repodata.json":
		return KindRepodata
	case "repodata.json.zst":
		return KindRepodataZst
	case "current_repodata.json":
		return KindCurrentRepodata
	case "current_repodata.json.zst":
		return KindCurrentRepodataZst
	case "repodata_shards.msgpack.zst":
		return KindShardIndex
	case "run_exports.json":
		return KindRunExports
	case "run_exports.json.zst":
		return KindRunExportsZst
	case "channeldata.json":
		return KindChannelData
	case "notices.json":
		return KindNotices
	}
	if _, _, _, _, ok := CutFilename(file); ok && len(file) <= MaxFilename {
		return KindPackageFile
	}
	if hash, ok := strings.CutSuffix(file, ".msgpack.zst"); ok && len(hash) == hashLen && indexNot(hash, isHexByte) < 0 {
		return KindShard
	}
	return KindOtherFile
}

func isHexByte(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' }
