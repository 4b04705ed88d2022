package hostile

import "strings"

const (
	index      = "info/index.json"
	about      = "info/about.json"
	paths      = "info/paths.json"
	runExports = "info/run_exports.json"
)

// indexSyntaxCases have an index.json that parsers disagree about.
func indexSyntaxCases() []mutation {
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	return []mutation{
		{"index.json that is empty", "bad_json", set(index, "")},
		{"index.json that is no JSON", "bad_json", set(index, "name: victim\n")},
		{"index.json that is a list", "bad_json", set(index, "[]")},
		{"index.json that is null", "bad_json", set(index, "null")},
		{"index.json cut off", "bad_json", func(p *parts) { m := p.find(index); m.data = m.data[:len(m.data)-3] }},
		{"index.json followed by another", "bad_json", func(p *parts) { m := p.find(index); m.data = append(m.data, m.data...) }},
		{"index.json followed by a word", "bad_json", func(p *parts) { m := p.find(index); m.data = append(m.data, "true"...) }},
		{"index.json with a byte order mark", "bad_json", func(p *parts) { m := p.find(index); m.data = append([]byte("\xef\xbb\xbf"), m.data...) }},
		{"index.json in UTF-16", "invalid_utf8", set(index, "\xff\xfe{\x00}\x00")},
		{"index.json with NaN", "bad_json", insert(index, `"x": NaN`)},
		{"index.json with a comment", "bad_json", insert(index, `/* x */ "x": 1`)},
		{"index.json with a comma too many", "bad_json", insert(index, `"x": [1,]`)},
		{"index.json with single quotes", "bad_json", insert(index, `'x': 1`)},
		{"index.json with a raw newline in a text", "bad_json", insert(index, "\"x\": \"a\nb\"")},
		{"index.json with a key twice", "duplicate_key", insert(index, `"name": "other"`)},
		{"index.json with an escaped key twice", "duplicate_key", insert(index, `"\u006eame": "other"`)},
		{"index.json with a key twice inside", "duplicate_key", insert(index, `"x": {"a": 1, "b": 2, "a": 3}`)},
		{"index.json with a key in other case", "lookalike_key", insert(index, `"Name": "other"`)},
		{"index.json nested too deep", "too_deep", insert(index, `"x": `+deep)},
		{"index.json with a huge exponent", "bad_number", insert(index, `"x": 1e999`)},
		{"index.json with a long number", "bad_number", insert(index, `"x": `+strings.Repeat("9", 5000))},
		{"index.json that is not UTF-8", "invalid_utf8", insert(index, "\"x\": \"caf\xe9\"")},
		{"index.json with half a surrogate pair", "invalid_utf8", insert(index, `"x": "\ud83d"`)},
		{"index.json with a surrogate pair reversed", "invalid_utf8", insert(index, `"x": "\ude00\ud83d"`)},
		{"index.json of 2 MiB", "too_large", insert(index, `"x": "`+strings.Repeat("x", 2<<20)+`"`)},
	}
}

