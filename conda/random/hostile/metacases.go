package hostile

import "strings"

// aboutCases spoil about.json.
func aboutCases() []mutation {
	return []mutation{
		{"about.json that is no JSON", "bad_json", set(about, "home: x")},
		{"about.json that is a list", "bad_json", set(about, "[]")},
		{"about.json with a key twice", "duplicate_key", insert(about, `"home": "javascript:alert(1)"`)},
		{"about.json nested too deep", "too_deep", insert(about, `"x": `+strings.Repeat(`{"a":`, 100)+"1"+strings.Repeat("}", 100))},
		{"about.json of 2 MiB", "too_large", insert(about, `"x": "`+strings.Repeat("x", 2<<20)+`"`)},
	}
}

// runExportsCases spoil run_exports.json.
func runExportsCases() []mutation {
	return []mutation{
		{"run_exports.json that is no JSON", "bad_json", set(runExports, "weak")},
		{"run_exports.json that is a text", "bad_json", set(runExports, `"victim"`)},
		{"run_exports.json that is null", "bad_json", set(runExports, `null`)},
		{"run_exports.json with a list of numbers", "bad_json", set(runExports, `[1]`)},
		{"run_exports.json with a text for a list", "bad_field", set(runExports, `{"weak": "victim"}`)},
		{"run_exports.json with numbers", "bad_field", set(runExports, `{"weak": [1]}`)},
		{"run_exports.json with a text for a version", "bad_field", set(runExports, `{"schema_version": "1"}`)},
		{"run_exports.json with a key twice", "duplicate_key", set(runExports, `{"weak": ["a"], "weak": ["b"]}`)},
	}
}

// pathsCases spoil paths.json, which is parsed as a stream.
func pathsCases() []mutation {
	one := func(entry string) func(*parts) { return set(paths, `{"paths_version": 1, "paths": [`+entry+`]}`) }
	return []mutation{
		{"paths.json that is empty", "bad_json", set(paths, "")},
		{"paths.json that is no JSON", "bad_json", set(paths, "paths")},
		{"paths.json that is a list", "bad_json", set(paths, "[]")},
		{"paths.json with a number for a key", "bad_json", set(paths, `{1: 2}`)},
		{"paths.json with a bare word", "bad_json", set(paths, `{"paths": [x]}`)},
		{"paths.json without its list", "bad_json", set(paths, `{"paths": `)},
		{"paths.json entry with a bare word for a path", "bad_json", one(`{"_path": x}`)},
		{"paths.json entry with a bare word for a size", "bad_json", one(`{"_path": "share/x", "size_in_bytes": x}`)},
		{"paths.json cut off", "bad_json", func(p *parts) { m := p.find(paths); m.data = m.data[:len(m.data)/2] }},
		{"paths.json followed by another", "bad_json", func(p *parts) { m := p.find(paths); m.data = append(m.data, m.data...) }},
		{"paths.json without paths", "missing_field", set(paths, `{"paths_version": 1}`)},
		{"paths.json with an object for a list", "bad_field", set(paths, `{"paths": {}}`)},
		{"paths.json with texts for entries", "bad_field", one(`"share/x"`)},
		{"paths.json with two lists", "duplicate_key", set(paths, `{"paths": [], "paths": []}`)},
		{"paths.json entry without a path", "unsafe_path", one(`{"path_type": "hardlink"}`)},
		{"paths.json entry with an absolute path", "unsafe_path", one(`{"_path": "/etc/passwd"}`)},
		{"paths.json entry that climbs out", "unsafe_path", one(`{"_path": "../../x"}`)},
		{"paths.json entry with two paths", "duplicate_key", one(`{"_path": "share/x", "_path": "../x"}`)},
		{"paths.json entry with a number for a path", "bad_field", one(`{"_path": 1}`)},
		{"paths.json entry of an unknown type", "bad_field", one(`{"_path": "share/x", "path_type": "socket"}`)},
		{"paths.json entry with a size below zero", "bad_field", one(`{"_path": "share/x", "size_in_bytes": -1}`)},
		{"paths.json entry with a text for a size", "bad_field", one(`{"_path": "share/x", "size_in_bytes": "1"}`)},
		{"paths.json with sizes that overflow", "bad_number", one(`{"_path": "share/x", "size_in_bytes": 9223372036854775807}, {"_path": "share/y", "size_in_bytes": 9223372036854775807}`)},
		{"paths.json entry for a missing file", "missing_payload", one(`{"_path": "share/victim/missing"}`)},
		{"paths.json entry for a file in other case", "missing_payload", one(`{"_path": "SHARE/victim/VERSION"}`)},
		{"payload file that paths.json lists is gone", "missing_payload", remove("share/victim/VERSION")},
		{"paths.json nested too deep", "too_deep", one(`{"_path": "share/x", "x": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`)},
		{"paths.json with a text of 1 MiB", "too_large", one(`{"_path": "` + strings.Repeat("x", 1<<20) + `"}`)},
		{"paths.json entry with a thousand keys", "bad_json", one("{" + manyKeys(1000) + "}")},
	}
}

// manyKeys returns n distinct members of an object.
func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(`"` + strings.Repeat("k", i+1) + `": 0`)
	}
	return b.String()
}
