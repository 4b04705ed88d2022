package pkgfile

import (
	"cmp"
	"slices"
	"strings"
)

// container is a .conda whose ZIP structure has been verified.
type container struct {
	metadata, info, pkg zipMember
}

// openContainer verifies the ZIP structure: three stored members that lie one
// after the other from the first byte to the directory, and nothing else.
func openContainer(src *source, stem string) (*container, error) {
	dir, err := findDirectory(src)
	if err != nil {
		return nil, err
	}
	members, err := readDirectory(src, dir)
	if err != nil {
		return nil, err
	}
	var c container
	want := map[string]*zipMember{
		"metadata.json":             &c.metadata,
		"info-" + stem + ".tar.zst": &c.info,
		"pkg-" + stem + ".tar.zst":  &c.pkg,
	}
	for _, m := range members {
		slot, ok := want[m.name]
		if !ok {
			return nil, explainMember(m.name, stem)
		}
		if slot.name != "" {
			return nil, refuse(CodeDuplicateMember, m.name, "the ZIP archive has this member twice")
		}
		*slot = m
	}
	for _, name := range []string{"metadata.json", "info-" + stem + ".tar.zst", "pkg-" + stem + ".tar.zst"} {
		if want[name].name == "" {
			return nil, refuse(CodeMissingMember, name, "the .conda lacks this member")
		}
	}
	if err := checkLayout(src, []*zipMember{&c.metadata, &c.info, &c.pkg}, dir.offset); err != nil {
		return nil, err
	}
	return &c, nil
}

// explainMember says what is wrong with a member that is not one of the three.
func explainMember(name, stem string) error {
	info, pkg := "info-"+stem, "pkg-"+stem
	base := name[strings.LastIndexAny(name, `/\`)+1:]
	lower := strings.ToLower(strings.TrimRight(base, ". "))
	switch {
	case lower == "metadata.json", strings.HasPrefix(lower, strings.ToLower(info)), strings.HasPrefix(lower, strings.ToLower(pkg)):
		return refuse(CodeLookalikeMember, name, "the member's name is close to a real one, so some clients would read it instead")
	case name == base && strings.HasSuffix(name, ".tar.zst") && (strings.HasPrefix(name, "info-") || strings.HasPrefix(name, "pkg-")):
		return refuse(CodeStemMismatch, name, "the file was renamed: its parts must be called info-%s.tar.zst and pkg-%s.tar.zst; upload it under its original name", stem, stem)
	}
	return refuse(CodeUnexpectedMember, name, "a .conda holds metadata.json, %s.tar.zst and %s.tar.zst and nothing else", info, pkg)
}

// checkLayout verifies that the members fill the file from its first byte to
// the directory, without gaps and without sharing a byte.
func checkLayout(src *source, members []*zipMember, limit int64) error {
	slices.SortFunc(members, func(a, b *zipMember) int { return cmp.Compare(a.header, b.header) })
	pos := int64(0)
	for i, m := range members {
		switch {
		case m.header > limit-lenLocal:
			return refuse(CodeOverlap, m.name, "the member's header lies inside the ZIP directory or outside the file")
		case m.header > pos && i == 0:
			return refuse(CodeLeadingData, m.name, "there are %d bytes before the first ZIP member", m.header)
		case m.header > pos:
			return refuse(CodeHiddenData, m.name, "there are %d bytes in front of the member that belong to nothing", m.header-pos)
		case m.header < pos:
			return refuse(CodeOverlap, m.name, "the member shares bytes with another one")
		}
		if err := m.locate(src, limit); err != nil {
			return err
		}
		pos = m.data + int64(m.csize)
		next := limit // where the member's data descriptor has to end, if it has one
		if i+1 < len(members) {
			next = members[i+1].header
		}
		if m.flags&flagDescriptor != 0 {
			n, err := m.checkDescriptor(src, pos, next-pos)
			if err != nil {
				return err
			}
			pos += n
		}
	}
	if pos != limit {
		return refuse(CodeHiddenData, "", "there are %d bytes between the last ZIP member and the directory", limit-pos)
	}
	return nil
}

// checkDescriptor verifies the data descriptor that may follow a member: with
// or without its signature, with 32 or 64 bit sizes.
func (m *zipMember) checkDescriptor(src *source, at, n int64) (int64, error) {
	wrong := refuse(CodeHeaderMismatch, m.name, "the member announces a data descriptor, and what follows it is none")
	if n != 12 && n != 16 && n != 20 && n != 24 {
		return 0, wrong
	}
	b, err := src.bytes(at, n)
	if err != nil {
		return 0, err
	}
	if n == 16 || n == 24 {
		if le.Uint32(b) != sigData {
			return 0, wrong
		}
		b = b[4:]
	}
	csize, size := uint64(le.Uint32(b[4:])), uint64(le.Uint32(b[8:]))
	if len(b) == 20 {
		csize, size = le.Uint64(b[4:]), le.Uint64(b[12:])
	} else if len(b) != 12 {
		return 0, wrong
	}
	if le.Uint32(b) != m.crc || csize != m.csize || size != m.size {
		return 0, wrong
	}
	return n, nil
}

// checkMetadata reads metadata.json, which names the version of the format.
func (c *container) checkMetadata(src *source, lim Limits) error {
	const name = "metadata.json"
	if c.metadata.size > 4096 {
		return refuse(CodeTooLarge, name, "metadata.json is %d bytes long; it holds one number", c.metadata.size)
	}
	buf, err := src.bytes(c.metadata.data, int64(c.metadata.size))
	if err != nil {
		return err
	}
	if err := checkCRC(buf, c.metadata); err != nil {
		return err
	}
	if string(buf) == `{"conda_pkg_format_version": 2}` {
		return nil // As Python writes it, and so most builders.
	}
	fields, err := parseObject(name, buf, lim)
	if err != nil {
		return refuse(CodeBadMetadata, name, "%s", messageOf(err))
	}
	version, ok, err := fields.integer("conda_pkg_format_version")
	if err != nil || !ok {
		return refuse(CodeBadMetadata, name, `metadata.json must say {"conda_pkg_format_version": 2}`)
	}
	if version != 2 {
		return refuse(CodeBadMetadata, name, "format version %d is not supported; only 2 exists", version)
	}
	return nil
}