// indexFieldCases have fields of the wrong type or with impossible values.
func indexFieldCases() []mutation {
	return []mutation{
		{"build number as a text", "bad_field", swap(index, `"build_number": 0`, `"build_number": "0"`)},
		{"build number as a fraction", "bad_field", swap(index, `"build_number": 0`, `"build_number": 0.5`)},
		{"build number below zero", "bad_field", swap(index, `"build_number": 0`, `"build_number": -1`)},
		{"build number beyond 64 bits", "bad_field", swap(index, `"build_number": 0`, `"build_number": 99999999999999999999`)},
		{"build number missing", "missing_field", swap(index, `"build_number"`, `"x"`)},
		{"depends as a text", "bad_field", swap(index, `"depends": [`, `"depends": "python", "x": [`)},
		{"depends with a number", "bad_field", swap(index, `"python >=3.9"`, `3`)},
		{"depends with null", "bad_field", swap(index, `"python >=3.9"`, `null`)},
		{"depends with a list", "bad_field", swap(index, `"python >=3.9"`, `["python"]`)},
		{"depends with an empty spec", "bad_field", swap(index, `"python >=3.9"`, `" "`)},
		{"depends with a newline", "bad_field", swap(index, `"python >=3.9"`, `"python\n>=3.9"`)},
		{"constrains as an object", "bad_field", swap(index, `"constrains": []`, `"constrains": {}`)},
		{"track_features as a number", "bad_field", swap(index, `"track_features": "fast"`, `"track_features": 1`)},
		{"license as a number", "bad_field", insert(index, `"license_family": 3`)},
		{"noarch of an unknown kind", "bad_field", insert(index, `"noarch": "ruby"`)},
		{"noarch as a number", "bad_field", insert(index, `"noarch": 1`)},
		{"timestamp as a text", "bad_field", swap(index, `"timestamp": 1`, `"timestamp": "1", "x": 1`)},
		{"timestamp as a fraction", "bad_field", swap(index, `"timestamp": 1`, `"timestamp": 0.1`)},
		{"timestamp below zero", "bad_field", swap(index, `"timestamp": 1`, `"timestamp": -1`)},
		{"timestamp in microseconds", "bad_field", swap(index, `"timestamp": `, `"timestamp": 9999`)},
		{"timestamp in the year 2200", "future_timestamp", swap(index, `"timestamp": `, `"timestamp": 7258118400000, "x": `)},
		{"schema version from the future", "unsupported_schema", insert(index, `"schema_version": 4`)},
		{"schema version below zero", "unsupported_schema", insert(index, `"schema_version": -1`)},
		{"schema version as a text", "bad_field", insert(index, `"schema_version": "2"`)},
		{"flags as a text", "bad_field", insert(index, `"schema_version": 3, "flags": "cuda"`)},
		{"extra_depends as a list", "bad_field", insert(index, `"schema_version": 3, "extra_depends": ["a"]`)},
		{"extra_depends with a text", "bad_field", insert(index, `"schema_version": 3, "extra_depends": {"test": "a"}`)},
		{"extra_depends with an empty spec", "bad_field", insert(index, `"schema_version": 3, "extra_depends": {"test": [""]}`)},
	}
}

// identityCases name another package than the file does, or none at all.
func identityCases() []mutation {
	field := func(key, from, to string) func(*parts) { return swap(index, `"`+key+`": "`+from+`"`, to) }
	return []mutation{
		{"name missing", "missing_field", field("name", "victim", `"x": 1`)},
		{"name that is null", "missing_field", field("name", "victim", `"name": null`)},
		{"name as a number", "bad_field", field("name", "victim", `"name": 1`)},
		{"version missing", "missing_field", field("version", "1.0", `"x": 1`)},
		{"version as a number", "bad_field", field("version", "1.0", `"version": 1.0`)},
		{"build missing", "missing_field", field("build", "h1234567_0", `"x": 1`)},
		{"subdir missing", "missing_field", field("subdir", "linux-64", `"x": 1`)},
		{"another name", "stem_mismatch", field("name", "victim", `"name": "numpy"`)},
		{"another version", "stem_mismatch", field("version", "1.0", `"version": "1.0.0"`)},
		{"another build", "stem_mismatch", field("build", "h1234567_0", `"build": "h1234567_1"`)},
		{"name in capitals", "bad_name", field("name", "victim", `"name": "Victim"`)},
		{"name with a newline", "bad_name", field("name", "victim", `"name": "victim\n"`)},
		{"name that is empty", "bad_name", field("name", "victim", `"name": ""`)},
		{"version with a hyphen", "bad_name", field("version", "1.0", `"version": "1-0"`)},
		{"build with a slash", "bad_name", field("build", "h1234567_0", `"build": "../0"`)},
		{"subdir that climbs out", "bad_name", field("subdir", "linux-64", `"subdir": "../linux-64"`)},
		{"subdir in capitals", "bad_name", field("subdir", "linux-64", `"subdir": "Linux-64"`)},
		{"subdir that is empty", "bad_name", field("subdir", "linux-64", `"subdir": ""`)},
	}
}
