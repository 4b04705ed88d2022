package hostile

import "bytes"

// spoil turns a function of the archive into a mutation.
func spoil(f func(*archive)) func(*parts) { return func(p *parts) { p.zip = f } }

// both changes both headers of the info part alike.
func both(f func(*header)) func(*parts) {
	return spoil(func(a *archive) { a.info().both(f) })
}

// extra adds a further member.
func extra(name, content string) func(*parts) {
	return spoil(func(a *archive) { a.members = append(a.members, newZipMember(name, []byte(content))) })
}

// zipMemberCases have the wrong members, or members of the wrong kind.
func zipMemberCases() []mutation {
	drop := func(i int) func(*parts) {
		return spoil(func(a *archive) { a.members = append(a.members[:i:i], a.members[i+1:]...) })
	}
	rename := func(i int, name string) func(*parts) {
		return spoil(func(a *archive) { a.members[i].both(func(h *header) { h.name = name }) })
	}
	unix := func(mode uint32) func(*parts) {
		return spoil(func(a *archive) { a.metadata().system, a.metadata().attrs = 3, mode<<16 })
	}
	return []mutation{
		{"no metadata.json", "missing_member", drop(0)},
		{"no pkg part", "missing_member", drop(1)},
		{"no info part", "missing_member", drop(2)},
		{"no members at all", "missing_member", spoil(func(a *archive) { a.members = nil })},
		{"metadata.json twice", "duplicate_member", extra("metadata.json", `{"conda_pkg_format_version": 2}`)},
		{"info part twice", "duplicate_member", spoil(func(a *archive) { a.members = append(a.members, a.info()) })},
		{"second part with the same beginning", "lookalike_member", extra("info-victim-1.0-h1234567_0.tar.zst.bak", "x")},
		{"info part in capitals", "lookalike_member", extra("INFO-victim-1.0-h1234567_0.tar.zst", "x")},
		{"metadata.json behind ./", "lookalike_member", extra("./metadata.json", "{}")},
		{"metadata.json with a dot at the end", "lookalike_member", extra("metadata.json.", "{}")},
		{"part behind a backslash", "lookalike_member", extra(`a\pkg-victim-1.0-h1234567_0.tar.zst`, "x")},
		{"parts of another package", "stem_mismatch", rename(2, "info-other-1.0-h1234567_0.tar.zst")},
		{"pkg part of another build", "stem_mismatch", rename(1, "pkg-victim-1.0-0.tar.zst")},
		{"tar.bz2 parts", "lookalike_member", rename(2, "info-victim-1.0-h1234567_0.tar.bz2")},
		{"extra member", "unexpected_member", extra("README", "read me")},
		{"member with an empty name", "unexpected_member", extra("", "x")},
		{"member that climbs out", "unexpected_member", extra("../../etc/cron.d/job", "x")},
		{"member name that is not UTF-8", "invalid_utf8", extra("info-\xff", "x")},
		{"symbolic link", "not_regular", unix(0o120777)},
		{"device", "not_regular", unix(0o020600)},
		{"directory by its mode", "not_regular", unix(0o040755)},
		{"directory by its attribute", "not_regular", spoil(func(a *archive) { a.metadata().attrs = 0x10 })},
	}
}

