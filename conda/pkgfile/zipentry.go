package pkgfile

import "unicode/utf8"

// zipMember is one member of the archive as both its headers describe it.
type zipMember struct {
	name   string
	flags  uint16
	method uint16
	crc    uint32
	csize  uint64
	size   uint64
	header int64 // offset of the local header
	data   int64 // offset of the content
}

// The flag bits that are read here.
const (
	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3
	flagStrong     = 1 << 6
	flagUTF8       = 1 << 11
	flagMasked     = 1 << 13
	// flagLevel are two bits that mean nothing for a stored member.
	flagLevel = 3 << 1
)

// The extra fields that are judged here; others are only checked for shape.
const (
	extraZip64       = 0x0001
	extraStrong      = 0x0017
	extraUnicodeName = 0x7075
	extraAES         = 0x9901
)

// Upper half of the external attributes when the archive was made on Unix.
const (
	madeByUnix    = 3
	madeByDarwin  = 19
	modeType      = 0o170000
	modeRegular   = 0o100000
	attrDirectory = 0x10
)

// readDirectory parses the central directory and checks each entry.
func readDirectory(src *source, dir directory) ([]zipMember, error) {
	buf, err := src.bytes(dir.offset, dir.size)
	if err != nil {
		return nil, err
	}
	var members []zipMember
	for len(buf) > 0 {
		m, n, err := parseCentral(buf)
		if err != nil {
			return nil, err
		}
		members = append(members, m)
		buf = buf[n:]
	}
	if uint64(len(members)) != dir.entries {
		return nil, refuse(CodeBadZip, "", "the ZIP directory announces %d members and lists %d", dir.entries, len(members))
	}
	return members, nil
}

// parseCentral parses one directory entry and returns its length.
func parseCentral(b []byte) (zipMember, int, error) {
	if len(b) < lenCentral || le.Uint32(b) != sigCentral {
		return zipMember{}, 0, refuse(CodeBadZip, "", "the ZIP directory is malformed")
	}
	nameLen, extraLen, commentLen := int(le.Uint16(b[28:])), int(le.Uint16(b[30:])), int(le.Uint16(b[32:]))
	total := lenCentral + nameLen + extraLen + commentLen
	if len(b) < total {
		return zipMember{}, 0, refuse(CodeBadZip, "", "an entry of the ZIP directory is longer than the directory")
	}
	m := zipMember{
		name:   string(b[lenCentral : lenCentral+nameLen]),
		flags:  le.Uint16(b[8:]),
		method: le.Uint16(b[10:]),
		crc:    le.Uint32(b[16:]),
		csize:  uint64(le.Uint32(b[20:])),
		size:   uint64(le.Uint32(b[24:])),
	}
	if !utf8.ValidString(m.name) {
		return m, 0, refuse(CodeInvalidUTF8, m.name, "the member's name is not valid UTF-8")
	}
	offset, disk := uint64(le.Uint32(b[42:])), uint64(le.Uint16(b[34:]))
	extra := b[lenCentral+nameLen : lenCentral+nameLen+extraLen]
	if err := parseExtra(m.name, extra, &m.size, &m.csize, &offset, &disk); err != nil {
		return m, 0, err
	}
	if commentLen > 0 {
		return m, 0, refuse(CodeZipComment, m.name, "the member has a comment; write the archive without one")
	}
	if disk != 0 {
		return m, 0, refuse(CodeZipMultiDisk, m.name, "the member claims to be in another file of a split archive")
	}
	if offset > 1<<62 {
		return m, 0, refuse(CodeBadZip, m.name, "the member starts outside the file")
	}
	m.header = int64(offset)
	return m, total, m.check(b[5], le.Uint32(b[38:]))
}

