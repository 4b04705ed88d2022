package hostile

import "strings"

// sectionCases put members into the wrong part of a .conda.
func sectionCases() []mutation {
	return []mutation{
		{"payload in the info part", "misplaced_member", addInfo(member{name: "bin/tool", data: []byte("x")})},
		{"payload directory in the info part", "misplaced_member", addInfo(member{name: "bin/", typ: '5'})},
		{"index.json in the pkg part", "misplaced_member", addPayload(member{name: "info/index.json", data: []byte("{}")})},
		{"info directory in the pkg part", "misplaced_member", addPayload(member{name: "info/", typ: '5'})},
		{"info as a link in the pkg part", "misplaced_member", addPayload(member{name: "info", typ: '2', link: "share"})},
	}
}

// pathCases have members with names that are not plain relative paths, or
// that are reserved.
func pathCases() []mutation {
	path := func(name string) func(*parts) { return addPayload(member{name: name, data: []byte("x")}) }
	return []mutation{
		{"absolute path", "unsafe_path", path("/etc/passwd")},
		{"path behind two slashes", "unsafe_path", path("//server/share")},
		{"path that climbs out", "unsafe_path", path("../../etc/passwd")},
		{"path that climbs out later", "unsafe_path", path("share/../../x")},
		{"path that climbs and returns", "unsafe_path", path("share/../bin/x")},
		{"path that ends by climbing", "unsafe_path", path("share/..")},
		{"parent directory", "unsafe_path", addPayload(member{name: "..", typ: '5'})},
		{"root as a file", "unsafe_path", addPayload(member{name: "./", data: []byte("x")})},
		{"root by a slash", "unsafe_path", addPayload(member{name: "/", typ: '5'})},
		{"path with a backslash", "unsafe_path", path(`share\x`)},
		{"path that climbs out on Windows", "unsafe_path", path(`..\..\x`)},
		{"path with a drive letter", "unsafe_path", path("C:/Windows/x")},
		{"path with a newline", "unsafe_path", path("share/x\ny")},
		{"path with an escape sequence", "unsafe_path", path("share/\x1b[2J")},
		{"path with two slashes inside", "unsafe_path", path("share//x")},
		{"path with a dot inside", "unsafe_path", path("share/./x")},
		{"path behind two dots and slashes", "unsafe_path", path("././share/x")},
		{"path that is too long", "unsafe_path", path("share/" + strings.Repeat("a/", 3000) + "x")},
		{"path that is not UTF-8", "invalid_utf8", path("share/caf\xe9")},
		{"path by an extended header that climbs out", "unsafe_path", addPayload(member{name: "x", pax: map[string]string{"path": "../x"}})},
		{"conda-meta", "reserved_path", path("conda-meta/history")},
		{"conda-meta as a directory", "reserved_path", addPayload(member{name: "conda-meta/", typ: '5'})},
		{"conda-meta in capitals", "lookalike_member", path("Conda-Meta/history")},
		{"info in capitals", "lookalike_member", path("INFO/index.json")},
		{"info with a dot behind it", "lookalike_member", path("info./index.json")},
		{"info with a blank behind it", "lookalike_member", path("info /index.json")},
		{"index.json in capitals", "lookalike_member", addInfo(member{name: "info/Index.JSON", data: []byte("{}")})},
		{"paths.json with a dot behind it", "lookalike_member", addInfo(member{name: "info/paths.json.", data: []byte("{}")})},
		{"repodata_record.json", "reserved_path", addInfo(member{name: "info/repodata_record.json", data: []byte("{}")})},
		{"index.json twice", "duplicate_member", func(p *parts) { p.info = append(p.info, *p.find("info/index.json")) }},
		{"index.json twice, once behind ./", "duplicate_member", func(p *parts) {
			m := *p.find("info/index.json")
			m.name = "./" + m.name
			p.info = append(p.info, m)
		}},
		{"paths.json twice", "duplicate_member", func(p *parts) { p.info = append(p.info, *p.find("info/paths.json")) }},
		{"payload file twice", "duplicate_member", func(p *parts) { p.pkg = append(p.pkg, p.pkg[0]) }},
		{"no index.json", "missing_member", remove("info/index.json")},
	}
}

// linkCases use links to leave the package, or to disguise metadata.
func linkCases() []mutation {
	replace := func(name string, typ byte, link string) func(*parts) {
		return func(p *parts) {
			m := p.find(name)
			m.typ, m.link, m.data = typ, link, nil
		}
	}
	two := func(a, b member) func(*parts) {
		return func(p *parts) { p.pkg = append(p.pkg, a, b) }
	}
	x := []byte("x")
	return []mutation{
		{"index.json as a symbolic link", "not_regular", replace("info/index.json", '2', "/etc/passwd")},
		{"index.json as a hard link", "not_regular", replace("info/index.json", '1', "info/about.json")},
		{"other info file as a symbolic link", "not_regular", addInfo(member{name: "info/licenses/LICENSE", typ: '2', link: "../files"})},
		{"file behind a symbolic link", "unsafe_link", two(member{name: "lib/d", typ: '2', link: "/etc"}, member{name: "lib/d/passwd", data: x})},
		{"file deep behind a symbolic link", "unsafe_link", two(member{name: "lib", typ: '2', link: ".."}, member{name: "lib/a/b/c", data: x})},
		{"directory behind a symbolic link", "unsafe_link", two(member{name: "d", typ: '2', link: "/tmp"}, member{name: "d/e/", typ: '5'})},
		{"file over a symbolic link", "duplicate_member", two(member{name: "d", typ: '2', link: "/tmp/x"}, member{name: "d", data: x})},
		{"hard link that climbs out", "unsafe_link", addPayload(member{name: "share/x", typ: '1', link: "../../etc/passwd"})},
		{"hard link to an absolute path", "unsafe_link", addPayload(member{name: "share/x", typ: '1', link: "/etc/passwd"})},
		{"hard link to nothing", "unsafe_link", addPayload(member{name: "share/x", typ: '1', link: "share/missing"})},
		{"hard link to itself", "unsafe_link", addPayload(member{name: "share/x", typ: '1', link: "share/x"})},
		{"hard link to a later file", "unsafe_link", two(member{name: "share/x", typ: '1', link: "share/y"}, member{name: "share/y", data: x})},
		{"symbolic link to an empty name", "unsafe_link", addPayload(member{name: "share/x", typ: '2'})},
	}
}

// typeCases have members that are no file, directory or link.
func typeCases() []mutation {
	typ := func(t byte) func(*parts) { return addPayload(member{name: "share/x", typ: t}) }
	return []mutation{
		{"character device", "member_type", typ('3')},
		{"block device", "member_type", typ('4')},
		{"named pipe", "member_type", typ('6')},
		{"contiguous file", "member_type", typ('7')},
		{"vendor type", "member_type", typ('Z')},
		{"global extended header", "member_type", addPayload(member{name: "pax", typ: 'g', data: paxRecords(map[string]string{"path": "share/all"})})},
		{"sparse file", "member_type", addPayload(member{name: "share/x", typ: 'S', spoil: func(h []byte) { copy(h[257:], "ustar  \x00") }})},
		{"sparse file by extended header", "member_type", addPayload(member{name: "share/x", pax: map[string]string{
			"GNU.sparse.size": "1000000", "GNU.sparse.numblocks": "0", "GNU.sparse.map": "",
		}})},
	}
}