// zipHeaderCases have headers that no conda package has, or that disagree.
func zipHeaderCases() []mutation {
	local := func(f func(*header)) func(*parts) { return spoil(func(a *archive) { f(&a.info().local) }) }
	return []mutation{
		{"encrypted", "encrypted", both(func(h *header) { h.flags |= 1 })},
		{"strong encryption", "encrypted", both(func(h *header) { h.flags |= 1 << 6 })},
		{"masked headers", "encrypted", both(func(h *header) { h.flags |= 1 << 13 })},
		{"patch data flag", "zip_flags", both(func(h *header) { h.flags |= 1 << 5 })},
		{"deflated", "compressed", both(func(h *header) { h.method = 8 })},
		{"unknown method", "compressed", both(func(h *header) { h.method = 93 })},
		{"stored with two sizes", "compressed", both(func(h *header) { h.usize++ })},
		{"other name in the local header", "header_mismatch", local(func(h *header) { h.name = "info-victim-1.0-h1234567_1.tar.zst" })},
		{"other size in the local header", "header_mismatch", local(func(h *header) { h.csize--; h.usize-- })},
		{"other CRC in the local header", "header_mismatch", local(func(h *header) { h.crc++ })},
		{"other flags in the local header", "header_mismatch", local(func(h *header) { h.flags |= 1 << 11 })},
		{"other method in the local header", "header_mismatch", local(func(h *header) { h.method = 8 })},
		{"size deferred without a descriptor flag", "header_mismatch", local(func(h *header) { h.crc, h.csize, h.usize = 0, 0, 0 })},
		{"descriptor of another member", "header_mismatch", spoil(func(a *archive) {
			m := a.pkg()
			m.both(func(h *header) { h.flags |= 1 << 3 })
			m.after = append([]byte("PK\x07\x08"), make([]byte, 12)...)
		})},
		{"descriptor that is missing", "header_mismatch", both(func(h *header) { h.flags |= 1 << 3 })},
		{"descriptor without its signature", "header_mismatch", spoil(func(a *archive) {
			a.pkg().both(func(h *header) { h.flags |= 1 << 3 })
			a.pkg().after = make([]byte, 16)
		})},
		{"no header where the directory points", "header_mismatch", spoil(func(a *archive) { copyHeader(a) })},
		{"wrong CRC of metadata.json", "crc_mismatch", spoil(func(a *archive) { a.metadata().both(func(h *header) { h.crc++ }) })},
		{"wrong CRC of the info part", "crc_mismatch", both(func(h *header) { h.crc++ })},
		{"wrong CRC of the pkg part", "crc_mismatch", spoil(func(a *archive) { a.pkg().both(func(h *header) { h.crc++ }) })},
		{"payload damaged in storage", "crc_mismatch", spoil(func(a *archive) {
			a.pkg().data = bytes.Clone(a.pkg().data)
			a.pkg().data[len(a.pkg().data)/2] ^= 4
		})},
	}
}

// copyHeader makes the first member's bytes start with something else.
func copyHeader(a *archive) {
	m := a.pkg()
	m.before = []byte("PK\x01\x02")
	m.offset = func(at uint32) uint32 { return at - 4 }
}

// zipExtraCases carry extra fields that change what a member is.
func zipExtraCases() []mutation {
	field := func(id uint16, body string) func(*parts) {
		return both(func(h *header) { h.extra = extraField(id, []byte(body)) })
	}
	return []mutation{
		{"second name in an extra field", "zip_extra", field(0x7075, "\x01\x00\x00\x00\x00metadata.json")},
		{"AES encryption in an extra field", "encrypted", field(0x9901, "\x02\x00AE\x03\x00\x00")},
		{"strong encryption in an extra field", "encrypted", field(0x0017, "\x02\x00\x03\x66\x00\x01\x01\x00")},
		{"extra field longer than its room", "zip_extra", both(func(h *header) { h.extra = []byte{1, 0, 200, 0, 1} })},
		{"two zip64 fields", "zip_extra", both(func(h *header) { h.extra = append(extraField(1, nil), extraField(1, nil)...) })},
		{"zip64 field too short", "zip_extra", both(func(h *header) { h.csize, h.usize, h.extra = 1<<32-1, 1<<32-1, extraField(1, make([]byte, 8)) })},
		{"zip64 size beyond the file", "overlap", both(func(h *header) {
			size := le.AppendUint64(nil, 1<<40)
			h.csize, h.usize, h.extra = 1<<32-1, 1<<32-1, extraField(1, append(size, size...))
		})},
		{"zip64 offset beyond the file", "bad_zip", spoil(func(a *archive) {
			a.info().offset = func(uint32) uint32 { return 1<<32 - 1 }
			a.info().central.extra = extraField(1, le.AppendUint64(nil, 1<<63))
		})},
		{"zip64 field without the disk", "zip_extra", spoil(func(a *archive) {
			a.info().disk, a.info().central.extra = 1<<16-1, extraField(1, nil)
		})},
		{"zip64 disk of a split archive", "zip_multi_disk", spoil(func(a *archive) {
			a.info().disk, a.info().central.extra = 1<<16-1, extraField(1, []byte{1, 0, 0, 0})
		})},
		{"member comment", "zip_comment", spoil(func(a *archive) { a.info().comment = "hello" })},
		{"member on another disk", "zip_multi_disk", spoil(func(a *archive) { a.info().disk = 1 })},
	}
}

