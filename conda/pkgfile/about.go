package pkgfile

import (
	"bytes"
	"encoding/json"
	"strings"
)

const (
	aboutPath      = "info/about.json"
	runExportsPath = "info/run_exports.json"
)

// About is info/about.json (CEP 34): what channeldata.json and web pages say
// about a package. Every field may be empty; none has been checked beyond
// being text, so a page that shows them has to escape them and judge URLs.
type About struct {
	// Summary is one sentence, Description is longer.
	Summary, Description string
	// License is an SPDX expression if the builder was careful.
	License, LicenseFamily string
	// Home, DevURL, DocURL, DocSourceURL, SourceURL and SourceGitURL are URLs.
	// Where the file has a list, the first entry is taken.
	Home, DevURL, DocURL, DocSourceURL, SourceURL, SourceGitURL string
	// Tags, Identifiers and Keywords are deprecated and rare.
	Tags, Identifiers, Keywords []string
	// Raw is the whole file as compact JSON, or nil if the package has none.
	Raw json.RawMessage
}

// parseAbout reads about.json. Its fields are for people, and old builders
// wrote lists where strings are due: what has an unknown type is left empty.
func parseAbout(data []byte, lim Limits) (About, error) {
	o, err := parseObject(aboutPath, data, lim)
	if err != nil {
		return About{}, err
	}
	a := About{
		Summary: o.prose("summary"), Description: o.prose("description"),
		License: o.prose("license"), LicenseFamily: o.prose("license_family"),
		Home: o.first("home"), DevURL: o.first("dev_url"), DocURL: o.first("doc_url"),
		DocSourceURL: o.first("doc_source_url"), SourceURL: o.first("source_url"), SourceGitURL: o.first("source_git_url"),
		Tags: o.strings("tags"), Identifiers: o.strings("identifiers"), Keywords: o.strings("keywords"),
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return About{}, refuse(CodeBadJSON, aboutPath, "not valid JSON: %v", err)
	}
	a.Raw = compact.Bytes()
	return a, nil
}

// strings returns a field that is a string or a list of strings as a list.
func (o object) strings(key string) []string {
	v, ok := o.raw(key)
	if !ok {
		return nil
	}
	if list, ok := stringList(v); ok {
		return list
	}
	var s string
	if err := json.Unmarshal(v, &s); err != nil {
		return nil
	}
	return []string{s}
}

func (o object) prose(key string) string { return strings.Join(o.strings(key), " ") }

func (o object) first(key string) string {
	if list := o.strings(key); len(list) > 0 {
		return list[0]
	}
	return ""
}

// parseRunExports reads run_exports.json into its object form with sorted
// keys: a bare list means weak exports (CEP 12, CEP 34).
func parseRunExports(data []byte, lim Limits) (json.RawMessage, error) {
	if err := checkJSON(runExportsPath, data, lim); err != nil {
		return nil, err
	}
	if list, ok := stringList(data); ok {
		return encode(runExportsPath, map[string]any{"weak": list})
	}
	o := object{member: runExportsPath}
	if err := json.Unmarshal(data, &o.fields); err != nil || o.fields == nil {
		return nil, refuse(CodeBadJSON, runExportsPath, "the file must hold an object of lists, or a list, of match specs")
	}
	out := map[string]any{}
	for key := range o.fields {
		if key == "schema_version" {
			n, ok, err := o.integer(key)
			if err != nil || !ok {
				return nil, o.wrong(key, "a whole number")
			}
			out[key] = n
			continue
		}
		list, ok, err := o.texts(key)
		if err != nil {
			return nil, err
		}
		if ok {
			out[key] = list
		}
	}
	return encode(runExportsPath, out)
}

func encode(member string, v any) (json.RawMessage, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, refuse(CodeBadJSON, member, "not valid JSON: %v", err)
	}
	return bytes.TrimSpace(buf.Bytes()), nil
}