// check refuses what a .conda member never is.
func (m *zipMember) check(system byte, attrs uint32) error {
	switch {
	case m.flags&(flagEncrypted|flagStrong|flagMasked) != 0:
		return refuse(CodeEncrypted, m.name, "the member is encrypted; no conda client can read it")
	case m.flags&^(flagDescriptor|flagUTF8|flagLevel) != 0:
		return refuse(CodeZipFlags, m.name, "the member has unsupported flag bits %#04x", m.flags)
	case m.method != 0 || m.csize != m.size:
		return refuse(CodeCompressed, m.name, "the member is compressed by ZIP (method %d); the members of a .conda must be stored", m.method)
	case attrs&attrDirectory != 0:
		return refuse(CodeNotRegular, m.name, "the member is a directory")
	}
	if mode := attrs >> 16 & modeType; (system == madeByUnix || system == madeByDarwin) && mode != 0 && mode != modeRegular {
		return refuse(CodeNotRegular, m.name, "the member is a link or a special file, not a regular one")
	}
	return nil
}

// parseExtra checks the extra fields and takes the zip64 values for those of
// fields that hold their maximum, in the order of the specification.
func parseExtra(name string, extra []byte, size, csize, offset, disk *uint64) error {
	seen64 := false
	for len(extra) > 0 {
		if len(extra) < 4 || len(extra)-4 < int(le.Uint16(extra[2:])) {
			return refuse(CodeZipExtra, name, "the member's extra fields are malformed")
		}
		id, body := le.Uint16(extra), extra[4:4+int(le.Uint16(extra[2:]))]
		extra = extra[4+len(body):]
		switch id {
		case extraUnicodeName:
			return refuse(CodeZipExtra, name, "the member has a second name in an extra field")
		case extraStrong, extraAES:
			return refuse(CodeEncrypted, name, "the member is encrypted; no conda client can read it")
		case extraZip64:
			if seen64 {
				return refuse(CodeZipExtra, name, "the member has two zip64 extra fields")
			}
			seen64 = true
			if !takeZip64(body, size, csize, offset, disk) {
				return refuse(CodeZipExtra, name, "the member's zip64 extra field is too short")
			}
		}
	}
	return nil
}

// takeZip64 replaces the overflowed fields. A nil field does not exist in the
// header at hand.
func takeZip64(body []byte, size, csize, offset, disk *uint64) bool {
	for _, f := range []*uint64{size, csize, offset} {
		if f == nil || *f != max32 {
			continue
		}
		if len(body) < 8 {
			return false
		}
		*f, body = le.Uint64(body), body[8:]
	}
	if disk != nil && *disk == max16 {
		if len(body) < 4 {
			return false
		}
		*disk = uint64(le.Uint32(body))
	}
	return true
}

// locate reads the member's local header, which has to say the same as the
// directory: some clients read the one, some the other. The caller knows that
// the header lies before limit.
func (m *zipMember) locate(src *source, limit int64) error {
	fixed, err := src.bytes(m.header, lenLocal)
	if err != nil {
		return err
	}
	if le.Uint32(fixed) != sigLocal {
		return refuse(CodeHeaderMismatch, m.name, "there is no member header where the ZIP directory points")
	}
	nameLen, extraLen := int64(le.Uint16(fixed[26:])), int64(le.Uint16(fixed[28:]))
	m.data = m.header + lenLocal + nameLen + extraLen
	if m.data > limit || m.csize > uint64(limit-m.data) {
		return refuse(CodeOverlap, m.name, "the member reaches into the ZIP directory or beyond the end of the file")
	}
	rest, err := src.bytes(m.header+lenLocal, nameLen+extraLen)
	if err != nil {
		return err
	}
	crc, csize, size := le.Uint32(fixed[14:]), uint64(le.Uint32(fixed[18:])), uint64(le.Uint32(fixed[22:]))
	if err := parseExtra(m.name, rest[nameLen:], &size, &csize, nil, nil); err != nil {
		return err
	}
	deferred := m.flags&flagDescriptor != 0 && crc == 0 && csize == 0 && size == 0
	same := crc == m.crc && csize == m.csize && size == m.size
	if string(rest[:nameLen]) != m.name || le.Uint16(fixed[6:]) != m.flags || le.Uint16(fixed[8:]) != m.method || !(same || deferred) {
		return refuse(CodeHeaderMismatch, m.name, "the member's own header and the ZIP directory disagree about its name, flags, size or CRC")
	}
	return nil
}
