package pkgfile

import (
	"bytes"
	"encoding/binary"
)

// The signatures and fixed sizes of the ZIP records (APPNOTE 6.3.10, section 4.3).
const (
	sigLocal     = 0x04034b50
	sigCentral   = 0x02014b50
	sigEnd       = 0x06054b50
	sigEnd64     = 0x06064b50
	sigLocator64 = 0x07064b50
	sigData      = 0x08074b50

	lenLocal     = 30
	lenCentral   = 46
	lenEnd       = 22
	lenEnd64     = 56
	lenLocator64 = 20

	max16 = 1<<16 - 1
	max32 = 1<<32 - 1

	// maxDirectory bounds the central directory; three entries need some 300 bytes.
	maxDirectory = 64 << 10
)

var le = binary.LittleEndian

// directory is where the central directory lies.
type directory struct {
	offset, size int64
	entries      uint64
}

// findDirectory locates the central directory from the very end of the file.
// The end record must be the last 22 bytes: anything else is a comment or
// garbage, and readers disagree about what to do with either.
func findDirectory(src *source) (directory, error) {
	if err := sniffZip(src); err != nil {
		return directory{}, err
	}
	if src.size < lenEnd {
		return directory{}, refuse(CodeTruncated, "", "the file is only %d bytes long; upload it again", src.size)
	}
	end, err := src.bytes(src.size-lenEnd, lenEnd)
	if err != nil {
		return directory{}, err
	}
	if le.Uint32(end) != sigEnd || le.Uint16(end[20:]) != 0 {
		return directory{}, explainEnd(src)
	}
	dir := directory{
		entries: uint64(le.Uint16(end[10:])),
		size:    int64(le.Uint32(end[12:])),
		offset:  int64(le.Uint32(end[16:])),
	}
	limit := src.size - lenEnd
	disk, dirDisk, here := le.Uint16(end[4:]), le.Uint16(end[6:]), le.Uint16(end[8:])
	if disk != dirDisk || (disk != 0 && disk != max16) || uint64(here) != dir.entries {
		return directory{}, refuse(CodeZipMultiDisk, "", "the ZIP archive claims to be split over several files")
	}
	if dir, limit, err = zip64Directory(src, dir, limit); err != nil {
		return directory{}, err
	}
	if dir.offset < 0 || dir.size < 0 || dir.offset > limit || dir.size > limit-dir.offset {
		return directory{}, refuse(CodeOverlap, "", "the ZIP directory overlaps its own end record")
	}
	if dir.offset+dir.size != limit {
		return directory{}, refuse(CodeHiddenData, "", "there are %d bytes between the ZIP directory and its end record",
			limit-dir.offset-dir.size)
	}
	if dir.size > maxDirectory {
		return directory{}, refuse(CodeUnexpectedMember, "", "the ZIP directory is %d bytes long; a .conda has three members only", dir.size)
	}
	return dir, nil
}

// zip64Directory reads the zip64 end record, if there is one. Some readers
// use it whenever its locator is present and others only if a field of the
// classic record overflowed, so both records have to agree.
func zip64Directory(src *source, dir directory, limit int64) (directory, int64, error) {
	overflow := dir.entries == max16 || dir.size == max32 || dir.offset == max32
	at := limit - lenLocator64
	if at < lenEnd64 {
		if overflow {
			return dir, limit, refuse(CodeBadZip, "", "the ZIP directory needs zip64 records, and there are none")
		}
		return dir, limit, nil
	}
	loc, err := src.bytes(at, lenLocator64)
	if err != nil {
		return dir, limit, err
	}
	if le.Uint32(loc) != sigLocator64 {
		if overflow {
			return dir, limit, refuse(CodeBadZip, "", "the ZIP directory needs zip64 records, and there are none")
		}
		return dir, limit, nil
	}
	if le.Uint64(loc[8:]) != uint64(at-lenEnd64) {
		return dir, limit, refuse(CodeBadZip, "", "the zip64 end record is not where its locator says")
	}
	rec, err := src.bytes(at-lenEnd64, lenEnd64)
	if err != nil {
		return dir, limit, err
	}
	if le.Uint32(rec) != sigEnd64 || le.Uint64(rec[4:]) != lenEnd64-12 {
		return dir, limit, refuse(CodeBadZip, "", "the zip64 end record is malformed")
	}
	if le.Uint32(loc[4:]) != 0 || le.Uint32(loc[16:]) > 1 || le.Uint32(rec[16:]) != 0 || le.Uint32(rec[20:]) != 0 ||
		le.Uint64(rec[24:]) != le.Uint64(rec[32:]) {
		return dir, limit, refuse(CodeZipMultiDisk, "", "the ZIP archive claims to be split over several files")
	}
	entries, size, offset := le.Uint64(rec[32:]), le.Uint64(rec[40:]), le.Uint64(rec[48:])
	if (dir.entries != max16 && dir.entries != entries) || (dir.size != max32 && uint64(dir.size) != size) ||
		(dir.offset != max32 && uint64(dir.offset) != offset) {
		return dir, limit, refuse(CodeBadZip, "", "the zip64 end record and the classic one contradict each other")
	}
	if size > uint64(src.size) || offset > uint64(src.size) {
		return dir, limit, refuse(CodeBadZip, "", "the zip64 end record points outside the file")
	}
	return directory{offset: int64(offset), size: int64(size), entries: entries}, at - lenEnd64, nil
}

// sniffZip refuses what does not even start like a ZIP.
func sniffZip(src *source) error {
	if src.size == 0 {
		return refuse(CodeTruncated, "", "the file is empty; upload it again")
	}
	head, err := src.bytes(0, min(4, src.size))
	if err != nil {
		return err
	}
	switch {
	case len(head) == 4 && (le.Uint32(head) == sigLocal || le.Uint32(head) == sigEnd):
		return nil // sigEnd is an archive without members
	case bytes.HasPrefix(head, []byte("BZh")):
		return refuse(CodeWrongFormat, "", "the content is bzip2; a .tar.bz2 package keeps its name, it does not become a .conda by renaming")
	case len(head) == 4 && le.Uint32(head) == zstdMagic:
		return refuse(CodeWrongFormat, "", "the content is a bare zstd stream; a .conda is a ZIP of metadata.json, info-*.tar.zst and pkg-*.tar.zst")
	}
	if n := min(src.size, lenEnd); n == lenEnd {
		end, err := src.bytes(src.size-n, n)
		if err != nil {
			return err
		}
		if le.Uint32(end) == sigEnd {
			return refuse(CodeLeadingData, "", "the file does not start with the first ZIP member; there is other data in front of it")
		}
	}
	return refuse(CodeNotAZip, "", "the content is not a ZIP archive, which a .conda has to be")
}

// explainEnd says why the file does not end with a ZIP end record.
func explainEnd(src *source) error {
	n := min(src.size, lenEnd+max16)
	tail, err := src.bytes(src.size-n, n)
	if err != nil {
		return err
	}
	sig := le.AppendUint32(nil, sigEnd)
	for i := bytes.LastIndex(tail, sig); i >= 0; i = bytes.LastIndex(tail[:i], sig) {
		rest := tail[i:]
		if len(rest) < lenEnd {
			continue
		}
		comment := int(le.Uint16(rest[20:]))
		if comment > 0 && lenEnd+comment == len(rest) {
			return refuse(CodeZipComment, "", "the ZIP archive has a comment; write it without one")
		}
		return refuse(CodeTrailingData, "", "there are %d bytes after the end of the ZIP archive", len(rest)-lenEnd)
	}
	return refuse(CodeTruncated, "", "the file ends before the ZIP directory; it was cut off, upload it again")
}
