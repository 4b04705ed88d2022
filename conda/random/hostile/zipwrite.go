package hostile

import (
	"encoding/binary"
	"hash/crc32"
)

// header holds the fields that a ZIP member has twice, in its local header
// and in the directory.
type header struct {
	name              string
	flags, method     uint16
	crc, csize, usize uint32
	extra             []byte
}

// zipMember is one ZIP member whose two headers can be told apart.
type zipMember struct {
	data           []byte
	local, central header
	before, after  []byte // bytes around the member that it does not own
	comment        string
	system         byte
	attrs          uint32
	disk           uint16
	offset         func(uint32) uint32 // of the local header, as the directory has it
}

func newZipMember(name string, data []byte) *zipMember {
	h := header{name: name, crc: crc32.ChecksumIEEE(data), csize: uint32(len(data)), usize: uint32(len(data))}
	return &zipMember{data: data, local: h, central: h}
}

// both changes both headers alike.
func (m *zipMember) both(f func(*header)) {
	f(&m.local)
	f(&m.central)
}

// archive is a ZIP before it is rendered.
type archive struct {
	members             []*zipMember
	beforeDir, afterDir []byte
	spoilEnd            func(end []byte) // the 22 bytes of the end record
	// zip64 adds the zip64 records; spoil64 changes record and locator.
	zip64   bool
	spoil64 func(record, locator []byte)
}

func newArchive(members ...*zipMember) *archive { return &archive{members: members} }

// The members in the order in which they are packed.
func (a *archive) metadata() *zipMember { return a.members[0] }
func (a *archive) pkg() *zipMember      { return a.members[1] }
func (a *archive) info() *zipMember     { return a.members[2] }

var le = binary.LittleEndian

// render writes the archive as it is described, right or wrong.
func (a *archive) render() []byte {
	var out, dir []byte
	for _, m := range a.members {
		out = append(out, m.before...)
		at := uint32(len(out))
		if m.offset != nil {
			at = m.offset(at)
		}
		out = append(out, m.local.render("PK\x03\x04\x14\x00")...)
		out = append(out, m.data...)
		out = append(out, m.after...)
		dir = append(dir, m.entry(at)...)
	}
	out = append(out, a.beforeDir...)
	start := uint32(len(out))
	out = append(out, dir...)
	out = append(out, a.afterDir...)
	if a.zip64 {
		out = append(out, a.records64(uint64(start), uint64(len(dir)), uint64(len(out)))...)
	}
	end := []byte("PK\x05\x06\x00\x00\x00\x00")
	end = le.AppendUint16(end, uint16(len(a.members)))
	end = le.AppendUint16(end, uint16(len(a.members)))
	end = le.AppendUint32(end, uint32(len(dir)))
	end = le.AppendUint32(end, start)
	end = le.AppendUint16(end, 0)
	if a.spoilEnd != nil {
		a.spoilEnd(end)
	}
	return append(out, end...)
}

// render writes a local header, or the like part of a directory entry.
func (h header) render(start string) []byte {
	b := h.fixed([]byte(start))
	return append(append(b, h.name...), h.extra...)
}

func (h header) fixed(b []byte) []byte {
	b = le.AppendUint16(b, h.flags)
	b = le.AppendUint16(b, h.method)
	b = append(b, 0, 0, 0x21, 0x50) // the day of all generated files
	b = le.AppendUint32(b, h.crc)
	b = le.AppendUint32(b, h.csize)
	b = le.AppendUint32(b, h.usize)
	b = le.AppendUint16(b, uint16(len(h.name)))
	return le.AppendUint16(b, uint16(len(h.extra)))
}

// entry writes the member's directory entry.
func (m *zipMember) entry(at uint32) []byte {
	b := m.central.fixed([]byte{'P', 'K', 1, 2, 20, m.system, 20, 0})
	b = le.AppendUint16(b, uint16(len(m.comment)))
	b = le.AppendUint16(b, m.disk)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint32(b, m.attrs)
	b = le.AppendUint32(b, at)
	return append(append(append(b, m.central.name...), m.central.extra...), m.comment...)
}

// records64 writes the zip64 end record and its locator.
func (a *archive) records64(start, size, at uint64) []byte {
	rec := []byte("PK\x06\x06")
	rec = le.AppendUint64(rec, 44)
	rec = append(rec, 45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	rec = le.AppendUint64(rec, uint64(len(a.members)))
	rec = le.AppendUint64(rec, uint64(len(a.members)))
	rec = le.AppendUint64(rec, size)
	rec = le.AppendUint64(rec, start)
	loc := append([]byte("PK\x06\x07"), 0, 0, 0, 0)
	loc = le.AppendUint64(loc, at)
	loc = append(loc, 1, 0, 0, 0)
	if a.spoil64 != nil {
		a.spoil64(rec, loc)
	}
	return append(rec, loc...)
}

// extraField renders one extra field.
func extraField(id uint16, body []byte) []byte {
	b := le.AppendUint16(nil, id)
	b = le.AppendUint16(b, uint16(len(body)))
	return append(b, body...)
}