// zipLayoutCases lay members and directory out in another way than one after
// the other.
func zipLayoutCases() []mutation {
	end := func(at int, v byte) func(*parts) {
		return spoil(func(a *archive) { a.spoilEnd = func(b []byte) { b[at] += v } })
	}
	return []mutation{
		{"bytes between two members", "hidden_data", spoil(func(a *archive) { a.info().before = []byte("hidden") })},
		{"bytes before the directory", "hidden_data", spoil(func(a *archive) { a.beforeDir = []byte("hidden") })},
		{"bytes behind the directory", "hidden_data", spoil(func(a *archive) { a.afterDir = []byte("hidden") })},
		{"member that the directory does not list", "leading_data", spoil(func(a *archive) {
			a.metadata().before = newZipMember("x", []byte("y")).local.render("PK\x03\x04\x14\x00")
		})},
		{"two entries for the same bytes", "overlap", spoil(func(a *archive) { a.info().offset = func(uint32) uint32 { return 0 } })},
		{"entry inside the directory", "overlap", spoil(func(a *archive) { a.info().offset = func(at uint32) uint32 { return at + 1<<20 } })},
		{"member longer than its room", "overlap", both(func(h *header) { h.csize += 100; h.usize += 100 })},
		{"member that swallows the next", "overlap", spoil(func(a *archive) {
			a.metadata().both(func(h *header) { h.csize += 64; h.usize += 64 })
		})},
		{"number of members too small", "bad_zip", spoil(func(a *archive) { a.spoilEnd = func(b []byte) { b[8], b[10] = 2, 2 } })},
		{"numbers of members differ", "zip_multi_disk", end(10, 1)},
		{"split archive", "zip_multi_disk", end(4, 1)},
		{"directory size too small", "hidden_data", end(12, 256-46)},
		{"directory offset too large", "overlap", end(16, 1)},
		{"directory that is none", "bad_zip", spoil(func(a *archive) {
			a.afterDir = []byte("PK\x01\x02")
			a.spoilEnd = func(b []byte) { le.PutUint32(b[12:], le.Uint32(b[12:])+4) }
		})},
		{"directory of a thousand members", "unexpected_member", spoil(func(a *archive) {
			for range 1500 {
				a.members = append(a.members, newZipMember("x", nil))
			}
		})},
		{"empty archive with a zip64 offset", "bad_zip", spoil(func(a *archive) {
			a.members = nil
			a.spoilEnd = func(b []byte) { le.PutUint32(b[16:], 1<<32-1) }
		})},
		{"zip64 announced and missing", "bad_zip", spoil(func(a *archive) { a.spoilEnd = func(b []byte) { le.PutUint32(b[16:], 1<<32-1) } })},
		{"zip64 record that contradicts", "bad_zip", spoil(func(a *archive) { a.zip64, a.spoil64 = true, func(rec, _ []byte) { rec[40]++ } })},
		{"zip64 record elsewhere", "bad_zip", spoil(func(a *archive) { a.zip64, a.spoil64 = true, func(_, loc []byte) { loc[8]-- } })},
		{"zip64 record of another kind", "bad_zip", spoil(func(a *archive) { a.zip64, a.spoil64 = true, func(rec, _ []byte) { rec[4]++ } })},
		{"zip64 split archive", "zip_multi_disk", spoil(func(a *archive) { a.zip64, a.spoil64 = true, func(_, loc []byte) { loc[16] = 2 } })},
		{"zip64 directory beyond the file", "bad_zip", spoil(func(a *archive) {
			a.zip64, a.spoil64 = true, func(rec, _ []byte) { le.PutUint64(rec[48:], 1<<63) }
			a.spoilEnd = func(b []byte) { le.PutUint32(b[16:], 1<<32-1) }
		})},
	}
}

// metadataCases spoil metadata.json.
func metadataCases() []mutation {
	content := func(text string) func(*parts) {
		return spoil(func(a *archive) { a.members[0] = newZipMember("metadata.json", []byte(text)) })
	}
	return []mutation{
		{"metadata.json of version 1", "bad_metadata_json", content(`{"conda_pkg_format_version": 1}`)},
		{"metadata.json of version 3", "bad_metadata_json", content(`{"conda_pkg_format_version": 3}`)},
		{"metadata.json without a version", "bad_metadata_json", content(`{}`)},
		{"metadata.json with a text", "bad_metadata_json", content(`{"conda_pkg_format_version": "2"}`)},
		{"metadata.json with a fraction", "bad_metadata_json", content(`{"conda_pkg_format_version": 2.0}`)},
		{"metadata.json with two versions", "bad_metadata_json", content(`{"conda_pkg_format_version": 1, "conda_pkg_format_version": 2}`)},
		{"metadata.json that is a number", "bad_metadata_json", content(`2`)},
		{"metadata.json that is empty", "bad_metadata_json", content(``)},
		{"metadata.json of 5 kB", "too_large", content(`{"conda_pkg_format_version": 2, "x": "` + string(bytes.Repeat([]byte("x"), 5000)) + `"}`)},
	}
}
